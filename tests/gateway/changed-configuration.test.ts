/** A changed configuration takes from people who are signed in what it no longer gives them, open connections included. */
import { readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import t, { type Test } from 'tap'
import type { NewAccount } from '../../src/identity/accounts.ts'
import { navigation, type Running, startGateway, tokenAt } from '../fixtures/in-process/gateway.ts'
import { sampleCredential } from '../fixtures/in-process/sample-credential.ts'
import { startUpstream } from '../fixtures/in-process/upstream.ts'

const front = (more: string) =>
  `{ id: front, kind: header, from: [127.0.0.1], headers: { name: X-User }, secret: { header: X-Gate-Secret, value: a-long-secret-of-the-proxy-in-front }${more} }`
const before = `identity: [{ id: local, kind: local }, ${front(', groupMap: { THEIRS: staff, MORE: others }')}]`

async function start(t: Test, person: Partial<NewAccount>) {
  const upstream = await startUpstream(t, socket =>
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n')
  )
  const gate = await startGateway(t, {
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "${upstream.origin}", rules: [{ path: /keys, access: mfa, factors: [webauthn] }, { path: /open, access: mfa }, { groups: [staff], access: mfa }] }`,
    extra: before
  })
  const account = await gate.server.runtime.accounts.create({
    ...{ name: 'alice', directory: 'front', externalId: '1', groups: ['staff'], theirGroups: ['THEIRS'] },
    ...person
  })
  return { gate, account }
}

/** Loads the configuration with this line in the place of `identity`. */
async function change(gate: Running, to: string): Promise<void> {
  const text = readFileSync(gate.configFile, 'utf8').replace(before, to)
  writeFileSync(gate.configFile, text)
  await gate.server.reload(await gate.load())
}

/** A download that does not end by itself. */
async function download(t: Test, gate: Running, cookie: string, path: string): Promise<{ ended: Promise<void> }> {
  const socket = net.connect(gate.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  const ended = new Promise<void>(resolve => socket.on('error', () => {}).on('close', () => resolve()))
  socket.write(`GET ${path} HTTP/1.1\r\nHost: one.localhost:${gate.port}\r\nCookie: ${cookie}\r\n\r\n`)
  const head = await new Promise<Buffer>(resolve => socket.once('data', resolve))
  t.match(head.toString('latin1'), /^HTTP\/1\.1 200/, 'it is let in before the change')
  return { ended }
}

const rows: readonly (readonly [string, Partial<NewAccount>, string, boolean])[] = [
  ['the institution is taken out', {}, 'identity: [{ id: local, kind: local }]', false],
  [
    'the group is taken out of the map',
    {},
    `identity: [{ id: local, kind: local }, ${front(', groupMap: { MORE: others }')}]`,
    false
  ],
  [
    'the map calls the group otherwise',
    {},
    `identity: [{ id: local, kind: local }, ${front(', groupMap: { THEIRS: people }')}]`,
    false
  ],
  [
    'the map goes, and the name of the group is theirs',
    {},
    `identity: [{ id: local, kind: local }, ${front('')}]`,
    false
  ],
  [
    'another of their groups gives the same',
    { theirGroups: ['THEIRS', 'MORE'] },
    `identity: [{ id: local, kind: local }, ${front(', groupMap: { MORE: staff }')}]`,
    true
  ],
  [
    'an operator has given the group',
    { theirGroups: undefined },
    `identity: [{ id: local, kind: local }, ${front(', groupMap: { MORE: others }')}]`,
    true
  ],
  ['the person is of another directory', { directory: 'local' }, 'identity: [{ id: local, kind: local }]', true]
]
for (const [sentence, person, to, stays] of rows)
  t.test(`${sentence}: ${stays ? 'the sign-in stays' : 'it is over'}`, async t => {
    const { theirGroups, ...more } = person
    const { gate, account } = await start(t, { ...more, ...('theirGroups' in person ? { theirGroups } : {}) } as never)
    const { cookies } = await gate.signIn(account, 'one')
    const open = await download(t, gate, cookies.one!, '/data')
    await change(gate, to)
    const origin = `http://one.localhost:${gate.port}`
    const ask = () => gate.request('HEAD', `${origin}/data`, { ...navigation, cookie: cookies.one! })
    if (stays) return t.equal((await ask()).status, 200)
    await open.ended
    const answer = await ask()
    t.ok(answer.status === 302 || answer.status === 403, `${answer.status}`)
  })

t.test('a way back gives the sign-in back', async t => {
  const { gate, account } = await start(t, {})
  const { cookies } = await gate.signIn(account, 'one')
  const ask = () => gate.request('HEAD', `${gate.origin('one')}/data`, { ...navigation, cookie: cookies.one! })
  await change(gate, 'identity: [{ id: local, kind: local }]')
  t.equal((await ask()).status, 302)
  writeFileSync(
    gate.configFile,
    readFileSync(gate.configFile, 'utf8').replace('identity: [{ id: local, kind: local }]', before)
  )
  await gate.server.reload(await gate.load())
  t.equal((await ask()).status, 200)
})

t.test('a model of security keys that the policy refuses now proves nothing any more', async t => {
  const { gate, account } = await start(t, {})
  const { runtime } = gate.server
  const credential = sampleCredential({ accountId: account.id })
  await runtime.credentials.add(credential)
  const { principal, cookies } = await gate.signIn(account, 'one')
  const { id: credentialId } = credential
  const proof = { kind: 'webauthn', at: Date.now(), userVerified: true, credentialId } as const
  const proved = await runtime.sessions.prove(principal, proof)
  const host = `one.localhost:${gate.port}`
  cookies.one = `factorgate=${await tokenAt(runtime.sessions, proved!.principal, host)}`
  const open = await download(t, gate, cookies.one, '/keys')
  await change(
    gate,
    `${before}\nfactors: { webauthn: { policy: { syncedPasskeys: allow, deny: ["${credential.aaguid}"] } } }`
  )
  await open.ended
  const ask = (path: string) =>
    gate.request('HEAD', `${gate.origin('one')}${path}`, { ...navigation, cookie: cookies.one! })
  t.match((await ask('/keys')).headers.location, /challenge/)
  t.equal((await ask('/open')).status, 200, 'the other factor counts as before')
})
