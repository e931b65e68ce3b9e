/** FIELD N5: `check` finds what an administrator would find out too late, with its place and the way out. */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import t from 'tap'
import { Accounts } from '../../src/identity/accounts.ts'
import { terminal } from '../cli/terminal.ts'

const portal = 'portal: { url: "https://gate.lab.example" }\ntrustedProxies: [10.0.0.1]\n'
const app = (rules: string) =>
  `${portal}apps:\n  - id: one\n    url: https://one.lab.example\n    upstream: http://127.0.0.1:1\n    rules:\n${rules}`
const rule = (...rules: string[]) => app(rules.map(text => `      - ${text}\n`).join(''))

/** Line and column of the warning, its key and a part of its sentence; null: nothing is said. */
const rows: [sentence: string, config: string, said: RegExp | null][] = [
  [
    'a deny after a wider allow for some',
    rule('{ groups: [researchers], access: mfa }', '{ path: /admin/**, access: deny }'),
    /yaml:9:9 {2}apps\[0\]\.rules\[1\] {2}comes too late for groups researchers: the wider rule apps\[0\]\.rules\[0\].*above it/
  ],
  [
    'a deny after a wider allow for all',
    rule('{ path: /a/**, access: mfa }', '{ path: /a/b/**, access: deny }'),
    /yaml:9:9 {2}apps\[0\]\.rules\[1\] {2}is never used/
  ],
  [
    'a rule under a glob of one step',
    rule('{ path: /a/*, access: public }', '{ path: /a/b, access: mfa }'),
    /is never used/
  ],
  [
    'a rule under a glob in the middle',
    rule('{ path: /**/x, access: mfa }', '{ path: /a/b/x, access: deny }'),
    /is never used/
  ],
  [
    'a rule under a glob within a name',
    rule('{ path: /a*z/**, access: mfa }', '{ path: /abz/q, access: deny }'),
    /is never used/
  ],
  [
    'a fresher proof after a wider rule',
    rule('{ groups: [g], access: mfa }', '{ path: /admin/**, access: mfa, within: 5m }'),
    /comes too late/
  ],
  [
    'some may, the rest may not',
    rule('{ path: /a/**, groups: [g], access: mfa }', '{ path: /a/**, access: deny }', '{ access: mfa }'),
    null
  ],
  [
    'a person shut out after a group is let in',
    rule('{ groups: [researchers], access: mfa }', '{ users: [bob], access: deny }'),
    /rules\[1\] {2}comes too late for groups researchers/
  ],
  [
    'a part of a network shut out after the whole',
    rule('{ networks: [10.0.0.0/8], access: mfa }', '{ networks: [10.1.0.0/16, 192.168.0.1], access: deny }'),
    /comes too late for networks 10\.0\.0\.0\/8/
  ],
  [
    'a network within a network',
    rule('{ networks: ["2001:db8::/32"], access: mfa }', '{ networks: ["2001:db8:1::/48"], access: mfa, within: 5m }'),
    /is never used/
  ],
  ['two networks', rule('{ networks: [10.0.0.0/8], access: mfa }', '{ networks: [11.1.0.0/16], access: deny }'), null],
  [
    'one of a group may, the rest may not',
    rule('{ users: [ann], access: mfa }', '{ groups: [g], access: deny }'),
    null
  ],
  [
    'stronger factors after a wider rule',
    rule('{ groups: [g], access: mfa }', '{ path: /pay/**, access: mfa, factors: [webauthn] }'),
    /comes too late/
  ],
  [
    'the same path in other letter case',
    rule('{ path: /ADMIN/**, access: mfa }', '{ path: /admin/x, access: deny }'),
    /is never used/
  ],
  [
    'the page itself after its glob',
    rule('{ path: /admin/*, access: mfa }', '{ path: /admin, access: deny }', '{ path: /admin/**, access: mfa }'),
    /rules\[1\] {2}is never used/
  ],
  ['a glob after a name', rule('{ path: /admin*, access: deny }', '{ access: mfa }'), /write \/admin\/\*\*/],
  ...['/api/.*', '/(a|b)/x', '/a/[a-z]+/b', '/a$'].map((path): [string, string, RegExp] => [
    `a regular expression, ${path}`,
    rule(`{ path: '${path}', access: deny }`, '{ access: mfa }'),
    /rules\[0\]\.path {2}looks like a regular expression/
  ]),
  ...['/a/{b,c}/**', '/{admin,root}/x'].map((path): [string, string, RegExp] => [
    `braces, ${path}`,
    rule(`{ path: '${path}', access: deny }`, '{ access: mfa }'),
    /rules\[0\]\.path {2}'\{\w+,\w+\}' has no special meaning here/
  ]),
  [
    'braces in a decoy',
    rule('{ access: mfa }').replace('rules:', "decoys: ['/old/{passwords,users}.xlsx']\n    rules:"),
    /decoys\[0\] {2}'\{passwords,users\}' has no special meaning here/
  ],
  [
    'braces in a path for forms of other sites',
    rule('{ access: mfa }').replace('rules:', "keepPosts: { foreign: ['/saml/{acs,slo}'] }\n    rules:"),
    /keepPosts\.foreign\[0\] {2}'\{acs,slo\}' has no special meaning here/
  ],
  ['the narrow rule first', rule('{ path: /a/**, access: deny }', '{ access: mfa }'), null],
  ['other methods', rule('{ methods: [GET], access: mfa }', '{ path: /a/**, methods: [POST], access: deny }'), null],
  [
    'a glob that is wider in one place only',
    rule('{ path: /a/*, access: mfa }', '{ path: /a/**, access: deny }'),
    null
  ],
  [
    '/admin for /admin/**',
    rule('{ path: /admin, access: deny }', '{ access: mfa }'),
    /yaml:8:17 {2}apps\[0\]\.rules\[0\]\.path {2}matches this one page.*write \/admin\/\*\*/
  ],
  [
    '/admin/ for /admin/**',
    rule('{ path: /admin/, groups: [g], access: mfa }', '{ access: mfa }'),
    /write \/admin\/\*\*/
  ],
  ['/admin/* for /admin/**', rule('{ path: /admin/*, access: deny }', '{ access: mfa }'), /one step below \/admin/],
  [
    'both written',
    rule('{ path: /admin, access: deny }', '{ path: /admin/**, access: deny }', '{ access: mfa }'),
    null
  ],
  ['one public page', rule('{ path: /health, access: public }', '{ access: mfa }'), null],
  ['one file', rule('{ path: /secret.xlsx, access: deny }', '{ access: mfa }'), null],
  [
    'a glob that is never met decoded',
    rule('{ path: /a%20b/**, access: deny }', '{ access: mfa }'),
    /rules\[0\]\.path {2}may never match/
  ],
  ['a glob with an empty step', rule('{ path: /a//b/**, access: deny }', '{ access: mfa }'), /may never match/],
  [
    'wide proxies',
    `${portal.replace('10.0.0.1', '0.0.0.0/1')}apps: [{ id: a, url: "https://a.lab.example", upstream: "http://127.0.0.1:1" }]\n`,
    /yaml:2:18 {2}trustedProxies\[0\] {2}is very wide/
  ]
]

