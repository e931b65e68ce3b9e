/** The texts of pages: errors, times, device names, colours, addresses, without a browser. */
import t from 'tap'
import { readUntil, type Until } from '../../config/values/value-types.ts'
import {
  briefCookie,
  cookieNames,
  expiredCookie,
  nonceCookie,
  readCookie,
  readNonce,
  readOwn,
  sessionCookie,
  stateOf
} from '../../plugins/cookies.ts'
import { inOrder } from '../../plugins/portal/app-list.tsx'
import { stepUpSentence } from '../../plugins/portal/challenge-offer.ts'
import { browserName, systemName } from '../../plugins/portal/device-name.ts'
import { cleanName } from '../../plugins/portal/enrol.tsx'
import { renderError } from '../../plugins/portal/error-page.tsx'
import { defaultTexts, said } from '../../plugins/portal/messages/messages.ts'
import { formatDuration, formatRelative } from '../../plugins/portal/relative-time.ts'
import { returnToOf, withReturnTo } from '../../plugins/portal/return-to.ts'
import { nameFrom } from '../../plugins/portal/webauthn-routes.tsx'
import { accentFor, contrast, paper, slate } from '../../src/colours/accent.ts'
import { describeError, errorCodes } from '../../src/errors.ts'
import type { AuthenticatorType } from '../../src/factor/authenticator-names.ts'
import { factorKinds } from '../../src/factor/proof.ts'
import { textOf } from '../fixtures/pipeline/visitor.ts'

const say = defaultTexts.in('en')

t.test('every refusal says what, whose, what now, whom to ask, and a reference; calmly', async t => {
  for (const code of errorCodes) {
    const html = renderError(code, {
      title: 'Example Lab',
      contact: 'helpdesk@lab.example',
      accent: null,
      reference: 'pX3kQ9-a',
      portalOrigin: 'https://gate.lab.example',
      appTitle: '<Notebooks>',
      retryAfterSeconds: 25,
      again: '/x?a="><script>'
    })
    const text = textOf(html)
    const { title, what, now } = say.errors[code]
    const facts = { app: '<Notebooks>', wait: '25 seconds', until: '' }
    for (const part of [title, what, now]) {
      const sentence = said(part, facts)
      t.ok(text.includes(sentence.slice(1)), `${code}: ${sentence}`)
      t.notMatch(sentence, /!|sorry|apolog|oops/i, code)
    }
    t.notMatch(text, new RegExp(`\\b${describeError(code).status}\\b`), `${code}: no status number`)
    t.match(text, /Whom to ask helpdesk@lab\.example Reference pX3kQ9-a/)
    t.notMatch(html, /<script>|<Notebooks>/)
    t.notOk(/The gate works/.test(text) && /in the gate/.test(text), `${code}: it does not contradict itself`)
  }
})

t.test('maintenance says until when, in the operators’ words if there are any', async t => {
  const now = Date.UTC(2026, 10, 30)
  const context = { title: 'L', contact: null, accent: null, reference: 'r', portalOrigin: 'https://g', now }
  const of = (until: string | null, message: string | null) => {
    const read = until === null ? null : (readUntil(until) as Until)
    const maintenance = { until: read, message }
    return textOf(renderError('app_maintenance', { ...context, appTitle: 'Notebooks', maintenance, again: '/x' }))
  }
  const table: [until: string, shown: string, isOver: boolean][] = [
    ['Friday, 18:00', 'Friday, 18:00', false],
    ['2026-12-01T08:00+01:00', '08:00 (UTC+01:00) on 1 December 2026', false],
    ['2026-12-01 8:30 -0330', '08:30 (UTC-03:30) on 1 December 2026', false],
    ['2026-12-01T23:30:00Z', '23:30 (UTC) on 1 December 2026', false],
    ['2026-11-30T00:30+01:00', '00:30 (UTC+01:00) on 30 November 2026', true]
  ]
  for (const [until, shown, isOver] of table) {
    t.match(of(until, null), `Notebooks is being maintained`, until)
    t.match(of(until, null), isOver ? `planned to be back by ${shown}.` : `out of service until ${shown}.`)
    t.match(of(until, 'New disks.'), `New disks.`)
    t.match(
      of(until, 'New disks.'),
      isOver ? `was planned until ${shown}, and takes longer` : `planned until ${shown}.`
    )
    for (const message of [null, 'New disks.']) {
      t.equal(of(until, message).split(shown).length, 2, 'and says it once')
      t.match(of(until, message), 'Try again', 'a way to try again')
    }
  }
  t.match(of(null, null), /out of service for a while/)
  t.match(textOf(renderError('app_timeout', context)), /The app took too long/, 'an app without a title')
})

