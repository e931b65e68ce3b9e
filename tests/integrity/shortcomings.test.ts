/** What answers lack: headers, attributes of cookies, versions without corrections; and the key in the configuration. */
import t from 'tap'
import { formatProblem } from '../../config/reading/diagnostics.ts'
import { endOfLife } from '../../src/integrity/end-of-life.ts'
import { notesOf } from '../../src/integrity/hygiene.ts'
import { shortcomingsOf } from '../../src/integrity/shortcomings.ts'
import { loadWith } from '../fixtures/in-process/configuration.ts'

const now = Date.UTC(2026, 10, 28, 12)

t.test('versions', t => {
  for (const [text, expected] of [
    [
      'Apache/2.2.34 (Unix) PHP/5.6.40',
      ['Apache HTTP Server 2.2.34, since 2017-12-31', 'PHP 5.6.40, since 2018-12-31']
    ],
    ['PHP/7.4.33', ['PHP 7.4.33, since 2022-11-28']],
    ['PHP/8.1.2', ['PHP 8.1.2, since 2025-12-31']],
    ['PHP/8.3.1', []],
    ['nginx/1.18.0', ['nginx 1.18.0, since 2024-04-23']],
    ['nginx/1.29.1', []],
    ['Werkzeug/2.0.1 Python/3.6.9', ['Python 3.6.9, since 2024-10-07']],
    ['Python/3.13.1', []],
    ['Python/3', []],
    ['Drupal 7 (https://www.drupal.org)', ['Drupal 7, since 2025-01-05']],
    ['Drupal 10 (https://www.drupal.org)', []],
    ['Apache-Coyote/1.1', []],
    ['Apache', []],
    ['', []]
  ] as const)
    t.same(
      endOfLife(text, now).map(({ name, version, since }) => `${name} ${version}, since ${since}`),
      expected,
      text
    )
  for (const [text, expected] of [
    [
      'Apache/2.4.62 (Debian) OpenSSL/3.0.15',
      /^OpenSSL 3\.0\.15: the project corrects it no more since 2026-09-07; ask your dist/
    ],
    ['PHP/8.1.2-1ubuntu2.19', /^PHP 8\.1\.2: .* since 2025-12-31; ask your distribution whether it does$/],
    ['PHP/7.4.33', /^PHP 7\.4\.33: the project corrects it no more since 2022-11-28$/]
  ] as const)
    t.match(shortcomingsOf([`version ${text}`], now)[0]?.detail, expected)
  t.same(endOfLife('Python/3.10.4', Date.UTC(2026, 9, 1)), [], 'before its day a version is maintained')
  t.end()
})

t.test('headers and cookies', t => {
  const plain = [
    'Content-Type',
    'text/html',
    'Server',
    'PHP/7.4.3',
    'Set-Cookie',
    'sid=1; Path=/',
    'Set-Cookie',
    'XSRF-TOKEN=2; Secure; SameSite=Lax'
  ]
  t.same(
    shortcomingsOf(notesOf(plain, true, true), now).map(({ what, detail }) => `${what} · ${detail.split(':')[0]}`),
    [
      'cookie without attributes · sid has no Secure, HttpOnly, SameSite',
      'missing header · Content-Security-Policy',
      'missing header · Referrer-Policy',
      'missing header · Strict-Transport-Security',
      'missing header · X-Content-Type-Options',
      'missing header · X-Frame-Options or frame-ancestors',
      'no corrections any more · PHP 7.4.3'
    ]
  )
  const good = [
    'content-security-policy',
    "default-src 'self'; frame-ancestors 'none'",
    'x-content-type-options',
    'nosniff',
    'referrer-policy',
    'no-referrer',
    'server',
    'Apache'
  ]
  t.same(notesOf(good, true, false), [])
  t.same(notesOf(['set-cookie', 'sid=; Max-Age=0'], false, true), [], 'a cookie that is removed')
  t.same(notesOf(['set-cookie', 'sid=x; Secure; HttpOnly; SameSite=Lax'], false, true), [])
  t.end()
})

t.test('the key', async t => {
  const load = async (integrity: string) => {
    const loaded = await loadWith(t, { app: `integrity: ${integrity}` })
    return loaded.kind === 'bad'
      ? loaded.problems.map(problem => formatProblem(problem)).join('\n')
      : {
          integrity: loaded.config.apps[0]?.integrity,
          said: loaded.warnings.map(problem => formatProblem(problem)).join('\n')
        }
  }
  t.match(await load('{}'), { integrity: { pages: [], every: 900, learn: 604_800 } })
  t.match(await load('{ pages: [/, "/login?x=1"], every: 15m, learn: 7d }'), {
    integrity: { pages: ['/', '/login?x=1'] }
  })
  t.match(await load('{ pages: [/a, /a] }'), /:8:\d+ {2}apps\[0\]\.integrity\.pages\[1\] {2}is in the list already/)
  t.match(await load('{ pages: [login] }'), /apps\[0\]\.integrity\.pages\[0\] {2}must/)
  t.match(await load('{ every: 0s }'), /apps\[0\]\.integrity\.every {2}must be from 1s to 7d/)
  t.match(await load('{ evry: 5m }'), /evry.*every/)
  t.match(await load(`{ pages: [${Array.from({ length: 65 }, (_, i) => `/p${i}`)}] }`), /must have at most 64 pages/)
  t.match(await load('{ learn: 0s }'), { said: /apps\[0\]\.integrity\.learn {2}leaves no time to learn/ })
})
