/**
 * Passwords: which ones are accepted, and their hashes. Owns argon2 and the gate before it, since each hash costs 19 MiB and a core
 * for tens of milliseconds (THREATS D7); refuses to keep or show a password.
 */
import { randomBytes } from 'node:crypto'
import { type Options, parseOptions } from '@node-rs/argon2'
import { GateError } from '../../errors.ts'
import { isCommonPassword, isMadeOfNames } from './blocklist.ts'
import { HashProcesses, type HashTroubleListener } from './hash-processes.ts'
import { type HashPlace, HashTurns } from './hash-queue.ts'

export type PasswordProblem = 'too_short' | 'too_long' | 'too_common' | 'is_name'

/** NIST SP 800-63B-4 §3.1.1.2: eight characters beside a second factor, at least 64 accepted. */
const charactersMin = 8
const bytesMax = 1024

/**
 * What is wrong with a new password, or null. `names` are those of the person (sign-in name, display name, e-mail) and of the
 * place (title, host). No rule asks for kinds of characters: that makes passwords worse (NIST SP 800-63B-4 §3.1.1.2).
 */
export function passwordProblem(password: string, names: readonly string[]): PasswordProblem | null {
  const text = password.normalize('NFC')
  if (Buffer.byteLength(text) > bytesMax) return 'too_long'
  if ([...text].length < charactersMin) return 'too_short'
  if (isMadeOfNames(text, names)) return 'is_name'
  return isCommonPassword(text) ? 'too_common' : null
}

export interface HashCost {
  readonly memoryKiB: number
  readonly passes: number
}

/** OWASP Password Storage Cheat Sheet, argon2id, parallelism 1. */
const owaspCost: HashCost = { memoryKiB: 19_456, passes: 2 }

/** As in the driver's `Algorithm`, a const enum that erasable TypeScript cannot read. */
const argon2id = 2

/** Whoever sets a password was let in by something else, and is in nobody's way. */
const ours: HashPlace = { from: 'browser', address: '' }
const nowhere: HashPlace = { from: 'elsewhere', address: '' }

/** Where the hashes are computed. */
export interface Hashing {
  hash(text: string, options: Options): Promise<string>
  verify(hashed: string, text: string): Promise<boolean>
  close(): void
}

export class PasswordHasher {
  readonly #cost: HashCost
  readonly #hashing: Hashing
  readonly #turns: HashTurns
  /** Stands in for the hash of somebody who has none: the same work, and no password fits. */
  readonly #dummy: string

  /**
   * `concurrency` hashes at a time; `queue` more wait in each lane (hash-queue.ts). `onChange` hears of what slows others down. `hashing` stands in for
   * processes of its own.
   */
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
    this.#turns = new HashTurns({ concurrency: options.concurrency ?? 2, queue: options.queue ?? 32 })
    this.#cost = options.cost ?? owaspCost
    const { memoryKiB, passes } = this.#cost
    const part = (bytes: number) => randomBytes(bytes).toString('base64').replaceAll('=', '')
    this.#dummy = `$argon2id$v=19$m=${memoryKiB},t=${passes},p=1$${part(16)}$${part(32)}`
  }

  /** The hash of a new password, in the PHC string format: somebody who may set one waits for it. Throws GateError `busy` where too many do. */
  async hash(password: string): Promise<string> {
    if (!(await this.#turns.enter(ours))) throw new GateError('busy', { retryAfterSeconds: 1 })
    try {
      return await this.#hashing.hash(password.normalize('NFC'), this.#options())
    } finally {
      this.#turns.leave()
    }
  }

  /** Whether a password from there would be `busy` at once. */
  isFullFor(place: HashPlace): boolean {
    return this.#turns.isFullFor(place)
  }

  /**
   * Whether the password fits. A null hash costs the same and fits never; what is too long is refused before any work, for everybody. Nothing was
   * checked where it is 'busy'.
   */
  async verify(hashed: string | null, password: string, place: HashPlace = nowhere): Promise<boolean | 'busy'> {
    const text = password.length > bytesMax ? null : password.normalize('NFC')
    if (text === null || Buffer.byteLength(text) > bytesMax) return false
    if (!(await this.#turns.enter(place))) return 'busy'
    try {
      const fits = await this.#hashing.verify(hashed ?? this.#dummy, text)
      return fits === true && hashed !== null
    } finally {
      this.#turns.leave()
    }
  }

  /** True for a hash that was made with other costs than today's. */
  isOutdated(hashed: string): boolean {
    const { algorithm, memoryCost, timeCost, parallelism } = parseOptions(hashed)
    const { memoryCost: memory, timeCost: time } = this.#options()
    return (algorithm as number) !== argon2id || memoryCost !== memory || timeCost !== time || parallelism !== 1
  }

  /** Ends the processes that hash. */
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
