/** An app's HTTP Basic credentials as typed, and their `Authorization` (RFC 7617). */

export type TypedField = 'user' | 'password'

export interface TypedLogin {
  readonly user: string
  readonly password: string
}

/** Bytes. Servers accept a header line below 2 kB. */
export const maxLengths = { user: 256, password: 1024 } as const

/** Control characters (RFC 7617 §2), replaced bytes and half characters. */
const unfit = /[\p{Cc}\p{Cs}\uFFFD]/u

/** UTF-8 in composed form (RFC 7617 §2.1). Instruments have empty passwords. */
export function basicAuthorization(
  typed: TypedLogin
): { readonly authorization: string } | { readonly wrong: TypedField } {
  const user = typed.user.normalize('NFC')
  const password = typed.password.normalize('NFC')
  // The first colon ends the user name.
  if (user === '' || user.includes(':') || !isFit(user, maxLengths.user)) return { wrong: 'user' }
  if (!isFit(password, maxLengths.password)) return { wrong: 'password' }
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}` }
}

function isFit(text: string, bytes: number): boolean {
  return !unfit.test(text) && Buffer.byteLength(text, 'utf8') <= bytes
}
