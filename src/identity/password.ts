/**
 * Passwords: which ones are accepted, and their hashes. Owns argon2 and the gate before it, since each hash costs 19 MiB and a core
 * for tens of milliseconds (THREATS D7); refuses to keep or show a password.
 */
import { randomBytes } from 'node:crypto'
import { parseOptions } from '@node-rs/argon2'
import { GateError } from '../errors.ts'
import { isCommonPassword, isMadeOfNames } from './blocklist.ts'
import { HashProcesses, type KindListener } from './hash-processes.ts'

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

export class PasswordHasher {
  readonly #cost: HashCost
  readonly #processes: HashProcesses
  readonly #concurrency: number
  readonly #queue: number
  readonly #waiting: (() => void)[] = []
  /** Stands in for the hash of somebody who has none: the same work, and no password fits. */
  readonly #dummy: string
  #running = 0

  /** `concurrency` hashes at a time, `queue` more wait; whoever comes then hears 'busy'. `onChange` hears of what slows others down. */
  constructor(options: { concurrency?: number; queue?: number; cost?: HashCost; onChange?: KindListener } = {}) {
    this.#processes = new HashProcesses({ onChange: options.onChange })
    this.#concurrency = options.concurrency ?? 2
    this.#queue = options.queue ?? 32
    this.#cost = options.cost ?? owaspCost
    const { memoryKiB, passes } = this.#cost
    const part = (bytes: number) => randomBytes(bytes).toString('base64').replaceAll('=', '')
    this.#dummy = `$argon2id$v=19$m=${memoryKiB},t=${passes},p=1$${part(16)}$${part(32)}`
  }

  /** The hash of a password, in the PHC string format. Throws GateError `busy` where too many hashes wait. */
  async hash(password: string): Promise<string> {
    if (!(await this.#enter())) throw new GateError('busy', { retryAfterSeconds: 1 })
    try {
      return await this.#processes.hash(password.normalize('NFC'), this.#options())
    } finally {
      this.#leave()
    }
  }

  /** Whether the password fits. A null hash costs the same and fits never; what is too long is refused before any work, for everybody. */
  async verify(hashed: string | null, password: string): Promise<boolean | 'busy'> {
    const text = password.length > bytesMax ? null : password.normalize('NFC')
    if (text === null || Buffer.byteLength(text) > bytesMax) return false
    if (!(await this.#enter())) return 'busy'
    try {
      const fits = await this.#processes.verify(hashed ?? this.#dummy, text)
      return fits === true && hashed !== null
    } finally {
      this.#leave()
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
    this.#processes.close()
  }

  #options() {
    return {
      algorithm: argon2id as number,
      memoryCost: this.#cost.memoryKiB,
      timeCost: this.#cost.passes,
      parallelism: 1
    }
  }

  async #enter(): Promise<boolean> {
    if (this.#running < this.#concurrency) {
      this.#running++
      return true
    }
    if (this.#waiting.length >= this.#queue) return false
    // The place is handed over by `#leave`, otherwise a newcomer could slip in between.
    await new Promise<void>(resolve => this.#waiting.push(resolve))
    return true
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running--
    else next()
  }
}
