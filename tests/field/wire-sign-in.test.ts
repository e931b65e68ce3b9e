/** FIELD F1 and F13: apps that sign people in per connection, and requests that must not be sent twice. The app is raw; the clients are raw. */
import { execFile } from 'node:child_process'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { promisify } from 'node:util'
import t from 'tap'
import { isFirstLeg, tiesConnection } from '../../src/upstream/connection-schemes.ts'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { type Recorded, startUpstream, valuesOf } from '../fixtures/in-process/upstream.ts'
import { Line, readReplies } from '../fixtures/in-process/wire.ts'
import {
  alice,
  at,
  type Gate,
  header,
  host,
  makeApp,
  parse,
  type RawClient,
  startGate
} from '../fixtures/pipeline/forwarding.ts'

const leg = (type: number) => Buffer.from(`NTLMSSP\0${String.fromCharCode(type)}\0\0\0rest`).toString('base64')

/** Signs people in on the connection: `Authorization: SCHEME one`, then `SCHEME NAME`. Everything after it is that person's. */
function perConnection(scheme: string, refusal = (challenge: string) => `WWW-Authenticate: ${scheme}${challenge}`) {
  const people = new WeakMap<Socket, string>()
  return (socket: Socket, request: Recorded) => {
    const said = valuesOf(request, 'authorization')[0]?.split(/\s+/)[1]
    const answer = (status: string, lines: string[], body: string) =>
      socket.write(
        `${[`HTTP/1.1 ${status}`, ...lines, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${
          request.line.startsWith('HEAD') ? '' : body
        }`
      )
    if (said === 'one' || said === leg(1)) {
      people.set(socket, '?')
      return answer('401 No', [refusal(` ${leg(2)}`)], 'go on')
    }
    if (said !== undefined && people.get(socket) === '?') people.set(socket, said)
    const who = people.get(socket)
    if (who === undefined || who === '?') {
      // Some of it is open to everybody, as long as nobody has signed in.
      if (request.line.includes('/open')) return answer('200 OK', [], 'you are nobody')
      return answer('401 No', [refusal('')], 'sign in')
    }
    answer('200 OK', [], `you are ${who}: ${request.body}`)
  }
}

