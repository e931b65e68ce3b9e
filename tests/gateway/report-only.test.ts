/** An app with `enforce: report`: nobody is stopped, nobody gets an identity that is not theirs, and the journal says what the rules would do. */
import { readFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import { StoreUnreachable } from '../../src/store/store.ts'
import { navigation, type Running, startGateway } from '../fixtures/in-process/gateway.ts'
import { ok, startUpstream, valuesOf, webSocketLines } from '../fixtures/in-process/upstream.ts'

const rules = `[{ path: /public/**, access: public }, { path: /admin/**, access: deny }, { path: /fresh/**, access: mfa, within: 5m },
      { path: /keys/**, access: mfa, factors: [webauthn] }, { groups: [researchers], access: mfa }]`

async function start(t: Test) {
  const up = await startUpstream(t, (socket, request) =>
    socket.write(valuesOf(request, 'upgrade').length > 0 ? switching : ok)
  )
  const gate = await startGateway(t, {
    apps: `  - { id: trial, url: "http://trial.localhost:PORT", upstream: "${up.origin}", enforce: report, assertion: true, rules: ${rules} }
  - { id: firm, url: "http://firm.localhost:PORT", upstream: "${up.origin}", rules: ${rules} }`,
    extra: 'trustedProxies: [127.0.0.1]'
  })
  return { up, gate, alice: await gate.account('alice'), outsider: await gate.account('otto', ['guests']) }
}

/** The answer to the key of `webSocketLines` (RFC 6455 §1.3). */
const switching =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'

/** The journal's lines about the app since the last call. */
async function linesOf(gate: Running, app: string): Promise<Record<string, unknown>[]> {
  gate.server.runtime.strangers.flush()
  await gate.server.runtime.journal.commit({ kind: 'gate.reload', at: Date.now() })
  const text = readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8').trim()
  return text
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
    .filter(line => line.app === app)
}

/** A half sign-in's cookie for the app's host. */
async function halfWay(gate: Running, accountId: string): Promise<string> {
  const { token } = await gate.server.runtime.sessions.start({
    accountId,
    proof: { kind: 'password', at: Date.now(), userVerified: false },
    device: { userAgent: 'test', address: '127.0.0.1' },
    host: `trial.localhost:${gate.port}`
  })
  return `factorgate=${token}`
}

type Who = 'nobody' | 'half' | 'alice' | 'otto' | 'stale'

/** What is asked, the identity that the app gets, and what the journal says. */
const rows: readonly (readonly [string, Who, string, string | null, string | null])[] = [
  ['a stranger on a public path', 'nobody', '/public/x', null, null],
  ['a stranger on a path for people', 'nobody', '/x', null, 'challenge sign_in_required'],
  ['a stranger on a denied path', 'nobody', '/admin/x', null, 'refuse not_allowed'],
  ['a session that has ended', 'stale', '/x', null, 'challenge sign_in_required'],
  ['somebody with a first factor alone', 'half', '/x', null, 'challenge second_factor_required'],
  ['a person whom the rules let in', 'alice', '/x', 'alice', null],
  ['a person without the group', 'otto', '/x', 'otto', 'refuse not_allowed'],
  ['a person without a passkey', 'alice', '/keys/x', 'alice', 'challenge other_factor_required'],
  ['a person on a denied path, in another spelling', 'alice', '/public/..%2fADMIN/x', 'alice', 'refuse not_allowed']
]

t.test('nobody is stopped in line or in forward-auth, and the journal says what the rules would do', async t => {
  const { up, gate, alice, outsider } = await start(t)
  const cookies: Record<Who, string> = {
    nobody: '',
    stale: `factorgate=${'A'.repeat(43)}`,
    half: await halfWay(gate, alice.id),
    alice: (await gate.signIn(alice, 'trial')).cookies.trial as string,
    otto: (await gate.signIn(outsider, 'trial')).cookies.trial as string
  }
  for (const [title, who, uri, identity, would] of rows) {
    const before = (await linesOf(gate, 'trial')).length
    const sent = { ...navigation, ...(cookies[who] === '' ? {} : { cookie: `${cookies[who]}; own=1` }) }
    const inLine = await gate.request('GET', gate.origin('trial') + uri, { ...sent, 'remote-user': 'root' })
    const got = up.requests.at(-1)!
    t.equal(inLine.status, 200, title)
    t.same(valuesOf(got, 'remote-user'), identity === null ? [] : [identity], `${title}: identity`)
    t.equal(valuesOf(got, 'x-factorgate-assertion').length, identity === null ? 0 : 1, `${title}: assertion`)
    t.notMatch(valuesOf(got, 'cookie').join(), /factorgate/, `${title}: the app gets no cookie of the gate`)
    const asked = await gate.request('GET', `${gate.origin('trial')}/.factorgate/auth`, {
      ...sent,
      'x-original-url': gate.origin('trial') + uri,
      'x-original-method': 'GET'
    })
    t.equal(asked.status, 200, `${title}: forward-auth`)
    t.equal(asked.headers['remote-user'] || null, identity, `${title}: identity in forward-auth`)
    const lines = (await linesOf(gate, 'trial')).slice(before)
    const said = lines.map(line => (line.would === undefined ? null : `${line.would} ${line.reason}`))
    t.same(said, [would, would], `${title}: the journal`)
    t.same(new Set(lines.map(({ decision }) => decision)), new Set(['forward']), `${title}: it is forwarded`)
  }
})

t.test('another app of the same gate keeps its rules', async t => {
  const { up, gate, outsider } = await start(t)
  const { cookies } = await gate.signIn(outsider, 'firm')
  const asked = await gate.request('GET', `${gate.origin('firm')}/x`, navigation)
  t.match(asked, { status: 302, headers: { 'factorgate-error': 'sign_in_required' } })
  const refused = await gate.request('GET', `${gate.origin('firm')}/x`, { ...navigation, cookie: cookies.firm! })
  t.match(refused, { status: 403, headers: { 'factorgate-error': 'not_allowed' } })
  const copied = await gate.request('COPY', `${gate.origin('trial')}/x`, { destination: `${gate.origin('firm')}/y` })
  t.match(copied, { status: 400 }, 'and no COPY goes from one into the other')
  t.equal(up.requests.length, 0)
})

t.test('an outage stops nobody either', async t => {
  const { up, gate, alice } = await start(t)
  const { cookies } = await gate.signIn(alice, 'trial')
  const { store, journal } = gate.server.runtime
  const { get } = store
  store.get = async () => {
    throw new StoreUnreachable('The store is away.')
  }
  const stale = { ...navigation, cookie: `factorgate=${'A'.repeat(43)}` }
  const answer = await gate.request('GET', `${gate.origin('trial')}/x`, stale)
  const elsewhere = await gate.request('GET', `${gate.origin('firm')}/x`, stale)
  store.get = get
  t.equal(answer.status, 200, 'the store is down: it goes to the app')
  t.same(valuesOf(up.requests.at(-1)!, 'remote-user'), [], 'as nobody')
  t.equal(elsewhere.status, 503, 'another app waits for the store')
  const { would, reason } = (await linesOf(gate, 'trial')).at(-1)!
  t.same([would, reason], ['refuse', 'store_unreachable'])

  Object.defineProperty(journal, 'writable', { value: false, configurable: true })
  const unrecorded = await gate.request('GET', `${gate.origin('trial')}/x`, { ...navigation, cookie: cookies.trial! })
  const recorded = await gate.request('GET', `${gate.origin('firm')}/public/x`, navigation)
  Reflect.deleteProperty(journal, 'writable')
  t.equal(unrecorded.status, 200, 'the journal is full: it goes to the app')
  t.equal(recorded.status, 503, 'another app waits for the journal')
})

/** Opens a WebSocket and answers the status line. */
function handshake(gate: Running, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(gate.port, '127.0.0.1')
    const head = ['GET /chat HTTP/1.1', `Host: trial.localhost:${gate.port}`, ...webSocketLines, ...lines]
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
    socket.once('data', data => {
      resolve(data.toString('latin1').split('\r\n')[0] as string)
      socket.destroy()
    })
    socket.once('error', reject)
  })
}

