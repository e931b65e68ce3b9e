/** The context of a page of the console: the portal's context, the operator's role, and the sentences. */
import type { FastifyRequest } from 'fastify'
import type { Acting } from '../../src/administration/operator-actions.ts'
import { type Role, roleOf } from '../../src/administration/roles.ts'
import { GateError } from '../../src/errors.ts'
import type { Account } from '../../src/identity/account.ts'
import type { Accounts } from '../../src/identity/accounts.ts'
import { readOwn } from '../cookies.ts'
import type { Frame } from '../portal/layout.tsx'
import { defaultTexts } from '../portal/messages/messages.ts'
import { type AuthenticatedContext, callerOf, frameOf, signedPage } from '../portal/page-context.ts'
import { dropSealed, keepSealed, readSealed } from '../portal/sealed-cookie.ts'
import { type ConsoleMessages, consoleMessages, isConsoleLanguage } from './messages/messages.ts'

export interface ConsoleFrame {
  readonly frame: Frame
  readonly role: Role
  readonly say: ConsoleMessages
  /** People may ask operators to approve a first second factor. */
  readonly hasRequests: boolean
}

export type ConsolePage = AuthenticatedContext & { readonly role: Role; readonly words: ConsoleMessages }

/** Throws for a person without a role, whom the enforce step has already refused. */
export function consolePage(request: FastifyRequest): ConsolePage {
  const page = signedPage(request)
  const role = roleOf(page.principal.account)
  if (role === null) throw new GateError('not_allowed')
  // If the console is not translated, its frame speaks English too, so that a page has one language and one direction.
  const language = isConsoleLanguage(page.say.language) ? page.say.language : 'en'
  const { texts = defaultTexts } = page.portal
  return { ...page, role, say: texts.in(language), words: consoleMessages.in(language) }
}

export function consoleFrame(page: ConsolePage): ConsoleFrame {
  const { hasSponsors } = page.portal.directories
  return { frame: frameOf(page), role: page.role, say: page.words, hasRequests: hasSponsors }
}

export function actingOf(page: ConsolePage, why: string): Acting {
  const { request, address, now } = callerOf(page)
  return { principal: page.principal, request, address, now, why }
}

/** The next page shows it once. */
export interface DoneNote {
  readonly action:
    | 'change'
    | 'rename'
    | 'suspend'
    | 'resume'
    | 'resumeAsked'
    | 'confirm'
    | 'unlock'
    | 'reset'
    | 'revoke'
    | 'token'
    | 'login'
    | 'approve'
    | 'decline'
  readonly id: string
  readonly name: string
  /** Sessions that have ended. */
  readonly ended: number
}

export function noteDone(page: ConsolePage, note: DoneNote): void {
  keepSealed(page, 'console', note)
}

export function takeDone(page: ConsolePage): DoneNote | null {
  if (readOwn(page.request.raw.headers.cookie, 'console', page.site) === null) return null
  dropSealed(page, 'console')
  return readSealed<DoneNote>(page, 'console')
}

/** The account in the page's address. Throws `not_found`. */
export async function accountOf(page: ConsolePage, accounts: Pick<Accounts, 'byId'>): Promise<Account> {
  const account = await accounts.byId((page.request.params as { id: string }).id)
  if (account === null) throw new GateError('not_found')
  return account
}