const request = (path: string, lines: readonly string[] = [], method = 'GET') =>
  `${[`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...lines].join('\r\n')}\r\n\r\n`

/** One answer on a connection that goes on. */
async function exchange(client: RawClient, text: string): Promise<string> {
  client.send(text)
  const head = await client.until('\r\n\r\n')
  return head + (await client.bytes(Number(header(head, 'content-length')[0]))).toString()
}

async function signIn(gate: Gate, name: string, scheme = 'NTLM', lines: readonly string[] = []): Promise<RawClient> {
  const client = await gate.connect()
  await exchange(client, request('/', [...lines, `Authorization: ${scheme} one`]))
  const answer = await exchange(client, request('/', [...lines, `Authorization: ${scheme} ${name}`]))
  if (parse(answer).body !== `you are ${name}: `) throw new Error(`${scheme}: ${answer}`)
  return client
}

t.test('FIELD F1 a connection on which somebody signed in answers nobody else', async t => {
  const schemes = ['NTLM', 'ntlm', 'Negotiate', 'nEGOTIATE', 'Kerberos', 'Nego2', 'X-Of-Their-Own']
  for (const scheme of schemes) {
    const up = await startUpstream(t, perConnection(scheme))
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })], { who: () => null })
    const client = await signIn(gate, 'alice', scheme)
    const stranger = await gate.connect()
    t.equal(parse(await exchange(stranger, request('/open'))).body, 'you are nobody', `${scheme}: a stranger is nobody`)
    t.equal(parse(await exchange(client, request('/open'))).body, 'you are alice: ', `${scheme}: and she is herself`)
    t.match(await exchange(stranger, request('/')), / 401 /, scheme)
    const bob = await signIn(gate, 'bob', scheme)
    t.equal(parse(await exchange(client, request('/'))).body, 'you are alice: ')
    t.equal(parse(await exchange(bob, request('/'))).body, 'you are bob: ')
    client.socket.destroy()
    const hers = up.connections.find(socket => !socket.destroyed) as Socket
    await new Promise(resolve => (hers.destroyed ? resolve(null) : hers.once('close', resolve)))
    t.equal(
      parse(await exchange(await gate.connect(), request('/open'))).body,
      'you are nobody',
      `${scheme}: it has ended`
    )
  }
})

t.test('FIELD F1 what the app alone says of such a scheme ties the connection as well', async t => {
  const lines: string[][] = [
    ['WWW-Authenticate: Basic realm="a, NTLM"', 'www-authenticate: \tntlm'],
    ['WWW-Authenticate: Basic realm="x", Negotiate'],
    ['WWW-Authenticate: Digest realm="x", nonce="y,z", NTLM TlRM=='],
    ['Proxy-Authenticate: Kerberos'],
    ['Persistent-Auth: true'],
    ['PERSISTENT-AUTH: TRUE'],
    ['Proxy-Support: Session-Based-Authentication'],
    ['WWW-Authenticate: Negotiate oRQwEqADCgEAoQsGCSqGSIb3EgECAg==']
  ]
  for (const said of lines) {
    const up = await startUpstream(t, `HTTP/1.1 200 OK\r\n${said.join('\r\n')}\r\nContent-Length: 2\r\n\r\nok`)
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
    const one = await gate.connect()
    await exchange(one, request('/1'))
    await exchange(await gate.connect(), request('/2'))
    t.equal(up.connections.length, 2, `${said.join(' + ')}: somebody else`)
    await exchange(one, request('/3'))
    t.equal(up.connections.length, 2, `${said.join(' + ')}: the same person`)
  }
  for (const said of [
    ['WWW-Authenticate: Basic realm="NTLM and Negotiate"'],
    ['WWW-Authenticate: Digest realm="a", qop="auth, auth-int", Bearer'],
    []
  ]) {
    const up = await startUpstream(
      t,
      `HTTP/1.1 401 No\r\n${[...said, 'X: y'].join('\r\n')}\r\nContent-Length: 2\r\n\r\nok`
    )
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
    for (const i of [1, 2, 3]) await exchange(await gate.connect(), request(`/${i}`, ['Authorization: Bearer abc']))
    t.equal(up.connections.length, 1, `${said}: shared as ever`)
  }
})

t.test('FIELD F1 people who share a client connection do not share a sign-in', async t => {
  const subjectOf = (req: IncomingMessage) => {
    const name = req.headers['x-test-user']
    return name === undefined ? null : { ...alice, name: String(name) }
  }
  const up = await startUpstream(t, perConnection('NTLM'))
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })], { who: subjectOf })
  const proxy = await signIn(gate, 'alice', 'NTLM', ['X-Test-User: alice'])
  t.equal(
    parse(await exchange(proxy, request('/open', ['X-Test-User: bob']))).body,
    'you are nobody',
    'another session'
  )
  t.equal(parse(await exchange(proxy, request('/open'))).body, 'you are nobody', 'no session')
  t.equal(parse(await exchange(proxy, request('/', ['X-Test-User: alice']))).body, 'you are alice: ')
  const marks = ['Via: 1.1 proxy', 'X-Forwarded-For: 192.0.2.1', 'Forwarded: for=192.0.2.1', 'X-Real-IP: 192.0.2.1']
  for (const mark of [...marks, 'x-forwarded-proto: https', 'CF-Connecting-IP: 192.0.2.1']) {
    const relay = await gate.connect()
    await exchange(relay, request('/', [mark, 'Authorization: NTLM one']))
    await exchange(relay, request('/', [mark, 'Authorization: NTLM carol']))
    t.equal(parse(await exchange(relay, request('/open', [mark]))).body, 'you are nobody', `${mark}: anybody may speak`)
  }
})

t.test(
  'FIELD F1 two apps behind one address, and a trusted proxy before the gate, share no sign-in either',
  async t => {
    const up = await startUpstream(t, perConnection('NTLM'))
    const gate = await startGateway(t, {
      extra: 'trustedProxies: ["127.0.0.1"]',
      apps: ['one', 'two']
        .map(
          id =>
            `  - { id: ${id}, url: "http://${id}.localhost:PORT", upstream: "${up.origin}", rules: [{ access: public }] }`
        )
        .join('\n')
    })
    const { cookies } = await gate.signIn(await gate.account('alice'), 'one', 'two')
    const line = new Line(gate.port)
    const ask = async (app: string, lines: readonly string[]) => {
      const before = line.received.length
      line.send(
        `GET /open HTTP/1.1\r\nHost: ${app}.localhost:${gate.port}\r\n${lines.map(one => `${one}\r\n`).join('')}\r\n`
      )
      await line.until(text => /\r\n\r\n[\s\S]*(?:nobody|go on|sign in|alice: |bob: )$/.test(text.slice(before)))
      return readReplies(line.received.slice(before))[0]!.body
    }
    const hers = (app: string) => `Cookie: ${cookies[app]}`
    await ask('one', [hers('one'), 'Authorization: NTLM one'])
    t.equal(await ask('one', [hers('one'), 'Authorization: NTLM alice']), 'you are alice: ')
    t.equal(await ask('two', [hers('two')]), 'you are nobody', 'the other app')
    t.equal(await ask('one', []), 'you are nobody', 'a stranger by the same proxy')
    await ask('one', ['Authorization: NTLM one'])
    await ask('one', ['Authorization: NTLM bob'])
    t.equal(await ask('one', []), 'you are nobody', 'strangers by one proxy are not one person')
    t.equal(await ask('one', [hers('one')]), 'you are alice: ')
    line.socket.destroy()
  }
)

t.test('FIELD F1 all legs meet one upstream of several, and a form of theirs arrives once and whole', async t => {
  const people = perConnection('NTLM')
  const asked: Recorded[] = []
  const app = (socket: Socket, request: Recorded) => {
    asked.push(request)
    people(socket, request)
  }
  const ups = [await startUpstream(t, app), await startUpstream(t, app)]
  const gate = await startGate(t, [makeApp({ upstreams: ups.map(up => at(up)) })])
  for (const name of ['alice', 'bob', 'carol']) await signIn(gate, name)
  const body = (lines: string[]) => `${request('/form', [...lines, 'Content-Length: 4'], 'POST')}a=bc`
  const client = await gate.connect()
  t.match(await exchange(client, body([])), / 401 /)
  t.match(await exchange(client, body([`Authorization: NTLM ${leg(1)}`])), / 401 [\s\S]*NTLM TlRM/, 'a challenge')
  t.equal(parse(await exchange(client, body(['Authorization: NTLM dora']))).body, 'you are dora: a=bc')
  const posts = asked.filter(({ line }) => line.startsWith('POST'))
  t.same(
    posts.map(({ body }) => body.toString()),
    ['a=bc', '', 'a=bc'],
    'the first leg goes without'
  )
  t.same(
    posts.map(one => valuesOf(one, 'connection')[0]),
    ['close', 'keep-alive', 'close'],
    'CL.0: a body is the last'
  )
  const fresh = await gate.connect()
  await exchange(fresh, body([`Authorization: NTLM ${leg(1)}`]))
  t.equal(asked.at(-1)?.body.toString(), 'a=bc', 'a first leg that the app has not asked for goes as it came')
})

t.test('FIELD F1 curl signs in with NTLM, with and without a form', async t => {
  // Flags, the server's challenge, and empty target fields (MS-NLMP §2.2.1.2).
  const fields = [2, 0, 0, 0, 0, 0, 0, 0, 56, 0, 0, 0, 1, 2, 0x81, 0]
  const challenge = Buffer.concat([
    Buffer.from('NTLMSSP\0'),
    Buffer.from(fields),
    Buffer.from('01234567'),
    Buffer.alloc(24)
  ])
  const known = new WeakMap<Socket, 'asked' | 'in'>()
  const seen: string[] = []
  const up = await startUpstream(t, (socket, request) => {
    const [said] = valuesOf(request, 'authorization')
    const type = said === undefined ? 0 : Buffer.from(said.split(' ')[1] as string, 'base64')[8]
    if (type === 1) known.set(socket, 'asked')
    else if (type === 3 && known.get(socket) === 'asked') known.set(socket, 'in')
    if (known.get(socket) === 'in') {
      seen.push(`${request.line.split(' ')[1]} ${request.body}`)
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nin ')
      return
    }
    const token = type === 1 ? ` ${challenge.toString('base64')}` : ''
    socket.write(`HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM${token}\r\nContent-Length: 0\r\n\r\n`)
  })
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })], { who: () => null })
  for (const [way, body] of [
    [['--ntlm'], ''],
    [['--anyauth'], ''],
    [['--ntlm', '-d', 'a=b'], 'a=b'],
    [['--anyauth', '-d', 'a=b'], 'a=b']
  ] as const) {
    const urls = ['/1', '/2'].map(path => `http://127.0.0.1:${gate.port}${path}`)
    const { stdout } = await promisify(execFile)('curl', [
      '-s',
      '-H',
      `Host: ${host}`,
      '-u',
      'alice:secret',
      ...way,
      ...urls
    ])
    t.equal(stdout, 'in in ', way.join(' '))
    t.same(seen.splice(0), [`/1 ${body}`, `/2 ${body}`], `${way.join(' ')}: each once, and whole`)
    t.match(await exchange(await gate.connect(), request('/')), / 401 /, 'nobody else is in')
  }
})

