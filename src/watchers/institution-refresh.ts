/**
 * Asks institutions whether they still vouch for the sessions that began there. Otherwise a session ends, with its open sockets. One gate
 * of a store asks at a time, and at once if the answers may have changed.
 */
import type { AuditSink } from '../audit/event.ts'
import type { Clock } from '../clock.ts'
import type { Accounts } from '../identity/accounts.ts'
import type { Institution } from '../identity/institution.ts'
import { digestOf } from '../ids.ts'
import type { ProgramTokens } from '../programs/program-tokens.ts'
import type { InstitutionSessions } from '../session/institution-sessions.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Store } from '../store/store.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import { every as repeat } from './every.ts'
import { oneAtATime } from './one-at-a-time.ts'

interface InstitutionRefreshInput {
  readonly institutions: readonly Institution[]
  readonly accounts: Pick<Accounts, 'idsOf' | 'byId'>
  readonly sessions: Pick<Sessions, 'list' | 'end'>
  readonly tokens?: Pick<ProgramTokens, 'dropAll'> | null
  readonly institutionSessions: Pick<InstitutionSessions, 'of'>
  readonly store: Pick<Store, 'add'>
  readonly journal: AuditSink
  readonly clock: Clock
  readonly log: { info(fields: object, sentence: string): void; warn(fields: object, sentence: string): void }
  /** `ms`: milliseconds. Returns a stop function. For tests. */
  readonly every?: (ms: number, work: () => void) => () => void
}

const atOnce = 4

export class InstitutionRefresh {
  readonly #input: InstitutionRefreshInput
  readonly #silent = new Set<string>()
  readonly #stops: (() => void)[] = []
  #isStopped = false

  constructor(input: InstitutionRefreshInput) {
    this.#input = input
  }

  start(): void {
    const { institutions, every = repeat, log } = this.#input
    for (const institution of institutions) {
      const { refreshSeconds, source } = institution
      if (refreshSeconds === undefined || institution.review === undefined) continue
      const run = oneAtATime(
        () => this.run(institution),
        error => log.warn({ institution: source.id, err: error }, 'could not look who may stay signed in')
      )
      run()
      // Twice within the time, in case a gate ends between.
      this.#stops.push(every((refreshSeconds * 1000) / 2, run))
    }
  }

  stop(): void {
    this.#isStopped = true
    for (const stop of this.#stops) stop()
  }

  /** Asks about everybody, unless another gate has just done so with the same revocation lists. */
  async run(institution: Institution): Promise<void> {
    const { accounts, store } = this.#input
    const { id } = institution.source
    const lease = Math.max(1, Math.floor((institution.refreshSeconds ?? 0) * 0.4))
    const mark = digestOf((await institution.reviewMark?.()) ?? '')
    if (!(await store.add(`institution-refresh:${id}:${mark}`, '1', lease))) return
    const ids = [...(await accounts.idsOf(id))]
    const unanswered: string[] = []
    const worker = async () => {
      for (let next = ids.pop(); next !== undefined && !this.#isStopped; next = ids.pop())
        if (!(await this.#review(institution, next))) unanswered.push(next)
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    if (!this.#isStopped) this.#say(id, unanswered)
  }

  /** False if the institution could not be asked about a session. */
  async #review(institution: Institution, accountId: string): Promise<boolean> {
    const { sessions, institutionSessions, clock } = this.#input
    let isAnswered = true
    for (const { session } of await sessions.list(accountId)) {
      const theirs = await institutionSessions.of(session.id)
      if (theirs?.directory !== institution.source.id) continue
      const vouching = await institution.review?.(theirs, clock())
      if (vouching === 'unknown') isAnswered = false
      if (vouching === 'gone') await this.#end(institution, accountId, session.id)
    }
    return isAnswered
  }

  async #end({ source }: Institution, accountId: string, session: string): Promise<void> {
    const { accounts, sessions, journal, clock } = this.#input
    let isEnded = false
    const unconfirmed = await evenUnconfirmed(async () => {
      isEnded = await sessions.end(session, 'institution_gone')
    })
    if (!isEnded && unconfirmed === null) return
    const revoked = (await this.#input.tokens?.dropAll(accountId)) ?? 0
    const account = await accounts.byId(accountId)
    journal.record({
      kind: 'session.end',
      at: clock(),
      ...(account === null ? {} : { account: account.id, name: account.name }),
      session,
      outcome: 'institution_gone',
      directory: source.id,
      ended: 1,
      ...(revoked === 0 ? {} : { tokens: revoked }),
      ...(unconfirmed === null ? {} : { confirmed: false })
    })
  }

  #say(institution: string, unanswered: readonly string[]): void {
    const { log } = this.#input
    if (unanswered.length === 0) {
      if (this.#silent.delete(institution)) log.info({ institution }, 'the gate can ask about all sign-ins again')
    } else if (!this.#silent.has(institution)) {
      this.#silent.add(institution)
      log.warn(
        { institution, people: unanswered.length, account: unanswered[0] },
        'the gate cannot ask whether some people may stay signed in: they keep their access until it can'
      )
    }
  }
}
