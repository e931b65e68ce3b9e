/** Distinguished names as text: a typed name in a pattern (RFC 4514 §2.4), and a comparable form. */

/** Replaces `{name}` in the pattern; the name is escaped if the pattern is a DN. */
export function fillDn(pattern: string, name: string): string {
  return pattern.replaceAll('{name}', () => (isDn(pattern) ? escapeDn(name) : name))
}

/** How many names of a person a bind with this pattern takes. Active Directory takes two before `@domain`, and a refused bind does not tell whose they are. */
export function namesInBind(pattern: string): 1 | 2 {
  return isDn(pattern) ? 1 : 2
}

function isDn(pattern: string): boolean {
  return /^\s*[A-Za-z0-9.-]+\s*=/.test(pattern)
}

export function escapeDn(value: string): string {
  return value
    .replace(/[\\,+"<>;=#]/g, char => `\\${char}`)
    .replace(/\p{Cc}/gu, char => `\\${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replace(/^ | $/g, '\\ ')
}

/** Equal for spellings that differ in case or in blanks around `,` and `=`. */
export function comparableDn(dn: string): string {
  const parts = dn.toLowerCase().split(/([,=+])/)
  return parts.map(part => part.trim()).join('')
}