t.test('moments and spans are said as people say them', async t => {
  const now = Date.UTC(2026, 2, 12, 12)
  const second = 1000
  for (const [ago, words] of [
    [0, 'now'],
    [-5 * second, 'now'],
    [59 * second, 'now'],
    [60 * second, 'a minute ago'],
    [59 * 60 * second, '59 minutes ago'],
    [3600 * second, 'an hour ago'],
    [23 * 3600 * second, '23 hours ago'],
    [30 * 3600 * second, 'yesterday'],
    [3 * 86_400 * second, '3 days ago'],
    [8 * 86_400 * second, '4 March 2026']
  ] as const)
    t.equal(formatRelative(now - ago, now, say), words)
  for (const [seconds, words] of [
    [0, '1 second'],
    [1.2, '2 seconds'],
    [99, '99 seconds'],
    [100, '2 minutes'],
    [300, '5 minutes'],
    [7200, '2 hours']
  ] as const)
    t.equal(formatDuration(seconds, say), words)
})

t.test('numbers and choices are said as the language has it', async t => {
  t.equal(say.challenge.codeHint({ digits: '6' }), 'Type the 6 digits that your app shows for this lab.')
  t.equal(say.formats.anyOf(['6', '8']), '6 or 8')
  t.equal(say.formats.anyOf(['this', 'that', 'another']), 'this, that or another')
  t.equal(say.formats.anyOf([]), '')
  t.match(say.recovery.spent({ left: 1 }), /You have one left\.$/)
  t.match(say.recovery.spent({ left: 2 }), /You have 2 left\.$/)
  t.match(say.recovery.spent({ left: 0 }), /none left\.$/)
  t.equal(say.formats.span(7200, 'hour'), '7200 hours')
})

t.test('a step up says what is wanted', async t => {
  t.equal(
    stepUpSentence('Exports', ['webauthn'], 300, say),
    'This part of Exports needs a confirmation at most 5 minutes old, with your passkey or security key.'
  )
  t.equal(
    stepUpSentence('Exports', factorKinds, 60, say),
    'This part of Exports needs a confirmation at most 60 seconds old.'
  )
  t.equal(
    stepUpSentence('Exports', ['webauthn', 'totp'], null, say),
    'This part of Exports needs your passkey or security key or a code from your authenticator app.'
  )
})

t.test('browsers and devices have names, whatever they send', async t => {
  for (const [agent, name] of [
    ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', 'Firefox on Linux'],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15',
      'Safari on Mac'
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Mobile/15E148 Safari/604.1',
      'Safari on iPhone'
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0',
      'Edge on Windows'
    ],
    [
      'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36',
      'Chrome on Android'
    ],
    ['curl/8.5.0', 'curl'],
    ['', 'A browser'],
    ['<script>Linux</script>', 'A browser on Linux']
  ] as const)
    t.equal(browserName(agent, say), name)
  t.equal(systemName('x'), null)
})

