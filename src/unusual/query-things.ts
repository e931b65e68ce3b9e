/** Removes tokens and times from a query, which differ at each request for the same thing. */

/** Shorter values always count. */
const maxShort = 9
/** Parameters that name a thing: `fileId`, `study_uid`, `path`, `files[]`. */
const thing =
  /(?:id|ids|doi|ark|handle|accession|barcode|name|file|files|path|dir|directory|folder|key|object|dataset|record|sample|experiment|subject|project|image|series|study|item|node|doc|document|ref|src|uri|url|identifier)(?:\[\]|%5b%5d)?$/i
/** Names of requests, connections, tabs and reading positions; in lower case, letters and digits alone. */
const passing =
  /token|nonce|csrf|xsrf|cache|(?:^s|^c|^r|^t|request|req|session|sess|client|connection|conn|correlation|trace|span|transaction|tab|window|view|socket|poll|(?:since|after|before|last|max|min|next|cursor)[a-z]*)u?u?id$/
/** Only the end of a name is searched, since `passing` takes time with the square of the length. */
const maxName = 64
/** ASP.NET's container names, as in `ctl00$Admin$fileId`. */
const holders = /^.*(?:\$|%24)/i
const absolute = /^(?:\/|%2f)/i
const fileName = /[^.]\.[a-z][a-z0-9]{0,4}$/i

/** In polls of Socket.IO `t` is a time. */
export function withoutTokens(target: string): string {
  const start = target.indexOf('?')
  if (start < 0) return target
  const isPoll = target.includes('transport=polling', start) && target.lastIndexOf('/socket.io/', start) >= 0
  let kept = ''
  let isAll = true
  let equals = start
  for (let from = start + 1, next = 0; from <= target.length; from = next + 1) {
    next = target.indexOf('&', from)
    if (next < 0) next = target.length
    // Names without values must not each start a search.
    if (equals < from && equals >= 0) equals = target.indexOf('=', from)
    if (
      equals >= 0 &&
      equals < next &&
      saysWhat(target, from, equals, next) &&
      !(isPoll && target.startsWith('t=', from))
    )
      kept += (kept === '' ? '?' : '&') + target.slice(from, next)
    else isAll = false
  }
  return isAll ? target : target.slice(0, start) + kept
}

function saysWhat(target: string, from: number, equals: number, end: number): boolean {
  if (end - equals - 1 <= maxShort) return true
  const name = target.slice(Math.max(from, equals - maxName), equals)
  const value = target.slice(equals + 1, end)
  const isThing = absolute.test(value) || thing.test(name) || fileName.test(value)
  return (
    isThing &&
    !passing.test(
      name
        .replace(holders, '')
        .toLowerCase()
        .replace(/[^a-z0-9]/g, '')
    )
  )
}
