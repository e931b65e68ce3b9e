/** Paths for the journal. Under `/.factorgate` only known words are kept, since an invitation's token is in such a path (ASVS 5.0 14.2.1). */

/** The literal words of the gate's routes. A test compares them with the router. */
const ownWords = new Set(
  (
    'login challenge totp recovery webauthn options verify invite enrol second done saved account password factors sessions others end ' +
    'remove rename logout signed-out not-me auth jwks.json assets callback new acs finish slo metadata sponsor ask forgotten reset language ' +
    'admin people requests add bulk configuration events journal numbers waits watch approve changing posture programs suspend resume unlock revoke console.css console.js ' +
    'device register refresh return kept drop session logins'
  ).split(' ')
)

const suspicious = /factorgate|invite/i
const token = /[A-Za-z0-9_-]{32,}/g
/** A token is removed from every path, since a link may be copied badly. */
const wholeToken = /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/
const wholeTokens = new RegExp(wholeToken, 'g')
/** `readings` are those of `path`. `most` characters of an app's path are kept. */
export function pathForRecord(path: string, readings: readonly string[], most: number): string {
  if (!suspicious.test(path) && (readings.length === 1 || !readings.some(reading => suspicious.test(reading))))
    return withoutTokens(path, readings).slice(0, most)
  if (path === '/.factorgate' || path.startsWith('/.factorgate/')) return knownWords(path)
  if ([path, ...readings].some(reading => /\.factorgate/i.test(reading))) return '/.factorgate/…'
  // A badly copied link: `/factorgate/invite/TOKEN`, `/invite/TOKEN`.
  if (readings.length > 1 && readings.some(reading => reading.search(token) >= 0)) return '/…'
  return withoutInvitations(path.replace(token, '…')).slice(0, most)
}

function withoutTokens(path: string, readings: readonly string[]): string {
  if (path.length <= 43) return path
  if (wholeToken.test(path)) return path.replace(wholeTokens, '…')
  return readings.length > 1 && readings.some(reading => wholeToken.test(reading)) ? '/…' : path
}

/** Mail programs break links, so a blank or `=` may be in the token after `invite`. */
function withoutInvitations(path: string): string {
  const words = path.split('/')
  return words.map((word, i) => (/invite/i.test(words[i - 1] ?? '') ? withoutBrokenToken(word) : word)).join('/')
}

function withoutBrokenToken(word: string): string {
  return word.replace(/%[0-9a-f]{2}|[^A-Za-z0-9_-]/gi, '').length < 32 ? word : '…'
}

function knownWords(path: string): string {
  let kept = '/.factorgate'
  for (const word of path.slice(kept.length + 1).split('/')) {
    if (word !== '' && !ownWords.has(word)) return `${kept}/…`
    kept += `/${word}`
  }
  return path.length === '/.factorgate'.length ? path : kept
}
