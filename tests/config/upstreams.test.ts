/** The keys of an app's upstreams and of its maintenance. */
import t, { type Test } from 'tap'
import { read, said } from './read.ts'

type Row = [sentence: string, text: string, ...expected: string[]]

const apps = (more: string) =>
  `apps:\n  - { id: one, url: https://one.lab.example, upstream: http://10.1.1.1, ${more} }\n`
const upstream = (text: string) => `apps:\n  - { id: one, url: https://one.lab.example, upstream: ${text} }`

function load(t: Test, text: string) {
  const loaded = read(text)
  t.same(said(loaded), [], text)
  if (loaded.kind !== 'ok') throw new Error('not loaded')
  return loaded.config
}

t.test('reads health checks, and fills in what is left out', async t => {
  const health = (text: string) =>
    load(t, `apps: [{ id: a, url: https://a.example, upstream: http://b, health: ${text} }]`).apps[0]!.health
  const usual = { every: 10, timeout: 2, rise: 2, fall: 3 }
  const [ok, elsewhere] = [
    { from: 200, to: 299 },
    { from: 300, to: 399 }
  ]
  t.strictSame(health('{ path: /healthz }'), { path: '/healthz', ...usual, status: [ok, elsewhere] })
  t.strictSame(health('{ path: "/x?y=1", every: 1m, timeout: 5s, status: 204, rise: 1, fall: 1 }'), {
    path: '/x?y=1',
    every: 60,
    timeout: 5,
    status: [{ from: 204, to: 204 }],
    rise: 1,
    fall: 1
  })
  t.strictSame(health('{ path: /, status: [2XX, 401, 300-302] }')?.status, [
    ok,
    { from: 401, to: 401 },
    { from: 300, to: 302 }
  ])
})

t.test('reads the end of a maintenance as a time where it is one', async t => {
  const until = (text: string) =>
    load(t, `apps: [{ id: a, url: https://a.example, upstream: http://b, maintenance: { until: ${text} } }]`).apps[0]!
      .maintenance?.until
  for (const [text, at, offsetMinutes] of [
    ['2026-12-01T08:00+01:00', Date.UTC(2026, 11, 1, 7), 60],
    ['2026-12-01 8:30 -0330', Date.UTC(2026, 11, 1, 12), -210],
    ['2026-12-01T08:00:30Z', Date.UTC(2026, 11, 1, 8, 0, 30), 0],
    ['2028-02-29 23:00 UTC', Date.UTC(2028, 1, 29, 23), 0],
    ['Monday, 8:00', null, 0],
    ['2026-12-01', null, 0]
  ] as const)
    t.strictSame(until(`"${text}"`), { text, at, offsetMinutes }, text)
})

const mistakes: Row[] = [
  [
    'a socket without a name but with a base path',
    upstream('"unix::/x"'),
    "2:56  apps[0].upstream  must name a socket, such as unix:/run/app.sock, got 'unix::/x'"
  ],
  [
    'a socket with dots in its base path',
    upstream('"unix:/run/a.sock:/x/../y"'),
    "2:56  apps[0].upstream  must not hold '//', '/.' or '/..' in its path, got 'unix:/run/a.sock:/x/../y'"
  ],
  [
    'two slashes at the end',
    upstream('"http://a.example//"'),
    "2:56  apps[0].upstream  must not hold '//', '/.' or '/..' in its path, got 'http://a.example//'"
  ],
  [
    'port 0',
    upstream('"http://a.example:0/x"'),
    "2:56  apps[0].upstream  must have a port from 1 to 65535, because nothing can be reached at port 0, got 'http://a.example:0/x'"
  ],
  [
    'a health check without a path',
    apps('health: { every: 10s }'),
    '2:81  apps[0].health.path  is missing, for example /healthz'
  ],
  [
    'a health check with a URL',
    apps('health: { path: "http://x/healthz" }'),
    "2:89  apps[0].health.path  must begin with one '/', such as /healthz, got 'http://x/healthz'"
  ],
  [
    'a health check that takes longer than its interval',
    apps('health: { path: /, every: 5s, timeout: 10s }'),
    '2:112  apps[0].health.timeout  health.timeout (10s) must not be longer than health.every (5s)'
  ],
  [
    'a health check more often than the usual time limit',
    apps('health: { path: /, every: 1s }'),
    '2:99  apps[0].health.every  health.timeout (2s) must not be longer than health.every (1s)'
  ],
  [
    'statuses that are none',
    apps('health: { path: /, status: [200, 2x, 399-200, 100] }'),
    "2:106  apps[0].health.status[1]  must be a status such as 200, a class such as 2xx, or a range such as 200-399, got '2x'",
    "2:110  apps[0].health.status[2]  must be a status such as 200, a class such as 2xx, or a range such as 200-399, got '399-200'",
    "2:119  apps[0].health.status[3]  must be a status such as 200, a class such as 2xx, or a range such as 200-399, got '100'"
  ],
  [
    'sticky as a switch',
    apps('sticky: true'),
    "2:81  apps[0].sticky  must be session or person; leave the line out for turns, got 'true'"
  ],
  [
    'the end of a maintenance without its zone',
    apps('maintenance: { until: 2026-12-01 8:00 }'),
    "2:95  apps[0].maintenance.until  must have a time zone, such as 2026-12-01T08:00+01:00, got '2026-12-01 8:00'"
  ],
  [
    'a day that does not exist',
    apps('maintenance: { until: 2026-02-30T08:00Z }'),
    "2:95  apps[0].maintenance.until  must be a time that exists, got '2026-02-30T08:00Z'"
  ]
]
for (const [sentence, text, ...expected] of mistakes)
  t.test(`says exactly what is wrong: ${sentence}`, async t => {
    const loaded = read(text)
    t.same([loaded.kind, ...said(loaded)], ['bad', ...expected])
  })

const warnings: Row[] = [
  [
    'an upstream twice',
    'apps: [{ id: a, url: https://a.example, upstream: [http://b:1, "unix:/x", "http://b:1/"] }]',
    '1:75  apps[0].upstream[2]  is the same as apps[0].upstream[0]: it gets two turns, and gives no protection if the app is down'
  ]
]
for (const [sentence, text, ...expected] of warnings)
  t.test(`warns of ${sentence}`, async t => {
    const loaded = read(text)
    t.same([loaded.kind, ...said(loaded)], ['ok', ...expected])
  })

t.test('`check` says that sticky changes nothing for one upstream', async t => {
  const advice = (list: string) => {
    const loaded = read(`apps: [{ id: a, url: https://a.example, upstream: ${list}, sticky: session }]`)
    return loaded.kind === 'ok' ? loaded.advice.map(({ path }) => path) : null
  }
  t.same(advice('[http://b]'), ['apps[0].sticky'])
  t.same(advice('[http://b, http://c]'), [])
})
