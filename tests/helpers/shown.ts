/** How a test's name shows bytes: those that are not printed stand escaped. A raw one makes the report binary to grep, so that nobody counts it. */

/** The text with every control character (C0, DEL, C1) as `\xNN`. */
export function shown(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
