/**
 * The ways in which servers tidy a path. Owns single steps only: each returns its argument itself when it has nothing to change,
 * and what it returns begins with '/'. Which steps follow each other is the matter of readings.ts.
 */

/** As every server on Windows, and WHATWG URL parsers. */
export function backslashesAsSlashes(path: string): string {
  return path.includes('\\') ? path.replaceAll('\\', '/') : path
}

/** As nginx `merge_slashes`, Apache, and every file system. */
export function mergeSlashes(path: string): string {
  return path.includes('//') ? path.replace(/\/{2,}/g, '/') : path
}

/** As `new URL(req.url, base)`: what follows two slashes at the beginning is a host to it, and the path begins after it. */
export function withoutAuthority(path: string): string {
  const match = /^[/\\]{2,}[^/\\]*/.exec(path)
  if (!match) return path
  return path.length === match[0].length ? '/' : path.slice(match[0].length).replace(/^\\/, '/')
}

/** As servers that split off the query after decoding (`/admin%3Fx`). */
export function withoutSecondQuery(path: string): string {
  return before(path, '?')
}

/** As servers that split off a fragment after decoding (`/admin%23/public`). */
export function withoutFragment(path: string): string {
  return before(path, '#')
}

/** As servlet containers: `;params` end with their segment, and `..;` is `..`. */
export function withoutParameters(path: string): string {
  return path.includes(';') ? path.replace(/;[^/]*/g, '') : path
}

/** As servers to which everything after the first ';' is no path any more. */
export function withoutTail(path: string): string {
  return before(path, ';')
}

function before(path: string, mark: string): string {
  const index = path.indexOf(mark)
  return index < 0 ? path : path.slice(0, index) || '/'
}

/** RFC 3986 §5.2.4: `.` and `..` go, never above the root; `...` is a name. */
export function resolveDots(path: string): string {
  return path.includes('/.') ? resolve(path, segment => segment) : path
}

/** As Tomcat, and `posix.normalize` of Node: a dot segment at the end takes its slash along, `/a/.` is `/a`, and `/a/b/..` too. */
export function resolveDotsToName(path: string): string {
  return /\/\.{1,2}$/.test(path) ? withoutFinalSlash(resolveDots(path)) : path
}

/** As WHATWG URL parsers: `%2e` counts as a dot while other escapes stay. */
export function resolveEncodedDots(path: string): string {
  return /%2e/i.test(path) ? resolve(path, segment => segment.replace(/%2e/gi, '.')) : path
}

function resolve(path: string, read: (segment: string) => string): string {
  const kept: string[] = []
  const segments = path.split('/')
  const last = segments.length - 1
  for (let i = 1; i <= last; i++) {
    const name = read(segments[i]!)
    if (name !== '.' && name !== '..') kept.push(segments[i]!)
    else {
      if (name === '..') kept.pop()
      if (i === last) kept.push('')
    }
  }
  return `/${kept.join('/')}`
}

/** True when `..` would leave the root on the way, even if the path comes back afterwards. */
export function climbsOut(path: string): boolean {
  if (!path.includes('..')) return false
  let depth = 0
  for (const segment of path.slice(1).split('/')) {
    if (segment === '..') depth--
    else if (segment !== '.') depth++
    if (depth < 0) return true
  }
  return false
}

/** As Windows: dots and spaces at the end of a name fall off. */
export function withoutFinalDots(path: string): string {
  return /[. ](?:\/|$)/.test(path) ? path.split('/').map(withoutFinalDotsOfName).join('/') : path
}

/** `.. ` is `..`, but `...` stays a name. */
function withoutFinalDotsOfName(name: string): string {
  const withoutSpaces = trimEnd(name, ' ')
  return /^\.+$/.test(withoutSpaces) ? withoutSpaces : trimEnd(name, '. ')
}

/** As NTFS: `::$DATA` and its like name a stream of the same file. */
export function withoutStreams(path: string): string {
  return path.includes(':$') ? path.split('/').map(withoutStream).join('/') : path
}

function withoutStream(name: string): string {
  return name.includes(':$') ? name.slice(0, name.indexOf(':')) : name
}

/** `/` stays. */
export function withoutFinalSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

function trimEnd(text: string, chars: string): string {
  let end = text.length
  while (end > 0 && chars.includes(text[end - 1]!)) end--
  return text.slice(0, end)
}
