/** Path normalisations of various servers. Each returns a path with a leading '/'. */

/** As in Windows servers and WHATWG URL parsers. */
export function backslashesAsSlashes(path: string): string {
  return path.includes('\\') ? path.replaceAll('\\', '/') : path
}

/** As in nginx (`merge_slashes`), Apache and file systems. */
export function mergeSlashes(path: string): string {
  return path.includes('//') ? path.replace(/\/{2,}/g, '/') : path
}

/** As in `new URL(req.url, base)`, which takes `//host` for an authority. */
export function withoutAuthority(path: string): string {
  const match = /^[/\\]{2,}[^/\\]*/.exec(path)
  if (!match) return path
  return path.length === match[0].length ? '/' : path.slice(match[0].length).replace(/^\\/, '/')
}

/** As in servers that split off the query after decoding (`/admin%3Fx`). */
export function withoutSecondQuery(path: string): string {
  return before(path, '?')
}

/** As in servers that split off a fragment after decoding (`/admin%23/public`). */
export function withoutFragment(path: string): string {
  return before(path, '#')
}

/** As in servlet containers, where `..;` is `..`. */
export function withoutParameters(path: string): string {
  return path.includes(';') ? path.replace(/;[^/]*/g, '') : path
}

/** As in servers that cut the path at the first ';'. */
export function withoutTail(path: string): string {
  return before(path, ';')
}

function before(path: string, mark: string): string {
  const index = path.indexOf(mark)
  return index < 0 ? path : path.slice(0, index) || '/'
}

/** As in RFC 3986 §5.2.4: never above the root, and `...` is a name. */
export function resolveDots(path: string): string {
  return path.includes('/.') ? resolve(path, segment => segment) : path
}

/** As in Tomcat and Node's `posix.normalize`, where `/a/.` is `/a`. */
export function resolveDotsToName(path: string): string {
  return /\/\.{1,2}$/.test(path) ? withoutFinalSlash(resolveDots(path)) : path
}

/** As in WHATWG URL parsers, where `%2e` is a dot. */
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

/** Windows drops dots and spaces at the end of a name. */
export function withoutFinalDots(path: string): string {
  return /[. ](?:\/|$)/.test(path) ? path.split('/').map(withoutFinalDotsOfName).join('/') : path
}

/** `.. ` is `..`, but `...` stays a name. */
function withoutFinalDotsOfName(name: string): string {
  const withoutSpaces = trimEnd(name, ' ')
  return /^\.+$/.test(withoutSpaces) ? withoutSpaces : trimEnd(name, '. ')
}

/** In NTFS `::$DATA` names a stream of the same file. */
export function withoutStreams(path: string): string {
  return path.includes(':$') ? path.split('/').map(withoutStream).join('/') : path
}

function withoutStream(name: string): string {
  return name.includes(':$') ? name.slice(0, name.indexOf(':')) : name
}

export function withoutFinalSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

function trimEnd(text: string, chars: string): string {
  let end = text.length
  while (end > 0 && chars.includes(text[end - 1]!)) end--
  return text.slice(0, end)
}
