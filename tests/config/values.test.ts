// biome-ignore-all lint/suspicious/noTemplateCurlyInString: as files write it
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { type Config, parseConfig } from '../../config/load.ts'
import { canonicalName } from '../../src/identity/account.ts'
import { normalName } from '../../src/request/header-name.ts'
import { parseNetworks } from '../../src/request/networks.ts'
import { parseRedisUrl } from '../../src/store/redis/url.ts'
import { read, said } from './read.ts'

function load(t: Test, text: string, env: NodeJS.ProcessEnv = {}, file?: string): Config {
  const loaded = read(text, env, file)
  if (loaded.kind === 'bad') throw new Error(said(loaded).join('\n'))
  t.equal(loaded.kind, 'ok')
  return loaded.config
}

t.test('fills in every default, in seconds and bytes, with absolute paths and parsed URLs', async t => {
  t.strictSame(load(t, 'portal: { url: https://Gate.Lab.example:443/ }'), {
    workers: 1,
    listen: {
      host: '127.0.0.1',
      port: 8443,
      tls: null,
      http: null,
      http2: 'auto',
      proxyProtocol: null,
      maxHeaderSize: 16_384
    },
    admin: { host: '127.0.0.1', port: 9090 },
    trustedProxies: ['10.0.0.1'],
    portal: {
      url: {
        origin: 'https://gate.lab.example',
        host: 'gate.lab.example',
        hostname: 'gate.lab.example',
        prefix: '',
        secure: true
      },
      title: 'Factorgate',
      contact: null,
      accent: null,
      logo: null,
      languages: ['en', 'de', 'fr', 'es', 'it', 'pt', 'pl', 'zh', 'ja', 'ar'],
      help: null,
      texts: Object.create(null),
      rpId: 'gate.lab.example'
    },
    store: { kind: 'embedded', path: '/etc/gate/var/store' },
    storeFile: null,
    redis: {
      username: null,
      password: null,
      passwordFile: null,
      sentinelUsername: null,
      sentinelPassword: null,
      sentinelPasswordFile: null,
      keyPrefix: 'factorgate:',
      tls: null
    },
    keyFile: '/etc/gate/var/factorgate.key',
    journal: {
      file: '/etc/gate/var/journal.jsonl',
      rotate: { size: 1024 ** 3, daily: true },
      keep: null,
      pseudonyms: [],
      export: []
    },
    session: { idle: 3600, absolute: 86_400, maxPerUser: 10 },
    factors: {
      totp: { algorithm: 'SHA1', digits: 6, period: 30, skew: 1, issuer: 'Factorgate' },
      webauthn: { userVerification: 'required', policy: null, attestation: 'none' },
      recoveryCodes: { count: 10 }
    },
    identity: [{ id: 'local', kind: 'local' }],
    device: { lifetime: 1200 },
    apps: [
      {
        id: 'x',
        title: 'x',
        description: null,
        section: null,
        url: {
          origin: 'https://x.lab.example',
          host: 'x.lab.example',
          hostname: 'x.lab.example',
          prefix: '',
          secure: true
        },
        upstream: [{ origin: 'http://10.9.9.9', socketPath: null, basePath: '' }],
        sticky: null,
        health: null,
        tls: null,
        rules: [{ access: 'mfa', factors: null, within: null, freshFor: null, deviceBound: null }],
        deviceBound: 'off',
        identityHeaders: { user: 'Remote-User', name: 'Remote-Name', email: 'Remote-Email', groups: 'Remote-Groups' },
        addHeaders: Object.create(null),
        passHeaders: [],
        preserveHost: true,
        forwarded: false,
        caseSensitive: false,
        assertion: false,
        allowedOrigins: [],
        timeouts: { connect: 5, response: 60 },
        enforce: 'always',
        tokens: false,
        keepPosts: true,
        sessionEnds: false,
        upstreamLogin: null,
        forwardAuth: null,
        guarded: false,
        integrity: null,
        decoys: [],
        onDecoy: null,
        maintenance: null
      }
    ],
    log: { level: 'info' },
    traces: null,
    notify: null,
    watch: null,
    shutdownTimeout: 30,
    unsafeHttp: false,
    unsafeVolatileStore: false,
    file: '/etc/gate/factorgate.yaml'
  } as unknown as Config)
})

