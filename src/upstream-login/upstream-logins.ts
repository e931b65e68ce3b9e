/** The use-cases of stored logins. The sessions' cache makes changes hold on all gates within a second. */
import type { Clock } from '../clock.ts'
import { digestOf, newId } from '../ids.ts'
import { type Keyring, KeyringError } from '../keyring/keyring.ts'
import type { SessionCache } from '../session/session-cache.ts'
import { inBatches } from '../store/batches.ts'
import { type Seal, sealWith } from '../store/records.ts'
import { RecordTooNew, type Store } from '../store/store.ts'
import { type TrialAdmission, Trials } from './trials.ts'
import { idOf, UpstreamLogin, upstreamLoginRecord } from './upstream-login.ts'

const maxUnwritten = 1000
const loginsOf = (accountId: string) => `upstream-logins-of:${accountId}`

interface UpstreamLoginsOptions {
  readonly store: Store
  readonly cache: SessionCache
  readonly clock: Clock
  readonly keyring: () => Keyring
  /** The message holds no secret. */
  readonly onTrouble: (trouble: { readonly sentence: string; readonly error: Error }) => void
}

export interface ListedLogin {
  readonly app: string
  readonly storedAt: number
  readonly refusedAt: number | null
}

/** The times are null if it cannot be opened. */
export interface KeptLogin {
  readonly app: string
  /** New at each entry. */
  readonly version: string
  readonly storedAt: number | null
  readonly refusedAt: number | null
}

export class UpstreamLogins {
  readonly #options: UpstreamLoginsOptions
  readonly #seal: Seal
  readonly #trials: Trials
  /** Refusals that the store does not have yet: login id, record id. */
  readonly #unwritten = new Map<string, string>()

  constructor(options: UpstreamLoginsOptions) {
    this.#options = options
    this.#trials = new Trials(options.clock)
    this.#seal = sealWith(options.keyring)
  }

  /** Undefined if the store must be asked. */
  peek(accountId: string, appId: string): UpstreamLogin | undefined {
    const { cache } = this.#options
    if (!cache.isTold) return undefined
    return cache.peek(upstreamLoginRecord.key(idOf(accountId, appId))) as UpstreamLogin | undefined
  }

  /** Null also if it cannot be opened. Rejects with StoreUnreachable. */
  find(accountId: string, appId: string): Promise<UpstreamLogin | null> {
    return this.#options.cache.read(upstreamLoginRecord.key(idOf(accountId, appId)), this.#open)
  }

  isRefused({ id, refusedAt }: UpstreamLogin): boolean {
    const recordId = this.#unwritten.get(id)
    if (recordId !== undefined) this.#noteRefusal(recordId, id)
    return refusedAt !== null || this.#trials.isRefused(id)
  }

  /** trials.ts explains `segment` and `maxMs`. */
  admit({ id }: UpstreamLogin, segment: string, maxMs: number): TrialAdmission {
    return this.#trials.admit(id, segment, maxMs)
  }

  accepted({ id }: UpstreamLogin, segment: string): void {
    this.#trials.accepted(id, segment)
  }

  /** True the first time. */
  refused(accountId: string, appId: string, { id }: UpstreamLogin): boolean {
    const isFirst = this.#trials.refused(id)
    if (isFirst) this.#noteRefusal(idOf(accountId, appId), id)
    return isFirst
  }

