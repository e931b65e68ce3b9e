/** The watcher that closes live connections when their session is revoked or their person loses access. */
import type { LiveConnections, LiveEntry } from '../forwarding/live-connections.ts'
import { accountPrefix } from '../identity/account.ts'
import { accountRecord } from '../identity/account-record.ts'
import { programTokenRecord } from '../programs/program-token.ts'
import type { ProgramTokens } from '../programs/program-tokens.ts'
import { sessionKey } from '../session/records.ts'
import type { SessionCache } from '../session/session-cache.ts'
import type { Sessions } from '../session/sessions.ts'
import { RecordTooNew, type Store } from '../store/store.ts'

interface AccessWatch {
  readonly store: Store
  readonly cache: SessionCache
  readonly sessions: Sessions
  readonly tokens: Pick<ProgramTokens, 'stands'>
  readonly live: LiveConnections
  readonly onError: (error: unknown) => void
  /** How long a guarded app goes on while this process neither hears of changes nor can ask the store, in milliseconds. Default: a minute. */
  readonly deafMs?: number
  /** Called with the number of connections that have ended because of it. */
  readonly onDeaf?: (count: number) => void
  /** Repeats `run`, and returns what stops it. Default: a timer. */
  readonly repeat?: (run: () => void, everyMs: number) => () => void
}

const sessionPrefix = sessionKey('')

/** Interval of the check for idle and expired sessions, in milliseconds. */
const sweepMs = 15_000
const deafMostMs = 60_000
/** How often this process looks by itself while it hears of no changes, in milliseconds. */
const lookMs = 2_000
/** The looks within which the store has to confirm what goes on then. */
const answerLooksMost = 5

export interface AccessWatching {
  sweep(): void
  /** Checks the accounts too, whose groups depend on the configuration. */
  reviewAll(): void
  stop(): void
}

