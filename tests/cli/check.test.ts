import { chmodSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { terminal, usualConfig } from './terminal.ts'

t.test('a sound configuration: exit 0 and nothing to pass on', async t => {
  const factorgate = terminal(t, { config: `trustedProxies: [127.0.0.1]\n${usualConfig}` })
  await factorgate.newKey()
  const { code, stdout, stderr } = await factorgate('check')
  t.same([code, stdout], [0, ''])
  t.match(stderr, /^factorgate\.yaml: no problem found\n$/m)
  t.match(JSON.parse(await factorgate.ok('check', '--json')), {
    ok: true,
    problems: [],
    file: path.join(factorgate.folder, 'factorgate.yaml')
  })
})

t.test('every problem in a line of its own, with its place, key and the nearest valid key; exit 1', async t => {
  const factorgate = terminal(t, {
    config:
      'listen: { prot: 1 }\nportal: { url: "http://gate.example.org" }\nstore: nonsense\napps:\n  - id: one\n    url: not a url\n    upstream: ftp://x\n'
  })
  const { code, stdout, stderr } = await factorgate('check')
  t.equal(code, 1)
  const lines = stdout.trimEnd().split('\n')
  for (const shape of [
    /^factorgate\.yaml:1:\d+ {2}listen\.prot {2}.*port/,
    /^factorgate\.yaml:2:\d+ {2}portal\.url {2}/,
    /^factorgate\.yaml:3:\d+ {2}store {2}/,
    /^factorgate\.yaml:6:\d+ {2}apps\[0\]\.url {2}/,
    /^factorgate\.yaml:7:\d+ {2}apps\[0\]\.upstream {2}.*got 'ftp:\/\/x'/
  ])
    t.ok(
      lines.some(line => shape.test(line)),
      String(shape)
    )
  t.match(stderr, new RegExp(`^factorgate\\.yaml: ${lines.length} problems\n$`))
  const json = JSON.parse((await factorgate('check', '--json')).stdout)
  t.match(json, { ok: false, problems: [{ line: 1, path: 'listen.prot' }] })
  t.equal(json.problems.length, lines.length)
})

t.test('a key file that cannot be used is a problem, and warnings never end with "no problem found"', async t => {
  const factorgate = terminal(t)
  const missing = await factorgate('check')
  t.equal(missing.code, 1)
  t.match(missing.stdout, /^factorgate\.yaml:\d+:\d+ {2}keyFile {2}The key file .* is missing/)
  t.notMatch(missing.stderr, /: no problem found$/m)
  await factorgate.newKey()
  chmodSync(path.join(factorgate.folder, 'var/factorgate.key'), 0o644)
  t.match(await factorgate('check'), { code: 1, stdout: /keyFile {2}.*open to other users/ })
  chmodSync(path.join(factorgate.folder, 'var/factorgate.key'), 0o600)
  writeFileSync(
    path.join(factorgate.folder, 'unsafe.yaml'),
    'portal: { url: "http://gate.lab.example" }\nunsafeHttp: true\napps: [{ id: a, url: "http://a.lab.example", upstream: "http://127.0.0.1:1" }]\n'
  )
  const unsafe = await factorgate('check', '--config', 'unsafe.yaml')
  t.match(unsafe, { code: 0, stdout: '', stderr: /warning: unsafe\.yaml:2:\d+ {2}unsafeHttp/ })
  t.notMatch(unsafe.stderr, /: no problem found$/m)
  t.equal((await factorgate('check', '--config', 'unsafe.yaml', '--strict')).code, 1)
})

t.test('no file at all is a wrong call; a named one that is missing is a problem', async t => {
  const factorgate = terminal(t, { config: null })
  t.match(await factorgate('check'), {
    code: 2,
    stdout: '',
    stderr: /there is no configuration: neither factorgate\.yaml nor/
  })
  t.match(await factorgate('check', '--config', 'x.yaml'), { code: 1, stdout: /x\.yaml {2}there is no such file/ })
  const named = terminal(t, { config: null, env: { FACTORGATE_CONFIG: 'y.yaml' } })
  t.match(await named('check'), { code: 1, stdout: /y\.yaml.*FACTORGATE_CONFIG/ })
})
