/** Control characters, and those that turn a line round or hide, become `\u{202e}`. */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    character => `\\u{${character.codePointAt(0)!.toString(16).padStart(4, '0')}}`
  )
}