t.test('reads units', async t => {
  for (const [text, seconds] of [
    ['0s', 0],
    ['90s', 90],
    ['2m', 120],
    ['3h', 10_800],
    ['1d', 86_400]
  ] as const)
    t.equal(load(t, `shutdownTimeout: ${text}`).shutdownTimeout, seconds, text)
  for (const [text, bytes] of [
    ['8192B', 8192],
    ['16KiB', 16_384],
    ['1MiB', 1_048_576]
  ] as const)
    t.equal(load(t, `listen: { maxHeaderSize: ${text} }`).listen.maxHeaderSize, bytes, text)
})

t.test('reads upstreams: one, several, a base path, a socket', async t => {
  const upstream = (text: string) =>
    load(t, `apps: [{ id: a, url: https://a.example, upstream: ${text} }]`).apps[0]!.upstream
  t.strictSame(upstream('http://10.0.0.2:80/a/b/'), [{ origin: 'http://10.0.0.2', socketPath: null, basePath: '/a/b' }])
  t.strictSame(upstream('["https://[::1]:9", "http://b:1"]'), [
    { origin: 'https://[::1]:9', socketPath: null, basePath: '' },
    { origin: 'http://b:1', socketPath: null, basePath: '' }
  ])
  for (const [text, socketPath] of [
    ['unix:/run/a.sock', '/run/a.sock'],
    ['unix:///run/a.sock', '/run/a.sock'],
    ['unix:run/a.sock', '/etc/gate/run/a.sock']
  ] as const)
    t.strictSame(upstream(text), [{ origin: 'http://localhost', socketPath, basePath: '' }], text)
  for (const [text, socketPath, basePath] of [
    ['unix:/run/a.sock:/nb/', '/run/a.sock', '/nb'],
    ['unix:///run/a.sock:/', '/run/a.sock', ''],
    ['unix:/run/a.sock:', '/run/a.sock', ''],
    ['unix:a:b.sock:/x/y', '/etc/gate/a:b.sock', '/x/y']
  ] as const)
    t.strictSame(upstream(`"${text}"`), [{ origin: 'http://localhost', socketPath, basePath }], text)
})

t.test('reads public addresses', async t => {
  const url = (text: string) => load(t, `apps: [{ id: a, url: "${text}", upstream: http://b }]`).apps[0]!.url
  t.match(url('HTTPS://Lab.Example:8443/Nb/'), {
    origin: 'https://lab.example:8443',
    host: 'lab.example:8443',
    prefix: '/Nb'
  })
  t.match(url('http://[::1]:80/nb'), { origin: 'http://[::1]', host: '[::1]', hostname: '[::1]', secure: false })
  for (const text of ['http://localhost', 'http://a.b.localhost:1', 'http://127.9.9.9', 'https://10.0.0.1'])
    t.equal(url(text).origin, text, `takes ${text}`)
})

t.test('reads rules: conditions left out stay out, names have one spelling', async t => {
  const [app] = load(
    t,
    'apps: [{ id: a, url: https://a.example, upstream: http://b, rules: [{ users: [" Alice", ALICE@Lab.example], access: mfa, within: 5m, factors: [webauthn] }, { access: deny }] }]'
  ).apps
  t.strictSame(app!.rules, [
    {
      users: ['alice', 'alice@lab.example'],
      access: 'mfa',
      factors: ['webauthn'],
      within: 300,
      freshFor: null,
      deviceBound: null
    },
    { access: 'deny', factors: null, within: null, freshFor: null, deviceBound: null }
  ])
  for (const name of [
    'alice',
    'Alice ',
    'ａｌｉｃｅ',
    'a.b+c@lab.example',
    'a b',
    'a@b@c',
    '-a',
    'a'.repeat(65),
    `a@${'b'.repeat(200)}`,
    '@'
  ]) {
    const text = `apps: [{ id: a, url: https://a.example, upstream: http://b, rules: [{ users: [${JSON.stringify(name)}], access: mfa }] }]`
    const loaded = read(text)
    const users = loaded.kind === 'ok' ? loaded.config.apps[0]!.rules[0]!.users : [undefined]
    t.strictSame(users, [canonicalName(name)], `'${name.slice(0, 20)}' is the name that accounts have, or none`)
  }
})

