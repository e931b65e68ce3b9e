/** The form of a mail address that the gate sends to. Directories hand over whatever stands in them. */

/** Null for a text that is no single address, such as one with a line break or a comma. */
export function mailAddress(text: string): string | null {
  const address = text.trim()
  return address.length <= 254 && /^[^\s@,;:<>()[\]"\\\p{C}]+@[^\s@,;:<>()[\]"\\\p{C}]+$/u.test(address)
    ? address
    : null
}
