/** Client certificates: which sign somebody in, which do not and why, with lists of every authority and with OCSP. */
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { timeUnknown } from '../../src/factor/proof.ts'
import { askOcsp } from '../../src/identity/certificate/ocsp.ts'
import { packLists } from '../../src/identity/certificate/revocation-list.ts'
import { CertificateInstitution, type CertificateOptions } from '../../src/identity/certificate.ts'
import { collectGarbage } from '../fixtures/in-process/garbage.ts'
import { allIllnesses, startIll } from '../fixtures/in-process/ill-server.ts'
import { Pki } from '../fixtures/process/pki.ts'

const pki = new Pki(t.testdir({}))
const at = (name: string) => pki.file(name)

pki.root('root')
pki.root('stranger', '/O=Lab/CN=root')
pki.intermediate('inter', 'root')
const upn = 'otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@LAB.EXAMPLE'
pki.leaf('alice', {
  by: 'root',
  subject: '/O=Lab/CN=Alice Doe/UID=alice',
  san: `email:alice@lab.example,${upn},DNS:alice.lab.example`
})
pki.leaf('renewed', { by: 'inter', san: 'email:Alice@LAB.example' })
pki.leaf('dave', { by: 'inter', san: 'email:dave@lab.example' })
pki.leaf('anykey', { by: 'root', san: 'email:any@lab.example', eku: null })
pki.leaf('server', { by: 'root', san: 'email:alice@lab.example', eku: 'serverAuth' })
pki.leaf('expired', { by: 'root', san: 'email:alice@lab.example', from: '20200101000000Z', to: '20210101000000Z' })
pki.leaf('future', { by: 'root', san: 'email:alice@lab.example', from: '20900101000000Z', to: '20910101000000Z' })
pki.leaf('foreign', { by: 'stranger', san: 'email:alice@lab.example' })
pki.leaf('lost', { by: 'root', san: 'email:lost@lab.example' })
pki.leaf('two', { by: 'root', san: 'email:alice@lab.example,email:root@lab.example' })
pki.leaf('nameless', { by: 'root' })
pki.leaf('comma', {
  by: 'root',
  san: 'URI:http://x/?email:root@lab.example',
  subject: '/O=Lab/CN=x, emailAddress=root@lab.example'
})
pki.leaf('utf8', { by: 'root', subject: '/O=Lab/CN=Żółć, Łukasz "Luk" = x', san: 'email:u@lab.example' })
// 6e 75 6c 00 40: NUL in an address, which openssl writes only from hex.
pki.leaf('nul', {
  by: 'root',
  more: `subjectAltName=DER:30:1a:81:18:${Buffer.from('alice@lab.example\0.evil.x').subarray(0, 24).toString('hex').match(/../g)!.join(':')}`
})
pki.leaf('lines', {
  by: 'root',
  more: `subjectAltName=DER:30:0d:81:0b:${Buffer.from('a\r\nb@lab.ex').toString('hex').match(/../g)!.join(':')}`
})
pki.list('root', 'root-crl', { revoked: ['lost'] })
pki.list('inter', 'inter-crl')
pki.list('root', 'old-crl', { seconds: 1 })
pki.list('stranger', 'stranger-crl')
writeFileSync(at('both-crl.pem'), `${pki.read('root-crl.pem')}\n${pki.read('inter-crl.pem')}`)
writeFileSync(at('both.pem'), `${pki.read('root.pem')}\n${pki.read('inter.pem')}`)

const now = Date.now() + 1_000

const source = { id: 'cards', title: 'Cards', realm: null, groupMap: null, enrolment: 'invitation' } as const
const certificate = (name: string) => new X509Certificate(pki.read(`${name}.pem`))
const troubles: string[] = []
const institution = (more: Partial<CertificateOptions> = {}) =>
  new CertificateInstitution({
    source,
    ca: at('root.pem'),
    crl: [at('root-crl.pem'), at('inter-crl.der')],
    ocsp: false,
    name: 'san.email',
    mfa: false,
    refreshSeconds: 60,
    onTrouble: sentence => troubles.push(sentence),
    ...more
  })
