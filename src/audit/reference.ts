/** References on pages, in the log and in the journal, in Crockford's base 32, which has no look-alikes. */
import { randomFillSync } from 'node:crypto'

const alphabet = Buffer.from('0123456789ABCDEFGHJKMNPQRSTVWXYZ')
const dash = 0x2d
const length = 9

// In bulk, because a call for a few random bytes is slow.
const atOnce = 512
const bytes = Buffer.alloc(atOnce * length)
let pool = ''
let drawn = 0

/** `7K3M-9QXZ`, forty random bits. */
export function newReference(): string {
  if (drawn >= pool.length) {
    randomFillSync(bytes)
    // 32 divides 256, so every character is equally likely.
    for (let at = 0; at < bytes.length; at++)
      bytes[at] = at % length === 4 ? dash : alphabet[(bytes[at] as number) & 31]!
    pool = bytes.toString('latin1')
    drawn = 0
  }
  drawn += length
  return pool.slice(drawn - length, drawn)
}

/** `O` reads as 0, `I` and `L` as 1. Null for anything else. */
export function readReference(typed: string): string | null {
  const plain = typed.toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1')
  return /^[0-9A-HJKMNP-TV-Z]{8}$/.test(plain) ? `${plain.slice(0, 4)}-${plain.slice(4)}` : null
}
