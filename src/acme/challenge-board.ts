/** The challenges that any gate of the store answers. One gate writes them, every process reads them. */
import { type Keyring, KeyringError } from '../keyring/keyring.ts'
import { sealWith } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import { challengeServerName } from './names.ts'
import type { AcmeChallenge } from './order.ts'
import { challengesRecord, pendingId } from './records.ts'
import { challengeCertificate, type KeyPair } from './x509.ts'

interface ChallengeBoardInput {
  readonly store: Store
  readonly keyring: () => Keyring
  readonly clock: () => number
  readonly onError: (error: unknown) => void
}

/** Longer than an order may take. */
const lifeSeconds = 15 * 60
/** Strangers ask for tokens too, and must not cost a trip to the store each. */
const lookAgainMs = 1_000

export class ChallengeBoard {
  readonly #input: ChallengeBoardInput
  #pending: readonly AcmeChallenge[] = []
  readonly #pairs = new Map<string, KeyPair>()
  #lookedAt = Number.NEGATIVE_INFINITY
  #looking: Promise<void> | null = null
  /** A read that began before a notice may be older, so the next one begins at its end. */
  #isChangedMeanwhile = false
  #unsubscribe = () => {}

  constructor(input: ChallengeBoardInput) {
    this.#input = input
  }

  async start(): Promise<void> {
    this.#unsubscribe = await this.#input.store.subscribe(challengesRecord.prefix, ({ kind }) => {
      if (kind !== 'lost') void this.#look().catch(this.#input.onError)
    })
    await this.#look()
  }

  stop(): void {
    this.#unsubscribe()
  }

  get isAwaitingTls(): boolean {
    return this.#looking !== null || this.#pending.some(({ type }) => type === 'tls-alpn-01')
  }

  async answerTo(token: string): Promise<string | null> {
    const known = this.#answer(token)
    if (known !== null) return known
    if (this.#looking === null && performance.now() - this.#lookedAt < lookAgainMs) return null
    await (this.#looking ?? this.#look())
    return this.#answer(token)
  }

  /** A tls-alpn-01 visitor does not come again, so it waits for a read. Null if nobody waits for this name. Rejects where the store does. */
  async pairFor(serverName: string): Promise<KeyPair | null> {
    if (!this.#pairs.has(serverName)) await this.#looking
    return this.#pairs.get(serverName) ?? null
  }

  async write(challenges: readonly AcmeChallenge[]): Promise<void> {
    const { store, keyring } = this.#input
    await challengesRecord.put(store, pendingId, { challenges }, lifeSeconds, sealWith(keyring))
    this.#wrote(challenges)
  }

  async clear(): Promise<void> {
    this.#use([])
    await this.#input.store.delete(challengesRecord.key(pendingId))
    this.#wrote([])
  }

  #answer(token: string): string | null {
    const found = this.#pending.find(one => one.type === 'http-01' && one.token === token)
    return found?.keyAuthorization ?? null
  }

  #look(): Promise<void> {
    this.#isChangedMeanwhile = true
    this.#looking ??= this.#readUntilStill().finally(() => {
      this.#looking = null
    })
    return this.#looking
  }

  async #readUntilStill(): Promise<void> {
    while (this.#isChangedMeanwhile) {
      this.#isChangedMeanwhile = false
      await this.#read()
    }
  }

  async #read(): Promise<void> {
    this.#lookedAt = performance.now()
    const { store, keyring } = this.#input
    const found = await challengesRecord.get(store, pendingId, sealWith(keyring)).catch(error => {
      // Nobody with our key file has written it (THREATS K7).
      if (error instanceof KeyringError) return null
      throw error
    })
    this.#use(found?.challenges ?? [])
  }

  #wrote(challenges: readonly AcmeChallenge[]): void {
    this.#isChangedMeanwhile = true
    this.#use(challenges)
  }

  #use(challenges: readonly AcmeChallenge[]): void {
    const before = this.#pending
    this.#pending = challenges
    const names = new Map(
      challenges.filter(({ type }) => type === 'tls-alpn-01').map(one => [challengeServerName(one.name), one] as const)
    )
    for (const name of [...this.#pairs.keys()]) {
      const old = before.find(one => challengeServerName(one.name) === name)
      if (names.get(name)?.keyAuthorization !== old?.keyAuthorization) this.#pairs.delete(name)
    }
    for (const [server, { name, keyAuthorization }] of names)
      if (!this.#pairs.has(server))
        this.#pairs.set(server, challengeCertificate(name, keyAuthorization, this.#input.clock()))
  }
}
