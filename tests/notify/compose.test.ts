/** The text of mails: what they say, and that no name becomes a header or markup. */
import t from 'tap'
import { type Language, languageCodes } from '../../src/messages/languages.ts'
import { type ComposeInput, compose, plain } from '../../src/notify/compose.ts'
import { mailAddress } from '../../src/notify/mail-address.ts'
import type { Notice, NoticeKind } from '../../src/notify/notice.ts'
import { noticeGroups } from '../../src/notify/notice-groups.ts'
import { reason } from '../../src/reasons/reason.ts'

const at = Date.UTC(2026, 10, 28, 14, 30)
const notice = (kind: NoticeKind, more: Partial<Notice> = {}): Notice => ({
  id: 'n',
  kind,
  at,
  to: [{ kind: 'account', id: 'a' }],
  account: 'a',
  name: 'alice',
  facts: { address: '192.0.2.1', reference: 'ABCD-EFGH' },
  ...more
})
const input = (more: Partial<ComposeInput> = {}): ComposeInput => ({
  language: 'en',
  lab: 'Example Lab',
  portalOrigin: 'https://gate.lab.example',
  contact: 'mailto:help@lab.example',
  accent: null,
  reader: { id: 'a', displayName: 'Alice Liddell' },
  notices: [notice('factor-added', { facts: { factor: 'totp', address: '192.0.2.1', reference: 'ABCD-EFGH' } })],
  left: 0,
  codesLeft: null,
  link: null,
  ...more
})

t.test('a mail says what happened, when, from where, and what to do', async t => {
  const { subject, text, html, language } = compose(input())
  t.equal(subject, '[Example Lab] An authenticator app was added to your account')
  t.equal(language, 'en')
  for (const part of [
    'Hello Alice Liddell,',
    'An authenticator app was added to your account.',
    'When: 28 November 2026, 14:30 UTC',
    'From address: 192.0.2.1',
    'Reference: ABCD-EFGH',
    'If that was not you',
    'https://gate.lab.example/.factorgate/account',
    'Questions? help@lab.example'
  ])
    t.match(text.replaceAll('\n', ' ').replace(/ +/g, ' '), part, part)
  t.notMatch(text, /[^\n]{77,}/, 'its lines are short')
  t.match(html, '<meta name="color-scheme" content="light dark">')
})

