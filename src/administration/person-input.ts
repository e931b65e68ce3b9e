/** What operators type for a person. Apps get it as headers. */

/** The rule is the text after "it". */
export type Read = { readonly value: string } | { readonly rule: string }

const groupRule = 'must have 1 to 64 characters, without , ; | and line breaks'
const emailRule = 'must be an address such as alice@lab.example'
const displayRule = 'must have 1 to 128 characters on one line'
const reasonRule = 'must have 1 to 500 characters on one line'

export function readGroup(text: string): Read {
  const value = text.trim()
  // Apps split the groups header at these characters.
  const isValid = value !== '' && value.length <= 64 && !/[,;|\p{C}\p{Zl}\p{Zp}]/u.test(value)
  return isValid ? { value } : { rule: groupRule }
}

export function readEmail(text: string): Read {
  const value = text.trim()
  const isValid = value.length <= 254 && /^[^\s@,;<>"\p{C}]+@[^\s@,;<>"\p{C}]+$/u.test(value)
  return isValid ? { value } : { rule: emailRule }
}

export function readDisplayName(text: string): Read {
  const value = text.normalize('NFC').trim()
  // Some scripts need joiners; other invisible characters make names look alike.
  const isValid = value !== '' && value.length <= 128 && !/[^\P{C}\u200c\u200d]|[\p{Zl}\p{Zp}]/u.test(value)
  return isValid ? { value } : { rule: displayRule }
}

export function readReason(text: string): Read {
  const value = text.normalize('NFC').trim()
  const isValid = value !== '' && value.length <= 500 && !/[^\P{C}\u200c\u200d]|[\p{Zl}\p{Zp}]/u.test(value)
  return isValid ? { value } : { rule: reasonRule }
}

/** The name with the realm of its source. */
export function nameInRealm(name: string, realm: string | null): string {
  return realm === null || name.trim().toLowerCase().endsWith(`@${realm}`) ? name : `${name.trim()}@${realm}`
}