t.test('takes text as it stands where YAML alone sees a number', async t => {
  const config = load(t, 'portal: { url: https://g.example, title: 2026.10 }')
  t.equal(config.portal.title, '2026.10')
  t.equal(config.factors.totp.issuer, '2026.10')
})

t.test('switches things off in words', async t => {
  t.equal(load(t, 'admin: false').admin, false)
  const [app] = load(
    t,
    'apps: [{ id: a, url: https://a.example, upstream: http://b, maintenance: {}, identityHeaders: { name: null, email: ~ } }]'
  ).apps
  t.strictSame(app!.identityHeaders, { user: 'Remote-User', name: null, email: null, groups: 'Remote-Groups' })
  t.strictSame(app!.maintenance, { until: null, message: null })
})

t.test('keeps header names that are words of JavaScript apart from it', async t => {
  const [app] = load(
    t,
    'apps: [{ id: a, url: https://a.example, upstream: http://b, addHeaders: { __proto__: x, constructor: y } }]'
  ).apps
  t.strictSame(Object.entries(app!.addHeaders), [
    ['__proto__', 'x'],
    ['constructor', 'y']
  ])
})

t.test('fills in the environment, whole or in part, as text, number and switch', async t => {
  const env = { PORT: '8080', HOME_: '/srv', ON: 'true', LEVEL: 'warn', DOLLAR: '${PORT}' }
  const config = load(
    t,
    'listen: { port: "${PORT}" }\njournal: ${HOME_}/${PORT}.jsonl\nunsafeHttp: ${ON}\nlog: { level: "${LEVEL}" }\nportal: { url: https://g.example, title: "$${PORT} $5 ${DOLLAR}" }',
    env
  )
  t.equal(config.listen.port, 8080)
  t.equal(config.journal.file, '/srv/8080.jsonl')
  t.equal(config.unsafeHttp, true)
  t.equal(config.log.level, 'warn')
  t.equal(config.portal.title, '${PORT} $5 ${PORT}', 'what was filled in is not filled in again')
})

t.test('reads secrets from files', async t => {
  const folder = t.testdir({ 'store.url': 'redis://:p%40ss@h:1/2\r\n', pw: 'a b\n\n' })
  const file = path.join(folder, 'factorgate.yaml')
  const config = load(t, 'storeFile: store.url', {}, file)
  t.strictSame(config.store, { kind: 'redis', url: 'redis://:p%40ss@h:1/2' })
  t.equal(config.storeFile, path.join(folder, 'store.url'))
  t.equal(
    load(t, 'store: redis://h\nredis: { passwordFile: pw }', {}, file).redis.password,
    'a b\n',
    'one line break goes'
  )
})

t.test('takes every kind of store, and none that the store does not', async t => {
  for (const url of [
    'redis://h',
    'redis://h:1/0',
    'redis://[::1]:6379',
    'rediss://u:p%3A%40@h:6380/1',
    'redis+sentinel://a:1,b:2,c/master/3',
    'redis+cluster://a:1,b:2,[::1]:3',
    'rediss+sentinel://a/m',
    'rediss+cluster://:p@a/'
  ]) {
    t.strictSame(load(t, `store: "${url}"`).store, { kind: 'redis', url }, url)
    t.doesNotThrow(() => parseRedisUrl(url), 'the store reads it, too')
  }
  t.strictSame(load(t, 'store: embedded:/x').store, { kind: 'embedded', path: '/x' })
})

t.test('names the files that a reload depends on', async t => {
  const loaded = parseConfig('portal: { url: "http://localhost:1" }\napps: []\n', '/etc/gate/factorgate.yaml')
  t.match(loaded, { kind: 'ok', files: ['/etc/gate/factorgate.yaml'] })
})

