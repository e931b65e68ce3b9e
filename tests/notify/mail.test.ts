/** The mail client with servers that encrypt, do not, refuse, hang and break off. */
import path from 'node:path'
import t, { type Test } from 'tap'
import { type Mail, type MailServer, sendMail } from '../../src/notify/mail.ts'
import { type SmtpOptions, startSmtp } from '../fixtures/in-process/smtp-server.ts'
import { Pki } from '../fixtures/process/pki.ts'

const mail: Mail = {
  messageId: 'n1.alice@lab.example',
  date: Date.UTC(2026, 10, 28),
  from: { name: 'Example Lab', address: 'gate@lab.example' },
  to: { name: 'Alice', address: 'alice@lab.example' },
  replyTo: null,
  subject: 'A passkey was added',
  language: 'en',
  text: 'Hello\n.\n.dots\n',
  html: '<p>Hello</p>'
}

function pkiFor(t: Test) {
  const pki = new Pki(path.join(t.testdir({}), 'pki'))
  pki.root('ca')
  pki.leaf('server', { by: 'ca', eku: 'serverAuth', san: 'DNS:localhost,IP:127.0.0.1' })
  return { ca: pki.read('ca.pem'), pair: { cert: pki.read('server.pem'), key: pki.read('server.key') } }
}

const plainServer = (port: number, more: Partial<MailServer> = {}): MailServer => ({
  host: '127.0.0.1',
  port,
  security: 'plain',
  user: null,
  password: null,
  ca: null,
  ...more
})

t.test('TLS', async t => {
  const { ca, pair } = pkiFor(t)
  const rows: [
    what: string,
    offers: SmtpOptions,
    server: Partial<MailServer>,
    expected: object,
    encrypted?: boolean
  ][] = [
    [
      'STARTTLS where it is offered',
      { pair },
      { security: 'starttls', ca },
      { kind: 'sent', answer: '250 kept' },
      true
    ],
    ['TLS from the first byte', { pair, isImplicit: true }, { security: 'smtps', ca }, { kind: 'sent' }, true],
    [
      'no STARTTLS, though the operator wants it',
      {},
      { security: 'starttls', ca },
      { kind: 'failed', isServers: true, isFinal: false, why: /does not offer STARTTLS/ }
    ],
    [
      'no TLS from the first byte, though the operator wants it',
      { pair },
      { security: 'smtps', ca },
      { kind: 'failed', isServers: true, why: /wrong version number.*smtps:\/\/ has port 465/ }
    ],
    [
      'an authority that nobody has named',
      { pair },
      { security: 'starttls' },
      { kind: 'failed', isServers: true, why: /certificate.*set 'ca' to the authority/ }
    ],
    ['no STARTTLS, and the operator takes that', {}, { security: 'plain' }, { kind: 'sent' }, false],
    ['an authority that is not trusted', { pair }, { security: 'starttls' }, { kind: 'failed', isServers: true }],
    ['no TLS behind smtps', {}, { security: 'smtps', ca }, { kind: 'failed', isServers: true }]
  ]
  for (const [what, offers, server, expected, encrypted] of rows) {
    const smtp = await startSmtp(t, offers)
    const outcome = await sendMail(plainServer(smtp.port, { user: 'gate', password: 'mail-secret', ...server }), mail)
    t.match(outcome, expected, what)
    t.same(
      smtp.mails.map(({ isEncrypted }) => isEncrypted),
      encrypted === undefined ? [] : [encrypted],
      `${what}: what arrived`
    )
    if (encrypted !== false)
      t.notMatch(smtp.said.join('\n'), encrypted ? /^$/ : /AUTH/, `${what}: no password in the clear`)
    if (encrypted !== undefined) t.equal(smtp.mails[0]?.login, '\0gate\0mail-secret', `${what}: it signs in`)
  }
})

t.test('what a mail looks like', async t => {
  const smtp = await startSmtp(t)
  await sendMail(plainServer(smtp.port), mail)
  const [got] = smtp.mails
  t.match(got, { from: /^MAIL FROM:<gate@lab.example>/, to: ['alice@lab.example'], login: null })
  for (const header of [
    /^Message-ID: <n1\.alice@lab\.example>\r$/m,
    /^From: Example Lab <gate@lab\.example>\r$/m,
    /^To: Alice <alice@lab\.example>\r$/m,
    /^Auto-Submitted: auto-generated\r$/m,
    /^Content-Language: en\r$/m,
    /^Content-Type: multipart\/alternative/m
  ])
    t.match(got?.content, header)
  t.match(got?.content, '\r\n.\r\n.dots', 'a dot alone on a line arrives')
})

