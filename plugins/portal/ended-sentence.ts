/** Why a sign-in ended, in one sentence. */
import type { Ended } from '../../src/session/records.ts'
import type { Messages } from './messages/messages.ts'

export function endedSentence({ why, words }: Ended, say: Messages['login']): string {
  return why === 'revoked' && words !== null ? say.endedWhy({ why: words }) : say.ended[why]
}