  /** While the store is away each look tries again, otherwise other gates would go on sending the login. */
  #noteRefusal(recordId: string, id: string): void {
    this.#unwritten.delete(id)
    this.#writeRefusal(recordId, id).catch(error => {
      if (this.#unwritten.size < maxUnwritten) this.#unwritten.set(id, recordId)
      this.#options.onTrouble({ sentence: 'the refusal of a stored login could not be written', error })
    })
  }

  /** It may replace one that cannot be opened. */
  async store(
    accountId: string,
    appId: string,
    authorization: string
  ): Promise<{ readonly outcome: 'stored' | 'replaced'; readonly version: string }> {
    const { store, cache, clock } = this.#options
    const id = idOf(accountId, appId)
    const wasThere = (await store.get(upstreamLoginRecord.key(id))) !== null
    // The index comes first: a login outside every list could not be removed with its owner.
    await store.link(loginsOf(accountId), appId)
    const login = { id: newId(), authorization, storedAt: clock(), refusedAt: null }
    await upstreamLoginRecord.overwrite(store, id, login, this.#seal)
    // A removal may have unlinked it.
    await store.link(loginsOf(accountId), appId)
    cache.forget(upstreamLoginRecord.key(id))
    return { outcome: wasThere ? 'replaced' : 'stored', version: login.id }
  }

  /** Rejects with StoreUnconfirmed, although it is removed. */
  async remove(accountId: string, appId: string): Promise<boolean> {
    const wasThere = await this.#drop(accountId, appId)
    await this.#options.store.settle?.()
    return wasThere
  }

  /** Only this version. Rejects with StoreUnconfirmed, although it is removed. */
  async removeVersion(accountId: string, appId: string, version: string): Promise<'removed' | 'changed' | 'gone'> {
    const { store } = this.#options
    const key = upstreamLoginRecord.key(idOf(accountId, appId))
    for (;;) {
      const text = await store.get(key)
      if (text === null) return 'gone'
      if (this.#describe(appId, text, key).version !== version) return 'changed'
      // A refusal meanwhile leaves the version as it is.
      if (!(await this.#drop(accountId, appId, text))) continue
      await store.settle?.()
      return 'removed'
    }
  }

  /** Returns how many. */
  async removeAll(accountId: string): Promise<number> {
    const apps = await this.#options.store.members(loginsOf(accountId))
    const gone = await inBatches(apps, app => this.#drop(accountId, app), undefined, { goesOn: true })
    await this.#options.store.settle?.()
    return gone.filter(Boolean).length
  }

  /** No key is needed. */
  async appsOf(accountId: string): Promise<string[]> {
    const { store } = this.#options
    const found = await inBatches(await store.members(loginsOf(accountId)), async app => {
      const text = await store.get(upstreamLoginRecord.key(idOf(accountId, app)))
      return text === null ? null : app
    })
    return found.filter(app => app !== null)
  }

  /** Those that can be opened. */
  async list(accountId: string): Promise<ListedLogin[]> {
    const found = await inBatches(await this.#options.store.members(loginsOf(accountId)), async app => {
      const login = await this.find(accountId, app)
      if (login === null) return null
      return { app, storedAt: login.storedAt, refusedAt: this.#refusedAt(login) }
    })
    return found.filter(each => each !== null)
  }

  /** Some cannot be opened. */
  async kept(accountId: string): Promise<KeptLogin[]> {
    const { store } = this.#options
    const found = await inBatches(await store.members(loginsOf(accountId)), async app => {
      const key = upstreamLoginRecord.key(idOf(accountId, app))
      const text = await store.get(key)
      return text === null ? null : this.#describe(app, text, key)
    })
    return found.filter(each => each !== null)
  }

  #describe(app: string, text: string, key: string): KeptLogin {
    const login = this.#openIfKnown(text, key)
    if (login === null) return { app, version: digestOf(text), storedAt: null, refusedAt: null }
    const { id, storedAt } = login
    return { app, version: id, storedAt, refusedAt: this.#refusedAt(login) }
  }

  /** The refusal may not be written yet. */
  #refusedAt(login: UpstreamLogin): number | null {
    return login.refusedAt ?? (this.isRefused(login) ? this.#options.clock() : null)
  }

  readonly #open = (text: string, key: string): UpstreamLogin | null => {
    try {
      const stored = upstreamLoginRecord.parse(this.#seal.open(text, key), key)
      return stored === null ? null : new UpstreamLogin(stored)
    } catch (error) {
      if (!(error instanceof KeyringError)) throw error
      this.#options.onTrouble({
        sentence: 'a stored login cannot be opened, so its owner is asked for it again',
        error
      })
      return null
    }
  }

  /** Operators can remove a newer release's record too. */
  #openIfKnown(text: string, key: string): UpstreamLogin | null {
    try {
      return this.#open(text, key)
    } catch (error) {
      if (error instanceof RecordTooNew) return null
      throw error
    }
  }

  async #writeRefusal(id: string, loginId: string): Promise<void> {
    const { store, cache, clock } = this.#options
    await upstreamLoginRecord.change<void>(
      store,
      id,
      stored =>
        stored?.id === loginId && stored.refusedAt === null
          ? { next: { ...stored, refusedAt: clock() }, result: undefined }
          : { result: undefined },
      this.#seal
    )
    cache.forget(upstreamLoginRecord.key(id))
  }

  /** A damaged record goes too. `expected`: only that text. */
  async #drop(accountId: string, appId: string, expected?: string): Promise<boolean> {
    const { store, cache } = this.#options
    const key = upstreamLoginRecord.key(idOf(accountId, appId))
    const wasThere = await store.delete(key, expected)
    cache.forget(key)
    if (!wasThere && expected !== undefined) return false
    await store.unlink(loginsOf(accountId), appId)
    // It may have been stored meanwhile.
    if ((await store.get(key)) !== null) await store.link(loginsOf(accountId), appId)
    return wasThere
  }
}
