/** `listen.tls.acme` and `listen.http`: what is wrong is said with its line and column, and with the way out. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { formatProblem, type Loaded, loadConfig } from '../../config/load.ts'

const rest =
  'portal: { url: https://gate.lab.example }\napps: [{ id: a, url: https://a.lab.example, upstream: http://b }]\n'
const said = (loaded: Loaded) =>
  (loaded.kind === 'ok' ? [...loaded.warnings, ...loaded.advice] : loaded.problems).map(problem =>
    formatProblem(problem)
  )
const http = ', http: {}'
const agreed = 'agreeToTerms: true'

const rows: readonly (readonly [sentence: string, listen: string, more: string, ...expected: string[]])[] = [
  ['all is well', `port: 443, tls: { acme: { ${agreed} } }${http}`, ''],
  ['tls-alpn-01 needs no port 80', `port: 443, tls: { acme: { ${agreed}, challenge: tls-alpn-01 } }`, ''],
  [
    'nobody has agreed',
    `port: 443, tls: { acme: { email: gate@lab.example } }${http}`,
    '',
    'f.yaml:1:35  listen.tls.acme.agreeToTerms  must be true: read the terms of the authority, and write agreeToTerms: true if you agree'
  ],
  [
    'http-01 without port 80',
    `port: 443, tls: { acme: { ${agreed} } }`,
    '',
    'f.yaml:1:35  listen.tls.acme  http-01 needs listen.http beside it, because the authority asks on port 80: set listen.http, or challenge: tls-alpn-01'
  ],
  [
    'other ports',
    `tls: { acme: { ${agreed} } }, http: { port: 8080 }`,
    '',
    'f.yaml:1:64  listen.http.port  the authority asks on port 80, but the gate listens on 8080: make sure that port 80 is forwarded to it',
    'f.yaml:2:16  portal.url  leads to port 443, but the gate listens on 8443: set listen.port: 443, write :8443 in the address, or make sure that port 443 is forwarded to port 8443'
  ],
  [
    'files and an authority',
    `port: 443, tls: { cert: a, key: b, acme: { ${agreed} } }${http}`,
    '',
    'f.yaml:1:35  listen.tls.cert  cannot stand beside listen.tls.acme: keep one of the two',
    'f.yaml:1:43  listen.tls.key  cannot stand beside listen.tls.acme: keep one of the two'
  ],
  ['nothing at all', `port: 443, tls: {}`, '', 'f.yaml:1:27  listen.tls  needs cert and key, or acme'],
  [
    'plain http beyond this machine',
    `port: 443, tls: { acme: { ${agreed}, directory: "http://acme.example/dir" } }${http}`,
    '',
    "f.yaml:1:68  listen.tls.acme.directory  must be https: whoever is on the way could give the gate a certificate of their own, got 'http://acme.example/dir'"
  ],
  [
    'files that are not there, or hold something else',
    `port: 443, tls: { acme: { ${agreed}, ca: junk, folder: junk, eab: { kid: k, keyFile: junk } } }${http}`,
    '',
    "f.yaml:1:61  listen.tls.acme.ca  must name a PEM file that begins with a certificate; 'FOLDER/junk' has no line -----BEGIN …-----",
    'f.yaml:1:75  listen.tls.acme.folder  must be a folder, and there is a file of this name',
    'f.yaml:1:105  listen.tls.acme.eab.keyFile  its content must be the key in base64url, as the authority shows it'
  ],
  [
    'no key at all',
    `port: 443, tls: { acme: { ${agreed}, eab: { kid: k, keyFile: nope } } }${http}`,
    '',
    'f.yaml:1:81  listen.tls.acme.eab.keyFile  must name a readable file; there is no such file'
  ],
  [
    'one port for two listeners',
    `port: 443, tls: { acme: { ${agreed} } }, http: { port: 443 }`,
    '',
    'f.yaml:1:75  listen.http.port  must differ from listen.port: both are 443'
  ],
  [
    'a name that no public authority knows',
    `port: 443, tls: { acme: { ${agreed} } }${http}`,
    'apps: [{ id: a, url: https://lab, upstream: http://b }]\n',
    'f.yaml:3:22  apps[0].url  an authority that browsers know issues no certificate for lab: use a whole name, or an authority of your own'
  ]
]

t.test('certificates by ACME', async t => {
  const cwd = t.testdir({ junk: 'junk' })
  for (const [sentence, listen, apps, ...expected] of rows) {
    const text = apps === '' ? rest : `${rest.split('\n')[0]}\n${apps}`
    writeFileSync(path.join(cwd, 'f.yaml'), `listen: { ${listen} }\n${text}`)
    const found = said(await loadConfig({ cwd, env: {}, file: 'f.yaml' })).map(line => line.replaceAll(cwd, 'FOLDER'))
    t.strictSame(found, expected, sentence)
  }
})

t.test('a listener for plain http that leads nowhere', async t => {
  const cwd = t.testdir({
    'f.yaml':
      'listen: { http: { port: 8080 } }\nportal: { url: "http://gate.localhost:8443" }\napps: [{ id: a, url: "http://a.localhost:8443", upstream: http://b }]\n'
  })
  t.match(said(await loadConfig({ cwd, env: {}, file: 'f.yaml' })), [
    'f.yaml:1:17  listen.http  is of no use: no address of the portal or of an app begins with https'
  ])
})