const shows = (name: string, more: object = {}) => ({
  objection: null,
  isResumed: false,
  leaf: certificate(name),
  sent: ['dave', 'renewed'].includes(name) ? [certificate('inter')] : [],
  ...more
})

t.test('a good certificate says who somebody is', async t => {
  t.strictSame(await institution().read(shows('alice'), now), {
    kind: 'arrived',
    arrival: {
      externalId: 'alice@lab.example',
      name: 'alice@lab.example',
      displayName: 'Alice Doe',
      email: 'alice@lab.example',
      groups: null,
      mfa: null
    },
    session: {
      sid: null,
      hint: JSON.stringify([certificate('alice').raw.toString('base64')]),
      endsAt: Date.parse(certificate('alice').validTo)
    }
  })
  const names: [CertificateOptions['name'], string, string][] = [
    ['san.upn', 'alice', 'alice@LAB.EXAMPLE'],
    ['san.dns', 'alice', 'alice.lab.example'],
    ['subject.cn', 'alice', 'Alice Doe'],
    ['subject.uid', 'alice', 'alice'],
    ['subject.cn', 'utf8', 'Żółć, Łukasz "Luk" = x'],
    ['subject.cn', 'comma', 'x, emailAddress=root@lab.example']
  ]
  for (const [name, who, expected] of names)
    t.strictSame(
      await institution({ name })
        .read(shows(who), now)
        .then(a => (a.kind === 'arrived' ? a.arrival.name : a)),
      expected,
      `${name} of ${who}`
    )
  t.match(await institution({ mfa: true }).read(shows('alice'), now), { arrival: { mfa: { at: timeUnknown } } })
  t.match(
    await institution().read(shows('renewed'), now),
    { arrival: { externalId: 'alice@lab.example' } },
    'a renewed one, of another authority below, is the same person'
  )
})

const good: [sentence: string, who: string, more?: Partial<CertificateOptions>, presented?: object][] = [
  ['below an intermediate that the browser sends', 'dave'],
  ['below an intermediate of the file', 'dave', { ca: at('both.pem') }, { sent: [] }],
  [
    'below an intermediate that stands alone',
    'dave',
    { ca: at('inter.pem'), crl: [at('inter-crl.pem')] },
    { sent: [] }
  ],
  ['without any purpose in it', 'anykey'],
  ['with two lists in one file', 'dave', { crl: [at('both-crl.pem')] }],
  ['with an old list beside a current one', 'alice', { crl: [at('old-crl.pem'), at('root-crl.pem')] }],
  ['without lists', 'lost', { crl: null }]
]
t.test('accepted', async t => {
  for (const [sentence, who, more, presented] of good)
    t.match(await institution(more).read(shows(who, presented), now + 5_000), { kind: 'arrived' }, sentence)
})

