/** Why the sign-in of a session cookie ended. It is for programs that still send the cookie, because they see no sign-in page. */

import type { Accounts } from '../src/identity/accounts.ts'
import { wordsOf } from '../src/identity/suspension.ts'
import type { Words } from '../src/reasons/reason.ts'
import type { Sessions } from '../src/session/sessions.ts'
import { StoreUnreachable } from '../src/store/store.ts'
import { type CookieSite, readOwn } from './cookies.ts'
import { endedSentence } from './portal/ended-sentence.ts'
import { defaultTexts } from './portal/messages/messages.ts'

export interface Endings {
  readonly sessions: Pick<Sessions, 'whyEnded' | 'ownerOf'>
  readonly accounts: Pick<Accounts, 'byId'>
}

/** `suspended`: a sign-in would not help. `ended`: with a sentence in English, as all sentences of JSON answers. */
export type Ending =
  | { readonly kind: 'suspended'; readonly words: readonly Words[] }
  | { readonly kind: 'ended'; readonly why: string }

/** Null where nothing is known of the cookie: then the answer says no more than that nobody is signed in, so a stranger learns nothing (THREATS M15). */
export type ExplainEnd = (cookie: string | undefined, site: CookieSite) => Promise<Ending | null>

export function explainEndOf({ sessions, accounts }: Endings): ExplainEnd {
  async function explained(token: string): Promise<Ending | null> {
    const ended = await sessions.whyEnded(token)
    if (ended !== null && ended.why !== 'suspended')
      return { kind: 'ended', why: endedSentence(ended, defaultTexts.in('en')) }
    // A session whose end is not written yet is nobody's any more once its account is suspended.
    const owner = ended === null ? await sessions.ownerOf(token) : ended.accountId
    if (owner === null)
      return ended === null ? null : { kind: 'ended', why: endedSentence(ended, defaultTexts.in('en')) }
    const suspended = (await accounts.byId(owner))?.suspended ?? null
    // The reason is the account's. A person who was let in again needs no explanation.
    return suspended === null ? null : { kind: 'suspended', words: wordsOf(suspended) }
  }
  return async (cookie, site) => {
    const token = readOwn(cookie, 'session', site)
    if (token === null) return null
    try {
      return await explained(token)
    } catch (error) {
      if (error instanceof StoreUnreachable) return null
      throw error
    }
  }
}
