/** The accepted form of a mail address; null for anything but a single one, since directories may contain anything. */
export function mailAddress(text: string): string | null {
  const address = text.trim()
  return address.length <= 254 && /^[^\s@,;:<>()[\]"\\\p{C}]+@[^\s@,;:<>()[\]"\\\p{C}]+$/u.test(address)
    ? address
    : null
}
