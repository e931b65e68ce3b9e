/** `notify`: what it loads to, and what is wrong with it. */
import path from 'node:path'
import t from 'tap'
import { Pki } from '../fixtures/process/pki.ts'
import { read, said } from './read.ts'

const secret = 'a-secret-of-24-characters'

t.test('what is left out has a value', async t => {
  const loaded = read(
    'notify: { mail: { server: smtps://mail.lab.example, from: gate@lab.example }, webhooks: [{ url: "https://chat.example/hook/x", secret: a-secret-of-24-characters }] }'
  )
  t.match(loaded.kind === 'ok' ? loaded.config.notify : said(loaded), {
    mail: { server: { host: 'mail.lab.example', port: 465, isSecure: true }, user: null, unsafePlain: false, ca: null },
    operators: [],
    gather: 600,
    webhooks: [
      {
        url: 'https://chat.example/hook/x',
        secret,
        events: ['factor', 'token', 'password', 'sign-in', 'refusals', 'suspend', 'sponsor', 'certificate']
      }
    ]
  })
  const nothing = read('')
  t.equal(nothing.kind === 'ok' ? nothing.config.notify : 'bad', null, 'nobody is told by default')
})

t.test('secrets come from files, which are watched', async t => {
  const folder = t.testdir({ user: 'gate\n', password: 'mail-secret\n', hook: `${secret}\n` })
  const loaded = read(
    'notify: { mail: { server: "smtp://[::1]:2525", userFile: user, passwordFile: password, from: g@x.example }, webhooks: [{ url: "http://127.0.0.1:1/x", secretFile: hook, events: [suspend] }] }',
    {},
    path.join(folder, 'factorgate.yaml')
  )
  if (loaded.kind !== 'ok') return t.fail(said(loaded).join('\n'))
  t.match(loaded.config.notify, {
    mail: { server: { host: '::1', port: 2525, isSecure: false }, user: 'gate', password: 'mail-secret' },
    webhooks: [{ secret, events: ['suspend'] }]
  })
  for (const file of ['user', 'password', 'hook']) t.ok(loaded.files.includes(path.join(folder, file)), file)
})

t.test('says what is wrong', async t => {
  const pki = new Pki(path.join(t.testdir({}), 'pki'))
  pki.root('ca')
  const mail = (keys: string) => `notify: { mail: { from: gate@lab.example, ${keys} } }`
  const hook = (keys: string) => `notify: { webhooks: [{ ${keys} }] }`
  const rows: [what: string, text: string, expected: RegExp][] = [
    ['no scheme', mail('server: mail.lab.example'), /server {2}must be smtps:\/\/HOST or smtp:\/\/HOST/],
    ['a path', mail('server: smtps://mail.lab.example/x'), /server {2}must be smtps/],
    [
      'a password in the address',
      mail('server: "smtps://u:p@mail.lab.example"'),
      /server {2}must not hold a user or password/
    ],
    ['no sender', 'notify: { mail: { server: smtps://m.example } }', /mail\.from/],
    [
      'two senders',
      'notify: { mail: { server: smtps://m.example, from: "a@b.example, c@d.example" } }',
      /from {2}must be one mail address/
    ],
    ['a user alone', mail('server: smtps://m.example, user: gate'), /mail\.user {2}needs notify\.mail\.password/],
    ['a password alone', mail('server: smtps://m.example, password: x'), /mail\.password {2}needs notify\.mail\.user/],
    ['TLS and no TLS', mail('server: smtps://m.example, unsafePlain: true'), /unsafePlain {2}contradicts smtps/],
    ['no TLS', mail('server: smtp://m.example, unsafePlain: true'), /unsafePlain {2}mails may go out without TLS/],
    ['no TLS on this machine', mail('server: smtp://127.0.0.1, unsafePlain: true'), /^$/],
    [
      'an authority that is not there',
      mail('server: smtps://m.example, ca: /nowhere/ca.pem'),
      /mail\.ca {2}must name a readable file/
    ],
    ['an authority', mail(`server: smtps://m.example, ca: "${pki.file('ca.pem')}"`), /^$/],
    ['a webhook in the clear', hook(`url: "http://chat.example/x", secret: ${secret}`), /url {2}must begin with https/],
    ['no address', hook(`url: chat, secret: ${secret}`), /url {2}must be an address/],
    ['a user in it', hook(`url: "https://u:p@chat.example", secret: ${secret}`), /url {2}must not hold a user/],
    ['a short secret', hook('url: "https://chat.example/x", secret: short'), /secret {2}must have 24 characters/],
    ['no secret', hook('url: "https://chat.example/x"'), /secret/],
    [
      'an unknown group',
      hook(`url: "https://chat.example/x", secret: ${secret}, events: [factors]`),
      /events\[0\] .*factor/
    ],
    ['no group', hook(`url: "https://chat.example/x", secret: ${secret}, events: []`), /events {2}is an empty list/],
    [
      'one address twice',
      `notify: { webhooks: [{ url: "https://c.example/x", secret: ${secret} }, { url: "https://c.example/x", secret: ${secret} }] }`,
      /webhooks\[1\]\.url {2}must differ from notify\.webhooks\[0\]\.url/
    ],
    ['nothing in it', 'notify: {}', /notify {2}tells nobody anything/],
    [
      'operators without mail',
      `notify: { operators: [a@b.example], webhooks: [{ url: "https://c.example/x", secret: ${secret} }] }`,
      /operators {2}needs notify\.mail/
    ]
  ]
  for (const [what, text, expected] of rows) {
    const problems = said(read(text)).join('\n')
    t.match(problems, expected, what)
    t.notMatch(problems, /u:p@|short'|hook\/x/, `${what}: no secret is shown`)
  }
})
