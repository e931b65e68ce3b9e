/** What was just done, told once on the next page. A reload does not repeat it. */
import { readOwn } from '../cookies.ts'
import type { AuthenticatedContext } from './page-context.ts'
import { dropSealed, keepSealed, readSealed } from './sealed-cookie.ts'

export type Flash =
  /** `name`: what the factor is called. */
  | { readonly kind: 'renamed'; readonly name: string }
  | { readonly kind: 'removed'; readonly name: string }
  | { readonly kind: 'added'; readonly name: string }
  | { readonly kind: 'ended' }
  | { readonly kind: 'others' }
  | { readonly kind: 'password' }

/** Leaves it for the account page. */
export function setFlash(page: AuthenticatedContext, done: Flash): void {
  keepSealed(page, 'done', done)
}

/** What waits for this very session, and waits no longer; null otherwise. */
export function takeFlash(page: AuthenticatedContext): Flash | null {
  if (readOwn(page.request.raw.headers.cookie, 'done', page.site) === null) return null
  dropSealed(page, 'done')
  return readSealed<Flash>(page, 'done')
}
