/** Why a sign-in ended: in one sentence, or with a list of several reasons. */
import { inList, inWords } from '../../src/reasons/in-words.ts'
import type { Ended } from '../../src/session/records.ts'
import type { Messages } from './messages/messages.ts'

/** The list is empty where the sentence has the reason, or where there is none. */
export interface EndedWords {
  readonly sentence: string
  readonly reasons: readonly string[]
}

export function endedWords(ended: Ended, say: Messages): EndedWords {
  const { words, reasons } = ended
  const lines =
    ended.why === 'revoked' && words !== null && reasons !== undefined
      ? inList([{ why: words, reasons }], say.language)
      : []
  if (lines.length === 0) return { sentence: endedSentence(ended, say), reasons: [] }
  return { sentence: say.login.endedByGateList, reasons: lines }
}

export function endedSentence({ why, words, reasons }: Ended, { login: say, language }: Messages): string {
  if (why !== 'revoked' || words === null) return say.ended[why]
  if (reasons === undefined) return say.endedWhy({ why: words })
  return say.endedByGate({ why: inWords([{ why: words, reasons }], language) })
}
