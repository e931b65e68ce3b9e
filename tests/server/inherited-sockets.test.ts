/** Sockets that systemd has opened: how they are told apart, and gates that serve on them, with workers and behind a balancer. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import { InheritedSocketError, inheritedSockets } from '../../src/server/inherited-sockets.ts'
import { PlainHttp } from '../../src/server/plain-http.ts'
import { echoApp } from '../fixtures/in-process/gateway.ts'
import { freePort } from '../fixtures/process/free-port.ts'
import { type Gate, prepareGate } from '../fixtures/process/gate.ts'
import { program } from '../fixtures/process/program.ts'
import { hasProgram } from '../fixtures/process/proxies.ts'

t.test('the environment says which descriptor is for which listener', async t => {
  const rows: [
    sentence: string,
    count: string | undefined,
    pid: string,
    listed: string | undefined,
    expected: object | RegExp
  ][] = [
    ['no systemd', undefined, '7', undefined, {}],
    ['none', '0', '7', undefined, {}],
    ['those of another process', '1', '8', 'https', {}],
    ['one without a name', '1', '7', undefined, { https: 3 }],
    ['one with the name of its unit', '1', '7', 'factorgate.socket', { https: 3 }],
    ['one for plain http', '1', '7', 'http', { http: 3 }],
    ['three', '3', '7', 'admin:https:http', { admin: 3, https: 4, http: 5 }],
    [
      'two, one of them without a name of ours',
      '2',
      '7',
      'https:factorgate.socket',
      /'factorgate\.socket': write FileDescriptorName=/
    ],
    ['two without names', '2', '7', undefined, /FileDescriptorName=/],
    ['two of one name', '2', '7', 'https:https', /two sockets called 'https'/],
    ['a name of an object', '2', '7', 'https:__proto__', /FileDescriptorName=/],
    ['a count that is none', 'many', '7', 'https', /LISTEN_FDS must be/],
    ['a negative count', '-1', '7', 'https', /LISTEN_FDS must be/]
  ]
  for (const [sentence, count, pid, listed, expected] of rows) {
    const read = () => inheritedSockets({ LISTEN_FDS: count, LISTEN_PID: pid, LISTEN_FDNAMES: listed }, 7)
    if (expected instanceof RegExp) t.throws(read, expected, sentence)
    else t.strictSame(read(), expected, sentence)
  }
})

t.test('a descriptor on which nobody can listen is an error that names the way out', async t => {
  const plain = new PlainHttp({ sites: () => new Map(), maxHeaderSize: 8192 })
  await t.rejects(plain.listen('127.0.0.1', 0, 9_999), InheritedSocketError)
  await t.rejects(
    new PlainHttp({ sites: () => new Map(), maxHeaderSize: 8192 }).listen('127.0.0.1', 0, 9_999),
    /Accept=no/
  )
})

const apps = (upstream: string) => [
  { id: 'one', title: 'One', url: 'https://one.localhost:HOST', upstream, rules: [{ access: 'public' }] }
]

t.test('two workers serve on three passed sockets, and hear a balancer on them', { timeout: 60_000 }, async t => {
  const { url } = await echoApp(t)
  const passed = await Promise.all(['https', 'http', 'admin'].map(async name => ({ name, server: await listening() })))
  const ports = Object.fromEntries(passed.map(({ name, server }) => [name, (server.address() as AddressInfo).port]))
  const gate = await prepareGate(t, {
    apps: apps(url),
    tls: true,
    config: {
      workers: 2,
      listen: {
        // Nobody listens on these.
        host: '192.0.2.1',
        port: 9,
        http: { port: 8 },
        tls: { cert: 'tls.crt', key: 'tls.key' },
        proxyProtocol: { from: ['127.0.0.1'] }
      },
      admin: { host: '127.0.0.1', port: 10 }
    }
  })
  const descriptors = passed.map(({ server }) => (server as unknown as { _handle: { fd: number } })._handle.fd)
  const child = serve(t, gate, { LISTEN_FDS: '3', LISTEN_FDNAMES: 'https:http:admin' }, descriptors)
  // The gate has its own descriptors of the same sockets.
  for (const { server } of passed) server.close()
  t.match(await child.said(/"msg":"serving /), /systemd has opened the listener https/)
  const said = 'PROXY TCP4 192.0.2.7 127.0.0.1 4660 443\r\n'
  const answers = await Promise.all(Array.from({ length: 6 }, () => overBalancer(ports.https!, said, gate.port)))
  for (const answer of answers) t.match(answer, /"x-forwarded-for":"192\.0\.2\.7"/)
  const ready = await fetch(`http://127.0.0.1:${ports.admin}/readyz`)
  t.equal(ready.status, 200)
  const plain = net.connect(ports.http!, '127.0.0.1')
  plain.end(`${said}GET / HTTP/1.1\r\nHost: one.localhost\r\nConnection: close\r\n\r\n`)
  t.match(String((await plain.toArray())[0]), /^HTTP\/1\.1 301 /)
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')
  for (const pid of children) process.kill(Number(pid), 'SIGKILL')
  t.equal(await child.ended, 1, 'a gate that has lost all workers ends, and systemd starts it again with its sockets')
})

t.test('a socket that no listener takes ends the start with a sentence', { timeout: 60_000 }, async t => {
  const gate = await prepareGate(t, { apps: [] })
  const server = await listening()
  const fd = (server as unknown as { _handle: { fd: number } })._handle.fd
  const child = serve(t, gate, { LISTEN_FDS: '1', LISTEN_FDNAMES: 'http' }, [fd])
  server.close()
  t.equal(await child.ended, 1)
  t.match(child.output(), /systemd passes a socket called 'http', but listen\.http is not set/)
})

t.test('a socket in the file system ends the start with a sentence', { timeout: 120_000 }, async t => {
  for (const workers of [1, 2]) {
    const gate = await prepareGate(t, { apps: [], config: { workers } })
    const server = net.createServer().listen(path.join(gate.folder, 'socket'))
    await once(server, 'listening')
    const fd = (server as unknown as { _handle: { fd: number } })._handle.fd
    const child = serve(t, gate, { LISTEN_FDS: '1' }, [fd])
    t.equal(await child.ended, 1)
    server.close()
    t.match(child.output(), /descriptor 3, which is a socket in the file system .*a port into ListenStream=/)
    t.notMatch(child.output(), 'bug')
  }
})

t.test('systemd-socket-activate starts a gate with the first visitor', { timeout: 60_000 }, async t => {
  if (!hasProgram('systemd-socket-activate')) return t.comment('systemd is not on this machine and is not asked')
  const { url } = await echoApp(t)
  const port = await freePort()
  const [app] = apps(url)
  const gate = await prepareGate(t, { apps: [{ ...app, url: 'http://one.localhost:HOST' }] })
  const activate = ['-l', `127.0.0.1:${port}`, process.execPath, ...program(), 'serve', '--config', gate.configFile]
  const child = watched(
    t,
    spawn('systemd-socket-activate', activate, { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
  )
  await child.said(/Listening on/)
  const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const headers = { host: `one.localhost:${gate.port}` }
    http.get({ host: '127.0.0.1', port, headers, agent: false }, resolve).on('error', reject)
  })
  t.equal(answer.resume().statusCode, 200, 'the connection that woke it is answered')
  t.equal(await child.end(), 0)
})

async function listening(): Promise<net.Server> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = process.env
  return rest
}

/** The gate with these descriptors as 3 and following. The shell gives its own process id to the gate. */
function serve(t: Test, gate: Gate, env: NodeJS.ProcessEnv, descriptors: readonly number[]) {
  const call = [
    '-c',
    'LISTEN_PID=$$ exec "$@"',
    'sh',
    process.execPath,
    ...program(),
    'serve',
    '--config',
    gate.configFile
  ]
  return watched(
    t,
    spawn('sh', call, { env: { ...environment(), ...env }, stdio: ['ignore', 'pipe', 'pipe', ...descriptors] })
  )
}

function watched(t: Test, child: ChildProcess) {
  let output = ''
  let hear = () => {}
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', part => {
      output += part
      hear()
    })
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  t.teardown(() => child.kill('SIGKILL'))
  return {
    ended,
    pid: child.pid,
    output: () => output,
    end: () => {
      child.kill('SIGTERM')
      return ended
    },
    said: (what: RegExp) =>
      new Promise<string>((resolve, reject) => {
        hear = () => what.test(output) && resolve(output)
        void ended.then(code => reject(new Error(`ended with ${code}: ${output}`)))
        hear()
      })
  }
}

/** The app's answer to a request over TLS, after the header of a balancer. */
async function overBalancer(port: number, header: string, publicPort: number): Promise<string> {
  const socket = net.connect(port, '127.0.0.1')
  socket.write(header)
  return new Promise((resolve, reject) => {
    const headers = { host: `one.localhost:${publicPort}` }
    const options = { socket, servername: 'one.localhost', headers, rejectUnauthorized: false, agent: false }
    https
      .get(options as https.RequestOptions, async response => resolve((await response.toArray()).join('')))
      .on('error', reject)
  })
}
