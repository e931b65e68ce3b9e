import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { DoctorFinding, ProbeResult } from '../../../src/cli/doctor/finding.ts'
import { startIll } from '../../fixtures/in-process/ill-server.ts'
import { freePort } from '../../fixtures/process/free-port.ts'
import { prepareGate, startGate } from '../../fixtures/process/gate.ts'
import { notTried } from '../../fixtures/process/not-tried.ts'
import { Pki } from '../../fixtures/process/pki.ts'
import { startRedis, temporaryDirectory } from '../../fixtures/process/redis-server.ts'
import { smallDisk } from '../../fixtures/process/small-disk.ts'
import { terminal } from '../terminal.ts'

async function listening(t: Test, server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

/** The findings of one probe, for a configuration beside a key file. Hosts are loopback, so no name server is asked. */
async function findings(t: Test, probe: string, config: object): Promise<readonly DoctorFinding[]> {
  const factorgate = terminal(t, { config: null })
  const { folder } = factorgate
  writeFileSync(path.join(folder, 'factorgate.yaml'), JSON.stringify(await complete(config)))
  await factorgate.newKey()
  const { stdout, code } = await factorgate('doctor', '--json')
  const { probes, ok } = JSON.parse(stdout) as { probes: ProbeResult[]; ok: boolean }
  t.equal(code, ok ? 0 : 1)
  const found = probes.find(({ id }) => id === probe)?.findings
  if (found === undefined) throw new Error(`the configuration has problems: ${stdout}`)
  return found
}

async function complete(config: object): Promise<object> {
  return {
    portal: { url: 'http://127.0.0.1:8443', title: 'Lab' },
    listen: { host: '127.0.0.1', port: await freePort() },
    admin: { host: '127.0.0.1', port: await freePort() },
    apps: [],
    ...config
  }
}

const app = (upstream: string, more: object = {}) => ({
  apps: [{ id: 'a', url: 'http://127.0.0.1:8443', upstream, ...more }]
})

t.test('apps: each way of not answering has its sentence and its way out', async t => {
  const pki = new Pki(temporaryDirectory(t))
  pki.root('root')
  pki.leaf('app', { by: 'root', eku: 'serverAuth', san: 'IP:127.0.0.1' })
  pki.leaf('other', { by: 'root', eku: 'serverAuth', san: 'DNS:other.example' })
  const secure = (name: string) =>
    listening(
      t,
      createSecureServer({ cert: pki.read(`${name}.pem`), key: pki.read(`${name}.key`) }, (_, response) =>
        response.end('ok')
      )
    )
  const plain = await listening(
    t,
    createServer((_, response) => response.end('ok'))
  )
  const ill = await listening(
    t,
    createServer((_, response) => response.writeHead(502).end())
  )
  const rude = await listening(
    t,
    createTcpServer(socket => socket.on('error', () => {}).end('SSH-2.0-x\r\n'))
  )
  const [trusted, other] = [await secure('app'), await secure('other')]
  const strict = await listening(
    t,
    createTcpServer(socket =>
      socket
        .on('error', () => {})
        .once('data', bytes => {
          if (bytes[0] !== 0x16) return socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')
          const through = connect(trusted, '127.0.0.1')
          through.on('error', () => {}).write(bytes)
          socket.pipe(through).pipe(socket)
        })
    )
  )
  // It has no certificate, so it answers the handshake with an alert.
  const bare = await listening(t, createSecureServer())
  const picky = await listening(
    t,
    createServer((_, response) => response.writeHead(400).end())
  )
  const switching = await startIll(t, { illness: 'another protocol' })
  const local = await listening(
    t,
    createServer(({ headers }, response) =>
      response.writeHead(headers.host === 'app.lab.example' ? 403 : 302, { location: '/tree' }).end()
    )
  )
  const closed = await listening(
    t,
    createServer((_, response) => response.writeHead(403).end())
  )
  const upgrading = await listening(
    t,
    createServer(({ headers, url }, response) =>
      response
        .writeHead(headers['x-forwarded-proto'] === 'https' ? 200 : 301, { location: `https://${headers.host}${url}` })
        .end()
    )
  )
  const circling = await listening(
    t,
    createServer(({ headers, url }, response) =>
      response.writeHead(301, { location: `https://${headers.host}${url}` }).end()
    )
  )
  const testing = await listening(
    t,
    createServer((_, response) => response.writeHead(302, { location: '/', 'set-cookie': 'test=1' }).end())
  )
  const toItsPort = await listening(
    t,
    createServer((_, response) => response.writeHead(302, { location: 'https://app.lab.example:8443/' }).end())
  )
  const toItself = await listening(
    t,
    createServer(({ socket }, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${socket.localPort}/` }).end()
    )
  )
  const named = (port: number, more = {}) => ({
    portal: { url: 'https://gate.lab.example' },
    trustedProxies: ['127.0.0.1'],
    apps: [{ id: 'a', url: 'https://app.lab.example', upstream: `http://127.0.0.1:${port}`, ...more }]
  })
  const ca = { tls: { ca: pki.file('root.pem') } }
  for (const [sentence, config, expected] of [
    ['it answers', app(`http://127.0.0.1:${plain}`), null],
    ['it answers with 502', app(`http://127.0.0.1:${ill}`), ['warning', /with the error 502/, /log of the app/]],
    ['nobody listens', app(`http://127.0.0.1:${await freePort()}`), ['problem', /ECONNREFUSED/, /Start the app/]],
    ['it speaks another protocol', app(`http://127.0.0.1:${rude}`), ['problem', /does not speak HTTP/, /the port/]],
    ['it switches to another protocol', app(switching.address), ['problem', /another protocol \(101\)/, /the port/]],
    ['it speaks TLS as configured', app(`https://127.0.0.1:${trusted}`, ca), null],
    [
      'its authority is not known',
      app(`https://127.0.0.1:${trusted}`),
      ['problem', /TLS connection/, /apps\[0\]\.tls\.ca/]
    ],
    ['its certificate is for another host', app(`https://127.0.0.1:${other}`, ca), ['problem', /TLS/, /serverName/]],
    ['it closes what is no TLS', app(`http://127.0.0.1:${trusted}`), ['problem', /speaks TLS/, /^Write https:\/\/127/]],
    ['it has no certificate', app(`http://127.0.0.1:${bare}`), ['problem', /speaks TLS/, /^Write https:/]],
    ['it answers 400 to what is no TLS', app(`http://127.0.0.1:${strict}`), ['problem', /speaks TLS/, /^Write https:/]],
    [
      'it refuses its public name',
      named(local),
      [
        'warning',
        /answers 403 under its public name app\.lab\.example, and 302 under 127\.0\.0\.1:\d+$/,
        /preserveHost: false/
      ]
    ],
    ['it gets its own name', named(local, { preserveHost: false }), null],
    ['it refuses everybody', named(closed), null],
    ['it wants https, and reads that people have it', named(upgrading), null],
    [
      'it wants https, and does not read that people have it',
      named(circling),
      ['warning', /to the same page \(https:\/\/app\.lab\.example\/\), without end/, /X-Forwarded-Proto/]
    ],
    [
      'the same under a path, and under its own name',
      named(circling, { url: 'https://lab.example/nb', preserveHost: false }),
      ['warning', /to the same page/, /X-Forwarded-Proto/]
    ],
    ['it tests whether cookies come back', named(testing), null],
    ['it sends people to another port, which is not the gate', named(toItsPort), null],
    [
      'it sends people to its own address, which the gate makes the public one',
      named(toItself),
      ['warning', /to the same page \(http:\/\/127\.0\.0\.1:\d+\/\), without end/, /its public address\.$/]
    ],
    ['it answers 400, and speaks no TLS', app(`http://127.0.0.1:${picky}`), null],
    [
      'it speaks no TLS',
      app(`https://127.0.0.1:${plain}`),
      ['problem', /TLS/, /begin with http\? \(apps\[0\]\.upstream\); wrong version number\.$/]
    ]
  ] as const) {
    const found = await findings(t, 'apps', config)
    if (expected === null) t.same(found, [], sentence)
    else {
      const [degree, wrong, mend] = expected
      t.match(found, [{ degree, path: 'apps[0].upstream[0]', wrong, mend }], sentence)
      t.equal(found.length, 1, sentence)
    }
  }
})

t.test('a clock that is six days behind the app is a problem', async t => {
  const port = await listening(
    t,
    createServer((_, response) => response.end('ok'))
  )
  // The test clock stands still.
  const found = await findings(t, 'clock', app(`http://127.0.0.1:${port}`))
  t.match(found[0], { degree: 'problem', wrong: /days behind the app at 127\.0\.0\.1/, mend: /set-ntp true/ })
})

t.test('institutions that do not answer, or are another one', async t => {
  const stranger = await listening(
    t,
    createServer((_, response) => response.end(JSON.stringify({ issuer: 'http://127.0.0.1/other' })))
  )
  const gone = await freePort()
  const oidc = (issuer: string) => ({
    identity: [{ id: 'campus', kind: 'oidc', title: 'C', issuer, clientId: 'gate' }]
  })
  for (const [sentence, config, wrong] of [
    ['a provider that is gone', oidc(`http://127.0.0.1:${gone}`), /'campus' does not answer/],
    ['a provider of another name', oidc(`http://127.0.0.1:${stranger}`), /another issuer/],
    [
      'a directory that is gone',
      {
        identity: [
          {
            id: 'ldap',
            kind: 'ldap',
            title: 'L',
            servers: [`ldap://127.0.0.1:${gone}`],
            base: 'dc=example',
            userDn: 'uid={name},dc=example'
          }
        ]
      },
      /directory ldap:\/\/127\.0\.0\.1:\d+ does not answer/
    ]
  ] as const)
    t.match(await findings(t, 'institutions', config), [{ degree: 'problem', wrong }], sentence)
})

t.test('a key file that others can read', async t => {
  const factorgate = terminal(t, { config: null })
  writeFileSync(path.join(factorgate.folder, 'factorgate.yaml'), JSON.stringify(await complete({})))
  await factorgate.newKey()
  chmodSync(path.join(factorgate.folder, 'var/factorgate.key'), 0o644)
  const { code, stdout } = await factorgate('doctor')
  t.equal(code, 1)
  t.match(stdout, /^problem {2}configuration and files: keyFile: .*open to other users.*\n {9}→ The setting 'keyFile'/m)
})

t.test('a configuration with problems is listed, and nothing else is tried', async t => {
  const factorgate = terminal(t, { config: 'listen: { prot: 1 }\n' })
  const { code, stdout, stderr } = await factorgate('doctor')
  t.equal(code, 1)
  t.match(stdout, /^problem {2}configuration and files: listen\.prot: /m)
  t.notMatch(stdout, /clock/)
  t.match(stderr, /factorgate\.yaml: \d problems?\n/)
  t.match(await terminal(t, { config: null })('doctor'), { code: 2, stderr: /there is no configuration/ })
})

t.test('Redis that deletes data when its memory is full, that is gone, and whose clock is right', async t => {
  const evicting = await startRedis(t, { args: ['--maxmemory-policy', 'allkeys-lru'] })
  const lazy = await startRedis(t, { args: ['--appendfsync', 'no'] })
  for (const [sentence, probe, store, expected] of [
    ['it deletes', 'store', evicting.url, ['problem', /allkeys-lru/, /maxmemory-policy noeviction/]],
    ['it is gone', 'store', `redis://127.0.0.1:${await freePort()}`, ['problem', /cannot be reached/, /Start|start/]],
    ['it leaves saving to the system', 'redis', lazy.url, ['warning', /appendfsync no/, /everysec/]],
    [
      'the test clock is behind its clock',
      'clock',
      lazy.url,
      ['problem', /behind the store redis:\/\/127\.0\.0\.1/, /set-ntp/]
    ]
  ] as const) {
    const [degree, wrong, mend] = expected
    const found = await findings(t, probe, { store })
    t.match(found[0], { degree, wrong, mend }, `${sentence}: ${JSON.stringify(found)}`)
  }
})

t.test('a full disk', async t => {
  const disk = smallDisk(t, '8m')
  if (disk === null) {
    notTried(t, 'this user may not mount a file system')
    return
  }
  const giveBack = disk.fill()
  const found = await findings(t, 'disk', { journal: path.join(disk.directory, 'journal.jsonl') })
  await giveBack()
  t.match(found, [{ degree: 'problem', path: 'journal', wrong: /is full, and the gate lets nobody in/ }])
})

t.test('beside a running gate it says so, and without one that a port is taken', async t => {
  const upstream = await listening(
    t,
    createServer((_, response) => response.end('ok'))
  )
  const apps = [{ id: 'a', url: 'http://gate.localhost:HOST', upstream: `http://127.0.0.1:${upstream}` }]
  const gate = await startGate(t, { apps })
  const beside = await gate.run('doctor')
  t.match(beside.stdout, /^ok {7}the gate runs and is ready$/m)
  t.match(beside.stdout, /^ok {7}apps$/m)
  t.equal(beside.code, /^problem/m.test(beside.stdout) ? 1 : 0)
  t.notMatch((await gate.run('check', '--live')).stderr, /listens on port/, 'its own ports are no warning')
  const idle = await prepareGate(t, { apps })
  t.match((await idle.run('doctor')).stdout, /^ok {7}no gate runs here$/m)
  const intruder = createTcpServer()
  await new Promise<void>(resolve => intruder.listen(idle.port, '127.0.0.1', resolve))
  t.teardown(() => intruder.close())
  const taken = await idle.run('doctor')
  t.equal(taken.code, 1)
  t.match((await idle.run('check', '--live')).stderr, /listen\.port {2}a program listens on port/)
  const other = JSON.parse(readFileSync(gate.configFile, 'utf8'))
  other.listen.port = idle.port
  const file = path.join(gate.folder, 'other.yaml')
  writeFileSync(file, JSON.stringify(other))
  const moved = await gate.run('check', '--live', '--config', file)
  t.match(moved.stderr, /listen\.port {2}a program listens on port/, 'the new port of a running gate')
  other.listen.port = gate.port
  other.admin.port = await freePort()
  writeFileSync(file, JSON.stringify(other))
  const second = await gate.run('check', '--live', '--config', file)
  t.match(second.stderr, /listen\.port {2}a program listens on port/, 'the port of another gate')
  const secure = await startGate(t, { apps: [{ ...apps[0], url: 'https://gate.localhost:HOST' }], tls: true })
  t.notMatch((await secure.run('check', '--live')).stderr, /listens on port/, 'over TLS')
  t.match(taken.stdout, /^problem {2}no gate runs here: listen\.port: no gate runs, but another program listens/m)
})

t.test('another program on the port of the admin listener, whose answer has no end', async t => {
  const idle = await prepareGate(t, { apps: [] })
  const { port } = await startIll(t, { illness: 'a body without end' })
  const config = JSON.parse(readFileSync(idle.configFile, 'utf8')) as { admin: { port: number } }
  config.admin.port = port
  writeFileSync(idle.configFile, JSON.stringify(config))
  const doctor = await idle.run('doctor')
  t.equal(doctor.code, 1)
  t.match(doctor.stdout, /^problem .*admin\.port: another program answers on the port of the admin listener/m)
  const status = await idle.run('status')
  t.equal(status.code, 1)
  t.match(status.stdout, /^gate +does not run$/m)
})