t.test('follows anchors and aliases', async t => {
  const config = load(
    t,
    'apps:\n  - { id: a, url: https://a.example, upstream: http://a, rules: &r [{ groups: [x], access: mfa }] }\n  - { id: b, url: https://b.example, upstream: http://b, rules: *r }'
  )
  t.same(config.apps[1]!.rules, config.apps[0]!.rules)
})

t.test('survives any text', async t => {
  const whole =
    'portal: { url: https://g.example }\napps:\n  - &a { id: a, url: https://a.example, upstream: [http://b], rules: [{ path: /x, access: mfa }] }\n  - *a\n'
  for (let cut = 0; cut < whole.length; cut += 5)
    for (const put of ['', '\t', '{', ']', ': ', '\u0000', '*a', '&a ', '!!binary ', '? ', '- ', '"', '${'])
      for (const text of [whole.slice(0, cut) + put, whole.slice(0, cut) + put + whole.slice(cut)]) {
        const loaded = read(text)
        if (loaded.kind === 'bad' && loaded.problems.length === 0) t.fail(`no problem for ${JSON.stringify(text)}`)
      }
  t.pass('no exception, and never bad without a reason')
})

t.test('a folder of the file may hold anything', async t => {
  const folder = t.testdir()
  mkdirSync(path.join(folder, 'a b ${X}'))
  const file = path.join(folder, 'a b ${X}', 'f.yaml')
  writeFileSync(file, '')
  t.equal(load(t, 'journal: j', {}, file).journal.file, path.join(folder, 'a b ${X}', 'j'))
})

t.test('two header names are one here exactly where they are one to the forwarding', async t => {
  const groups = ['Remote-Groups', 'remote_GROUPS', 'X.A', 'x_a', "x!#$%&'*+.^_`|~9", 'x-----------9']
  for (const one of groups)
    for (const other of groups) {
      const headers = JSON.stringify({ user: one, name: other, groups: null })
      const loaded = read(`apps: [{ id: a, url: https://a.example, upstream: http://b, identityHeaders: ${headers} }]`)
      t.equal(loaded.kind, normalName(one) === normalName(other) ? 'bad' : 'ok', `${one}, ${other}`)
    }
})

t.test('takes the networks that routing takes, and no other', async t => {
  const good = [
    '10.0.0.1',
    '10.1.2.3/8',
    '0.0.0.0/0',
    '::1',
    'FE80::/10',
    '::ffff:10.0.0.1',
    '::ffff:10.0.0.0/104',
    '2001:db8::/32'
  ]
  const bad = [
    '10.0.0',
    '10.0.0.1/',
    '10.0.0.1/33',
    '10.0.0.1/8/8',
    '::/129',
    '::ffff:10.0.0.0/64',
    '::ffff:a00:0/95',
    '010.0.0.1',
    'x',
    '1',
    '*',
    ' 10.0.0.1'
  ]
  for (const network of [...good, ...bad]) {
    const isGood = good.includes(network)
    t.equal(read(`trustedProxies: ["${network}"]`).kind, isGood ? 'ok' : 'bad', network)
    if (isGood) t.doesNotThrow(() => parseNetworks([network]))
    else t.throws(() => parseNetworks([network]))
  }
})

t.test('the journal is a file, or a map with a file and how to keep it', async t => {
  const rows: [text: string, expected: object][] = [
    ['journal: /srv/j.jsonl', { file: '/srv/j.jsonl', rotate: { size: 1024 ** 3, daily: true }, keep: null }],
    ['journal: { keep: 400d }', { file: '/etc/gate/var/journal.jsonl', keep: 400 * 86_400 }],
    [
      'journal: { file: /srv/j.jsonl, rotate: { size: 64MiB, daily: false }, pseudonyms: [user, client] }',
      { file: '/srv/j.jsonl', rotate: { size: 64 * 1024 ** 2, daily: false }, pseudonyms: ['user', 'client'] }
    ]
  ]
  for (const [text, expected] of rows)
    t.match(load(t, `portal: { url: https://gate.lab.example/ }\n${text}`).journal, expected, text)
})
