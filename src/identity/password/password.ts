/** The rules for passwords, and their hashes. A queue bounds them, since each takes 19 MiB and a core for tens of milliseconds (THREATS D7). */
import { randomBytes } from 'node:crypto'
import { type Options, parseOptions } from '@node-rs/argon2'
import { GateError } from '../../errors.ts'
import { isCommonPassword, isMadeOfNames } from './blocklist.ts'
import { HashProcesses, type HashTroubleListener } from './hash-processes.ts'
import { type HashPlace, HashQueue } from './hash-queue.ts'

export type PasswordProblem = 'too_short' | 'too_long' | 'too_common' | 'is_name'

/** NIST SP 800-63B-4 §3.1.1.2: eight characters beside a second factor, at least 64 accepted. */
const minCharacters = 8
const maxBytes = 1024

/**
 * Null for none. `names` are those of the person and of the place (title, host). No rule asks for kinds of characters, which makes
 * passwords worse (NIST SP 800-63B-4 §3.1.1.2).
 */
export function passwordProblem(password: string, names: readonly string[]): PasswordProblem | null {
  const text = password.normalize('NFC')
  if (Buffer.byteLength(text) > maxBytes) return 'too_long'
  if ([...text].length < minCharacters) return 'too_short'
  if (isMadeOfNames(text, names)) return 'is_name'
  return isCommonPassword(text) ? 'too_common' : null
}

export interface HashCost {
  readonly memoryKiB: number
  readonly passes: number
}

/** OWASP Password Storage Cheat Sheet, argon2id, parallelism 1. */
const owaspCost: HashCost = { memoryKiB: 19_456, passes: 2 }

/** Erasable TypeScript cannot read the driver's const enum `Algorithm`. */
const argon2id = 2

/** A person who sets a password has passed another check. */
const trustedPlace: HashPlace = { from: 'browser', address: '' }
const unknownPlace: HashPlace = { from: 'elsewhere', address: '' }

export interface Hashing {
  hash(text: string, options: Options): Promise<string>
  verify(hashed: string, text: string): Promise<boolean>
  close(): void
}

export class PasswordHasher {
  readonly #cost: HashCost
  readonly #hashing: Hashing
  readonly #queue: HashQueue
  /** The hash for accounts without one: the same work, and no password fits. */
  readonly #dummy: string

  /** `concurrency` hashes run at a time; `queue` more wait in each lane. */
  constructor(
    options: {
      concurrency?: number
      queue?: number
      cost?: HashCost
      onChange?: HashTroubleListener
      hashing?: Hashing
    } = {}
  ) {
    this.#hashing = options.hashing ?? new HashProcesses({ onChange: options.onChange })
    this.#queue = new HashQueue({ concurrency: options.concurrency ?? 2, queue: options.queue ?? 32 })
    this.#cost = options.cost ?? owaspCost
    const { memoryKiB, passes } = this.#cost
    const part = (bytes: number) => randomBytes(bytes).toString('base64').replaceAll('=', '')
    this.#dummy = `$argon2id$v=19$m=${memoryKiB},t=${passes},p=1$${part(16)}$${part(32)}`
  }

  /** The hash in the PHC string format. Throws GateError `busy`. */
  async hash(password: string): Promise<string> {
    if (!(await this.#queue.acquire(trustedPlace))) throw new GateError('busy', { retryAfterSeconds: 1 })
    try {
      return await this.#hashing.hash(password.normalize('NFC'), this.#options())
    } finally {
      this.#queue.release()
    }
  }

  isFullFor(place: HashPlace): boolean {
    return this.#queue.isFullFor(place)
  }

  /** A null hash takes the same work and never fits. Too long a password is refused without work. 'busy': nothing was checked. */
  async verify(hashed: string | null, password: string, place: HashPlace = unknownPlace): Promise<boolean | 'busy'> {
    const text = password.length > maxBytes ? null : password.normalize('NFC')
    if (text === null || Buffer.byteLength(text) > maxBytes) return false
    if (!(await this.#queue.acquire(place))) return 'busy'
    try {
      const isRight = await this.#hashing.verify(hashed ?? this.#dummy, text)
      return isRight === true && hashed !== null
    } finally {
      this.#queue.release()
    }
  }

  isOutdated(hashed: string): boolean {
    const { algorithm, memoryCost, timeCost, parallelism } = parseOptions(hashed)
    const { memoryCost: memory, timeCost: time } = this.#options()
    return (algorithm as number) !== argon2id || memoryCost !== memory || timeCost !== time || parallelism !== 1
  }

  close(): void {
    this.#hashing.close()
  }

  #options() {
    return {
      algorithm: argon2id,
      memoryCost: this.#cost.memoryKiB,
      timeCost: this.#cost.passes,
      parallelism: 1
    }
  }
}
