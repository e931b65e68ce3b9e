/** What a person types for an app that knows only HTTP Basic, and the value of `Authorization` that is made of it (RFC 7617). */

export type TypedField = 'user' | 'password'

export interface TypedLogin {
  readonly user: string
  readonly password: string
}

/** In bytes of UTF-8. The header line stays below 2 kB, which servers of all kinds accept. */
export const maxLengths = { user: 256, password: 1024 } as const

/** Control characters (RFC 7617 §2), and what is no text: replaced bytes and half characters. */
const unfit = /[\p{Cc}\p{Cs}\uFFFD]/u

/**
 * The value of `Authorization`, or the field that is wrong. Both are sent as UTF-8 in composed form (RFC 7617 §2.1). An empty password is
 * one: instruments have such accounts.
 */
export function basicAuthorization(
  typed: TypedLogin
): { readonly authorization: string } | { readonly wrong: TypedField } {
  const user = typed.user.normalize('NFC')
  const password = typed.password.normalize('NFC')
  // The first colon ends the user name, so a name with one would be read as another name.
  if (user === '' || user.includes(':') || !isFit(user, maxLengths.user)) return { wrong: 'user' }
  if (!isFit(password, maxLengths.password)) return { wrong: 'password' }
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}` }
}

function isFit(text: string, bytes: number): boolean {
  return !unfit.test(text) && Buffer.byteLength(text, 'utf8') <= bytes
}
