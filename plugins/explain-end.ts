/** What a program that still sends the cookie of an ended sign-in hears, because it sees no sign-in page. */
import { describeError } from '../src/errors.ts'
import type { Accounts } from '../src/identity/accounts.ts'
import { wordsOf } from '../src/identity/suspension.ts'
import { inWords } from '../src/reasons/in-words.ts'
import { causesOf } from '../src/reasons/reason.ts'
import type { Ended } from '../src/session/records.ts'
import type { Sessions } from '../src/session/sessions.ts'
import { StoreUnreachable } from '../src/store/store.ts'
import { type CookieSite, readOwn } from './cookies.ts'
import { endedSentence } from './portal/ended-sentence.ts'
import { defaultTexts } from './portal/messages/messages.ts'

interface Endings {
  readonly sessions: Pick<Sessions, 'whyEnded'>
  readonly accounts: Pick<Accounts, 'byId'>
}

/** The whole message, in English, as in all JSON answers. Null if the gate remembers no reason. */
export type ExplainEnd = (cookie: string | undefined, site: CookieSite) => Promise<string | null>

export function explainEndOf({ sessions, accounts }: Endings): ExplainEnd {
  return async (cookie, site) => {
    const token = readOwn(cookie, 'session', site)
    if (token === null) return null
    try {
      const ended = await sessions.whyEnded(token)
      return ended === null ? null : await explained(ended, accounts)
    } catch (error) {
      if (error instanceof StoreUnreachable) return null
      throw error
    }
  }
}

/** The reason of a suspension is the account's, and signing in would not help. A person who was let in again needs no explanation. */
async function explained(ended: Ended, accounts: Endings['accounts']): Promise<string | null> {
  const say = defaultTexts.in('en')
  if (ended.why !== 'suspended' || ended.accountId === null)
    return `${endedSentence(ended, say)} ${describeError('sign_in_required').sentence}`
  const suspended = (await accounts.byId(ended.accountId))?.suspended ?? null
  return suspended === null ? null : say.login.suspendedWhy({ why: inWords(causesOf(wordsOf(suspended)), 'en') })
}
