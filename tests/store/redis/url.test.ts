import t from 'tap'
import { StoreMisconfigured } from '../../../src/store/misconfigured.ts'
import { openStore } from '../../../src/store/open.ts'
import { checkSuitability, readFacts } from '../../../src/store/redis/preflight.ts'
import { parseRedisUrl } from '../../../src/store/redis/url.ts'

t.test('reads every shape of address', async t => {
  const node = (host: string, port: number) => ({ host, port })
  const cases: [string, object][] = [
    ['redis://h', { shape: 'standalone', nodes: [node('h', 6379)], secure: false, database: 0 }],
    ['redis://h:7000/3', { nodes: [node('h', 7000)], database: 3, name: 'redis://h:7000/3' }],
    ['rediss://h', { secure: true, name: 'rediss://h' }],
    ['redis://[::1]:7000', { nodes: [node('::1', 7000)] }],
    ['redis://user:p%40ss%3Aw%2Frd@h', { username: 'user', password: 'p@ss:w/rd', name: 'redis://h' }],
    ['redis://:secret@h', { username: undefined, password: 'secret' }],
    ['redis://u:a:b@h', { username: 'u', password: 'a:b' }],
    ['redis+cluster://a:1,b:2,c', { shape: 'cluster', nodes: [node('a', 1), node('b', 2), node('c', 6379)] }],
    ['rediss+cluster://u:p@a', { shape: 'cluster', secure: true, username: 'u' }],
    [
      'redis+sentinel://a,b:2/lab',
      { shape: 'sentinel', nodes: [node('a', 26379), node('b', 2)], master: 'lab', database: 0 }
    ],
    ['redis+sentinel://a/my%20lab/2', { master: 'my lab', database: 2 }],
    [
      'redis+sentinel://a/lab?sentinelUsername=s&sentinelPassword=x%26y',
      { parameters: { sentinelUsername: 's', sentinelPassword: 'x&y' } }
    ],
    ['rediss://h?ca=/etc/ca.pem&servername=redis.lab', { parameters: { ca: '/etc/ca.pem', servername: 'redis.lab' } }]
  ]
  for (const [url, expected] of cases) t.match(parseRedisUrl(url), expected, url)
})

t.test('says what is wrong with an address, and never its password', async t => {
  const cases: [string, RegExp][] = [
    ['redis://u:hunter2@', /HOST or HOST:PORT/],
    ['redis://u:hunter2@h:99999', /HOST or HOST:PORT/],
    ['redis://u:hunter2@h:port', /HOST or HOST:PORT/],
    ['redis://u:hunter2@a,b', /several hosts need/],
    ['redis://u:hunter2@h/name', /number of a database/],
    ['redis://u:hunter2@h/0/1', /number of a database/],
    ['redis://u:hunter2@h?tls=yes', /may only have ca, cert/],
    ['redis://u:hunter2%@h', /'%' in a name or a password/],
    ['redis://u:hunter2/x@h', /%2F/],
    ['redis://u:x@hunter2/x@h', /%40/],
    ['redis://u:x@hunter2@h', /%40/],
    ['redis://u:hunter2#x@h', /%23/],
    ['redis+sentinel://u:hunter2@h', /needs the master's name/],
    ['redis+cluster://u:hunter2@h/2', /no numbered databases/],
    ['redis+other://u:hunter2@h', /write redis:/],
    ['rediss://u:hunter2@h?ca=/nowhere/ca.pem', /\/nowhere\/ca\.pem, which cannot be read \(ENOENT\)/],
    ['postgres://u:hunter2@h', /begins with embedded:, redis:/],
    ['nonsense', /begins with embedded:, redis:/]
  ]
  for (const [url, message] of cases) {
    const error = await openStore(url).then(
      () => null,
      error => error
    )
    t.ok(error instanceof StoreMisconfigured, url)
    t.match(error.message, message)
    t.notMatch(error.message, /hunter2/)
  }
})

t.test('trusts a Redis that keeps what it is told, and no other', async t => {
  const lines = (fields: object) =>
    Object.entries(fields)
      .map(([name, value]) => `${name}:${value}`)
      .join('\r\n')
  const usual = { role: 'master', loading: 0 }
  const info = (fields: object) => lines({ redis_version: '7.0.15', redis_mode: 'standalone', ...usual, ...fields })
  const valkey = (fields: object) =>
    lines({ redis_version: '7.2.4', server_name: 'valkey', valkey_version: '8.0.1', ...usual, ...fields })
  const aof = { appendonly: 'yes', save: '', 'maxmemory-policy': 'noeviction' }
  const cases: [string, Parameters<typeof readFacts>, object][] = [
    ['append-only file', [info({}), aof], { kind: 'suitable' }],
    ['snapshots alone', [info({}), { ...aof, appendonly: 'no', save: '3600 1' }], { kind: 'suitable' }],
    ['neither', [info({}), { ...aof, appendonly: 'no' }], { kind: 'unsuitable', why: /appendonly yes/ }],
    [
      'evictions',
      [info({}), { ...aof, 'maxmemory-policy': 'allkeys-lru' }],
      { kind: 'unsuitable', why: /allkeys-lru/ }
    ],
    [
      'INFO alone, append-only file',
      [info({ aof_enabled: 1, maxmemory_policy: 'noeviction' }), null],
      { kind: 'suitable' }
    ],
    [
      'INFO alone, evictions',
      [info({ aof_enabled: 1, maxmemory_policy: 'volatile-ttl' }), null],
      { kind: 'unsuitable', why: /volatile-ttl/ }
    ],
    [
      'INFO alone, perhaps snapshots',
      [info({ aof_enabled: 0, maxmemory_policy: 'noeviction' }), null],
      { kind: 'unsuitable', why: /\+config\|get/ }
    ],
    ['CONFIG alone', [null, aof], { kind: 'suitable' }],
    ['silence', [null, null], { kind: 'unsuitable', why: /does not say .* \+info and \+config\|get/ }],
    ['an old one', [info({ redis_version: '6.0.9' }), aof], { kind: 'unsuitable', why: /6\.2 or newer/ }],
    ['a Sentinel', [info({ redis_mode: 'sentinel' }), aof], { kind: 'unsuitable', why: /redis\+sentinel/ }],
    [
      'a Sentinel of Valkey',
      [valkey({ server_mode: 'sentinel' }), aof],
      { kind: 'unsuitable', why: /redis\+sentinel/ }
    ],
    [
      'a node of a Cluster of Valkey',
      [valkey({ server_mode: 'cluster' }), aof],
      { kind: 'unsuitable', why: /redis\+cluster/ }
    ],
    ['a node of a Cluster', [info({ redis_mode: 'cluster' }), aof], { kind: 'unsuitable', why: /redis\+cluster/ }],
    ['a replica', [info({ role: 'slave' }), aof], { kind: 'unavailable', why: /replica/ }],
    ['one that loads', [info({ loading: 1 }), aof], { kind: 'unavailable', why: /loading/ }]
  ]
  for (const [name, facts, verdict] of cases)
    t.match(checkSuitability(readFacts(...facts), { isCluster: false, unsafeVolatileStore: false }), verdict, name)
  for (const [name, facts] of cases.filter(([, , verdict]) =>
    /appendonly|lru|ttl|config/.test(JSON.stringify(verdict, (_, x) => String(x.source ?? x)))
  ))
    t.same(
      checkSuitability(readFacts(...facts), { isCluster: false, unsafeVolatileStore: true }),
      { kind: 'suitable' },
      `unsafeVolatileStore takes ${name}`
    )
})
