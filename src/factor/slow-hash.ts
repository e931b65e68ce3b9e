/** A slow hash for the gate's own secrets that are too short for a plain one: scrypt (RFC 7914), off the event loop. */
import { type ScryptOptions, scrypt } from 'node:crypto'

/** `cost` is scrypt's N, a power of two; a hash takes a kibibyte for each. */
export interface SlowHash {
  readonly salt: string
  readonly cost: number
}

/** A hash takes 8 MiB and some 20 ms. The secrets have 80 random bits besides. */
export const usualCost = 2 ** 13
/** How many of the four threads that files and names share may hash. */
const atOnce = 2
const keyBytes = 32

const lanes: Promise<unknown>[] = Array.from({ length: atOnce }, () => Promise.resolve())
let turns = 0

/** The hash in base64url. */
export function slowHash(text: string, { salt, cost }: SlowHash): Promise<string> {
  const lane = turns++ % atOnce
  const hash = (lanes[lane] as Promise<unknown>).then(() => derive(text, salt, { N: cost, r: 8, p: 1 }))
  lanes[lane] = hash.catch(() => {})
  return hash
}

function derive(text: string, salt: string, options: ScryptOptions): Promise<string> {
  return new Promise((resolve, reject) =>
    scrypt(text, salt, keyBytes, options, (error, key) => (error ? reject(error) : resolve(key.toString('base64url'))))
  )
}