t.test('FIELD F1 which credentials and challenges tie a connection', async t => {
  for (const value of [
    'NTLM',
    'ntlm abc=',
    'Basic abc, NTLM',
    'Negotiate',
    ',Kerberos',
    'Basic realm="a" , Negotiate x==',
    'Basic realm="open, NTLM',
    'Unheard-Of',
    'abc==',
    'PKU2U x'
  ])
    t.equal(tiesConnection(value), true, value)
  for (const value of [
    'Basic YWxpY2U6bnRsbQ==',
    'Bearer a.b-c',
    'bearer',
    'Digest username="NTLM", realm = "x,y", qop=auth',
    'AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host;x, Signature=0f',
    'Basic realm="a", charset="UTF-8", Digest realm="b", nonce=c',
    '',
    'token abc',
    'DPoP x, Bearer'
  ])
    t.equal(tiesConnection(value), false, value)
  t.equal(isFirstLeg(`NTLM ${leg(1)}`), true)
  t.equal(isFirstLeg(`Negotiate ${Buffer.from(`wrapped NTLMSSP\0\x01\0\0\0`).toString('base64')}`), true)
  for (const value of [`NTLM ${leg(3)}`, 'NTLM', 'Negotiate YII', `Basic ${leg(1)}`])
    t.equal(isFirstLeg(value), false, value)
})

