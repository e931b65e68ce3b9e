/** Return addresses that lead elsewhere, made by combination of texts that browsers, servers and validators have read in two ways. */

interface Places {
  /** `http://gate.localhost:1234` */
  readonly portal: string
  /** `http://app.localhost:1234` */
  readonly app: string
}

const evil = 'evil.test'

/** Schemes that run something, or take the browser out of the web. */
const schemes = [
  'javascript',
  'JaVaScRiPt',
  'java\tscript',
  'java\nscript',
  '\x01javascript',
  ' javascript',
  'data',
  'vbscript',
  'file',
  'ftp',
  'blob',
  'about',
  'mailto',
  'ws',
  'wss',
  'view-source',
  'filesystem',
  'intent',
  'x'
]

/** What can stand between a scheme and a host, or instead of a scheme. */
const slashes = [
  '//',
  '/\\',
  '\\/',
  '\\\\',
  '///',
  '////',
  '/\\/',
  '\\\\\\',
  '/\t/',
  '/\n/',
  '/\r/',
  '/\0/',
  '/ /',
  '/./',
  '/.//',
  '/..//',
  '//./',
  '/;//',
  '/%2f',
  '/%5c',
  '%2f%2f',
  '%5c%5c',
  '/%09/',
  '/%0a/',
  '/%0d%0a/',
  '/%00/',
  '/%e3%80%82/',
  '\u2044\u2044',
  '\uff0f\uff0f',
  '\u3000//',
  '\u00a0//',
  ' //',
  '\t//',
  '\n//',
  '\x0b//',
  '\ufeff//',
  ':/',
  '://',
  '?//',
  '#//',
  ';//',
  './/',
  '..//',
  '@//'
]

/** Marks after a good host that some reader takes as its end, and some as part of a name in front of another. */
const joints = [
  '@',
  ':@',
  ':80@',
  ':x@',
  '%40',
  '%2f@',
  '%5c@',
  '\\@',
  '\\\\@',
  '#@',
  '?@',
  ';@',
  '&@',
  ',@',
  '.',
  '-',
  '_',
  '%2e',
  '%00.',
  '%00',
  '\0',
  '\0.',
  '%0a.',
  '%0d%0a',
  '%09',
  '%20',
  ' ',
  '\t',
  '\n',
  '\r\n',
  '\\',
  '\\.',
  '\u3002',
  '\uff0e',
  '\uff61',
  '\u00ad',
  '\u200b.',
  '\u2024',
  '\u2100',
  '\u2048',
  '\uff20',
  '\uff1a@',
  '\uff0f',
  '!',
  '$',
  "'",
  '(',
  ')',
  '*',
  '+',
  ',',
  ';',
  '=',
  '[',
  ']',
  '^',
  '`',
  '{',
  '|',
  '}',
  '~',
  '"',
  '<',
  '>',
  '%',
  '%2',
  '&',
  ':'
]

/** Hosts that are nearly one of ours. */
function nearly({ app }: Places): string[] {
  const url = new URL(app)
  const { hostname, port, host } = url
  return [
    `${hostname}.${evil}:${port}`,
    `${host}.${evil}`,
    `${hostname.replace('.', 'X')}:${port}`,
    `${hostname.replace('.', '-')}:${port}`,
    `${hostname}x:${port}`,
    `x${host}`,
    `x.${host}`,
    `x-${host}`,
    `${hostname}`,
    `${hostname}:`,
    `${hostname}:81`,
    `${hostname}:0${port}`,
    `${hostname}:${port}0`,
    `${hostname}:+${port}`,
    `${hostname}: ${port}`,
    `${hostname}.:${port}`,
    `.${host}`,
    `${hostname.toUpperCase()}:${port}`,
    `${hostname[0]!.toUpperCase()}${hostname.slice(1)}:${port}`,
    hostname.replace('a', '\u0430'),
    `${hostname.replace('o', '%6f')}:${port}`,
    `${hostname.replace('l', '\u217c')}:${port}`,
    `${hostname.replace('k', '\u212a')}.:${port}`,
    `localhost:${port}`,
    `127.0.0.1:${port}`,
    `2130706433:${port}`,
    `0x7f.1:${port}`,
    `0:${port}`,
    `[::1]:${port}`,
    `[::ffff:127.0.0.1]:${port}`,
    `[${host}]`,
    `unknown.localhost:${port}`
  ]
}

