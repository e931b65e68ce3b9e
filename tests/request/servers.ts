/**
 * Models of servers that turn the bytes of a path into the place they serve, written independently of src/request. Paths
 * are byte strings. A server that refuses a path throws.
 */
import { posix } from 'node:path'

type Server = (path: string) => string

/** Single steps of servers. A real server is a sequence of them. */
export const habits: Record<string, Server> = {
  'decodes escapes': path => percentDecode(path),
  'decodes escapes but slashes': path =>
    path
      .split(/(%2f|%5c)/i)
      .map((part, i) => (i % 2 ? part : percentDecode(part)))
      .join(''),
  'uses decodeURI': path =>
    path.replace(/%[0-9a-f]{2}/gi, triplet => (isReserved(percentDecode(triplet)) ? triplet : percentDecode(triplet))),
  'decodes %u': path =>
    path.replace(/%u([0-9a-f]{4})/gi, (_, hex) =>
      Buffer.from(String.fromCodePoint(Number.parseInt(hex, 16))).toString('latin1')
    ),
  'takes overlong UTF-8': overlong,
  'skips bytes that are no UTF-8': path =>
    Array.from(new TextDecoder().decode(Buffer.from(path, 'latin1')))
      .filter(char => char !== '\ufffd')
      .map(char => Buffer.from(char).toString('latin1'))
      .join(''),
  'maps full-width forms': path =>
    path.replaceAll('\xef\xbc\x8f', '/').replaceAll('\xef\xbc\x8e', '.').replaceAll('\xe2\x88\x95', '/'),
  'drops what nobody sees': path =>
    ['\xc2\xad', '\xe2\x80\x8b', '\xe2\x80\x8c', '\xe2\x81\xa0', '\xef\xbb\xbf', '\xef\xb8\x8f', '\xcd\x8f'].reduce(
      (rest, unseen) => rest.replaceAll(unseen, ''),
      path
    ),
  'merges slashes': path =>
    path
      .split('/')
      .filter((part, i, all) => part !== '' || i === 0 || i === all.length - 1)
      .join('/'),
  'takes backslashes for slashes': path => path.split('\\').join('/'),
  'strips parameters a segment': path =>
    path
      .split('/')
      .map(part => part.split(';')[0])
      .join('/'),
  'strips all after a semicolon': path => path.split(';')[0] || '/',
  'resolves dots': resolveDots,
  'normalises as a file system': path => posix.normalize(path),
  'cuts a second query': path => path.split('?')[0] || '/',
  'cuts a second fragment': path => path.split('#')[0] || '/',
  'drops dots and spaces at the end of names': path =>
    path
      .split('/')
      .map(part => (/^\.+ *$/.test(part) ? part.trimEnd() : part.replace(/[. ]+$/, '')))
      .join('/'),
  'drops NTFS streams': path =>
    path
      .split('/')
      .map(part => part.replace(/:(?:.*:)?\$.*$/, ''))
      .join('/')
}

/** Whole servers, as their documentation or advisories describe them. */
export const servers: Record<string, Server> = {
  'a router of raw paths': path => path,
  nginx: path => mustBeRooted(resolveDots(habits['merges slashes']!(percentDecode(path)))),
  'nginx before a second nginx': path => servers.nginx!(servers.nginx!(path)),
  'Apache with CGI': path => posix.normalize(percentDecode(path)),
  Tomcat: path => posix.normalize(percentDecode(habits['strips parameters a segment']!(path))),
  'Spring behind Tomcat': path => habits['strips parameters a segment']!(servers.Tomcat!(path)),
  Jetty: path => percentDecode(resolveDots(habits['strips parameters a segment']!(path))),
  WebLogic: path => posix.normalize(percentDecode(path).split(';')[0] || '/'),
  'IIS 5': path => {
    const first = overlong(habits['decodes %u']!(percentDecode(path)))
    return posix.normalize(percentDecode(first).split('\\').join('/'))
  },
  'ASP.NET on Windows': path =>
    habits['drops dots and spaces at the end of names']!(posix.normalize(percentDecode(path).split('\\').join('/'))),
  'new URL() in Node': path => whatwg(path),
  'new URL() and decodeURIComponent': path => percentDecode(whatwg(path)),
  Express: path => percentDecode(path),
  WebDAV: path => posix.normalize(overlong(percentDecode(path)))
}

export function percentDecode(path: string): string {
  const out: number[] = []
  for (let i = 0; i < path.length; i++) {
    const hex = path.slice(i + 1, i + 3)
    if (path[i] === '%' && /^[0-9a-fA-F]{2}$/.test(hex)) {
      out.push(Number.parseInt(hex, 16))
      i += 2
    } else out.push(path.charCodeAt(i))
  }
  return Buffer.from(out).toString('latin1')
}

function isReserved(char: string): boolean {
  return ';/?:@&=+$,#'.includes(char)
}

/** The UTF-8 decoder of many old servers: shifts and masks, no checks. */
function overlong(path: string): string {
  let out = ''
  for (let i = 0; i < path.length; i++) {
    const lead = path.charCodeAt(i)
    const next = path.charCodeAt(i + 1)
    if ((lead === 0xc0 || lead === 0xc1) && next >= 0x80) {
      out += String.fromCharCode(((lead & 0x1f) << 6) | (next & 0x3f))
      i++
    } else if (lead === 0xe0 && (next === 0x80 || next === 0x81) && path.charCodeAt(i + 2) >= 0x80) {
      out += String.fromCharCode(((next & 0x3f) << 6) | (path.charCodeAt(i + 2) & 0x3f))
      i += 2
    } else out += path[i]
  }
  return out
}

/** RFC 3986 §5.2.4, word for word. */
function resolveDots(path: string): string {
  let input = path
  let output = ''
  while (input !== '') {
    if (input.startsWith('/./') || input === '/.') input = `/${input.slice(3)}`
    else if (input.startsWith('/../') || input === '/..') {
      input = `/${input.slice(4)}`
      output = output.slice(0, Math.max(0, output.lastIndexOf('/')))
    } else {
      const next = input.indexOf('/', 1)
      const end = next < 0 ? input.length : next
      output += input.slice(0, end)
      input = input.slice(end)
    }
  }
  return output
}

function whatwg(path: string): string {
  if (/[\x80-\xff ]/.test(path)) throw new Error('not asked: it would encode these')
  return new URL(path, 'http://app.test').pathname
}

function mustBeRooted(path: string): string {
  if (!path.startsWith('/')) throw new Error('400')
  return path
}