t.test('FIELD F1 a value that is all quotes is read once, whatever its length', async t => {
  // A search that begins anew at each quote would take hours for this, and the test would not end.
  for (const half of ['"\\', '\\"', '"', '",', '"a\\\\'])
    for (const tail of ['', 'NTLM', ', NTLM'])
      t.type(tiesConnection(`Basic ${half.repeat(500_000)}${tail}`), 'boolean', `${half} ${tail}`)
  t.equal(tiesConnection(`Basic realm="${'\\"'.repeat(9)}", NTLM`), true)
  t.equal(tiesConnection(`Basic realm="${'\\"'.repeat(9)}, NTLM"`), false)
  t.equal(tiesConnection(`Basic realm="${'\\"'.repeat(9)}, NTLM`), true, 'what does not end hides nothing')
})

t.test('FIELD F13 what must not be sent twice starts on a connection of its own', async t => {
  for (const [method, lines, body] of [
    ['POST', ['Content-Length: 3'], 'a=b'],
    ['POST', [], ''],
    ['DELETE', [], ''],
    ['PUT', ['Transfer-Encoding: chunked'], '3\r\na=b\r\n0\r\n\r\n'],
    ['PATCH', ['Content-Length: 0'], ''],
    ['GET', ['Content-Length: 1'], 'x']
  ] as const) {
    // It lets go of a connection in the very moment in which the second request arrives on it.
    const seen = new Set<Socket>()
    const up = await startUpstream(t, socket => {
      if (seen.has(socket)) socket.destroy()
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      seen.add(socket)
    })
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
    await exchange(await gate.connect(), request('/'))
    const answer = await exchange(await gate.connect(), request('/', lines, method) + body)
    t.equal(parse(answer).status, 200, `${method} ${lines}`)
    t.equal(up.requests.length, 2, 'asked once')
  }
})
