/** The step after every success: the next factor, the target app, or the list of apps. */
import type { AppAccess } from '../apps/authorize.ts'
import { type Message, messageOf, type StoppedRequest } from '../apps/return-to.ts'
import { invitationOf, isFresh } from '../factor/proof.ts'
import type { Decision } from '../policy/decision.ts'
import type { Principal, Sessions } from '../session/sessions.ts'
import type { EnrolmentGrant, EnrolmentGrants } from './enrolment-grant.ts'
import { isPasswordDue } from './password-due.ts'
import type { UsableFactors } from './usable-factors.ts'

/** A person's target, validated by the caller (THREATS R1-R8). */
export interface ReturnTo {
  /** Null for the list of apps. */
  readonly rd: string | null
  /** Hash of the nonce that the browser keeps for the host of `rd`. */
  readonly state: string | null
  /** The refused request, unless it is a GET of `rd`: a script's on that page, or a form's. */
  readonly ask?: StoppedRequest | null
}

export type Next =
  | { readonly kind: 'challenge' }
  | { readonly kind: 'enrol' }
  | { readonly kind: 'recovery-codes' }
  /** It comes after a link by mail and a second factor. */
  | { readonly kind: 'new-password' }
  | { readonly kind: 'home' }
  | { readonly kind: 'account' }
  | { readonly kind: 'address'; readonly url: string }
  /** Another host, which gives a cookie for this `code` once. */
  | { readonly kind: 'hand-over'; readonly origin: string; readonly code: string }
  /** The browser has to show the portal's device key before another host gets a token. */
  | { readonly kind: 'device-proof' }
  /** The session stands and its cookie must go out, but the next step failed. */
  | { readonly kind: 'failed'; readonly cause: unknown }

interface TargetAccess {
  readonly app: { readonly id: string; readonly title: string }
  readonly access: AppAccess | Decision
}

/** A GET by default; null if `url` belongs to no app. `address` is the client's. */
export type RequirementFor = (
  url: string,
  principal: Principal | null,
  address: string,
  message?: Message
) => TargetAccess | null

/** `address` is the client's. `asker` and `hasDeviceProof`: see `Caller`. */
export interface NextStepInput {
  readonly returnTo: ReturnTo
  readonly address: string
  readonly asker: string | null
  readonly now: number
  readonly hasDeviceProof?: boolean
}

export interface NextStepOptions {
  readonly portalOrigin: string
  readonly requirementFor: RequirementFor
  readonly sessions: Pick<Sessions, 'handOver'>
  readonly grants: Pick<EnrolmentGrants, 'of'>
  readonly factors: UsableFactors
}

export class NextStep {
  readonly #options: NextStepOptions

  constructor(options: NextStepOptions) {
    this.#options = options
  }

  /** Makes a hand-over code for another host. */
  async of(input: NextStepInput, principal: Principal): Promise<Next> {
    const { rd, state } = input.returnTo
    if (isPasswordDue(principal.proofs, input.now)) return { kind: 'new-password' }
    if (!principal.isFullySignedIn) {
      // An invitation's page may need a sign-in first.
      if (rd !== null && this.#isInvitation(rd) && !this.#isInvited(principal)) return { kind: 'address', url: rd }
      return { kind: (await this.grantFor(input, principal)) === null ? 'challenge' : 'enrol' }
    }
    if (rd === null) return { kind: 'home' }
    if (this.requirement(input, principal)?.access.kind === 'challenge') return { kind: 'challenge' }
    if (state === null || this.#isOnPortalHost(rd)) return { kind: 'address', url: rd }
    const { host, origin } = new URL(rd)
    if (input.hasDeviceProof !== true && lacksDeviceProof(principal, host, input.now)) return { kind: 'device-proof' }
    return { kind: 'hand-over', origin, code: await this.#options.sessions.handOver(principal, host, state, rd) }
  }

  /**
   * Null if the target belongs to no app. The refused request (`ask`) comes first: the page around it may already be open to the person.
   */
  requirement(
    { returnTo: { rd, ask }, address }: Pick<NextStepInput, 'returnTo' | 'address'>,
    principal: Principal | null
  ): TargetAccess | null {
    if (rd === null) return null
    const { requirementFor } = this.#options
    const asked = ask == null ? null : requirementFor(ask.url, principal, address, messageOf(ask))
    return asked?.access.kind === 'challenge' ? asked : requirementFor(rd, principal, address)
  }

  /** True for a page of the portal. An app on the portal's host has its own rules. */
  isPortalPage(url: string, address: string): boolean {
    return this.#isOnPortalHost(url) && this.#options.requirementFor(url, null, address) === null
  }

  /**
   * The permission to enrol a first factor; null for none, or beside a usable factor. After an invitation is replaced, withdrawn or spent,
   * its sign-in may not enrol (FIELD G2).
   */
  async grantFor({ asker }: Pick<NextStepInput, 'asker'>, principal: Principal): Promise<EnrolmentGrant | null> {
    if ((await this.#options.factors.kinds(principal.account.id)).length > 0) return null
    return this.#options.grants.of(principal, asker)
  }

  #isInvitation(url: string): boolean {
    return url.startsWith(`${this.#options.portalOrigin}/.factorgate/invite/`)
  }

  #isInvited({ proofs }: Principal): boolean {
    return invitationOf(proofs) !== null
  }

  /** True for the portal's own host, where this request's cookie is valid and no hand-over is needed. */
  #isOnPortalHost(url: string): boolean {
    return new URL(url).origin === this.#options.portalOrigin
  }
}

/**
 * True if a hand-over to `toHost` takes a proof of a device key first. Its token begins without a key, so a stolen cookie jar could get one
 * and bind it to a key of the thief (THREATS S18). Where the portal has no key, a fresh factor may replace the host's.
 */
function lacksDeviceProof(
  { session: { devices = {} }, host, proofs }: Principal,
  toHost: string,
  now: number
): boolean {
  return devices[host] !== undefined || (devices[toHost] !== undefined && !isFresh(proofs, now))
}