t.test('a new passkey takes its maker’s name, this device’s, or the word for its sort', async t => {
  const platform = { authenticatorAttachment: 'platform' }
  const of = (registration: object, model: string | null, sort: AuthenticatorType) =>
    nameFrom(registration, 'Passkey on Mac', { model, sort, say })
  t.equal(of(platform, '1Password', 'passkey'), '1Password')
  t.equal(of(platform, null, 'passkey'), 'Passkey on Mac')
  for (const other of [{}, { authenticatorAttachment: 'cross-platform' }, { authenticatorAttachment: 7 }]) {
    t.equal(of(other, null, 'key'), 'Security key')
    t.equal(of(other, null, 'passkey'), 'Passkey')
    t.equal(of(other, null, 'device'), 'This device')
  }
})

t.test('names are one line of 1 to 64 characters', async t => {
  t.equal(cleanName('  a \n b '), 'a b')
  t.equal(cleanName('x'.repeat(64)), 'x'.repeat(64))
  t.equal(cleanName('Schlüssel 🔑'), 'Schlüssel 🔑')
  for (const bad of ['', '   ', 'x'.repeat(65), 'a\u202eb', 'a\u200bb', '\u0007']) t.equal(cleanName(bad), null)
})

t.test('any accent is legible on paper and on slate, and text on it too', async t => {
  const rgb = (hex: string) =>
    [1, 3, 5].map(at => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as readonly [number, number, number]
  for (const colour of [
    null,
    '#b00',
    '#ffcc00',
    '#003366',
    '#777',
    '#ffffff',
    '#000000',
    '#00ff00',
    'red',
    '#12',
    'url(x)'
  ]) {
    const { light, onLight, dark, onDark } = accentFor(colour)
    for (const [text, ground] of [
      [light, paper],
      [onLight, light],
      [dark, slate],
      [onDark, dark]
    ] as const) {
      t.match(text, /^#[0-9a-f]{6}$/)
      t.ok(contrast(rgb(text), rgb(ground)) >= 4.5, `${colour}: ${text} on ${ground}`)
    }
  }
  t.same(accentFor('red'), accentFor(null), 'what is no hex colour is ours')
})

t.test('the app used last stands on top, the rest as configured', async t => {
  const card = (id: string, lastUsedAt: number | null) => ({ id, title: id, description: null, url: '/', lastUsedAt })
  t.same(
    inOrder([card('a', null), card('b', 1), card('c', null), card('d', 2)]).map(app => app.id),
    ['d', 'b', 'a', 'c']
  )
})

t.test('the return address travels whole or not at all', async t => {
  const accept = (url: string) => (url.startsWith('https://app.test/') ? url : null)
  const state = 'S'.repeat(43)
  t.same(returnToOf({ rd: 'https://app.test/x', state }, accept), { rd: 'https://app.test/x', state })
  t.same(returnToOf({ rd: 'https://app.test/x', state: 'short' }, accept), { rd: 'https://app.test/x', state: null })
  for (const query of [
    null,
    {},
    { state },
    { rd: ['https://app.test/x'] },
    { rd: 'https://app.test/\u00e9' },
    { rd: `https://app.test/${'x'.repeat(13_000)}` }
  ])
    t.same(returnToOf(query, accept), { rd: null, state: null })
  t.same(
    returnToOf({ rd: 'x:y' }, () => 'https://app.test/\r\nx'),
    { rd: null, state: null }
  )
  t.equal(
    withReturnTo('/p', { rd: 'https://app.test/?a=b&c=%2F', state: null }),
    '/p?rd=https%3A%2F%2Fapp.test%2F%3Fa%3Db%26c%3D%252F'
  )
})

t.test('cookies: one of ours or none (S4, S15)', async t => {
  const [tls, plain] = [
    { secure: true, port: '' },
    { secure: false, port: '' }
  ]
  const { session } = cookieNames(tls)
  t.same(cookieNames(plain), {
    session: 'factorgate',
    nonce: 'factorgate-nonce',
    device: 'factorgate-device',
    known: 'factorgate-known',
    done: 'factorgate-done',
    codes: 'factorgate-codes',
    asked: 'factorgate-asked',
    program: 'factorgate-program',
    console: 'factorgate-console',
    setUp: 'factorgate-set-up'
  })
  for (const [header, value] of [
    [undefined, null],
    ['', null],
    [`${session}=a`, 'a'],
    [`x=1; ${session}=a`, 'a'],
    [`x=1;${session}=a;y=2`, 'a'],
    [`x=1;\t ${session}=a ; y=2`, 'a'],
    [`${session}=`, ''],
    [`${session}=a; ${session}=b`, null],
    [`${session}=a; x=1; ${session}=a`, null],
    [`x${session}=a`, null],
    [`x=${session}=a`, null],
    [`${session}x=a`, null],
    [`${session}-nonce=a`, null],
    [`${session} =a`, null],
    ['factorgate=a', null],
    [';;;;', null],
    [`${'a=b; '.repeat(4000)}${session}=z`, 'z']
  ] as const)
    t.equal(readCookie(header, session), value, String(header).slice(0, 60))
  t.equal(readCookie('__Host-factorgate=a', 'factorgate'), null)
  t.equal(readCookie(`${session}=`.repeat(2000), session), `${session}=`.repeat(1999))
  t.equal(readCookie(' '.repeat(16_000) + session, session), null)
  t.equal(sessionCookie('T', tls), '__Host-factorgate=T; Path=/; HttpOnly; SameSite=Lax; Secure')
  t.equal(sessionCookie('T', plain), 'factorgate=T; Path=/; HttpOnly; SameSite=Lax')
  t.equal(nonceCookie('N', tls), '__Host-factorgate-nonce=N; Path=/; HttpOnly; SameSite=Lax; Secure')
  t.equal(expiredCookie('x', plain), 'x=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0')
  t.equal(briefCookie('x', 'v', 60, plain), 'x=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=60')
  t.equal(readNonce(`factorgate-nonce=${'n'.repeat(22)}`, plain), 'n'.repeat(22))
  for (const bad of ['short', 'n'.repeat(44), `${'n'.repeat(30)}"`])
    t.equal(readNonce(`factorgate-nonce=${bad}`, plain), null)
  t.match(stateOf('n'), /^[\w-]{43}$/)
})

t.test('FIELD F6 the port of the public address stands in the names of our cookies', async t => {
  const at = (port: string, secure = false) => ({ secure, port })
  t.same(cookieNames(at('8443', true)), {
    session: '__Host-factorgate-8443',
    nonce: '__Host-factorgate-nonce-8443',
    device: '__Host-factorgate-device-8443',
    known: '__Host-factorgate-known-8443',
    done: '__Host-factorgate-done-8443',
    codes: '__Host-factorgate-codes-8443',
    asked: '__Host-factorgate-asked-8443',
    program: '__Host-factorgate-program-8443',
    console: '__Host-factorgate-console-8443',
    setUp: '__Host-factorgate-set-up-8443'
  })
  t.equal(sessionCookie('T', at('8443')), 'factorgate-8443=T; Path=/; HttpOnly; SameSite=Lax')
  const table: [string, string, string | null][] = [
    ['its own', 'factorgate-8443=a', 'a'],
    ['its own beside another gate’s', 'factorgate=b; factorgate-8443=a; factorgate-9443=c', 'a'],
    ['another gate’s alone', 'factorgate-9443=c; factorgate-84430=d', null],
    ['one from before ports stood there', 'factorgate=b', 'b'],
    ['two of its own: nobody, whatever stands beside', 'factorgate-8443=a; factorgate=b; factorgate-8443=a', null],
    ['two from before', 'factorgate=b; factorgate=c', null]
  ]
  for (const [title, header, value] of table) t.equal(readOwn(header, 'session', at('8443')), value, title)
  t.equal(readOwn('factorgate-8443=a', 'session', at('')), null, 'without a port there is one name')
})
