/**
 * The way on after every success: the next factor, the app the person was going to, or the list of apps. The answer is a value, which the
 * portal turns into an address.
 */
import type { AppAccess } from '../apps/authorize.ts'
import { type Message, messageOf, type StoppedRequest } from '../apps/return-to.ts'
import { invitationOf } from '../factor/proof.ts'
import type { Invitations } from '../identity/invitations.ts'
import type { Principal, Sessions } from '../session/sessions.ts'
import type { UsableFactors } from './usable-factors.ts'

/** Where a person is going. Whoever fills this in has validated it (THREATS R1-R8). */
export interface Way {
  /** An address on a host that the gate serves, or null for the list of apps. */
  readonly rd: string | null
  /** Hash of the nonce that the browser keeps for the host of `rd`. */
  readonly state: string | null
  /** The request that was refused, where it is not a GET of `rd`. */
  readonly ask?: StoppedRequest | null
}

export type Next =
  | { readonly kind: 'challenge' }
  | { readonly kind: 'enrol' }
  | { readonly kind: 'recovery-codes' }
  | { readonly kind: 'home' }
  | { readonly kind: 'account' }
  | { readonly kind: 'address'; readonly url: string }
  /** To another host, whose cookie this `code` buys once. */
  | { readonly kind: 'hand-over'; readonly origin: string; readonly code: string }
  /** The session stands and its cookie must go out; what follows did not work. */
  | { readonly kind: 'failed'; readonly cause: unknown }

/** What stands between a person and an address of an app. */
export interface Requirement {
  readonly app: { readonly id: string; readonly title: string }
  readonly access: AppAccess
}

/** What comes of a request for `url`, by default of a GET; null where it belongs to no app. `address` is the client's. */
export type RequirementFor = (
  url: string,
  principal: Principal | null,
  address: string,
  message?: Message
) => Requirement | null

/** A person on their way, from an address. */
export interface OnTheWay {
  readonly way: Way
  readonly address: string
}

export interface NextStepOptions {
  readonly portalOrigin: string
  readonly requirementFor: RequirementFor
  readonly sessions: Pick<Sessions, 'handOver'>
  readonly invitations: Pick<Invitations, 'stands'>
  readonly factors: UsableFactors
}

export class NextStep {
  readonly #options: NextStepOptions

  constructor(options: NextStepOptions) {
    this.#options = options
  }

  /** Where to send this person now. Makes a hand-over code where the way leads to another host. */
  async of(on: OnTheWay, principal: Principal): Promise<Next> {
    const { rd, state } = on.way
    if (!principal.isFullySignedIn) {
      const mayEnrol =
        (await this.isInvited(principal)) && (await this.#options.factors.kinds(principal.account.id)).length === 0
      return { kind: mayEnrol ? 'enrol' : 'challenge' }
    }
    if (rd === null) return { kind: 'home' }
    if (this.requirement(on, principal)?.access.kind === 'challenge') return { kind: 'challenge' }
    if (state === null || this.#isOnPortalHost(rd)) return { kind: 'address', url: rd }
    const { host, origin } = new URL(rd)
    return { kind: 'hand-over', origin, code: await this.#options.sessions.handOver(principal, host, state, rd) }
  }

  /**
   * What the way asks of this person; null where it leads to no app. First what was refused (`ask`), since the person comes back to the page
   * around it and finds that open; then the address they come back to.
   */
  requirement({ way: { rd, ask }, address }: OnTheWay, principal: Principal | null): Requirement | null {
    if (rd === null) return null
    const { requirementFor } = this.#options
    const asked = ask == null ? null : requirementFor(ask.url, principal, address, messageOf(ask))
    return asked?.access.kind === 'challenge' ? asked : requirementFor(rd, principal, address)
  }

  /** True for a page of the portal. An app may stand on the portal's host too, and its rules are its own. */
  isPortalPage(url: string, address: string): boolean {
    return this.#isOnPortalHost(url) && this.#options.requirementFor(url, null, address) === null
  }

  /**
   * True while the invitation that this sign-in began with stands. One that was replaced, withdrawn or spent is in other hands than it should
   * be, or has done its work: the sign-in that it began enrols nothing any more (FIELD G2).
   */
  async isInvited({ account, proofs }: Principal): Promise<boolean> {
    const invitation = invitationOf(proofs)
    return invitation !== null && this.#options.invitations.stands(account.id, invitation)
  }

  /** There, the cookie of this very request is good. */
  #isOnPortalHost(url: string): boolean {
    return new URL(url).origin === this.#options.portalOrigin
  }
}
