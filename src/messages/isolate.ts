/** Isolates texts of one direction in sentences of the other (UAX #9: FSI and PDI). */

const rightToLeft =
  /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u
/** In a right-to-left sentence, digits around punctuation also change places. */
const leftToRight = /[^\s\p{P}\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u

/** `Said` in plugins/portal/layout.tsx turns an isolate into an element. */
export function isolate(text: string, direction: 'ltr' | 'rtl'): string {
  const isForeign = (direction === 'ltr' ? rightToLeft : leftToRight).test(text)
  return isForeign && !text.includes('\u2068') ? `\u2068${text}\u2069` : text
}
