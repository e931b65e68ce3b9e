/** Why a sign-in ended, in one sentence. */
import { inWords } from '../../src/reasons/in-words.ts'
import type { Ended } from '../../src/session/records.ts'
import type { Messages } from './messages/messages.ts'

export function endedSentence({ why, words, reasons }: Ended, { login: say, language }: Messages): string {
  if (why !== 'revoked' || words === null) return say.ended[why]
  if (reasons === undefined) return say.endedWhy({ why: words })
  return say.endedByGate({ why: inWords([{ why: words, reasons }], language) })
}
