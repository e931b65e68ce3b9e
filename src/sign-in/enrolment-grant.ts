/** The permission to enrol a first second factor: an invitation, a sponsor's approval, or a roll-out. */
import type { Clock } from '../clock.ts'
import type { Credentials } from '../factor/credential.ts'
import { invitationOf } from '../factor/proof.ts'
import type { Directories } from '../identity/directories.ts'
import type { Invitations } from '../identity/invitations.ts'
import { isAskedIn, type Sponsorships } from '../identity/sponsorships.ts'
import type { Principal } from '../session/principal.ts'

export type EnrolmentGrant =
  /** `invitation` is the digest of its token. */
  | { readonly kind: 'invitation'; readonly invitation: string }
  | { readonly kind: 'sponsor'; readonly invitation: string; readonly by: string }
  | { readonly kind: 'until' }

export interface EnrolmentGrantsOptions {
  readonly invitations: Pick<Invitations, 'stands' | 'spend'>
  readonly sponsorships: Pick<Sponsorships, 'of'>
  readonly directories: Pick<Directories, 'enrolmentOf'>
  readonly credentials: Pick<Credentials, 'hasHadAny' | 'list'>
  readonly clock: Clock
}

export class EnrolmentGrants {
  readonly #options: EnrolmentGrantsOptions

  constructor(options: EnrolmentGrantsOptions) {
    this.#options = options
  }

  /**
   * Null for none. The caller checks that the account has no usable factor. An approval is valid in the browser that asked (`asker` is its
   * secret), otherwise a thief of the password could use it (THREATS M5).
   */
  async of({ account, proofs }: Principal, asker: string | null): Promise<EnrolmentGrant | null> {
    const { invitations, sponsorships, directories, credentials, clock } = this.#options
    const invitation = invitationOf(proofs)
    if (invitation !== null && (await invitations.stands(account.id, invitation)))
      return { kind: 'invitation', invitation }
    // The institution must vouch for the person in this very sign-in.
    if (!proofs.some(({ kind }) => kind === 'directory')) return null
    const mode = directories.enrolmentOf(account.directory)
    if (mode === 'sponsor') {
      const request = await sponsorships.of(account.id)
      if (request?.state !== 'approved' || request.invitation === undefined || !isAskedIn(request, asker)) return null
      if (!(await invitations.stands(account.id, request.invitation))) return null
      return { kind: 'sponsor', invitation: request.invitation, by: request.decidedBy?.displayName ?? '' }
    }
    if (mode === 'invitation' || clock() >= mode.until) return null
    // After a reset too, an account that has had a factor needs an invitation: a stolen password must not be enough.
    return (await credentials.hasHadAny(account.id)) ? null : { kind: 'until' }
  }

  /** False if the grant is over; then the new credential must be removed. */
  async spend(account: Principal['account'], grant: EnrolmentGrant | null, credentialId: string): Promise<boolean> {
    const { invitations, credentials } = this.#options
    if (grant === null) return false
    if (grant.kind !== 'until') return invitations.spend(account.id, grant.invitation)
    // If two people enrol in parallel, neither factor stays: either may be an attacker's.
    const all = await credentials.list(account.id)
    return all.every(({ id }) => id === credentialId)
  }
}