t.test('FIELD N5 rules that do not do what they seem to', async t => {
  for (const [sentence, config, said] of rows) {
    const factorgate = terminal(t, { config })
    await factorgate.newKey()
    const { code, stdout, stderr } = await factorgate('check')
    t.same([code, stdout], [0, ''], sentence)
    if (said === null) t.match(stderr, /yaml: no problem found$/m, sentence)
    else {
      t.match(stderr, said, sentence)
      t.match(stderr, /no problem, \d warnings?\n$/, sentence)
      const strict = await factorgate('check', '--strict', '--json')
      t.equal(strict.code, 1)
      t.match(JSON.parse(strict.stdout), { ok: false, problems: [], warnings: [{ path: /./ }] })
    }
  }
})

t.test(
  'FIELD N5 a certificate that does not cover a host, ends soon, begins later; a port that nobody is told',
  async t => {
    const make = (folder: string, days: string, names: string) =>
      execFileSync(
        'openssl',
        `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days ${days} -subj /CN=one.lab.example -addext subjectAltName=${names} -keyout tls.key -out tls.crt`.split(
          ' '
        ),
        { cwd: folder, stdio: 'pipe' }
      )
    const config = (port: number) =>
      `portal: { url: "https://gate.lab.example" }\nlisten: { port: ${port}, tls: { cert: tls.crt, key: tls.key } }\napps:\n  - { id: one, url: "https://one.lab.example", upstream: "http://127.0.0.1:1" }\n`
    const cases: [string, string, number, RegExp | null][] = [
      ['365', 'DNS:gate.lab.example,DNS:one.lab.example', 443, null],
      ['365', 'DNS:*.lab.example', 443, null],
      [
        '365',
        'DNS:gate.lab.example',
        443,
        /yaml:4:\d+ {2}apps\[0\]\.url {2}the certificate .* is not for one\.lab\.example but for gate\.lab\.example/
      ],
      ['365', 'DNS:*.example', 443, /portal\.url {2}the certificate/],
      ['3', 'DNS:*.lab.example', 443, null],
      ['365', 'DNS:*.lab.example', 8443, /yaml:1:\d+ {2}portal\.url {2}leads to port 443, but the gate listens on 8443/]
    ]
    for (const [days, names, port, said] of cases) {
      const factorgate = terminal(t, { config: config(port) })
      await factorgate.newKey()
      make(factorgate.folder, days, names)
      chmodSync(path.join(factorgate.folder, 'tls.key'), 0o600)
      const { stderr } = await factorgate('check')
      if (said === null) t.match(stderr, /yaml: no problem found$/m, names)
      else t.match(stderr, said, names)
    }
  }
)

