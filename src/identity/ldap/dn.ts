/** Distinguished names as text: a typed name put into a pattern (RFC 4514 §2.4), and a form that compares. */

/** `{name}` in the pattern becomes the name, escaped where the pattern is a DN. */
export function fillDn(pattern: string, name: string): string {
  const isDn = /^\s*[A-Za-z0-9.-]+\s*=/.test(pattern)
  return pattern.replaceAll('{name}', () => (isDn ? escapeDn(name) : name))
}

export function escapeDn(value: string): string {
  return value
    .replace(/[\\,+"<>;=#]/g, sign => `\\${sign}`)
    .replace(/\p{Cc}/gu, sign => `\\${sign.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replace(/^ | $/g, '\\ ')
}

/** Two spellings of a DN that differ in case and in blanks around `,` and `=` are equal in this form. */
export function comparableDn(dn: string): string {
  return dn
    .toLowerCase()
    .replace(/\s*([,=+])\s*/g, '$1')
    .trim()
}