type Refused = [
  sentence: string,
  who: string,
  code: string,
  detail: RegExp,
  more?: Partial<CertificateOptions>,
  presented?: object
]
const bad: Refused[] = [
  ['none', 'alice', 'refused', /showed no certificate/, {}, { leaf: null }],
  ['a resumed session', 'alice', 'answer_invalid', /resumed/, {}, { isResumed: true }],
  [
    'what OpenSSL objects to',
    'alice',
    'answer_invalid',
    /does not accept.*CERT_CHAIN_TOO_LONG/,
    {},
    { objection: 'CERT_CHAIN_TOO_LONG' }
  ],
  ['an expired one', 'expired', 'refused', /out of date/],
  ['one of the future', 'future', 'refused', /out of date/],
  ['another authority of the same name', 'foreign', 'answer_invalid', /does not lead to an authority/],
  [
    'with its authority sent along',
    'foreign',
    'answer_invalid',
    /does not lead/,
    {},
    { sent: [certificate('stranger')] }
  ],
  ['an intermediate that nobody sent', 'dave', 'answer_invalid', /does not lead/, {}, { sent: [] }],
  ["a server's", 'server', 'answer_invalid', /not for signing in/],
  ['an authority itself', 'inter', 'answer_invalid', /not for signing in/],
  ['the root itself', 'root', 'answer_invalid', /does not lead/],
  ['a revoked one', 'lost', 'refused', /is revoked/],
  [
    'no list of the intermediate',
    'dave',
    'unreachable',
    /no revocation list of .*inter/,
    { crl: [at('root-crl.pem')] }
  ],
  ['no list of the root', 'dave', 'unreachable', /no revocation list of .*root/, { crl: [at('inter-crl.pem')] }],
  ['a list of a stranger', 'alice', 'unreachable', /no revocation list/, { crl: [at('stranger-crl.pem')] }],
  ['a list that is out of date', 'alice', 'unreachable', /is out of date since 20/, { crl: [at('old-crl.pem')] }],
  ['no name', 'nameless', 'name_invalid', /has no san\.email/],
  ['two names', 'two', 'name_invalid', /has 2 values of san\.email/],
  ['a name inside another one', 'comma', 'name_invalid', /has no san\.email/],
  ['the same in the subject', 'comma', 'name_invalid', /has no subject\.email/, { name: 'subject.email' }],
  ['a NUL', 'nul', 'name_invalid', /control character/],
  ['line breaks', 'lines', 'name_invalid', /control character/],
  ['no UPN', 'utf8', 'name_invalid', /has no san\.upn/, { name: 'san.upn' }]
]
t.test(
  'I48 RFC 5280 §6 · other authorities of the same name, revoked ones, lists that are missing or old → refused',
  async t => {
    for (const [sentence, who, code, detail, more, presented] of bad) {
      const answer = await institution(more).read(shows(who, presented), now + 5_000)
      t.match(answer, { kind: 'refused', code: `institution_${code}`, detail }, sentence)
      t.notMatch(JSON.stringify(answer), /[\r\n]|\\n|\\r/, 'the detail is one line')
    }
  }
)

t.test('I50 · eight authorities in a circle → refused, and their orders are not tried one by one', async t => {
  const other = new Pki(t.testdir({}))
  other.root('circle')
  other.leaf('eve', { by: 'circle', san: 'email:eve@lab.example' })
  const key = other.file('circle.key')
  const sent = Array.from({ length: 8 }, () =>
    execFileSync('openssl', ['req', '-x509', '-new', '-key', key, '-subj', '/O=Lab/CN=circle', '-days', '30'], {
      stdio: ['ignore', 'pipe', 'ignore']
    })
  ).map(pem => new X509Certificate(pem))
  const leaf = new X509Certificate(other.read('eve.pem'))
  t.ok(
    sent.every(each => leaf.checkIssued(each) && each.checkIssued(sent[0]!)),
    'each could have made each'
  )
  const checks = t.capture(X509Certificate.prototype, 'checkIssued', X509Certificate.prototype.checkIssued)
  const answer = await institution().read({ objection: null, isResumed: false, leaf, sent }, Date.now() + 1_000)
  t.match(answer, { code: 'institution_answer_invalid', detail: /does not lead to an authority/ })
  const count = checks().length
  t.ok(count > 0 && count <= 9 * 10, `${count} pairs were compared`)
})

t.test('I49 RFC 5280 §6.3 · a revoked intermediate → refused', async t => {
  const other = new Pki(t.testdir({}))
  other.root('root')
  other.intermediate('inter', 'root')
  other.leaf('dave', { by: 'inter', san: 'email:dave@lab.example' })
  other.list('inter', 'inter-crl')
  other.list('root', 'root-crl', { revoked: ['inter'] })
  const answer = await institution({
    ca: other.file('root.pem'),
    crl: [other.file('root-crl.pem'), other.file('inter-crl.pem')]
  }).read(
    {
      objection: null,
      isResumed: false,
      leaf: new X509Certificate(other.read('dave.pem')),
      sent: [new X509Certificate(other.read('inter.pem'))]
    },
    Date.now() + 1_000
  )
  t.match(answer, { code: 'institution_refused', detail: /inter.*is revoked/ })
})

