/** The accepted form of a mail address. Directories may contain anything. */

/** Null for anything but a single address, such as a text with a line break or a comma. */
export function mailAddress(text: string): string | null {
  const address = text.trim()
  return address.length <= 254 && /^[^\s@,;:<>()[\]"\\\p{C}]+@[^\s@,;:<>()[\]"\\\p{C}]+$/u.test(address)
    ? address
    : null
}