/** Several hundred, none of which is on a host of ours; each by the trick it plays. */
export function foreign(places: Places): { trick: string; address: string }[] {
  const { app, portal } = places
  const { host } = new URL(app)
  const list: { trick: string; address: string }[] = []
  const add = (trick: string, ...addresses: string[]) => {
    for (const address of addresses) list.push({ trick, address })
  }
  for (const scheme of ['http', 'https', 'HTTP', 'hTTp'])
    add(
      'another site',
      `${scheme}://${evil}`,
      `${scheme}://${evil}/`,
      `${scheme}://${evil}/${app}`,
      `${scheme}://${evil}?${app}/`,
      `${scheme}://${evil}#${app}/`,
      `${scheme}://${evil}/?rd=${app}/`
    )
  for (const one of slashes) {
    add('no scheme', `${one}${evil}`, `${one}${evil}/%2e%2e`, `${one}${host}@${evil}/`)
    add('odd slashes', `http:${one}${evil}/`, `https:${one}${evil}`)
  }
  for (const joint of joints) add('a longer host', `${app}${joint}${evil}/`, `${app}${joint}${evil}`)
  for (const joint of joints) add('in front of the host', `http://${evil}${joint}${host}/`)
  for (const one of nearly(places)) add('nearly our host', `http://${one}/`, `http://${one}`, `//${one}/`)
  add(
    'another scheme',
    app.replace('http:', 'https:'),
    `${app.replace('http:', 'https:')}/`,
    `${portal.replace('http:', 'https:')}/.factorgate/`
  )
  add(
    'our scheme, spelt oddly',
    app.replace('http:', 'HTTP:'),
    `${app.replace('http:', 'Http:')}/`,
    app.replace('://', ':'),
    app.replace('://', ':/'),
    app.replace('://', ':\\\\'),
    app.replace('://', ':////'),
    app.replace('://', '%3a//'),
    app.replace('h', '\uff48'),
    ` ${app}/`,
    `\t${app}/`,
    `\0${app}/`,
    `"${app}/"`,
    `<${app}/>`,
    `url=${app}/`,
    `${app} /`,
    app.replace('http', 'htt\tp')
  )
  for (const scheme of schemes)
    add(
      'a scheme that runs',
      `${scheme}:alert(1)`,
      `${scheme}://${host}/%0aalert(1)`,
      `${scheme}:${app}/`,
      `${scheme}://${evil}/`
    )
  add(
    'user info',
    `http://user@${host}/`,
    `http://user:pass@${host}/`,
    `http://@${host}/`,
    `http://:@${host}/`,
    `http://${host}:${host}@${evil}/`
  )
  add('a relative path', '/', '/x', 'x', '.', '..', '/.factorgate/', './/', '?x', '#x', '', ' ', '/x?y=//z', '%2f', '~')
  add('a name', evil, host, `${host}/`, `www.${evil}`, `${evil}/${host}`)
  add(
    'nested',
    `${portal}/.factorgate/login?rd=`.replace('http', 'htttp'),
    `http://http://${host}/`,
    `http:http://${evil}/`,
    `http://${evil}\\${app}`
  )
  add(
    'line ends',
    `${app}/\r\nSet-Cookie: x=1`,
    `${app}/\nLocation: http://${evil}/`,
    `${app}/\rX: y`,
    `${app}/\u560d\u560aSet-Cookie:x`,
    `${app}/\u2028x`,
    `${app}/%0d%0ax`,
    `${app}/\0x`,
    `${app}/\x7f`,
    `${app}/\x85`,
    `${app}/a b`,
    `${app}/é`,
    `${app}\r\n`,
    `/\r\nSet-Cookie: x=1`
  )
  add('too long', `${app}/${'x'.repeat(12_500)}`, 'x'.repeat(10_000))
  add(
    'no address at all',
    'null',
    'undefined',
    '[object Object]',
    '1',
    '-1',
    '{}',
    '[]',
    '*',
    '\ufffd',
    '%',
    '%zz',
    '%00',
    '%ff',
    "'><script>",
    '"><script>alert(1)</script>',
    "';alert(1)//",
    '{{7*7}}',
    '\u202e'
  )
  const known = new Set<string>()
  return list.filter(({ address }) => known.size < known.add(address).size)
}

/** Addresses of ours, odd as some look: returned to byte for byte. */
export function ours({ app, portal }: Places): string[] {
  return [
    `${app}/`,
    app,
    `${app}/x/y?z=1&z=2`,
    `${app}/a%20b`,
    `${app}/caf%E9`,
    `${app}/?rd=http://${evil}/`,
    `${app}/x?next=//${evil}`,
    `${app}/@${evil}/`,
    `${app}/:80/`,
    `${app}/a;b=c`,
    `${app}/\\${evil}`,
    `${app}/%5c%5c${evil}`,
    `${app}/'(x)*!~$&+,=`,
    `${portal}/.factorgate/account`
  ]
}