t.test('files that cannot be used let nobody in, and the log says why', async t => {
  pki.list('root', 'delta', {
    extensions: '2.5.29.27=critical,DER:02:01:01'
  })
  pki.list('root', 'part', { extensions: 'issuingDistributionPoint=critical,@p\n[p]\nonlyuser=TRUE' })
  pki.list('root', 'whole', { extensions: 'issuingDistributionPoint=critical,@p\n[p]\nfullname=URI:http://x/crl' })
  copyFileSync(at('root-crl.der'), at('gone.der'))
  const rows: [sentence: string, file: string, sentence: RegExp][] = [
    ['a delta', at('delta.pem'), /no whole list.*2\.5\.29\.27/],
    ['a part', at('part.der'), /no whole list.*2\.5\.29\.28/],
    ['no list at all', at('root.pem'), /holds no revocation list/],
    ['no file', at('none.pem'), /ENOENT/]
  ]
  for (const [sentence, file, expected] of rows) {
    troubles.length = 0
    const answer = await institution({ crl: [file] }).read(shows('alice'), now)
    t.match(answer, { code: 'institution_unreachable' }, sentence)
    t.match(troubles, [expected], sentence)
  }
  t.match(
    await institution({ crl: [at('whole.pem')] }).read(shows('alice'), now),
    { kind: 'arrived' },
    'a whole one with its address'
  )
  const cut = Buffer.from(pki.read('root-crl.pem').replace(/-----[^-]*-----|\s/g, ''), 'base64')
  for (let length = 0; length < cut.length; length += 7)
    t.throws(() => packLists(cut.subarray(0, length)), `${length} bytes of it`)
  const changed = Buffer.from(cut)
  changed[changed.length - 1]! ^= 1
  writeFileSync(at('changed.der'), changed)
  t.match(
    await institution({ crl: [at('changed.der')] }).read(shows('alice'), now),
    { code: 'institution_unreachable', detail: /no revocation list/ },
    'a signature that is not right'
  )
  rmSync(at('changed.der'))
})

