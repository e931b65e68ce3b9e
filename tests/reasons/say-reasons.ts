/** Reasons in a language, as a person reads them. */
import type { Language } from '../../src/messages/languages.ts'
import { inWords } from '../../src/reasons/in-words.ts'
import type { Reason } from '../../src/reasons/reason.ts'

export function sayReasons(reasons: readonly Reason[], language: Language): string {
  return inWords([{ why: 'no reason was understood', reasons }], language)
}
