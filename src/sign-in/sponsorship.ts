/**
 * Approval by a colleague: a person of an institution without a second factor asks, and a colleague or an operator confirms who they are.
 * The approval allows a first factor (THREATS M5). Nobody approves themselves, and nobody learns who exists (THREATS M15).
 */
import { isFresh } from '../factor/proof.ts'
import { type Account, operators } from '../identity/account.ts'
import type { Accounts } from '../identity/accounts.ts'
import type { Directories } from '../identity/directories.ts'
import type { Invitations } from '../identity/invitations.ts'
import { isAskedIn, type Sponsorship as Request, type Sponsorships } from '../identity/sponsorships.ts'
import { newToken, tokenDigest } from '../ids.ts'
import type { Principal } from '../session/principal.ts'
import type { SignedCaller } from './caller.ts'
import type { SignInJournal } from './journal.ts'
import { type Denied, denied } from './outcome.ts'
import type { UsableFactors } from './usable-factors.ts'

/** A request as its sponsor and the operators see it. */
export interface SeenRequest {
  readonly request: Request
  readonly person: Account
  readonly institution: string
  /** Null for the operators, and for an unknown name. */
  readonly sponsor: Account | null
}

export interface SponsorshipOptions {
  readonly sponsorships: Sponsorships
  readonly invitations: Pick<Invitations, 'issue'>
  readonly accounts: Pick<Accounts, 'byId' | 'bySignIn'>
  readonly directories: Pick<Directories, 'enrolmentOf' | 'titleOf'>
  readonly factors: UsableFactors
  readonly journal: SignInJournal
}

export class Sponsorship {
  readonly #options: SponsorshipOptions

  constructor(options: SponsorshipOptions) {
    this.#options = options
  }

  /** True if the person has no usable factor, and may ask. */
  async isOpenTo({ account, proofs }: Principal): Promise<boolean> {
    const { directories, factors } = this.#options
    if (directories.enrolmentOf(account.directory) !== 'sponsor') return false
    // The institution has to vouch for the person in this very sign-in.
    if (!proofs.some(({ kind }) => kind === 'directory')) return false
    return (await factors.kinds(account.id)).length === 0
  }

  /** Open or lately decided. `isHere`: this browser has made it. */
  async own({
    principal,
    asker
  }: SignedCaller): Promise<{ readonly request: Request; readonly isHere: boolean } | null> {
    const request = await this.#options.sponsorships.of(principal.account.id)
    return request === null ? null : { request, isHere: isAskedIn(request, asker) }
  }

  /** Null asks the operators. `self`: the person named themselves. The browser keeps `asker`: the approval holds there alone. */
  async ask(
    by: SignedCaller,
    who: string | null
  ): Promise<{ readonly kind: 'asked'; readonly asker: string } | { readonly kind: 'self' | 'too_soon' } | Denied> {
    const { sponsorships, accounts, journal } = this.#options
    const { account } = by.principal
    if (!(await this.isOpenTo(by.principal))) return denied('enrolment_not_allowed')
    const named = who === null ? null : await accounts.bySignIn(who)
    if (named?.id === account.id) return { kind: 'self' }
    if (!journal.isWritable) return denied('journal_unwritable', { retryAfterSeconds: 2 })
    const asker = by.asker ?? newToken()
    const request = await sponsorships.ask({
      accountId: account.id,
      sponsorId: named?.id ?? null,
      typed: who,
      address: by.address,
      asker
    })
    if (request === null) return { kind: 'too_soon' }
    try {
      await journal.sponsorAsk(by, named)
    } catch (error) {
      await sponsorships.removeAll(account.id)
      throw error
    }
    return { kind: 'asked', asker }
  }

  /** What this person may decide on, and what others decided instead, newest first. */
  async requestsFor({ account }: Principal): Promise<SeenRequest[]> {
    const { sponsorships, accounts, directories } = this.#options
    const found = await sponsorships.listFor(account.id, isOperator(account))
    const seen = await Promise.all(
      found
        .filter(({ accountId }) => accountId !== account.id)
        .map(async request => {
          const [person, sponsor] = await Promise.all([
            accounts.byId(request.accountId),
            request.sponsorId === null ? null : accounts.byId(request.sponsorId)
          ])
          const isKnown = person !== null && person.suspended === null
          return isKnown ? { request, person, institution: directories.titleOf(person.directory), sponsor } : null
        })
    )
    return seen.filter(one => one !== null)
  }

  /**
   * Needs a fresh proof with a factor of the gate. `gone`: it is decided, over, replaced, or not for this person. `why`: from an operator
   * in the console, whose pages have asked for a proof.
   */
  async decide(
    by: SignedCaller,
    accountId: string,
    requestId: string,
    isApproval: boolean,
    why?: string
  ): Promise<{ readonly kind: 'decided'; readonly person: Account } | { readonly kind: 'gone' } | Denied> {
    const { sponsorships, accounts, directories, invitations, factors, journal } = this.#options
    const { account, proofs } = by.principal
    if (why === undefined ? !isFresh(proofs, by.now) : !isOperator(account)) return denied('fresh_proof_required')
    const [request, person] = await Promise.all([sponsorships.of(accountId), accounts.byId(accountId)])
    if (request === null || person === null || person.suspended !== null || request.id !== requestId)
      return { kind: 'gone' }
    const isTheirs = request.sponsorId === account.id || isOperator(account)
    if (!isTheirs || accountId === account.id) return { kind: 'gone' }
    if (directories.enrolmentOf(person.directory) !== 'sponsor') return { kind: 'gone' }
    if (isApproval && (await factors.kinds(accountId)).length > 0) return { kind: 'gone' }
    if (!journal.isWritable) return denied('journal_unwritable', { retryAfterSeconds: 2 })
    const { id, name, displayName } = account
    const decided = await sponsorships.decide(request, isApproval ? 'approved' : 'declined', { id, name, displayName })
    if (decided === null) return { kind: 'gone' }
    try {
      await journal.sponsorDecision(by, person, isApproval, why)
      // Nobody has the token: the approval holds for the next sign-in in the browser that asked.
      if (isApproval) await sponsorships.bind(decided, tokenDigest(await invitations.issue(accountId, { by: name })))
    } catch (error) {
      await sponsorships.reopen(decided)
      throw error
    }
    return { kind: 'decided', person }
  }
}

function isOperator({ groups }: Account): boolean {
  return groups.includes(operators)
}