t.test('WebSockets pass too, and a foreign page gets nobody’s identity', async t => {
  const { up, gate, alice } = await start(t)
  const { cookies } = await gate.signIn(alice, 'trial')
  const own = `Origin: ${gate.origin('trial')}`
  const foreign = 'Origin: https://evil.example'
  const cookie = `Cookie: ${cookies.trial}`
  const sockets: readonly (readonly [string, readonly string[], string[]])[] = [
    ['a stranger', [own], []],
    ['a person on a page of the app', [own, cookie], ['alice']],
    ['a person on a foreign page', [foreign, cookie], []],
    ['a stranger on a foreign page', [foreign], []],
    ['a program that sends a cookie and no origin', [cookie], []]
  ]
  for (const [title, lines, identity] of sockets) {
    t.match(await handshake(gate, lines), /^HTTP\/1\.1 101/, title)
    t.same(valuesOf(up.requests.at(-1)!, 'remote-user'), identity, `${title}: identity`)
  }
})

t.test('it is said at every start and every reload, until the rules hold', async t => {
  const { gate } = await start(t)
  const said = () => gate.log.filter(({ msg }) => /these apps are not protected.*: trial\./.test(String(msg))).length
  t.equal(said(), 1)
  await gate.server.reload(await gate.load())
  t.equal(said(), 2)
  const app = `  - { id: trial, url: "http://trial.localhost:PORT", upstream: "http://127.0.0.1:1", rules: ${rules} }`
  await gate.server.reload(await gate.load(app))
  t.equal(said(), 2)
  t.match(await gate.request('GET', `${gate.origin('trial')}/x`, navigation), { status: 302 })
})

t.test('operators see it in their list of apps; nobody else does', async t => {
  const { gate, alice } = await start(t)
  const pages: Record<string, string> = {}
  for (const account of [alice, await gate.account('olga', ['operators', 'researchers'])]) {
    const { cookies } = await gate.signIn(account)
    const page = await gate.request('GET', `${gate.portal}/.factorgate/`, { ...navigation, cookie: cookies.gate! })
    pages[account.name] = page.body
  }
  t.match(pages.olga, /not protected yet/)
  t.notMatch(pages.alice, /not protected yet/)
})