t.test('OCSP', async t => {
  let respond: RequestListener = (_request, response) => response.destroy()
  const server = createServer((request, response) => respond(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ocsp`
  const more = `authorityInfoAccess=OCSP;URI:${address}`
  pki.leaf('asked', { by: 'root', san: 'email:asked@lab.example', more })
  pki.leaf('taken', { by: 'root', san: 'email:taken@lab.example', more })
  pki.leaf('responder', { by: 'root', eku: 'OCSPSigning' })
  pki.leaf('pretender', { by: 'root', eku: 'clientAuth' })
  pki.leaf('false-responder', { by: 'stranger', eku: 'OCSPSigning' })
  pki.leaf('lost-responder', { by: 'root', eku: 'OCSPSigning' })
  pki.list('root', 'root-crl', { revoked: ['taken', 'lost-responder'] })
  const withSigner =
    (
      signer: string,
      change: (answer: Buffer) => Buffer = answer => answer,
      by = 'root',
      ...args: string[]
    ): RequestListener =>
    (request, response) => {
      const parts: Buffer[] = []
      request
        .on('data', part => parts.push(part))
        .on('end', () => {
          const answer = change(
            pki.answer(by, signer, Buffer.concat(parts), ...(args.length === 0 ? ['-ndays', '1'] : args))
          )
          response.writeHead(200, { 'content-type': 'application/ocsp-response' }).end(answer)
        })
    }
  const asked = (who: string, crl: readonly string[] | null = null) =>
    institution({ ocsp: true, crl }).read(shows(who), Date.now())

  respond = withSigner('responder')
  t.match(await asked('asked'), { kind: 'arrived' }, 'good, by a responder that the authority appointed')
  t.match(await asked('taken'), { code: 'institution_refused', detail: /OCSP responder says.*revoked/ }, 'revoked')
  t.match(await asked('asked', [at('root-crl.pem')]), { kind: 'arrived' }, 'beside a list')
  respond = withSigner('root')
  t.match(await asked('asked'), { kind: 'arrived' }, 'good, by the authority itself')
  respond = withSigner('responder', answer => answer, 'root', '-nmin', '5')
  t.match(await asked('asked'), { kind: 'arrived' }, 'for five minutes')
  const replayed = await new Promise<Buffer>(resolve => {
    respond = withSigner('responder', answer => {
      resolve(answer)
      return answer
    })
    void asked('asked')
  })
  const nobody: [sentence: string, respond: RequestListener, detail: RegExp, code?: string][] = [
    ['a responder without the purpose', withSigner('pretender'), /not signed by the authority/],
    ['a responder of a stranger', withSigner('false-responder'), /not signed by the authority/],
    [
      'a changed answer',
      withSigner('responder', answer => Buffer.concat([answer.subarray(0, -1), Buffer.from([answer.at(-1)! ^ 1])])),
      /not signed|cannot|ends|tag/
    ],
    ['an answer to another question', (_request, response) => response.end(replayed), /another question/],
    [
      'an answer about others',
      withSigner('stranger', answer => answer, 'stranger'),
      /not signed|another certificate|unknown/
    ],
    [
      'a refusal',
      (_request, response) => response.end(Buffer.from('30030a0106', 'hex')),
      /refuses to answer \(status 6\)/
    ],
    ['a page', (_request, response) => response.end('<html>'), /tag|ends|length/],
    ['a redirect', (_request, response) => response.writeHead(302, { location: address }).end(), /redirect/],
    ['an error', (_request, response) => response.writeHead(500).end(replayed), /status 500/],
    ['an endless answer', (_request, response) => response.end(Buffer.alloc(200_000)), /too long/],
    ['no answer', (_request, response) => response.destroy(), /no answer about/]
  ]
  for (const [sentence, answer, detail, code = 'institution_unreachable'] of nobody) {
    respond = answer
    t.match(await asked('asked'), { kind: 'refused', code, detail }, sentence)
  }
  respond = withSigner('lost-responder')
  t.match(
    await asked('asked', [at('root-crl.pem')]),
    { code: 'institution_unreachable', detail: /not signed/ },
    'a responder that is revoked'
  )
  t.match(
    await asked('alice'),
    { code: 'institution_unreachable', detail: /names no OCSP responder/ },
    'a certificate without an address'
  )
  t.match(
    await institution({ ocsp: true, crl: null }).read(shows('asked'), Date.now() + 3 * 86_400_000),
    { code: 'institution_unreachable' },
    'days later'
  )
})

t.test('an OCSP responder that is ill is given up in time, and no connection to it stays', async t => {
  collectGarbage(t)
  const certificate = new X509Certificate(pki.read('alice.pem'))
  const issuer = new X509Certificate(pki.read('root.pem'))
  const responder = await startIll(t, { illness: 'says nothing' })
  const question = { certificate, issuer, now, isRevoked: () => false, timeoutMs: 300 }
  const isLate = /says nothing|never|byte by byte|then nothing|does not come|interim/
  for (const illness of allIllnesses) {
    responder.illness = illness
    await t.rejects(
      askOcsp({ ...question, address: `${responder.address}/` }),
      isLate.test(illness) ? { message: 'no whole answer within 0.3 s' } : Error,
      illness
    )
    await responder.left()
  }
})

t.test(
  'a list that is half written at a reload: the one before stays in use until its end, and the trouble is said',
  async t => {
    const file = at('swapped-crl.pem')
    pki.list('root', 'hour-crl', { seconds: 3600 })
    copyFileSync(at('hour-crl.pem'), file)
    const lastRead: NonNullable<CertificateOptions['lastRead']> = new Map()
    const loaded = (more: Partial<CertificateOptions> = {}) => institution({ crl: [file], lastRead, ...more })
    t.match(await loaded().read(shows('alice'), now), { kind: 'arrived' })
    troubles.length = 0
    writeFileSync(file, pki.read('hour-crl.pem').slice(0, 200))
    const reloaded = loaded()
    t.match(await reloaded.read(shows('alice'), now), { kind: 'arrived' }, 'people go on')
    t.match(await reloaded.read(shows('lost'), now), { kind: 'refused' }, 'a lost card stays out')
    t.match(troubles, [/^what was read before stays in use .*swapped-crl\.pem cannot be used/])
    t.equal(troubles.length, 1)
    const ended = await reloaded.read(shows('alice'), now + 40 * 86_400_000)
    t.match(ended, { kind: 'refused' }, 'the old list holds no longer than it says')
    t.match(
      await loaded({ ocsp: true }).read(shows('alice'), now),
      { kind: 'refused', code: 'institution_unreachable' },
      'other settings were never in use'
    )
    copyFileSync(at('root-crl.pem'), file)
    t.match(await loaded().read(shows('alice'), now), { kind: 'arrived' })
  }
)
