import { chmodSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { ConfigError, defaultConfig, formatProblem, type Loaded, loadConfig } from '../../config/load.ts'
import { selfSigned } from '../fixtures/process/self-signed.ts'

const good =
  'trustedProxies: [10.0.0.1]\nportal: { url: https://gate.lab.example }\napps: [{ id: a, url: https://a.lab.example, upstream: http://b }]\n'
const lines = (loaded: Loaded) => (loaded.kind === 'ok' ? loaded.warnings : loaded.problems).map(formatProblem)

t.test('finds the file: named, by FACTORGATE_CONFIG, in the working directory', async t => {
  const cwd = t.testdir({ 'factorgate.yaml': good, other: { 'x.yaml': good }, 'y.yaml': good })
  t.match(await loadConfig({ cwd, env: {} }), { kind: 'ok', file: path.join(cwd, 'factorgate.yaml') })
  t.match(await loadConfig({ cwd, env: { FACTORGATE_CONFIG: 'other/x.yaml' } }), {
    kind: 'ok',
    file: path.join(cwd, 'other/x.yaml')
  })
  t.match(await loadConfig({ cwd, env: { FACTORGATE_CONFIG: 'nope' }, file: 'y.yaml' }), {
    kind: 'ok',
    file: path.join(cwd, 'y.yaml')
  })
  const loaded = await loadConfig({ cwd, env: { FACTORGATE_CONFIG: path.join(cwd, 'other/x.yaml') } })
  t.equal(
    loaded.kind === 'ok' && loaded.config.keyFile,
    path.join(cwd, 'other/var/factorgate.key'),
    'paths start there'
  )
})

t.test('says what is wrong with the file itself', async t => {
  const cwd = t.testdir({
    latin: Buffer.from('portal: { title: caf\xe9 }', 'latin1'),
    folder: {},
    long: `#${'x'.repeat(1024 * 1024)}`,
    wrong: 'log: x'
  })
  const said = async (file: string, env = {}) => lines(await loadConfig({ cwd, env, file }))
  t.same(await said('nope.yaml'), ['nope.yaml  there is no such file'])
  t.same(lines(await loadConfig({ cwd, env: { FACTORGATE_CONFIG: 'nope' } })), [
    'nope  there is no such file (named by FACTORGATE_CONFIG)'
  ])
  t.same(await said('folder'), ['folder  is a folder; give the path of a file in it'])
  t.same(await said('latin'), [
    'latin  is not UTF-8 text (line 1): if it is Latin-1, convert it with: iconv -f LATIN1 -t UTF-8 latin > NEW'
  ])
  t.same(await said('long'), ['long  is longer than 1 MiB, which is too long for a configuration; check the path'])
  t.ok((await said('wrong'))[0]?.startsWith('wrong:1:'), 'places carry the name that was given')
})

t.test(
  'FIELD N10 a working directory that may not be entered, as with runuser in /root, has no configuration',
  async t => {
    const cwd = t.testdir({ closed: { 'factorgate.yaml': good } })
    const closed = path.join(cwd, 'closed')
    chmodSync(closed, 0o000)
    const isRoot = process.getuid?.() === 0
    if (isRoot) process.seteuid?.(65_534)
    try {
      t.match(lines(await loadConfig({ cwd: closed, env: {} })), [/^there is no configuration: /])
      t.same(lines(await loadConfig({ cwd: closed, env: { FACTORGATE_CONFIG: 'factorgate.yaml' } })), [
        'factorgate.yaml  this user may not read the file; run the command as its owner, for example with sudo (named by FACTORGATE_CONFIG)'
      ])
    } finally {
      if (isRoot) process.seteuid?.(0)
      chmodSync(closed, 0o755)
    }
  }
)

t.test('says that there is no file, and what to do', async t => {
  const loaded = await loadConfig({ cwd: t.testdir(), env: {} })
  t.match(loaded, { kind: 'bad', file: null })
  t.same(lines(loaded), [
    'there is no configuration: neither factorgate.yaml nor /etc/factorgate/factorgate.yaml exists. Write one with `factorgate init`, give its path with --config, or protect one app without a file: factorgate serve --upstream URL'
  ])
})

t.test(
  'says that a file may not be read',
  { skip: process.getuid?.() === 0 ? 'root may read all' : false },
  async t => {
    const cwd = t.testdir({ f: good })
    chmodSync(path.join(cwd, 'f'), 0)
    t.same(lines(await loadConfig({ cwd, env: {}, file: 'f' })), [
      'f  this user may not read the file; run the command as its owner, for example with sudo'
    ])
  }
)

t.test('checks the certificate and the key of the listener', async t => {
  const cwd = t.testdir({ junk: 'x' })
  for (const name of ['a', 'b']) await selfSigned(cwd, { name, days: 30 })
  const said = async (cert: string, key: string) => {
    const file = path.join(t.testdirName, 'f.yaml')
    const { writeFileSync } = await import('node:fs')
    writeFileSync(file, `${good}listen: { tls: { cert: ${cert}, key: ${key} } }\n`)
    return lines(await loadConfig({ cwd, env: {}, file: 'f.yaml' }))
  }
  t.same(await said('a.crt', 'a.key'), [])
  t.same(await said('a.crt', 'b.key'), [
    'f.yaml:4:36  listen.tls.key  does not belong to the certificate in listen.tls.cert: ' +
      `'${path.join(cwd, 'b.key')}' is another key`
  ])
  const junk = `'${path.join(cwd, 'junk')}' has no line -----BEGIN …-----`
  t.same(await said('junk', 'junk'), [
    `f.yaml:4:24  listen.tls.cert  must name a PEM file that begins with a certificate; ${junk}`,
    `f.yaml:4:35  listen.tls.key  must name a PEM file with a private key that has no passphrase; ${junk}`
  ])
  t.match(await said('a.key', 'a.crt'), [
    /a\.key' begins with a PRIVATE KEY, or/,
    /a\.crt' begins with a CERTIFICATE, or/
  ])
  t.same(await said('nope', 'a.key'), [
    `f.yaml:4:24  listen.tls.cert  must name a readable file; there is no such file: '${path.join(cwd, 'nope')}'`
  ])
})

t.test('makes a configuration without a file', async t => {
  const config = defaultConfig({ upstream: 'http://127.0.0.1:8888', cwd: '/srv' })
  t.match(config, {
    file: null,
    listen: { host: '127.0.0.1', port: 8443 },
    portal: { url: { origin: 'http://localhost:8443' }, title: 'Factorgate', rpId: 'localhost' },
    store: { kind: 'embedded', path: '/srv/var/store' },
    keyFile: '/srv/var/factorgate.key',
    journal: { file: '/srv/var/journal.jsonl', rotate: { size: 1024 ** 3, daily: true }, keep: null, pseudonyms: [] },
    apps: [
      {
        id: 'app',
        url: { origin: 'http://localhost:8443', prefix: '' },
        upstream: [{ origin: 'http://127.0.0.1:8888' }]
      }
    ]
  })
  const other = defaultConfig({
    upstream: 'unix:a.sock',
    listenHost: '::1',
    listenPort: 9000,
    title: 'A: "$' + '{X}"',
    cwd: '/srv'
  })
  t.match(other, {
    listen: { host: '::1', port: 9000 },
    portal: { title: 'A: "$' + '{X}"', url: { origin: 'http://localhost:9000' } }
  })
  t.equal(other.apps[0]?.upstream[0]?.socketPath, '/srv/a.sock')
  t.same(defaultConfig({ cwd: '/srv' }).apps, [])
  t.equal(
    defaultConfig({ listenPort: 0, portalUrl: 'http://gate.localhost:1234' }).portal.url.host,
    'gate.localhost:1234'
  )
})

t.test('says which option cannot be used', async t => {
  const message = (options: Parameters<typeof defaultConfig>[0]) => {
    try {
      defaultConfig(options)
      return 'fine'
    } catch (error) {
      return error instanceof ConfigError ? error.message : error
    }
  }
  t.equal(message({ upstream: 'foo' }), "--upstream must be an http(s) or unix URL, got 'foo'")
  t.equal(message({ upstream: 'http://u:hunter2@x' }), '--upstream must not hold a user name or password')
  t.equal(
    message({ upstream: 'http://127.0.0.1:8443' }),
    '--upstream must not lead back to the gate itself: http://127.0.0.1:8443 is an address of the gate'
  )
  t.equal(
    message({ listenPort: 70_000, portalUrl: 'http://localhost' }),
    "--listen must be a whole number from 0 to 65535, got '70000'"
  )
  t.equal(
    message({ listenPort: 70_000, upstream: 'foo' }),
    "--listen must be a whole number from 0 to 65535, got '70000'; --upstream must be an http(s) or unix URL, got 'foo'",
    'what was made from the port is not said again'
  )
})