t.test('FIELD N5 groups and users that nobody has, and nobody at all', async t => {
  const factorgate = terminal(t, {
    config: rule('{ groups: [researchers, reserchers], users: [ada, bob], access: mfa }', '{ access: mfa }')
  })
  await factorgate.newKey()
  t.match(
    (await factorgate('check')).stderr,
    /note: the groups and users of the rules were not checked: there is no store/
  )
  await factorgate.store().put('x', '1')
  t.match((await factorgate('check')).stderr, /warning: .* {2}store {2}nobody has an account yet.*user add/)
  await new Accounts({ store: factorgate.store(), clock: factorgate.time.read }).create({
    name: 'ada',
    groups: ['researchers']
  })
  const { stderr } = await factorgate('check')
  t.match(
    stderr,
    /yaml:8:33 {2}apps\[0\]\.rules\[0\]\.groups\[1\] {2}nobody is in the group 'reserchers'; did you mean 'researchers'\?/
  )
  t.match(stderr, /users\[1\] {2}there is no account 'bob'/)
  t.notMatch(stderr, /'ada'|groups\[0\]/)
  const file = path.join(factorgate.folder, 'factorgate.yaml')
  writeFileSync(
    file,
    `${readFileSync(file, 'utf8')}\nwatch: { posture: { lockdown: { groups: [reserchers] } }, decoys: { exempt: { groups: [crawlers], users: [bob] } }, unusual: { countries: places.mmdb } }\n`
  )
  const watch = (await factorgate('check')).stderr
  t.match(watch, /watch\.posture\.lockdown\.groups\[0\] {2}nobody is in the group 'reserchers'; did you mean/)
  t.match(watch, /watch\.decoys\.exempt\.groups\[0\] {2}nobody is in the group 'crawlers'/)
  t.match(watch, /watch\.decoys\.exempt\.users\[0\] {2}there is no account 'bob'/)
  t.match(
    watch,
    /watch\.unusual\.countries {2}the file of countries .*places\.mmdb is not used: there is no such file\./
  )
  writeFileSync(path.join(factorgate.folder, 'places.mmdb'), 'no such format')
  t.match((await factorgate('check')).stderr, /places\.mmdb is not used: it is damaged, or no file in the format/)
})

t.test('FIELD N5 what keeps the gate from starting is a problem', async t => {
  const factorgate = terminal(t, { config: rule('{ access: mfa }') })
  t.match(await factorgate('check'), { code: 1, stdout: /keyFile {2}The key file .* is missing.*key new/ })
  await factorgate.newKey()
  const key = path.join(factorgate.folder, 'var/factorgate.key')
  for (const mode of [0o644, 0o604, 0o666]) {
    chmodSync(key, mode)
    t.match(await factorgate('check'), { code: 1, stdout: /keyFile {2}.*chmod 600/ })
  }
  chmodSync(key, 0o600)
  t.equal((await factorgate('check')).code, 0)
  writeFileSync(key, 'no key')
  t.match(await factorgate('check', '--json'), { code: 1, stdout: /"path": "keyFile"/ })
})

