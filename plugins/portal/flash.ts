/** A message about the last action. The next page shows it once. */
import { readOwn } from '../cookies.ts'
import type { StepUpOutcome } from './institutions/step-up-outcome.ts'
import type { Messages } from './messages/messages.ts'
import type { AuthenticatedContext } from './page-context.ts'
import { dropSealed, keepSealed, readSealed } from './sealed-cookie.ts'

export type Flash =
  /** `name` is the factor's. */
  | { readonly kind: 'renamed'; readonly name: string }
  | { readonly kind: 'removed'; readonly name: string }
  | { readonly kind: 'added'; readonly name: string }
  | { readonly kind: 'ended' }
  | { readonly kind: 'others' }
  | { readonly kind: 'password' }
  /** `name` is the program's. */
  | { readonly kind: 'revoked'; readonly name: string }
  /** `name` is the app's title. */
  | { readonly kind: 'login-stored'; readonly name: string }
  | { readonly kind: 'login-removed'; readonly name: string }
  /** `name` is the name of the person who asked. */
  | { readonly kind: 'approved'; readonly name: string }
  | { readonly kind: 'declined'; readonly name: string }
  /** The outcome of a step-up at the institution with this title. */
  | { readonly kind: 'institution'; readonly why: StepUpOutcome; readonly title: string }

export function setFlash(page: AuthenticatedContext, done: Flash): void {
  keepSealed(page, 'done', done)
}

/** Removes and returns the message. */
export function takeFlash(page: AuthenticatedContext): Flash | null {
  if (readOwn(page.request.raw.headers.cookie, 'done', page.site) === null) return null
  dropSealed(page, 'done')
  return readSealed<Flash>(page, 'done')
}

export function doneSentence(done: Flash, { account: say, challenge, sponsor, programs, logins }: Messages): string {
  if (done.kind === 'institution') return challenge.there[done.why]({ place: done.title })
  if (done.kind === 'approved') return sponsor.approved({ name: done.name })
  if (done.kind === 'declined') return sponsor.youDeclined({ name: done.name })
  if (done.kind === 'login-stored') return logins.done({ app: done.name })
  if (done.kind === 'login-removed') return logins.removed({ app: done.name })
  if (done.kind === 'revoked') return programs.revoked({ name: done.name })
  if (done.kind === 'renamed') return say.renamed({ name: done.name })
  if (done.kind === 'ended') return say.ended
  if (done.kind === 'others') return say.othersEnded
  if (done.kind === 'password') return say.passwordChanged
  return done.kind === 'added' ? say.addedNotice({ name: done.name }) : say.removed({ name: done.name })
}
