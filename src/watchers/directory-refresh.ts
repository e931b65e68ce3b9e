/**
 * Asks directories about signed-in people. Those who are gone, locked or disabled there lose their sessions and open sockets; groups and
 * names are updated. One gate of a store asks at a time. While a directory is silent, nobody loses access.
 */
import type { AuditSink } from '../audit/event.ts'
import type { Clock } from '../clock.ts'
import { GateError } from '../errors.ts'
import type { Account } from '../identity/account.ts'
import type { Accounts } from '../identity/accounts.ts'
import type { AccountReview, Directory } from '../identity/directory.ts'
import type { ProgramTokens } from '../programs/program-tokens.ts'
import type { Sessions } from '../session/sessions.ts'
import { type Store, StoreUnconfirmed } from '../store/store.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import { every as repeat } from './every.ts'
import { oneAtATime } from './one-at-a-time.ts'

interface DirectoryRefreshInput {
  readonly directories: readonly Directory[]
  readonly accounts: Pick<Accounts, 'idsOf' | 'byId'>
  readonly sessions: Pick<Sessions, 'list' | 'endAccount'>
  readonly tokens?: Pick<ProgramTokens, 'hasAny' | 'dropAll'> | null
  readonly store: Pick<Store, 'add' | 'get' | 'put'>
  readonly journal: AuditSink
  readonly clock: Clock
  readonly log: { info(fields: object, sentence: string): void; warn(fields: object, sentence: string): void }
  /** For tests. */
  readonly every?: (ms: number, work: () => void) => () => void
  /** For tests. */
  readonly wait?: (ms: number) => Promise<void>
}

/** People in one question to a directory. */
const batch = 100
/** Reads of the store, and questions about one person. */
const atOnce = 8

export class DirectoryRefresh {
  readonly #input: DirectoryRefreshInput
  readonly #silent = new Set<string>()
  readonly #stops: (() => void)[] = []
  #isStopped = false

  constructor(input: DirectoryRefreshInput) {
    this.#input = input
  }

  /** Checks the directories now, and asks them from now on. */
  start(): void {
    const { directories, every = repeat, log } = this.#input
    for (const directory of directories) {
      void directory.check?.()
      const { refreshSeconds } = directory
      if (refreshSeconds === undefined || directory.stands === undefined) continue
      const run = oneAtATime(
        () => this.run(directory),
        error => log.warn({ directory: directory.id, err: error }, 'could not look who is still in the directory')
      )
      // It also runs at once, otherwise a gate with frequent reloads would never ask. The lease prevents more.
      run()
      // Twice within the time, in case a gate ends between.
      this.#stops.push(every((refreshSeconds * 1000) / 2, run))
    }
  }

  stop(): void {
    this.#isStopped = true
    for (const stop of this.#stops) stop()
  }

  /** Asks about everybody, unless another gate has just done so. */
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
    const failed: { readonly id: string; readonly error: unknown }[] = []
    let answered = 0
    const live: string[] = []
    await this.#each(await accounts.idsOf(directory.id), failed, async id => {
      const { sessions, tokens = null } = this.#input
      if ((await sessions.list(id)).length > 0 || (await tokens?.hasAny(id)) === true) live.push(id)
    })
    const look = lookOf(directory)
    // Thousands of people take a quarter of the time, which spares directory and gate.
    const paceMs = ((directory.refreshSeconds ?? 0) * 1000) / 4 / Math.ceil(live.length / batch)
    for (let at = 0; at < live.length && !this.#isStopped; at += batch) {
      const start = performance.now()
      const asked: Account[] = []
      await this.#each(live.slice(at, at + batch), failed, async id => {
        const account = await accounts.byId(id)
        if (account?.directory === directory.id) asked.push(account)
      })
      const answers = await look(asked)
      if (this.#isStopped) return
      for (const [index, account] of asked.entries()) {
        const answer = answers[index]!
        // One broken entry must not hide the others.
        if (answer.status === 'rejected') failed.push({ id: account.id, error: answer.reason })
        else answered++
      }
      const gone = asked.filter((_, index) => (answers[index] as { value?: boolean }).value === false)
      await this.#each(gone, failed, account => this.#end(directory, account))
      if (at + batch < live.length) await (this.#input.wait ?? pause)(paceMs - (performance.now() - start))
    }
    // The end of a configuration closes its connections.
    if (this.#isStopped) return
    const isDown = failed.length > 0 && answered === 0 && failed.every(({ error }) => error instanceof GateError)
    if (isDown) return this.#isSilent(directory, failed[0]?.error)
    this.#noteAnswer(directory)
    const [first] = failed
    if (first !== undefined)
      this.#input.log.warn(
        { directory: directory.id, account: first.id, people: failed.length, err: first.error },
        'some people could not be looked up in the directory: they keep their access until they can'
      )
  }

  /** Does `work` for some at once; a failure is noted under the id of the account. */
  async #each<Item extends string | Account>(
    items: readonly Item[],
    failed: { readonly id: string; readonly error: unknown }[],
    work: (item: Item) => Promise<void>
  ): Promise<void> {
    const rest = [...items].reverse()
    const worker = async () => {
      while (rest.length > 0 && !this.#isStopped) {
        const item = rest.pop()!
        await work(item).catch((error: unknown) =>
          failed.push({ id: typeof item === 'string' ? item : item.id, error })
        )
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
  }

  async #end(directory: Directory, account: Account): Promise<void> {
    const { sessions, journal, clock } = this.#input
    const { id } = account
    let ended = 0
    const unconfirmed = await evenUnconfirmed(async () => {
      ended = await sessions.endAccount(id, 'institution_gone')
    })
    if (unconfirmed instanceof StoreUnconfirmed) ended = unconfirmed.ended
    const revoked = (await this.#input.tokens?.dropAll(id)) ?? 0
    journal.record({
      kind: 'session.end',
      at: clock(),
      ...whose(account),
      outcome: 'institution_gone',
      directory: directory.id,
      ended,
      ...(revoked === 0 ? {} : { tokens: revoked }),
      ...(unconfirmed === null ? {} : { confirmed: false })
    })
  }

  #isSilent({ id }: Directory, error: unknown): void {
    if (this.#silent.has(id)) return
    this.#silent.add(id)
    this.#input.log.warn(
      { directory: id, ...problemOf(error) },
      'the directory does not answer: nobody loses access for that, and nobody is noticed who was removed there'
    )
  }

  #noteAnswer({ id }: Directory): void {
    if (this.#silent.delete(id))
      this.#input.log.info({ directory: id }, 'the directory answers again: those who were removed there lose access')
  }
}

/** What servers answer instead, such as a reference to another server. */
function problemOf(error: unknown): { readonly problem?: string } {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error ? { problem: cause.message } : {}
}

/** A directory without `review` gets a question for each. */
function lookOf(directory: Directory): AccountReview['look'] {
  const review = directory.review?.()
  if (review !== undefined) return accounts => review.look(accounts)
  return async accounts => {
    const answers: PromiseSettledResult<boolean>[] = []
    for (let at = 0; at < accounts.length; at += atOnce)
      answers.push(
        ...(await Promise.allSettled(
          accounts.slice(at, at + atOnce).map(async account => (await directory.stands?.(account)) !== false)
        ))
      )
    return answers
  }
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, ms).unref()
  })
}

function whose({ id, name }: Account): { readonly account: string; readonly name: string } {
  return { account: id, name }
}