t.test('FIELD N5 a folder where the gate needs a file, and a file where it needs a folder', async t => {
  const places: [string, RegExp | null][] = [
    ['journal: ./var', /journal {2}.*\/var is a folder: give a file in it/],
    ['journal: ./factorgate.yaml/x', /journal {2}.*factorgate\.yaml is a file, but the journal needs a folder there/],
    ['store: embedded:./factorgate.yaml', /store {2}.*factorgate\.yaml is a file, but the store needs a folder/],
    ['store: embedded:./factorgate.yaml/x/y', /store {2}.*is a file/],
    ['store: embedded:./new/x/y\njournal: ./new/x/j', null]
  ]
  for (const [line, said] of places) {
    const factorgate = terminal(t, { config: `${rule('{ access: mfa }')}${line}\n` })
    await factorgate.newKey()
    const { code, stdout } = await factorgate('check')
    t.equal(code, said === null ? 0 : 1, line)
    if (said !== null) t.match(stdout, said, line)
    if (said === null || !line.startsWith('journal')) continue
    const served = await factorgate('serve')
    t.match([served.code, served.stderr], [1, said], `${line}: it does not start`)
    t.match(served.stderr, /nothing was started/)
  }
})

t.test(
  'FIELD N5 what root may read and the service may not',
  { skip: process.geteuid?.() !== 0 && 'needs root' },
  async t => {
    const factorgate = terminal(t, {
      config: `${rule('{ access: mfa }')}store: embedded:/tmp/field-n5-${process.pid}/store\njournal: /tmp/field-n5-${process.pid}/journal\n`
    })
    const data = `/tmp/field-n5-${process.pid}`
    t.teardown(() => execFileSync('rm', ['-rf', data]))
    mkdirSync(data)
    chownSync(data, 34567, 34567)
    await factorgate.newKey()
    const { code, stdout } = await factorgate('check')
    t.equal(code, 1)
    t.match(
      stdout,
      /keyFile {2}the gate's user 34567 .*the owner of .*field-n5.* may not read .*factorgate\.key: run chown 34567/
    )
    // What a command or a restore as root has left: the gate would go on without them, or not start.
    mkdirSync(path.join(data, 'store'))
    chownSync(path.join(data, 'store'), 34567, 34567)
    const files = ['store/data.mdb', 'store/lock.mdb', 'store/bell', 'store-known.json', 'journal.head']
    for (const file of files) writeFileSync(path.join(data, file), '', { mode: 0o600 })
    const said = (await factorgate('check')).stdout
    for (const file of files) t.match(said, `may not write ${data}/${file}: run chown 34567`, file)
  }
)

t.test('FIELD N5 --live says which app does not answer and which port is taken', async t => {
  const taken = createServer(socket => socket.destroy())
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise(resolve => taken.close(resolve)))
  const { port } = taken.address() as { port: number }
  const config = `portal: { url: "http://localhost:${port}" }\nlisten: { host: 127.0.0.1, port: ${port} }\nadmin: false\napps:
  - { id: up, url: "http://up.localhost:${port}", upstream: "http://127.0.0.1:1" }
  - { id: sock, url: "http://sock.localhost:${port}", upstream: "unix:/nowhere/x.sock" }\n`
  const factorgate = terminal(t, { config })
  await factorgate.newKey()
  t.equal((await factorgate('check')).code, 0, 'not asked for')
  const { code, stdout, stderr } = await factorgate('check', '--live')
  t.equal(code, 1)
  t.match(
    stdout,
    /yaml:5:\d+ {2}apps\[0\]\.upstream\[0\] {2}nothing answers at 127\.0\.0\.1:1 \(ECONNREFUSED\): start the app/
  )
  t.match(stdout, /apps\[1\]\.upstream\[0\] {2}nothing answers at \/nowhere\/x\.sock \(ENOENT\)/)
  t.match(stderr, /yaml:2:\d+ {2}listen\.port {2}a program listens on port/)
})
