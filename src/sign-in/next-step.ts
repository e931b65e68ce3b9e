/** What follows every success: the next factor, the target app, or the list of apps. */
import type { AppAccess } from '../apps/authorize.ts'
import { type Message, messageOf, type StoppedRequest } from '../apps/return-to.ts'
import { invitationOf, isFresh } from '../factor/proof.ts'
import type { Decision } from '../policy/decision.ts'
import type { Principal, Sessions } from '../session/sessions.ts'
import type { EnrolmentGrant, EnrolmentGrants } from './enrolment-grant.ts'
import { isPasswordDue } from './password-due.ts'
import type { UsableFactors } from './usable-factors.ts'

/** Validated by the caller (THREATS R1-R8). */
export interface ReturnTo {
  /** Null for the list of apps. */
  readonly rd: string | null
  /** The hash of the nonce that the browser keeps for the host of `rd`. */
  readonly state: string | null
  /** The refused request of a script or form, unless it is a GET of `rd`. */
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
  /** Another host, which gives a cookie once for this `code`. */
  | { readonly kind: 'hand-over'; readonly origin: string; readonly code: string }
  /** Another host gets no token before the browser shows the portal's device key. */
  | { readonly kind: 'device-proof' }
  /** The session stands and its cookie must go out. */
  | { readonly kind: 'failed'; readonly cause: unknown }

interface TargetAccess {
  readonly app: { readonly id: string; readonly title: string }
  readonly access: AppAccess | Decision
}

/** The requirement for a GET by default; null if `url` belongs to no app. `address` is the client's. */
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
      // The page of an invitation may need a sign-in first.
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

  /** Null if the target belongs to no app. `ask` comes first: the page around it may already be open to the person. */
  requirement(
    { returnTo: { rd, ask }, address }: Pick<NextStepInput, 'returnTo' | 'address'>,
    principal: Principal | null
  ): TargetAccess | null {
    if (rd === null) return null
    const { requirementFor } = this.#options
    const asked = ask == null ? null : requirementFor(ask.url, principal, address, messageOf(ask))
    return asked?.access.kind === 'challenge' ? asked : requirementFor(rd, principal, address)
  }

  /** An app on the portal's host has its own rules. */
  isPortalPage(url: string, address: string): boolean {
    return this.#isOnPortalHost(url) && this.#options.requirementFor(url, null, address) === null
  }

  /** Null for no grant, or beside a usable factor. A replaced, withdrawn or spent invitation allows no enrolment (FIELD G2). */
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

  /** This request's cookie is valid there, so no hand-over is needed. */
  #isOnPortalHost(url: string): boolean {
    return new URL(url).origin === this.#options.portalOrigin
  }
}

/**
 * True if a hand-over to `toHost` first takes a proof of a device key. Its token begins without a key, so a thief of the cookies could bind
 * one to another key (THREATS S18). If the portal has no key, a fresh factor is enough.
 */
function lacksDeviceProof(
  { session: { devices = {} }, host, proofs }: Principal,
  toHost: string,
  now: number
): boolean {
  return devices[host] !== undefined || (devices[toHost] !== undefined && !isFresh(proofs, now))
}
