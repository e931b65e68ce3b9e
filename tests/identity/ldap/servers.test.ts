/** The servers of a directory: the next one where one fails, what is encrypted, and what happens where none answers. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { Account } from '../../../src/identity/account.ts'
import { Directories } from '../../../src/identity/directories.ts'
import { ldapDirectory, serviceDn, servicePassword } from '../../fixtures/in-process/ldap-directory.ts'
import { type LdapEntry, startLdap } from '../../fixtures/in-process/ldap-server.ts'

const entries: LdapEntry[] = [
  { dn: serviceDn, password: servicePassword, attributes: {} },
  { dn: 'uid=alice,dc=lab', password: 'pw', attributes: { uid: 'alice', entryUUID: 'id-of-alice' } }
]

t.test('the next server is asked where one refuses, and the first again once it works', async t => {
  const first = await startLdap(t, { entries })
  let second = await startLdap(t, { entries })
  const { directory, enter, said, time } = ldapDirectory(t, { servers: [first.url, second.url] })
  t.match(await enter('alice', 'pw'), { name: 'alice' })
  t.equal(directory.trouble, null)
  t.equal(second.connections, 0, 'the second one is not asked while the first one works')
  await first.stop()
  t.match(await enter('alice', 'pw'), { name: 'alice' })
  t.match(said, [{ sentence: /does not work/ }], 'it is said once')
  const directories = new Directories({ passwords: [directory], institutions: [] })
  const problem = `${first.url}: .*ECONNREFUSED.*`
  t.match(directories.troubles(), [new RegExp(`^institute works, but not all of its servers: ${problem}$`)])
  t.equal(directory.trouble, null)
  await second.stop()
  time.advance(30)
  t.same(await enter('alice', 'pw'), { kind: 'unreachable' })
  t.match(directories.troubles(), [new RegExp(`^institute does not work: ${problem}; ${second.url}: `)])
  second = await startLdap(t, { entries, port: second.port })
  time.advance(30)
  t.match(await enter('alice', 'pw'), { name: 'alice' })
  t.match(directories.troubles(), [/^institute works, but/])
  const again = await startLdap(t, { entries, port: first.port })
  t.match(await enter('alice', 'pw'), { name: 'alice' })
  t.equal(again.connections, 0, 'for a while it is left out')
  time.advance(30)
  t.match(await enter('alice', 'pw'), { name: 'alice' })
  t.ok(again.connections > 0)
  t.match(said.at(-1), { sentence: /works again/ })
  t.same(directories.troubles(), [])
})

t.test('a server that takes requests and never answers costs the timeout once', async t => {
  const [mute, second] = [await startLdap(t, { entries }), await startLdap(t, { entries })]
  mute.isMute = true
  const { enter, said } = ldapDirectory(t, { servers: [mute.url, second.url], timeoutMs: 1_000 })
  t.match(await enter('alice', 'pw'), { name: 'alice' })
  t.match(said[0]?.problem, /timed out/)
  const before = mute.connections
  t.match(await enter('alice', 'pw'), { name: 'alice' })
  t.equal(mute.connections, before)
})

t.test('the directory is unreachable, and nobody is let in', async t => {
  const none = await startLdap(t)
  await none.stop()
  const table: [string, (t: Test) => Promise<string>, RegExp][] = [
    ['where nobody listens', async () => none.url, /ECONNREFUSED/],
    ['where the connection is closed at once', t => raw(t, socket => socket.destroy()), /closed|ECONNRESET/],
    [
      'where something else answers',
      t => raw(t, socket => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
      /timed out|closed/
    ],
    ['where it sends without end', t => raw(t, flood), /more than|timed out/],
    [
      'where the service account is refused',
      async t => (await startLdap(t)).url,
      /service account cn=gate,dc=lab is refused \(49/
    ],
    [
      'where the service account may not search',
      async t => (await startLdap(t, { entries, search: () => 50 })).url,
      /50|Insufficient|0x32/i
    ],
    [
      'where the base does not exist',
      async t => (await startLdap(t, { entries, search: () => 32 })).url,
      /no 'dc=lab'/
    ],
    ['where the server is busy', async t => (await startLdap(t, { entries, search: () => 51 })).url, /busy|0x33/i]
  ]
  for (const [title, start, problem] of table) {
    const timeoutMs = problem.source.includes('timed out') ? 300 : 30_000
    const { enter, said } = ldapDirectory(t, { servers: [await start(t)], timeoutMs })
    t.same(await enter('alice', 'pw'), { kind: 'unreachable' }, title)
    t.match(said[0]?.problem, problem, `${title}: the log says it`)
  }
})

t.test('a question that a server fails at does not keep it from answering others', async t => {
  let code: number | null = 11
  const server = await startLdap(t, { entries, search: () => code })
  const { enter, said } = ldapDirectory(t, { servers: [server.url] })
  t.same(await enter('alice', 'pw'), { kind: 'unreachable' })
  code = null
  t.match(await enter('alice', 'pw'), { name: 'alice' }, 'at once')
  t.match(said, [{ sentence: /could not answer for somebody/ }])
  t.equal(server.binds.filter(({ dn }) => dn === serviceDn).length, 1, 'on the same connection')
})

t.test(
  'I46 RFC 4511 §4.1.10 · a reference as the answer → the next server or nobody, and nobody loses access',
  async t => {
    let code: number | null = null
    const first = await startLdap(t, { entries, search: () => code })
    const { directory, enter, said, time } = ldapDirectory(t, { servers: [first.url] })
    const alice = (await enter('alice', 'pw')) as Account
    t.match(alice, { name: 'alice' })
    code = 10
    t.same(await enter('alice', 'pw'), { kind: 'unreachable' })
    t.match(said, [{ sentence: /does not work/, problem: /refers to another server for 'dc=lab'/ }])
    time.advance(30)
    t.match(await directory.review?.().look([alice]), [
      { status: 'rejected', reason: { code: 'institution_unreachable' } }
    ])
    const second = await startLdap(t, { entries })
    const both = ldapDirectory(t, { servers: [first.url, second.url] })
    t.match(await both.enter('alice', 'pw'), { name: 'alice' })
  }
)

t.test('groups below a reference let nobody in without them', async t => {
  const server = await startLdap(t, { entries, search: base => (base === 'ou=groups,dc=lab' ? 10 : null) })
  const groups = { base: 'ou=groups,dc=lab', filter: null, nested: true, name: null }
  const { enter } = ldapDirectory(t, { servers: [server.url], schema: { groups } })
  t.same(await enter('alice', 'pw'), { kind: 'unreachable' })
})

for (const way of ['ldap://', 'ldaps://', 'StartTLS'] as const)
  t.test(`${way} · the connection that searches is kept, and opened again where the server has closed it`, async t => {
    const { enter, said, server, services } = await overWay(t, way)
    for (let i = 0; i < 3; i++) await enter('alice', 'pw')
    t.equal(services(), 1)
    server.disconnect()
    t.match(await enter('alice', 'pw'), { name: 'alice' })
    t.equal(services(), 2)
    t.same(said, [], 'nobody notices')
  })

t.test('a connection that was idle for minutes is not trusted: a firewall may have dropped it', async t => {
  const { enter, said, services, time, server } = await overWay(t, 'StartTLS')
  await enter('alice', 'pw')
  time.advance(60)
  await enter('alice', 'pw')
  t.equal(services(), 1)
  server.deafen()
  time.advance(121)
  t.match(await enter('alice', 'pw'), { name: 'alice' }, 'the old one gets no answer any more')
  t.equal(services(), 2)
  t.same(said, [])
})

async function overWay(t: Test, way: 'ldap://' | 'ldaps://' | 'StartTLS') {
  const own = certificate(t, 'IP:127.0.0.1')
  const server = await startLdap(t, {
    entries,
    isSecure: way === 'ldaps://',
    ...(way === 'ldap://' ? {} : { tls: own })
  })
  const target = { url: server.url, startTls: way === 'StartTLS', ca: own.cert, timeoutMs: 2000 }
  const services = () => server.binds.filter(({ dn }) => dn === serviceDn).length
  return { ...ldapDirectory(t, { servers: [target] }), server, services }
}

t.test('no more than 64 people are checked at a time', async t => {
  const server = await startLdap(t, { entries })
  server.isMute = true
  const { directory } = ldapDirectory(t, { servers: [server.url], timeoutMs: 200 })
  const waiting = Array.from({ length: 64 }, () => directory.authenticate('alice', 'pw'))
  t.same(await directory.authenticate('alice', 'pw'), { kind: 'busy' })
  t.ok((await Promise.all(waiting)).every(({ kind }) => kind === 'unreachable'))
})

t.test('I45 CWE-295 · other authorities, other names → no password is sent', async t => {
  const own = certificate(t, 'IP:127.0.0.1,DNS:localhost')
  const otherName = certificate(t, 'DNS:ldap.example')
  const stranger = certificate(t, 'IP:127.0.0.1')
  const table: [string, { isSecure: boolean; tls: typeof own }, string | null, RegExp | null][] = [
    ['ldaps:// with the right certificate', { isSecure: true, tls: own }, own.cert, null],
    ['StartTLS with the right certificate', { isSecure: false, tls: own }, own.cert, null],
    [
      'ldaps:// with a certificate of another authority',
      { isSecure: true, tls: own },
      stranger.cert,
      /self-signed|certificate/
    ],
    [
      'StartTLS with a certificate of another authority',
      { isSecure: false, tls: own },
      stranger.cert,
      /self-signed|certificate/
    ],
    [
      'ldaps:// with a certificate of another name',
      { isSecure: true, tls: otherName },
      otherName.cert,
      /altnames|does not match/
    ],
    [
      'StartTLS with a certificate of another name',
      { isSecure: false, tls: otherName },
      otherName.cert,
      /altnames|does not match/
    ],
    ['ldaps:// without its authority', { isSecure: true, tls: own }, null, /self-signed|certificate/]
  ]
  for (const [title, options, ca, problem] of table) {
    const server = await startLdap(t, { entries, ...options })
    const target = { url: server.url, startTls: !options.isSecure, ca, timeoutMs: 1000 }
    const { enter, said } = ldapDirectory(t, { servers: [target] })
    const answer = await enter('alice', 'pw')
    if (problem === null) t.match(answer, { name: 'alice' }, title)
    else {
      t.same(answer, { kind: 'unreachable' }, title)
      t.match(said[0]?.problem, problem, `${title}: the log says it`)
      t.same(server.binds, [], `${title}: no password is sent`)
    }
  }
})

t.test('I44 RFC 4513 §3.1.4 · servers without StartTLS → no bind', async t => {
  const without = await startLdap(t, { entries })
  const stuck = await startLdap(t, { entries, hangsInTls: true })
  for (const server of [without, stuck]) {
    const target = { url: server.url, startTls: true, ca: null, timeoutMs: 300 }
    const { enter } = ldapDirectory(t, { servers: [target] })
    t.same(await enter('alice', 'pw'), { kind: 'unreachable' })
    t.same(server.binds, [])
  }
})

/** Something that is no LDAP server. */
async function raw(t: Test, onConnection: (socket: net.Socket) => void): Promise<string> {
  const sockets: net.Socket[] = []
  const server = net.createServer(socket => {
    sockets.push(socket.on('error', () => {}).resume())
    onConnection(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `ldap://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A message that says it is 1 GB long. */
function flood(socket: net.Socket): void {
  socket.write(Buffer.from([0x30, 0x84, 0x40, 0, 0, 0]))
  const part = Buffer.alloc(1024 * 1024)
  const more = () => {
    while (!socket.destroyed && socket.write(part));
  }
  socket.on('drain', more)
  more()
}

function certificate(t: Test, names: string): { key: string; cert: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'factorgate-ldap-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const [key, cert] = ['key', 'cert'].map(name => path.join(folder, name)) as [string, string]
  const made = ['-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', key, '-out', cert]
  execFileSync('openssl', ['req', '-x509', ...made, '-subj', '/CN=test', '-addext', `subjectAltName=${names}`], {
    stdio: 'ignore'
  })
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}

t.test('a person whose own entry is a reference is not nobody, and keeps others from nothing', async t => {
  const dn = 'uid=alice,dc=lab'
  let isElsewhere = true
  const server = await startLdap(t, { entries, search: base => (isElsewhere && base === dn ? 10 : null) })
  const { enter, said } = ldapDirectory(t, {
    servers: [server.url],
    options: { service: null, userDn: 'uid={name},dc=lab' }
  })
  t.same(await enter('alice', 'pw'), { kind: 'unreachable' })
  t.match(said, [{ sentence: /could not answer for somebody/, problem: /refers to another server for 'uid=alice/ }])
  isElsewhere = false
  t.match(await enter('alice', 'pw'), { name: 'alice' }, 'at once')
})
