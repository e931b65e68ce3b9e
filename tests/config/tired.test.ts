/** What a tired administrator writes: each message names the key, what stands there, what may stand there, and the way out. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { loadConfig } from '../../config/load.ts'

const base = `portal: { url: "http://gate.localhost:8443" }
apps:
  - id: one
    url: http://one.localhost:8443
    upstream: http://127.0.0.1:8888
`

async function said(text: string) {
  const cwd = t.testdirName
  mkdirSync(path.join(cwd, 'folder'), { recursive: true })
  writeFileSync(path.join(cwd, 'f.yaml'), text)
  const loaded = await loadConfig({ cwd, env: { EMPTY: '' }, file: 'f.yaml' })
  const found = loaded.kind === 'ok' ? loaded.warnings : loaded.problems
  return found.map(({ path: at, message }) => `${at}  ${message}`.replaceAll(cwd, 'FOLDER'))
}

const app = (more: string) => `${base}    ${more}\n`
const upstream = (url: string) => base.replace('http://127.0.0.1:8888', url)

const rows: readonly (readonly [string, string, string])[] = [
  [
    'a word where a switch or a map may stand',
    app('keepPosts: text'),
    "apps[0].keepPosts  must be true or false or a map with the keys limit, foreign, got 'text'"
  ],
  [
    'the same for tokens',
    app('tokens: maybe'),
    "apps[0].tokens  must be true or false or a map with the keys header, got 'maybe'"
  ],
  [
    'a text for a list',
    app('rules: [{ access: mfa, factors: webauthn }]'),
    "apps[0].rules[0].factors  must be a list such as [a, b], got 'webauthn': write [webauthn]"
  ],
  [
    'a folder for a certificate',
    `${upstream('https://127.0.0.1:8888')}    tls: { ca: folder }\n`,
    "apps[0].tls.ca  must name a readable file; it is a folder: name a file in it: 'FOLDER/folder'"
  ],
  [
    'an upstream without its scheme',
    upstream('app.internal:8888'),
    "apps[0].upstream  must be an http(s) or unix URL: write http:// or https:// in front, got 'app.internal:8888'"
  ],
  [
    'an IPv6 address without brackets',
    upstream('http://::1:8888'),
    "apps[0].upstream  must have its IPv6 address in brackets, such as http://[::1]:8080, got 'http://::1:8888'"
  ],
  [
    'a host that ends with a dot',
    upstream('http://app.internal.:8888'),
    "apps[0].upstream  must not end its host with a dot, got 'http://app.internal.:8888'"
  ],
  [
    'a network with an address in it',
    `${base}trustedProxies: [10.1.2.3/8]\n`,
    "trustedProxies[0]  '10.1.2.3/8' counts as all of 10.0.0.0/8: write that, or the address without '/'"
  ],
  [
    'the same for IPv6',
    `${base}trustedProxies: ["2001:db8::1/33"]\n`,
    "trustedProxies[0]  '2001:db8::1/33' counts as all of 2001:db8::/33: write that, or the address without '/'"
  ],
  [
    'a size with a comma',
    `${base}listen: { maxHeaderSize: '1,5 MiB' }\n`,
    "listen.maxHeaderSize  must be a number with a unit: 512B, 64KiB, 10MiB or 2GiB (did you mean 1536KiB?), got '1,5 MiB'"
  ],
  [
    'a duration without a unit',
    `${base}session: { idle: 30 }\n`,
    "session.idle  must be a number with a unit: 30s, 5m, 1h or 7d, got '30'"
  ],
  [
    'a number in quotes',
    `${base}session: { maxPerUser: "10" }\n`,
    "session.maxPerUser  must be a whole number from 1 to 1000, got '10' in quotes: write it without them"
  ],
  [
    'one proxy in place of a list',
    `${base}trustedProxies: 10.0.0.1\n`,
    'trustedProxies  must be a list of addresses or networks such as [10.0.0.1, 10.1.0.0/16]; a number of hops (or true) is refused, because every client could then invent its address (GHSA-3m5p-2c4r-xxw2); write [10.0.0.1]'
  ],
  [
    'a folder for the store',
    `${base}store: ./var/store\n`,
    'store  must begin with embedded: for a folder on this machine, such as embedded:./var/store'
  ],
  [
    'an app that is https behind a listener that is not',
    base.replace('http://one.localhost:8443', 'https://one.localhost:8443'),
    'apps[0].url  is https, but listen.tls is not set and trustedProxies is empty: set listen.tls, or list the proxy that handles TLS'
  ],
  [
    'an institution in the wrong shape',
    `${base}identity: [local]\n`,
    "identity[0]  must be a map with the keys of one kind, which kind says: 'local', 'ldap', 'header', 'oidc', 'saml' or 'certificate', got text"
  ],
  [
    'metadata below a file',
    `${base}identity: [{ id: s, kind: saml, title: S, entityId: "https://s.example", metadata: f.yaml/x }]\n`,
    'identity[0].metadata  has a file in its path where a folder must be'
  ],
  [
    'a port that is too high',
    upstream('http://127.0.0.1:88888'),
    "apps[0].upstream  must have a port from 1 to 65535, got 'http://127.0.0.1:88888'"
  ],
  [
    'one slash',
    upstream('http:/127.0.0.1:8888'),
    "apps[0].upstream  must be an http(s) or unix URL: write two slashes after http:, got 'http:/127.0.0.1:8888'"
  ],
  ['no blank after the dash', base.replace('- id', '-id'), "  a blank is missing after '-': write '- id:'"],
  [
    'a no-break space before a key',
    base.replace('    upstream', ' \u00a0 \u00a0upstream'),
    '  a no-break space stands here, as in text that is copied from a web page; write plain spaces'
  ],
  [
    'a no-break space before a value',
    base.replace('id: one', 'id:\u00a0one'),
    '  a no-break space stands here, as in text that is copied from a web page; write plain spaces'
  ],
  [
    'an empty variable for a number',
    `${base}session: { maxPerUser: "\${EMPTY}" }\n`,
    'session.maxPerUser  is empty, because its variable is empty'
  ]
]

t.test('mistakes of two in the night', async t => {
  for (const [what, text, expected] of rows) t.same(await said(text), [expected], what)
  const acme = 'listen: { tls: { acme: { email: a@lab.example, agreeToTerms: true, folder: f.yaml/x } } }'
  t.match(
    (await said(`${base}${acme}\n`)).join('\n'),
    'listen.tls.acme.folder  has a file in its path',
    'named, not thrown'
  )
  const title = 'title: The\u00a0lab:\u00a0notes'
  t.same(await said(base.replace('- id: one', `- id: one\n    ${title}`)), [], 'in a text it is a letter')
  const block = 'description: >-\n      Of the\n      lab:\u00a0notes\n      \u00a0more: of it'
  t.same(await said(app(block)), [], 'and in a block')
  t.match(
    (await said(app('description: x\n    tags: [a:\u00a0b'))).join('\n'),
    /\[ or \{ that was opened/,
    'and it hides no other fault'
  )
  for (const text of ['"The\n      lab:\u00a0notes"', 'The\n      lab:\u00a0notes'])
    t.same(await said(app(`description: ${text}`)), [], 'and in other texts of several lines')
  t.same(
    await said(`\ufeff${base}`.replaceAll('\n', '\r\n')),
    [],
    'a byte order mark and line ends of Windows are none'
  )
  t.same(await said(`${base}trustedProxies: [10.0.0.0/8, 10.1.2.3, "2001:db8::/33", "::1"]\n`), [])
})
