/** `watch.budgets` and `freshFor`: what they load to, and what is wrong with them. */
import t from 'tap'
import { read, said } from './read.ts'

const app = 'apps: [{ id: files, url: https://files.lab.example, upstream: http://10.9.9.9 }]'

t.test('the budgets of the contract load', async t => {
  const loaded = read(`${app}
watch:
  budgets:
    - { id: bulk, per: person, app: files, window: 1h, bytes: 500MiB, then: [journal, notify, step-up] }
    - { id: hoard, per: session, window: 10m, distinctPaths: 2000, then: [slow], rate: 1MiB }
    - { id: theft, per: person, window: 24h, bytes: 5GiB, then: [notify, cut, suspend] }
notify: { webhooks: [{ url: "https://chat.example/hook", secret: a-secret-of-24-characters }] }`)
  t.match(loaded.kind === 'ok' ? loaded.config.watch : said(loaded), {
    budgets: [
      {
        id: 'bulk',
        per: 'person',
        app: 'files',
        window: 3600,
        bytes: 500 * 1024 ** 2,
        direction: 'out',
        factors: null
      },
      { id: 'hoard', app: null, distinctPaths: 2000, rate: 1024 ** 2 },
      { id: 'theft', window: 86_400 }
    ]
  })
  t.same(said(loaded), [])
  const nothing = read(app)
  t.equal(nothing.kind === 'ok' ? nothing.config.watch : 'bad', null)
})

t.test('a rule may say freshFor, an app guarded', async t => {
  const loaded = read(
    'apps: [{ id: files, url: https://files.lab.example, upstream: http://10.9.9.9, guarded: true, rules: [{ access: mfa, freshFor: 100MiB }] }]'
  )
  t.match(loaded.kind === 'ok' ? loaded.config.apps : said(loaded), [
    { guarded: true, rules: [{ freshFor: 100 * 1024 ** 2 }] }
  ])
})

t.test('each mistake is named, with its place and the way out', async t => {
  const budget = (keys: string) => `${app}\nwatch: { budgets: [{ ${keys} }] }`
  const rows: readonly (readonly [sentence: string, text: string, expected: RegExp])[] = [
    [
      'an app that is not there',
      budget('id: a, per: person, app: filez, window: 1h, bytes: 1MiB, then: [cut]'),
      /^2:\d+ {2}watch\.budgets\[0\]\.app {2}must be the id of an app: files$/
    ],
    [
      'steps out of order',
      budget('id: a, per: person, window: 1h, bytes: 1MiB, then: [cut, journal]'),
      /\.then {2}must name each step once, in the order in which they act: \[journal, cut\]$/
    ],
    ['a step twice', budget('id: a, per: person, window: 1h, bytes: 1MiB, then: [cut, cut]'), /in the order/],
    ['no amount', budget('id: a, per: person, window: 1h, then: [cut]'), /needs an amount: bytes, requests or/],
    [
      'two amounts',
      budget('id: a, per: person, window: 1h, bytes: 1MiB, requests: 5, then: [cut]'),
      /\.requests {2}must be in a budget of its own/
    ],
    ['a window that is too short', budget('id: a, per: person, window: 5s, bytes: 1MiB, then: [cut]'), /\.window/],
    ['a window that is too long', budget('id: a, per: person, window: 60d, bytes: 1MiB, then: [cut]'), /\.window/],
    ['slow without a rate', budget('id: a, per: person, window: 1h, bytes: 1MiB, then: [slow]'), /needs .*\.rate/],
    [
      'a rate without slow',
      budget('id: a, per: person, window: 1h, bytes: 1MiB, then: [cut], rate: 1MiB'),
      /\.rate {2}needs slow/
    ],
    [
      'factors without step-up',
      budget('id: a, per: person, window: 1h, bytes: 1MiB, then: [cut], factors: [totp]'),
      /\.factors {2}needs step-up/
    ],
    ['a proof of everyone', budget('id: a, per: everyone, window: 1h, bytes: 1MiB, then: [step-up]'), /per everyone/],
    ['everyone suspended', budget('id: a, per: app, window: 1h, bytes: 1MiB, then: [suspend]'), /whoever comes last/],
    [
      'a direction of requests',
      budget('id: a, per: app, window: 1h, requests: 5, direction: in, then: [cut]'),
      /needs bytes/
    ],
    ['nothing at all', budget('id: a, per: person, window: 1h, bytes: 0B, then: [cut]'), /more than nothing/],
    ['an unknown key', budget('id: a, per: person, window: 1h, byts: 1MiB, then: [cut]'), /bytes/],
    [
      'two of one name',
      `${app}\nwatch: { budgets: [{ id: a, per: person, window: 1h, bytes: 1MiB, then: [cut] }, { id: a, per: app, window: 1h, bytes: 1MiB, then: [cut] }] }`,
      /budgets\[1\]\.id {2}must differ from watch\.budgets\[0\]\.id/
    ],
    [
      'freshFor without a sign-in',
      'apps: [{ id: files, url: https://files.lab.example, upstream: http://10.9.9.9, rules: [{ access: public, freshFor: 1MiB }] }]',
      /freshFor {2}needs access: mfa/
    ],
    [
      'notify without anybody to tell',
      budget('id: a, per: person, window: 1h, bytes: 1MiB, then: [notify]'),
      /tells nobody while there is no key notify/
    ]
  ]
  const ofTokens = (tokens: string, budget: string) =>
    said(
      read(`apps:
  - { id: files, url: https://files.lab.example, upstream: http://10.9.9.9, tokens: ${tokens} }
  - { id: wiki, url: https://wiki.lab.example, upstream: http://10.9.9.8 }
watch: { budgets: [{ id: a, per: token, window: 1h, bytes: 1MiB, then: [cut]${budget} }] }`)
    )
  t.same(ofTokens('true', ''), [])
  t.same(ofTokens('{ header: X-Gate-Token }', ', app: files'), [])
  t.match(ofTokens('false', ''), [/per {2}counts nothing, because no app that it counts has the key tokens/])
  t.match(ofTokens('true', ', app: wiki'), [/per {2}counts nothing/])
  // Every configuration of these tests has a proxy.
  const carried = read(budget('id: a, per: person, window: 1h, bytes: 1MiB, then: [cut]'))
  t.match(carried.kind === 'ok' && carried.advice, [{ path: 'watch.budgets[0].bytes', message: /forward-auth/ }])
  for (const [sentence, text, expected] of rows) {
    const lines = said(read(text))
    t.ok(
      lines.some(line => expected.test(line)),
      `${sentence}: ${lines.join(' | ')}`
    )
  }
})