/** Starts the watcher. The cache must be subscribed to sessions and accounts. */
export function watchAccess(watch: AccessWatch): AccessWatching {
  const { store, cache, sessions, tokens, live, onError } = watch
  const deafMs = watch.deafMs ?? deafMostMs
  const everyMs = Math.min(lookMs, deafMs)
  const deafLooks = Math.ceil(deafMs / everyMs)
  const answerLooks = Math.min(answerLooksMost, deafLooks)
  const repeat = watch.repeat ?? repeatByTimer
  let stopLooking: (() => void) | undefined
  let looks = 0
  let isAsking = false
  /** The keys of what the store has to confirm and has not yet. Filled only while this process has heard of no changes for long. */
  let unconfirmed = new Set<string>()
  const noteDeaf = () => {
    if (cache.isTold) {
      stopLooking?.()
      stopLooking = undefined
      looks = 0
      unconfirmed.clear()
    } else stopLooking ??= repeat(() => void look(), everyMs)
  }
  const endUnconfirmed = () => {
    const count = live.endGuarded('store unreachable', entry => keysOf(entry).some(key => unconfirmed.has(key)))
    if (count > 0) watch.onDeaf?.(count)
  }
  /** A suspension does not reach this process now. It looks by itself; at a guarded app only that goes on for long what the store confirms. */
  const look = async () => {
    looks++
    if (looks >= deafLooks - answerLooks && (looks - deafLooks) % answerLooks === 0) {
      if (looks >= deafLooks) endUnconfirmed()
      unconfirmed = new Set(live.guarded().flatMap(keysOf))
    }
    if (isAsking) return
    isAsking = true
    const isAnswering = await store.ping().then(
      () => true,
      () => false
    )
    isAsking = false
    if (isAnswering && !cache.isTold) checkEverything()
  }
  const check = async (id: string): Promise<void> => {
    try {
      const standing = await sessions.standing(id)
      if (standing === 'ended') live.endSession(id, 'session ended')
      // The authenticator of its proof was removed.
      if (standing === 'half-way') live.endComplete(id, 'factors changed')
      unconfirmed.delete(sessionKey(id))
    } catch (error) {
      // A newer release has written the session. It admits nobody here, so its connections end.
      if (error instanceof RecordTooNew) live.endSession(id, 'session ended')
      // While the store is down, requests are refused; connections are checked again when it is back.
      onError(error)
    }
  }
  const checkToken = async (id: string): Promise<void> => {
    try {
      if (!(await tokens.stands(id))) live.endToken(id, 'token revoked')
      unconfirmed.delete(programTokenRecord.key(id))
    } catch (error) {
      if (error instanceof RecordTooNew) live.endToken(id, 'token revoked')
      onError(error)
    }
  }
  const checkAll = () => {
    for (const id of live.sessionIds()) void check(id)
    for (const id of live.tokenIds()) void checkToken(id)
  }
  /**
   * Bytes by session at the last sweep. A connection that moves bytes counts as activity of its session, and so does an upload or a download
   * that waits, otherwise it would end with an idle session (FIELD F17).
   */
  let moved = new Map<string, number>()
  const sweepAll = () => {
    const now = new Map(live.sessionIds().map(id => [id, live.bytesOf(id)]))
    for (const [id, bytes] of now)
      if (bytes !== (moved.get(id) ?? bytes) || live.hasTransfer(id)) sessions.noteActivity(id)
    moved = now
    checkAll()
  }
  const checkAccount = async (id: string): Promise<void> => {
    try {
      const text = await store.get(accountPrefix + id)
      // Null also for a record of a newer release, which admits nobody here.
      const stored = text === null ? null : accountRecord.parseIfKnown(text)
      const account = stored === null ? null : sessions.accountNow(stored)
      // The reason of the Close frame, too.
      if (account === null) live.endAccount(id, 'access ended')
      else if (account.suspended !== null) live.endAccount(id, 'account suspended')
      else live.endAccountUnless(id, account.groups, 'groups changed')
      unconfirmed.delete(accountPrefix + id)
    } catch (error) {
      onError(error)
    }
  }
  const checkEverything = () => {
    checkAll()
    for (const id of live.accountIds()) void checkAccount(id)
  }
  const stop = cache.onNotice(notice => {
    if (notice.kind !== 'changed') noteDeaf()
    // A suspension may have come meanwhile, which no session's record shows.
    if (notice.kind === 'ready' && cache.isTold) checkEverything()
    if (notice.kind !== 'changed') return
    if (notice.key.startsWith(sessionPrefix)) {
      const id = notice.key.slice(sessionPrefix.length)
      if (live.hasSession(id)) void check(id)
    } else if (notice.key.startsWith(programTokenRecord.prefix)) {
      void checkToken(notice.key.slice(programTokenRecord.prefix.length))
    } else if (notice.key.startsWith(accountPrefix)) {
      const id = notice.key.slice(accountPrefix.length)
      if (live.hasAccount(id)) void checkAccount(id)
    }
  })
  // It may be deaf from the start.
  noteDeaf()
  const sweep = setInterval(sweepAll, sweepMs)
  sweep.unref()
  return {
    sweep: sweepAll,
    reviewAll: () => {
      sweepAll()
      for (const id of live.accountIds()) void checkAccount(id)
    },
    stop() {
      stop()
      clearInterval(sweep)
      stopLooking?.()
    }
  }
}

function repeatByTimer(run: () => void, everyMs: number): () => void {
  const timer = setInterval(run, everyMs).unref()
  return () => clearInterval(timer)
}

/** The keys of the records on which the access of a connection stands. */
function keysOf({ sessionId, tokenId, accountId }: LiveEntry): string[] {
  const keys = accountId === null ? [] : [accountPrefix + accountId]
  if (sessionId !== null) keys.push(sessionKey(sessionId))
  if (tokenId != null) keys.push(programTokenRecord.key(tokenId))
  return keys
}
