/** The values that operators type for a person: groups, e-mail address, display name, reasons. Apps get them as headers. */

/** A value, or the broken rule as the text after "it". */
export type Read = { readonly value: string } | { readonly rule: string }

const groupRule = 'must have 1 to 64 characters, without , ; | and line breaks'
const emailRule = 'must be an address such as alice@lab.example'
const displayRule = 'must have 1 to 128 characters on one line'
const reasonRule = 'must have 1 to 500 characters on one line'

export function readGroup(text: string): Read {
  const value = text.trim()
  // Apps split the groups header, so `a,b` would be two groups there.
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
  // Joiners belong to some scripts; other invisible characters make names look alike.
  const isValid = value !== '' && value.length <= 128 && !/[^\P{C}\u200c\u200d]|[\p{Zl}\p{Zp}]/u.test(value)
  return isValid ? { value } : { rule: displayRule }
}

/** The reason of an action, for the journal. */
export function readReason(text: string): Read {
  const value = text.normalize('NFC').trim()
  const isValid = value !== '' && value.length <= 500 && !/[^\P{C}\u200c\u200d]|[\p{Zl}\p{Zp}]/u.test(value)
  return isValid ? { value } : { rule: reasonRule }
}

/** The name of an account, with the realm that the people of its source have after their names. */
export function nameInRealm(name: string, realm: string | null): string {
  return realm === null || name.trim().toLowerCase().endsWith(`@${realm}`) ? name : `${name.trim()}@${realm}`
}
