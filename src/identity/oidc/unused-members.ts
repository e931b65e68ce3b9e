/** What the library refuses in a provider's answers, although the gate does not use it. */

/** The gate uses the access token once, at once. */
const unusedBesideTokens: ReadonlySet<string> = new Set(['refresh_token', 'expires_in', 'scope'])

/** Removes null members, by which some providers write what they do not have, and those that are unused beside tokens. */
export function withoutUnused(text: string): string {
  const body = objectIn(text)
  if (body === null) return text
  const isAboutTokens = Object.hasOwn(body, 'access_token')
  const all = Object.entries(body)
  const used = all.filter(([name, value]) => value !== null && !(isAboutTokens && unusedBesideTokens.has(name)))
  return used.length === all.length ? text : JSON.stringify(Object.fromEntries(used))
}

function objectIn(text: string): object | null {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && !Array.isArray(body) ? body : null
  } catch {
    // The library says what is wrong with it.
    return null
  }
}
