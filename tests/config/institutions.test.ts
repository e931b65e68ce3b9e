/** The messages about wrong and unwise sources of people. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { formatProblem } from '../../config/load.ts'
import { Pki } from '../fixtures/process/pki.ts'
import { read, said } from './read.ts'

const secret = 'secret: { header: X-Gate-Secret, value: a-secret-of-the-front }'
const headers = 'headers: { name: X-Remote-User }'
const front = (more: string) => `identity:\n  - { id: front, kind: header, ${more} }`

const rows: [sentence: string, text: string, ...expected: (string | RegExp)[]][] = [
  ['a whole one', front(`from: [10.0.0.1], ${headers}, ${secret}`)],
  [
    'a key that another kind has',
    'identity: [{ id: local, kind: local, realm: campus }]',
    "1:38  identity[0].realm  unknown key 'realm'; another kind of this takes it; known here: id, kind"
  ],
  ['no secret', front(`from: [10.0.0.1], ${headers}`), /identity\[0\]\.secret {2}is missing/],
  ['a secret without a value', front(`from: [10.0.0.1], ${headers}, secret: { header: X-S }`), /value/],
  [
    'a short secret',
    front(`from: [10.0.0.1], ${headers}, secret: { header: X-S, value: fifteen-signs-1 }`),
    /identity\[0\]\.secret\.value {2}must have at least 16 characters; make one with: openssl rand -hex 32/
  ],
  [
    'a secret that no header carries',
    front(`from: [10.0.0.1], ${headers}, secret: { header: X-S, value: "sixteen signs with blanks" }`),
    /identity\[0\]\.secret\.value {2}must be letters, digits and punctuation of ASCII/
  ],
  ['no peer', front(`from: [], ${headers}, ${secret}`), /identity\[0\]\.from {2}is an empty list/],
  ['a number of hops', front(`from: [1], ${headers}, ${secret}`), /identity\[0\]\.from\[0\]/],
  [
    'one header for two things',
    front(`from: [10.0.0.1], headers: { name: X-Remote-User, email: X_REMOTE_USER }, ${secret}`),
    /identity\[0\]\.headers\.email {2}must differ from identity\[0\]\.headers\.name/
  ],
  [
    'the secret in the header of the name',
    front(`from: [10.0.0.1], headers: { name: X-Gate-Secret }, ${secret}`),
    /identity\[0\]\.secret\.header {2}must differ from identity\[0\]\.headers\.name/
  ],
  ['Authorization as a name', front(`from: [10.0.0.1], headers: { name: Authorization }, ${secret}`), /credentials/],
  ['Cookie as a name', front(`from: [10.0.0.1], headers: { name: Cookie }, ${secret}`), /carries the request itself/],
  [
    'values of a header that has no name',
    front(`from: [10.0.0.1], ${headers}, ${secret}, mfa: { values: [mfa] }`),
    /identity\[0\]\.mfa {2}needs identity\[0\]\.headers\.mfa beside it/
  ],
  [
    'a header whose values count for nothing',
    front(`from: [10.0.0.1], headers: { name: X-Remote-User, mfa: X-Acr }, ${secret}`),
    /identity\[0\]\.headers\.mfa {2}needs identity\[0\]\.mfa\.values beside it/
  ],
  [
    'everybody',
    front(`from: [0.0.0.0/0], ${headers}, ${secret}`),
    /identity\[0\]\.from\[0\] {2}includes every address, so the secret alone decides/
  ],
  ['a realm that is none', front(`from: [10.0.0.1], ${headers}, ${secret}, realm: "a b"`), /identity\[0\]\.realm/],
  ['an unknown kind', 'identity: [{ id: a, kind: radius }]', /identity\[0\]\.kind/],
  [
    'two of one id',
    `identity:\n  - { id: local, kind: local }\n  - { id: local, kind: header, from: [10.0.0.1], ${headers}, ${secret} }`,
    /identity\[1\]\.id {2}must differ from identity\[0\]\.id/
  ]
]

t.test('problems and warnings', async t => {
  for (const [sentence, text, ...expected] of rows) {
    const lines = said(read(text))
    t.equal(lines.length, expected.length, `${sentence}: ${lines.join(' | ')}`)
    for (const [index, pattern] of expected.entries()) t.match(lines[index], pattern, sentence)
    t.notMatch(lines.join(), /a-secret-of|fifteen-signs|sixteen signs/, 'no secret is shown')
  }
})

t.test('a secret in a file counts the same', async t => {
  const file = path.join(t.testdir({}), 'front-secret')
  const text = front(`from: [10.0.0.1], ${headers}, secret: { header: X-S, valueFile: ${file} }`)
  writeFileSync(file, 'short\n')
  t.match(said(read(text))[0], /identity\[0\]\.secret\.valueFile {2}must have at least 16 characters/)
  writeFileSync(file, 'a-secret-of-the-front\n')
  const loaded = read(text)
  t.match(loaded, { kind: 'ok', files: ['/etc/gate/factorgate.yaml', file] })
})

t.test('advice about peers', async t => {
  const advice = (from: string) => {
    const loaded = read(front(`from: [${from}], ${headers}, ${secret}`))
    return loaded.kind === 'ok' ? loaded.advice.map(formatProblem).filter(line => line.includes('identity')) : ['bad']
  }
  t.same(advice('10.0.0.1'), [], 'a proxy of trustedProxies')
  t.match(advice('10.0.0.0/8').join(), /is wide.*is not in trustedProxies/)
  t.match(advice('127.0.0.1'), [/127|is not in trustedProxies, so everybody who comes through/])
})

t.test('client certificates', async t => {
  const pki = new Pki(path.join(t.testdir({}), 'pki'))
  pki.root('root')
  pki.leaf('alice', { by: 'root' })
  pki.list('root', 'crl')
  const at = (name: string) => pki.file(name)
  const tls = `listen: { host: 127.0.0.1, tls: { cert: ${at('root.pem')}, key: ${at('root.key')} } }\n`
  const cards = (more: string) => `identity: [{ id: cards, kind: certificate, ${more} }]`
  const table: [sentence: string, text: string, ...expected: RegExp[]][] = [
    ['a whole one', tls + cards(`ca: ${at('root.pem')}, crl: ${at('crl.pem')}`)],
    ['several lists, also in DER', tls + cards(`ca: ${at('root.pem')}, crl: [${at('crl.der')}, ${at('crl.pem')}]`)],
    ['OCSP alone', tls + cards(`ca: ${at('root.pem')}, ocsp: true`)],
    ['neither lists nor OCSP', tls + cards(`ca: ${at('root.pem')}`), /identity\[0\] {2}has neither crl nor ocsp/],
    [
      'without TLS of our own',
      cards(`ca: ${at('root.pem')}, crl: ${at('crl.pem')}`),
      /identity\[0\]\.kind {2}needs listen\.tls.*kind 'header'/
    ],
    [
      'a list as authorities',
      tls + cards(`ca: ${at('crl.pem')}, crl: ${at('crl.pem')}`),
      /identity\[0\]\.ca {2}must name a PEM file/
    ],
    [
      'a person among the authorities',
      tls + cards(`ca: ${at('alice.pem')}, crl: ${at('crl.pem')}`),
      /identity\[0\]\.ca {2}must name the certificates of authorities alone/
    ],
    ['a file that is not there', tls + cards(`ca: ${at('none.pem')}, crl: ${at('crl.pem')}`), /there is no such file/],
    [
      'a certificate as a list',
      tls + cards(`ca: ${at('root.pem')}, crl: [${at('crl.pem')}, ${at('alice.pem')}]`),
      /identity\[0\]\.crl\[1\] {2}must name a revocation list/
    ],
    [
      'a list that is not there',
      tls + cards(`ca: ${at('root.pem')}, crl: ${at('none.crl')}`),
      /identity\[0\]\.crl.*no such file/
    ],
    [
      'an unknown name',
      tls + cards(`ca: ${at('root.pem')}, ocsp: true, name: san.mail`),
      /identity\[0\]\.name.*did you mean 'san\.email'/
    ]
  ]
  for (const [sentence, text, ...expected] of table) {
    const lines = said(read(text)).filter(line => !line.includes('listen.tls.cert'))
    t.equal(lines.length, expected.length, `${sentence}: ${lines.join(' | ')}`)
    for (const [index, pattern] of expected.entries()) t.match(lines[index], pattern, sentence)
  }
  const loaded = read(tls + cards(`ca: ${at('root.pem')}, crl: [${at('crl.der')}]`))
  t.match(
    loaded.kind === 'ok' && loaded.files,
    [String, at('root.pem'), at('root.key'), at('crl.der')],
    'which are read again when they change'
  )
})