t.test('each kind has sentences, to everybody who reads them', async t => {
  const kinds: readonly NoticeKind[] = [...Object.values(noticeGroups).flat(), 'invitation', 'password-link', 'test']
  for (const kind of kinds)
    for (const [who, reader, to] of [
      ['the person', 'a', [{ kind: 'account', id: 'a' }]],
      ['an operator', 'o', [{ kind: 'operators' }]],
      ['an address', null, [{ kind: 'operators' }]]
    ] as const) {
      const facts = { other: 'bob', what: 'listen.tls', ends: at, count: 7, why: 'left the lab', device: 'Firefox' }
      const made = compose(
        input({
          reader: reader === null ? null : { id: reader, displayName: 'Olga' },
          notices: [notice(kind, { facts, to })],
          link: kind === 'invitation' || kind === 'password-link' ? 'https://gate.lab.example/x' : null
        })
      )
      t.notMatch(`${made.subject}${made.text}${made.html}`, /undefined|null|NaN|\[object/, `${kind}, to ${who}`)
    }
})

t.test('each kind has sentences in every language, with what they tell', async t => {
  const kinds: readonly NoticeKind[] = [...Object.values(noticeGroups).flat(), 'invitation', 'password-link', 'test']
  const link = 'https://gate.lab.example/x'
  for (const language of languageCodes) {
    const words = (kind: NoticeKind, count: number) => {
      const facts = { other: 'bob', what: 'listen.tls', ends: at, count, device: 'Firefox' }
      const isLink = kind === 'invitation' || kind === 'password-link'
      const left = { left: count, codesLeft: count, link: isLink ? link : null }
      return compose(input({ language, notices: [notice(kind, { facts, name: 'bob' })], ...left })).text
    }
    for (const kind of kinds)
      for (const count of [0, 1, 2, 3, 25]) {
        const text = words(kind, count)
        t.notMatch(text, /undefined|\bnull\b|NaN|[{}#]/, `${language}, ${kind}, ${count}`)
        if (language !== 'en') t.notMatch(text, /\b(the|your|was|not)\b/i, `${language}, ${kind}: no English`)
      }
    t.match(words('refusals', 25), '25', language)
    t.match(words('certificate-ending', 3), '3', language)
    t.match(words('certificate-ending', 3), 'listen.tls', language)
  }
})

t.test('sentences that depend on who reads them, or on a number', async t => {
  const rows: [what: string, more: Partial<ComposeInput>, expected: RegExp][] = [
    [
      'a suspension, to the person',
      { notices: [notice('suspended', { facts: { why: 'left' } })] },
      /Your access to Example Lab is suspended.*Reason: left/
    ],
    [
      'a suspension, to an operator',
      {
        notices: [notice('suspended', { facts: { why: 'left', other: 'root' } })],
        reader: { id: 'o', displayName: 'Olga' }
      },
      /The access of “alice” to Example Lab is suspended.*Reason: left By: root In the console: \S+\/admin\/people\/\S+\/suspension/
    ],
    [
      'an approval, to who asked',
      { notices: [notice('sponsor-approved', { account: 's', name: 'sam' })] },
      /“sam” has confirmed who you are/
    ],
    [
      'an approval, to who decided',
      { notices: [notice('sponsor-approved', { facts: { other: 'carol' } })] },
      /You confirmed who “carol” is/
    ],
    ['codes left', { notices: [notice('recovery-used')], codesLeft: 7 }, /7 codes are left/],
    ['one code left', { notices: [notice('recovery-used')], codesLeft: 1 }, /1 code is left/],
    ['no code left', { notices: [notice('recovery-used')], codesLeft: 0 }, /It was the last one/],
    [
      'a certificate of today',
      { notices: [notice('certificate-ending', { facts: { what: 'listen.tls', count: 0 } })] },
      /in listen.tls ends today/
    ],
    [
      'a certificate of next week',
      { notices: [notice('certificate-ending', { facts: { what: 'listen.tls', count: 7 } })] },
      /in 7 days/
    ],
    ['several', { notices: [notice('factor-added'), notice('recovery-used')] }, /2 things happened/],
    ['too many', { left: 30 }, /There were 30 more notices/]
  ]
  for (const [what, more, expected] of rows) t.match(compose(input(more)).text.replace(/\s+/g, ' '), expected, what)
  t.match(compose(input({ notices: [notice('factor-added'), notice('recovery-used')] })).subject, / \(\+1\)$/)
})

t.test('what the watch has said is in the language of the reader', async t => {
  const GiB = 1024 ** 3
  const reasons = [
    reason('bytes', { amount: 2.5 * GiB, usual: 1024 ** 2, busy: 3 * 1024 ** 2 }),
    reason('decoy', { decoy: '/a\u202eb\r\nBcc: c', app: 'files' })
  ]
  const suspended = notice('suspended', { facts: { why: '2.5 GiB left today.', reasons } })
  const oneLine = (more: Partial<ComposeInput>) =>
    compose(input({ notices: [suspended], ...more })).text.replace(/\s+/g, ' ')
  const german = oneLine({ language: 'de' })
  t.match(german, 'Grund: - An einem Tag wurden 2,5 GiB aus den Apps abgerufen. An einem üblichen Tag sind es 1 MiB')
  t.match(german, 'zu öffnen braucht: /ab Bcc: c.', 'names from outside are one line')
  t.match(oneLine({ language: 'fr', reader: { id: 'o', displayName: 'Olga' } }), '2,5 Gio', 'operators too')
  const old = notice('suspended', { facts: { why: '2.5 GiB left today.' } })
  t.match(oneLine({ language: 'de', notices: [old] }), 'Grund: 2.5 GiB left today.', 'an older record')
  const added = (factor: 'totp' | 'webauthn') =>
    compose(input({ language: 'ar', notices: [notice('factor-added', { facts: { factor } })] })).subject
  t.not(added('totp'), added('webauthn'), 'a word that chooses a text is no name in that language')
})

t.test('several reasons are a list, and one is a line', async t => {
  const reasons = [
    reason('appOn', { app: 'files', page: '/login' }),
    reason('appPasswordForm', { target: 'https://evil.example/a/long/path' })
  ]
  const facts = { why: 'New on /login.', reasons }
  const { text, html } = compose(input({ language: 'de', notices: [notice('app-changed', { facts })] }))
  t.match(text, '  Grund:\n    - Auf der Seite /login der App files ist etwas neu.\n    - Ein Formular, das nach')
  t.match(text, /\n {6}https:\/\/evil\.example\/a\/long\/path gesendet\.\n/, 'a long one goes on below itself')
  t.match(html, /<ul[^>]*><li[^>]*>Auf der Seite .*<\/li><li[^>]*>Ein Formular/)
  t.notMatch(text, /[^\n]{77,}/)
})

t.test('a posture is said with its app and its end, in the language of the reader', async t => {
  const facts = { what: 'elevated', app: 'files', ends: at + 2 * 3600_000, other: 'olga', why: 'odd sign-ins' }
  const said = (language: Language, more: object) =>
    compose(input({ language, notices: [notice('posture-set', { facts: { ...facts, ...more } })] }))
  const german = said('de', {})
  t.equal(german.subject, '[Example Lab] Die Schutzstufe ist erhöht (elevated)')
  t.match(german.text, 'Die Schutzstufe der App files von Example Lab wurde auf erhöht (elevated)\ngesetzt.')
  t.match(german.text, '  Bis: 28. November 2026, 16:30 UTC\n  Grund: odd sign-ins\n  Durch: olga')
  const english = said('en', { what: 'normal', app: undefined, ends: undefined }).text
  t.match(english, 'The posture of Example Lab was set to normal.')
  t.notMatch(english, 'Until')
})

t.test('a link stands in the mail as it is', async t => {
  const link = 'https://gate.lab.example/.factorgate/invite/abc-_def'
  const { text, html } = compose(input({ notices: [notice('invitation', { facts: {} })], link }))
  t.match(text, `\n${link}\n`)
  t.match(html, `href="${link}"`)
})

t.test('names, reasons and titles that would like to be something else', async t => {
  const nasty = 'Eve\r\nBcc: all@lab.example\r\n\r\n<img src=x onerror=alert(1)>"\'\u202e\u2066evil\u0007\u2028'
  const made = compose(
    input({
      lab: `Lab ${nasty}`,
      contact: `Call ${nasty}`,
      reader: { id: 'o', displayName: nasty },
      notices: [notice('suspended', { name: nasty, facts: { why: nasty, other: nasty, address: nasty } })]
    })
  )
  t.notMatch(made.subject, /[\p{Cc}\p{Cf}\p{Zl}]/u, 'the subject is one line')
  t.notMatch(made.html, /<img|onerror=alert\(1\)>|"'/, 'nothing becomes markup')
  t.notMatch(made.text, /^Bcc:/m, 'nothing becomes a line of its own')
  t.notMatch(`${made.text}${made.html}`, /[\u202a-\u202e\u2066-\u2069\u2028]/u, 'nothing turns the sentence around')
  t.equal(plain('شركة\u200cها'), 'شركة\u200cها', 'the joiners of a script stay')
})

t.test('addresses that are taken', async t => {
  for (const good of ['alice@lab.example', ' a.b+c@x.y ', 'jürgen@bücher.example'])
    t.equal(mailAddress(good), good.trim(), good)
  for (const bad of [
    '',
    'alice',
    'a@b, c@d',
    'a@b\r\nBcc: c@d',
    'Alice <a@b>',
    'a b@c',
    'a@b@c',
    `${'x'.repeat(250)}@y.example`,
    '"a"@b',
    'a@b;c@d'
  ])
    t.equal(mailAddress(bad), null, JSON.stringify(bad.slice(0, 30)))
})