t.test('names that would like to be headers or recipients', async t => {
  for (const name of [
    'Liddell, Alice',
    'a@b.example, c@d.example',
    'X\r\nBcc: all@lab.example',
    '"<evil@x.example>"',
    'مريم\u202e',
    'Jürgen 🔑'.repeat(8)
  ]) {
    const smtp = await startSmtp(t)
    const outcome = await sendMail(plainServer(smtp.port), {
      ...mail,
      to: { name, address: 'alice@lab.example' },
      subject: `for ${name}`
    })
    t.match(outcome, { kind: 'sent' }, JSON.stringify(name))
    t.same(smtp.mails[0]?.to, ['alice@lab.example'])
    const head = smtp.mails[0]?.content.split('\r\n\r\n')[0] ?? ''
    t.notMatch(head, /^Bcc:/im)
    t.equal(head.match(/^To:/gm)?.length, 1)
  }
})

t.test('servers that refuse, hang and break off', async t => {
  const unclear = { kind: 'failed', isFinal: false, isUnclear: true }
  const rows: [what: string, answers: Record<string, string>, expected: object][] = [
    [
      'no such person',
      { rcpt: '550 5.1.1 no such person' },
      { kind: 'failed', isFinal: true, isServers: false, why: /550 5\.1\.1 no such person/ }
    ],
    ['greylisting', { rcpt: '451 later' }, { kind: 'failed', isFinal: false, isServers: false, isUnclear: false }],
    ['a full mailbox', { end: '452 mailbox full' }, { kind: 'failed', isFinal: false, isUnclear: false }],
    ['a mail that it does not like', { end: '554 spam' }, { kind: 'failed', isFinal: true, isUnclear: false }],
    ['a sender that it does not like', { mail: '553 not you' }, { kind: 'failed', isFinal: false, isServers: true }],
    ['a server that closes', { greeting: '421 closed for now' }, { kind: 'failed', isFinal: false, isServers: true }],
    [
      'a server that closes before the content',
      { data: '421 busy' },
      { kind: 'failed', isFinal: false, isServers: true }
    ],
    [
      'a wrong password',
      { auth: '535 bad credentials' },
      { kind: 'failed', isFinal: false, isServers: true, why: /^sign-in at the mail server/ }
    ],
    ['no greeting, but a reset', { greeting: 'cut' }, { kind: 'failed', isServers: true, isUnclear: false }],
    ['a reset before the content', { data: 'cut' }, { kind: 'failed', isServers: true, isUnclear: false }],
    ['a reset behind the content', { end: 'cut' }, unclear]
  ]
  for (const [what, answers, expected] of rows) {
    const smtp = await startSmtp(t)
    smtp.answers = answers
    t.match(await sendMail(plainServer(smtp.port, { user: 'gate', password: 'x' }), mail), expected, what)
  }
  t.match(await sendMail(plainServer(1), mail), { kind: 'failed', isServers: true }, 'nobody there')
})

t.test('a server that hangs is given up', async t => {
  for (const step of ['greeting', 'rcpt', 'end'] as const) {
    const smtp = await startSmtp(t)
    smtp.answers = { [step]: 'hang' }
    const outcome = await sendMail(plainServer(smtp.port), mail, { greetingTimeout: 200, socketTimeout: 300 })
    t.match(outcome, { kind: 'failed', isServers: true, isUnclear: step === 'end' }, step)
  }
})

t.test('a server whose answer never becomes whole is given up', async t => {
  for (const step of ['greeting', 'ehlo', 'rcpt', 'end'] as const) {
    const smtp = await startSmtp(t)
    smtp.answers = { [step]: 'drip' }
    const outcome = await sendMail(plainServer(smtp.port), mail, { wholeTimeout: 300 })
    const why = /was not done within 0\.3 s/
    t.match(outcome, { kind: 'failed', isServers: true, isUnclear: step === 'end', why }, step)
  }
})
