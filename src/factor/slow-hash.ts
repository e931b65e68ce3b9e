/**
 * A slow hash for secrets that the gate makes and that are too short for a plain one: scrypt (RFC 7914), off the event loop. Passwords have
 * argon2 in processes of their own (src/identity/password/).
 */
import { type ScryptOptions, scrypt } from 'node:crypto'

/** `cost` is scrypt's N, a power of two; each hash takes a kibibyte for each of it. */
export interface SlowHash {
  readonly salt: string
  readonly cost: number
}

/** 8 MiB and some 20 ms. The secrets are random, so this adds to 80 bits and does not carry them. */
export const usualCost = 2 ** 13
/** How many of the four threads that files and names share may hash. */
const atOnce = 2
const keyBytes = 32

const lanes: Promise<unknown>[] = Array.from({ length: atOnce }, () => Promise.resolve())
let turns = 0

/** The hash in base64url. At most two run at a time. */
export function slowHash(text: string, { salt, cost }: SlowHash): Promise<string> {
  const lane = turns++ % atOnce
  const hash = (lanes[lane] as Promise<unknown>).then(() => derive(text, salt, { N: cost, r: 8, p: 1 }))
  // A failure is the caller's alone.
  lanes[lane] = hash.catch(() => {})
  return hash
}

function derive(text: string, salt: string, options: ScryptOptions): Promise<string> {
  return new Promise((resolve, reject) =>
    scrypt(text, salt, keyBytes, options, (error, key) => (error ? reject(error) : resolve(key.toString('base64url'))))
  )
}
