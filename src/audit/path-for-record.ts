/**
 * What the journal may say of a path. Owns the list of words that our own pages have in their addresses; whatever else stands under
 * `/.factorgate` is left out, because an invitation's token stands there, and a record must not open doors (ASVS 5.0 14.2.1).
 */

/** Each word that a route of ours has literally. A test compares the list with the router. */
const ownWords = new Set(
  (
    'login challenge totp recovery webauthn options verify invite enrol saved account password factors sessions others end ' +
    'remove rename logout signed-out not-me auth jwks.json assets callback new'
  ).split(' ')
)

/** Nearly no path of an app has one of these words. `%` and the like are decoded in the readings. */
const suspicious = /factorgate|invite/i
const token = /[A-Za-z0-9_-]{32,}/g
/** The exact shape of a token of ours. It is left out of every path: a link may be copied so badly that no word of ours is left in it. */
const wholeToken = /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/
const wholeTokens = new RegExp(wholeToken, 'g')
/** What stands behind such a word: mail programs break a link, and a blank or `=` then stands within the token. */
const behindInvite = /(invite[^/]*\/)([^/]+)/gi

/**
 * `path` for the journal. A path of ours is kept as far as its words are known; one that is ours by an odd spelling is not kept at all.
 * `readings`: all that the path may mean. `most`: how many characters of an app's path are kept.
 */
export function pathForRecord(path: string, readings: readonly string[], most: number): string {
  if (!suspicious.test(path) && (readings.length === 1 || !readings.some(reading => suspicious.test(reading))))
    return withoutTokens(path, readings).slice(0, most)
  if (path === '/.factorgate' || path.startsWith('/.factorgate/')) return knownWords(path)
  if ([path, ...readings].some(reading => /\.factorgate/i.test(reading))) return '/.factorgate/…'
  // A link that was copied badly: `/factorgate/invite/TOKEN`, `/invite/TOKEN`.
  if (readings.length > 1 && readings.some(reading => reading.search(token) >= 0)) return '/…'
  return path.replace(token, '…').replace(behindInvite, withoutBrokenToken).slice(0, most)
}

/** For nearly every path this is one comparison: it is too short to hold a token. */
function withoutTokens(path: string, readings: readonly string[]): string {
  if (path.length <= 43) return path
  if (wholeToken.test(path)) return path.replace(wholeTokens, '…')
  return readings.length > 1 && readings.some(reading => wholeToken.test(reading)) ? '/…' : path
}

function withoutBrokenToken(all: string, before: string, behind: string): string {
  return behind.replace(/%[0-9a-f]{2}|[^A-Za-z0-9_-]/gi, '').length < 32 ? all : `${before}…`
}

function knownWords(path: string): string {
  let kept = '/.factorgate'
  for (const word of path.slice(kept.length + 1).split('/')) {
    if (word !== '' && !ownWords.has(word)) return `${kept}/…`
    kept += `/${word}`
  }
  return path.length === '/.factorgate'.length ? path : kept
}
