/**
 * The watcher that asks directories about signed-in people. People who are gone, locked or disabled there lose their sessions and open
 * sockets; groups and names are updated. One gate of a store asks at a time. While a directory does not answer, nobody loses access.
 */
import type { AuditSink } from '../audit/event.ts'
import type { Clock } from '../clock.ts'
import { GateError } from '../errors.ts'
import type { Account } from '../identity/account.ts'
import type { Accounts } from '../identity/accounts.ts'
import type { Directory } from '../identity/directory.ts'
import type { Sessions } from '../session/sessions.ts'
import { type Store, StoreUnconfirmed } from '../store/store.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import { oneAtATime } from './one-at-a-time.ts'

export interface DirectoryRefreshInput {
  readonly directories: readonly Directory[]
  readonly accounts: Pick<Accounts, 'idsOf' | 'byId'>
  readonly sessions: Pick<Sessions, 'list' | 'endAccount'>
  readonly store: Pick<Store, 'add' | 'get' | 'put'>
  readonly journal: AuditSink
  readonly clock: Clock
  readonly log: { info(fields: object, sentence: string): void; warn(fields: object, sentence: string): void }
  /** Calls `work` at this interval and returns a stop function. For tests. */
  readonly every?: (ms: number, work: () => void) => () => void
}

const atOnce = 8

export class DirectoryRefresh {
  readonly #input: DirectoryRefreshInput
  readonly #silent = new Set<string>()
  readonly #stops: (() => void)[] = []
  #isStopped = false

  constructor(input: DirectoryRefreshInput) {
    this.#input = input
  }

  /** Checks whether the directories work, and asks them from now on. */
  start(): void {
    const { directories, every = interval, log } = this.#input
    for (const directory of directories) {
      void directory.check?.()
      const { refreshSeconds } = directory
      if (refreshSeconds === undefined || directory.stands === undefined) continue
      const run = oneAtATime(
        () => this.run(directory),
        error => log.warn({ directory: directory.id, err: error }, 'could not look who is still in the directory')
      )
      // Also at once, otherwise a gate with frequent reloads would never ask. The lease prevents more.
      run()
      // Twice within the time, in case a gate ends between.
      this.#stops.push(every((refreshSeconds * 1000) / 2, run))
    }
  }

  stop(): void {
    this.#isStopped = true
    for (const stop of this.#stops) stop()
  }

  /** Unless another gate has just done so. */
  async run(directory: Directory): Promise<void> {
    const { accounts, store } = this.#input
    const lease = Math.max(1, Math.floor((directory.refreshSeconds ?? 0) * 0.4))
    const key = `directory-refresh:${directory.id}`
    const { mark = '1' } = directory
    // After a reload with other settings nobody waits for the end of the lease.
    if (!(await store.add(key, mark, lease))) {
      if ((await store.get(key)) === mark) return
      await store.put(key, mark, lease)
    }
    const ids = [...(await accounts.idsOf(directory.id))]
    const failed: { readonly id: string; readonly error: unknown }[] = []
    let answered = 0
    // One person with a broken entry must not hide the others.
    const worker = async () => {
      for (let id = ids.pop(); id !== undefined && !this.#isStopped; id = ids.pop()) {
        try {
          if (await this.#review(directory, id)) answered++
        } catch (error) {
          failed.push({ id, error })
        }
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    // The end of a configuration closes its connections.
    if (this.#isStopped) return
    const isDown = failed.length > 0 && answered === 0 && failed.every(({ error }) => error instanceof GateError)
    if (isDown) return this.#isSilent(directory)
    this.#hears(directory)
    const [first] = failed
    if (first !== undefined)
      this.#input.log.warn(
        { directory: directory.id, account: first.id, people: failed.length, err: first.error },
        'some people could not be looked up in the directory: they keep their access until they can'
      )
  }

  /** False if nobody had to be asked. */
  async #review(directory: Directory, id: string): Promise<boolean> {
    const { accounts, sessions, journal, clock } = this.#input
    if ((await sessions.list(id)).length === 0) return false
    const account = await accounts.byId(id)
    if (account === null || account.directory !== directory.id) return false
    if ((await directory.stands?.(account)) !== false) return true
    let ended = 0
    const unconfirmed = await evenUnconfirmed(async () => {
      ended = await sessions.endAccount(id, 'institution_gone')
    })
    if (unconfirmed instanceof StoreUnconfirmed) ended = unconfirmed.ended
    journal.record({
      kind: 'session.end',
      at: clock(),
      ...whose(account),
      outcome: 'institution_gone',
      directory: directory.id,
      ended,
      ...(unconfirmed === null ? {} : { confirmed: false })
    })
    return true
  }

  #isSilent({ id }: Directory): void {
    if (this.#silent.has(id)) return
    this.#silent.add(id)
    this.#input.log.warn(
      { directory: id },
      'the directory does not answer: nobody loses access for that, and nobody is noticed who was removed there'
    )
  }

  #hears({ id }: Directory): void {
    if (this.#silent.delete(id))
      this.#input.log.info({ directory: id }, 'the directory answers again: those who were removed there lose access')
  }
}

function whose({ id, name }: Account): { readonly account: string; readonly name: string } {
  return { account: id, name }
}

function interval(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms)
  timer.unref()
  return () => clearInterval(timer)
}
