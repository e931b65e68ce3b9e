/** The configuration of a SAML institution, and the messages about mistakes in it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { formatProblem, parseConfig } from '../../config/load.ts'

const folder = t.testdir({ 'idp.xml': '<EntityDescriptor/>', 'note.txt': 'no certificate' })
mkdirSync(path.join(folder, 'here'))
for (const name of ['saml', 'other'])
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`],
      ...['-keyout', path.join(folder, `${name}.key`), '-out', path.join(folder, `${name}.crt`)]
    ],
    { stdio: 'ignore' }
  )
writeFileSync(path.join(folder, 'empty.pem'), '')

const read = (entry: string) =>
  parseConfig(
    `portal: { url: "http://gate.localhost:8443" }\napps: []\nidentity:\n  - { id: uni, kind: saml, ${entry} }\n`,
    path.join(folder, 'factorgate.yaml')
  )
const said = (entry: string): string[] => {
  const loaded = read(entry)
  const words = loaded.kind === 'ok' ? [...loaded.warnings, ...loaded.advice] : loaded.problems
  return [
    loaded.kind,
    ...words.filter(({ path }) => path.startsWith('identity')).map(problem => formatProblem(problem))
  ]
}

const signed = 'metadataCertificate: saml.crt'
const cases: Record<string, [entry: string, kind: 'ok' | 'bad', said: RegExp | null]> = {
  'a file and its certificate': [`metadata: idp.xml, ${signed}`, 'ok', null],
  'an address and its certificate': [`metadata: "https://mds.example/all.xml", ${signed}`, 'ok', null],
  'a query server after a blank': [`metadata: "mdq: https://mdq.example/", ${signed}`, 'ok', null],
  'a query server and its certificate': [`metadata: "mdq:https://mdq.example/", ${signed}`, 'ok', null],
  'a key and its certificate': [`metadata: idp.xml, ${signed}, key: saml.key, cert: saml.crt`, 'ok', null],
  'a file without a signature is believed, and that is said': [
    'metadata: idp.xml',
    'ok',
    /believed without a signature/
  ],
  'a realm beside names that have their own': [
    `metadata: idp.xml, ${signed}, realm: fed`,
    'ok',
    /realm.*lets nobody in: eduPersonPrincipalName/
  ],
  'the realm of the only institution': [`metadata: idp.xml, ${signed}, realm: uni.example`, 'ok', null],
  'a realm beside plain names': [`metadata: idp.xml, ${signed}, realm: fed, attributes: { name: uid }`, 'ok', null],
  'an address without a certificate': [
    'metadata: "https://mds.example/all.xml"',
    'bad',
    /metadataCertificate.*is needed/
  ],
  'a query server without a certificate': [
    'metadata: "mdq:https://mdq.example/"',
    'bad',
    /metadataCertificate.*is needed/
  ],
  'a file that is not there': [`metadata: nowhere.xml, ${signed}`, 'bad', /metadata.*does not exist/],
  'a folder': [`metadata: here, ${signed}`, 'bad', /metadata.*must name a file/],
  'another kind of address': [
    `metadata: "ftp://mds.example/all.xml", ${signed}`,
    'bad',
    /must be a file, an https:\/\/ address/
  ],
  'a password in the address': [
    `metadata: "https://a:b@mds.example/all.xml", ${signed}`,
    'bad',
    /must not hold a user name/
  ],
  'a certificate that is none': ['metadata: idp.xml, metadataCertificate: note.txt', 'bad', /metadataCertificate/],
  'an empty certificate': ['metadata: idp.xml, metadataCertificate: empty.pem', 'bad', /metadataCertificate/],
  'a key alone': [`metadata: idp.xml, ${signed}, key: saml.key`, 'bad', /key.*needs identity\[0\]\.cert beside it/],
  'a certificate alone': [
    `metadata: idp.xml, ${signed}, cert: saml.crt`,
    'bad',
    /cert.*needs identity\[0\]\.key beside it/
  ],
  'a key of another certificate': [`metadata: idp.xml, ${signed}, key: saml.key, cert: other.crt`, 'bad', /key|cert/],
  'an entity id that is none': [`metadata: idp.xml, ${signed}, idp: "the university"`, 'bad', /must be an entity id/]
}

for (const [name, [entry, kind, words]] of Object.entries(cases))
  t.test(name, async t => {
    const [outcome, ...lines] = said(entry)
    t.equal(outcome, kind)
    if (words === null) t.same(lines, [])
    else t.match(lines.join('\n'), words)
    t.notOk(lines.join('\n').includes('a:b'), 'no secret is quoted')
  })
