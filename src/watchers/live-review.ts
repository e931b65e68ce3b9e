/** Ends live connections that are no longer permitted, after a reload or another posture. */
import { type AccessContext, authorize, type TighteningOf } from '../apps/authorize.ts'
import { messageOf } from '../apps/return-to.ts'
import type { App, RouteTable } from '../apps/route-table.ts'
import type { Clock } from '../clock.ts'
import type { ErrorCode } from '../errors.ts'
import type { Proof } from '../factor/proof.ts'
import { closeCodes, type LiveEntry, type LiveRequest, type Reviewer } from '../forwarding/live-connections.ts'
import { originAllowed } from '../forwarding/origin.ts'
import type { Subject } from '../identity/subject.ts'
import { parseTarget } from '../request/target.ts'
import { presentAt } from '../session/present.ts'
import type { SessionCache } from '../session/session-cache.ts'
import { proofsUnder, type SessionTerms } from '../session/terms.ts'

type Verdict =
  | { readonly kind: 'stays'; readonly endsAt: number | null }
  /** `mayHaveProved`: a newer proof could permit it. */
  | { readonly kind: 'ends'; readonly code: ErrorCode; readonly reason: string; readonly mayHaveProved: boolean }

export class LiveReview implements Reviewer {
  readonly #context: AccessContext
  readonly #apps: ReadonlySet<App>
  readonly #cache: SessionCache
  readonly #terms: SessionTerms

  constructor(input: {
    routes: RouteTable
    apps: readonly App[]
    cache: SessionCache
    clock: Clock
    terms: SessionTerms
    tighteningOf: TighteningOf
  }) {
    this.#terms = input.terms
    this.#context = { routes: input.routes, clock: input.clock, audit: null, tighteningOf: input.tighteningOf }
    this.#apps = new Set(input.apps)
    this.#cache = input.cache
  }

  knows(app: App): boolean {
    return this.#apps.has(app)
  }

  review(entry: LiveEntry, isCurrent: () => boolean): void {
    const { asked } = entry
    if (asked === undefined) return
    const verdict = this.#judge(entry, asked, asked.subject, proofsUnder(this.#terms, asked.proofs) ?? [])
    if (verdict.kind === 'ends' && verdict.mayHaveProved && entry.sessionId !== null)
      void this.#reviewWithNewProofs(entry, asked, isCurrent)
    else apply(entry, verdict)
  }

  /** Judges again with the session's current proofs. If the store does not answer, the connection ends. */
  async #reviewWithNewProofs(entry: LiveEntry, asked: LiveRequest, isCurrent: () => boolean): Promise<void> {
    const site = this.#context.routes.site(asked.host)
    const present = await presentAt(
      this.#cache,
      this.#terms,
      entry.sessionId as string,
      site?.host ?? '',
      this.#context.clock()
    ).catch(() => null)
    // After another reload, that one's review decides.
    if (!isCurrent()) return
    const { subject, proofs } = present?.isFullySignedIn ? present : asked
    apply(entry, this.#judge(entry, asked, subject, proofsUnder(this.#terms, proofs) ?? []))
  }

  #judge(entry: LiveEntry, asked: LiveRequest, subject: Subject | null, proofs: readonly Proof[]): Verdict {
    const target = parseTarget(asked.target)
    if (target === null) return ends('bad_request', 'the address cannot be read')
    const match = this.#context.routes.match(asked.host, target)
    if (match.kind === 'none') return ends(match.code, 'the app is no longer there')
    if (match.kind !== 'app' || match.app.id !== entry.appId)
      return ends('no_such_app', 'the address is another app’s now')
    const { app } = match
    const program = asked.program ?? null
    const isOwnSocket = program !== null && asked.origin === undefined
    if (entry.isSocket && !isOwnSocket && !app.isReportOnly && !originAllowed(asked.origin, app, subject !== null))
      return ends('foreign_origin', 'its origin is no longer allowed')
    const principal = subject === null ? null : { subject, proofs }
    const asks = program === null ? { principal } : { principal: null, program }
    const request = {
      match,
      target,
      client: { address: asked.address },
      ...asks,
      binding: asked.binding ?? 'none',
      storeFailure: null
    }
    const { method, destination, overrides = [] } = asked
    const stopped = { url: asked.target, methods: [method, ...overrides], destination: destination ?? null }
    const access = authorize(this.#context, request, messageOf(stopped))
    if (access.kind === 'refuse' && access.reason === 'bad_request')
      return ends('bad_request', 'its destination is no longer in the app')
    // Maintenance lets open connections finish.
    const decision = access.kind === 'refuse' && access.decision !== null ? access.decision : access
    if (decision.kind === 'forward')
      return { kind: 'stays', endsAt: earliest(decision.permit.freshUntil, asked.sessionEndsAt) }
    return { ...ends(decision.reason, 'the rules no longer permit it'), mayHaveProved: decision.kind === 'challenge' }
  }
}

function apply(entry: LiveEntry, verdict: Verdict): void {
  if (verdict.kind === 'stays') entry.renew?.(verdict.endsAt)
  else entry.end(verdict.reason, closeCodes.policy, verdict.code)
}

function ends(code: ErrorCode, reason: string): Verdict & { kind: 'ends' } {
  return { kind: 'ends', code, reason, mayHaveProved: false }
}

function earliest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other)
}
