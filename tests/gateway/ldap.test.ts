/** LDAP in front of an app: the sign-in page, refused people, and the end of sessions and open sockets of people who are removed there. */
import { once } from 'node:events'
import net from 'node:net'
import t, { type Test } from 'tap'
import { GateError } from '../../src/errors.ts'
import type { Account } from '../../src/identity/account.ts'
import { directoriesOf } from '../../src/services/directories.ts'
import { DirectoryRefresh } from '../../src/watchers/directory-refresh.ts'
import { type Running, startGateway } from '../fixtures/in-process/gateway.ts'
import { ldapDirectory } from '../fixtures/in-process/ldap-directory.ts'
import { type LdapEntry, startLdap } from '../fixtures/in-process/ldap-server.ts'
import { Person } from '../fixtures/in-process/person.ts'
import { startUpstream, webSocketLines } from '../fixtures/in-process/upstream.ts'

const service = { dn: 'cn=gate,dc=lab', password: 'gate-secret', attributes: {} }
const person = (uid: string, more: LdapEntry['attributes'] = {}): LdapEntry => ({
  dn: `uid=${uid},dc=lab`,
  password: `pw-${uid}`,
  attributes: { uid, entryUUID: `id-of-${uid}`, displayName: `The ${uid}`, ...more }
})
const staff: LdapEntry = { dn: 'cn=staff,dc=lab', attributes: { cn: 'staff', member: ['uid=alice,dc=lab'] } }

async function start(t: Test, entries: readonly LdapEntry[], startDown = false) {
  const ldap = await startLdap(t, { entries: [service, ...entries] })
  if (startDown) await ldap.stop()
  const upstream = await startUpstream(t, socket =>
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n'
    )
  )
  const gate = await startGateway(t, {
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "${upstream.origin}" }`,
    extra: `identity:
  - { id: local, kind: local }
  - { id: institute, kind: ldap, title: Institute, servers: ["${ldap.url}"], bind: { dn: "cn=gate,dc=lab", password: gate-secret }, base: dc=lab, refresh: 60s }
`
  })
  return { ldap, gate }
}

async function signIn(gate: Running, username: string, password: string) {
  const browser = new Person(gate.port)
  return browser.submit(await browser.open(`${gate.portal}/.factorgate/login`), { username, password })
}

t.test('the sign-in page takes people of the directory', async t => {
  const { gate, ldap } = await start(t, [
    person('alice'),
    person('gina', { pwdReset: 'TRUE' }),
    person('müller'),
    staff
  ])
  const table: [string, string, string, number, RegExp][] = [
    ['a wrong password', 'alice', 'wrong', 401, /do not match.*may have locked the account/],
    ['an unknown name', 'nobody', 'pw-alice', 401, /do not match.*may have locked the account/],
    ['a password that must be changed', 'gina', 'pw-gina', 401, /change it first/],
    ['a wrong password of such a person', 'gina', 'wrong', 401, /do not match/],
    ['a name that no account can have', 'müller', 'pw-müller', 401, /user name at your institution/]
  ]
  for (const [title, name, password, status, words] of table) {
    const answer = await signIn(gate, name, password)
    t.equal(answer.status, status, title)
    t.match(answer.body, words, title)
  }
  const entered = await signIn(gate, 'Alice', 'pw-alice')
  t.notMatch(entered.url, /login/)
  const { accounts } = gate.server.runtime
  t.match(await accounts.byName('alice'), { directory: 'institute', externalId: 'id-of-alice', groups: ['staff'] })
  await ldap.stop()
  const down = await signIn(gate, 'alice', 'pw-alice')
  t.equal(down.status, 503)
  t.equal(down.headers['factorgate-error'], 'institution_unreachable')
})

t.test('people of our own sign in while the directory is down, and it binds nobody of theirs', async t => {
  const { gate, ldap } = await start(t, [person('bob')])
  const { runtime } = gate.server
  const bob = await gate.account('bob')
  await runtime.local.setPassword(bob.id, 'correct horse battery')
  t.notMatch((await signIn(gate, 'bob', 'correct horse battery')).url, /login/)
  t.notOk(
    ldap.binds.some(({ dn }) => dn === 'uid=bob,dc=lab'),
    'nobody of the same name is locked out there'
  )
  await ldap.stop()
  t.notMatch((await signIn(gate, 'bob', 'correct horse battery')).url, /login/)
})

t.test('a gate starts while the directory is down, and says so', async t => {
  const { gate } = await start(t, [], true)
  while (!gate.log.some(({ msg }) => /does not work/.test(String(msg)))) await new Promise(setImmediate)
  t.match(
    gate.log.find(({ msg }) => /does not work/.test(String(msg))),
    { directory: 'institute', problem: /ECONNREFUSED/ }
  )
})

t.test('whoever is removed, locked or disabled there loses the sessions and the open sockets', async t => {
  const { gate, ldap } = await start(t, [person('alice'), person('bob'), person('carol'), person('dan'), staff])
  const { runtime } = gate.server
  const people = new Map<string, Account>()
  const sockets = new Map<string, { ended: boolean }>()
  for (const name of ['alice', 'bob', 'carol', 'dan']) {
    await signIn(gate, name, `pw-${name}`)
    const account = (await runtime.accounts.byName(name))!
    people.set(name, account)
    sockets.set(name, await openSocket(t, gate, (await gate.signIn(account, 'one')).cookies.one!))
  }
  const refresh = await refreshOf(t, gate)
  const run = async () => {
    await runtime.store.delete('directory-refresh:institute')
    await refresh.run()
  }
  await run()
  t.same(
    [...sockets.values()].map(({ ended }) => ended),
    [false, false, false, false],
    'nobody is touched without a reason'
  )

  await ldap.stop()
  await run()
  t.same(
    [...sockets.values()].map(({ ended }) => ended),
    [false, false, false, false],
    'a directory that is down ends nobody'
  )

  const again = await startLdap(t, {
    port: ldap.port,
    entries: [
      service,
      person('alice', { displayName: 'Alice A.' }),
      person('carol', { pwdAccountLockedTime: '000001010000Z' }),
      person('dan', { nsAccountLock: 'TRUE' })
    ]
  })
  t.ok(again.port)
  while ((await runtime.sessions.list(people.get('dan')!.id)).length > 0) await run()
  while (!['bob', 'carol', 'dan'].every(name => sockets.get(name)!.ended)) await new Promise(setImmediate)
  t.pass('who is gone, locked or disabled')
  for (const name of ['bob', 'carol', 'dan']) t.same(await runtime.sessions.list(people.get(name)!.id), [])
  t.ok((await runtime.sessions.list(people.get('alice')!.id)).length > 0, 'alice is there, and stays')
  // In the round that found the directory again, she may have been asked for before.
  const alice = () => runtime.accounts.byName('alice')
  while ((await alice())?.displayName !== 'Alice A.') await run()
  t.match(await alice(), { groups: [] }, 'and is kept in step')
})

t.test('a person who cannot be looked up hides nobody else who is gone', async t => {
  const { gate } = await start(t, [person('alice'), person('bob'), person('carol'), person('dan')])
  const { accounts, sessions, store, journal, clock } = gate.server.runtime
  const names = ['alice', 'bob', 'carol', 'dan']
  for (const name of names) await signIn(gate, name, `pw-${name}`)
  const said: string[] = []
  const say = (_: object, sentence: string) => said.push(sentence)
  const directory = {
    id: 'institute',
    refreshSeconds: 60,
    authenticate: async () => ({ kind: 'refused' }) as const,
    stands: async ({ name }: Account) => {
      if (name === 'alice') throw new GateError('institution_unreachable')
      if (name === 'carol') throw new Error('the entry is broken')
      return false
    }
  }
  const refresh = new DirectoryRefresh({
    ...{ directories: [directory], accounts, sessions, store, journal, clock },
    log: { info: say, warn: say }
  })
  await store.delete('directory-refresh:institute')
  await refresh.run(directory)
  const left = await Promise.all(
    names.map(async name => (await sessions.list((await accounts.byName(name))!.id)).length)
  )
  t.same(left, [1, 0, 1, 0], 'who is gone there has no session, and the others have theirs')
  t.equal(said.length, 1)
  t.match(said[0], /some people could not be looked up/)
})

t.test('one gate of a store asks at a time', async t => {
  const { gate, ldap } = await start(t, [person('alice')])
  await signIn(gate, 'alice', 'pw-alice')
  const [one, other] = [await refreshOf(t, gate), await refreshOf(t, gate)]
  await gate.server.runtime.store.delete('directory-refresh:institute')
  const before = ldap.searches.length
  await one.run()
  const asked = ldap.searches.length - before
  t.ok(asked > 0)
  await other.run()
  t.equal(ldap.searches.length - before, asked)
})

t.test('a configuration asks at once, since the next reload may come before its first interval ends', async t => {
  const { gate } = await start(t, [person('alice')])
  const { accounts, sessions, store, journal, clock, log } = gate.server.runtime
  const asked: string[] = []
  const alice = await accounts.create({ name: 'ada' })
  await gate.signIn(alice, 'one')
  const directory = {
    id: 'other',
    refreshSeconds: 60,
    authenticate: async () => ({ kind: 'refused' }) as const,
    stands: async ({ name }: Account) => asked.push(name) > 0
  }
  for (let reloads = 0; reloads < 2; reloads++) {
    const refresh = new DirectoryRefresh({
      ...{ directories: [directory], sessions, store, journal, clock, log },
      accounts: { idsOf: async () => [alice.id], byId: async () => ({ ...alice, directory: 'other' }) },
      every: () => () => {}
    })
    refresh.start()
    while (asked.length === 0) await new Promise(setImmediate)
    await refresh.run(directory)
    refresh.stop()
  }
  t.same(asked, ['ada'], 'and not more often than the lease lets it')
})

t.test('everybody is asked about twice within `refresh`, from the start to the end of a configuration', async t => {
  const ldap = await startLdap(t, { entries: [service] })
  const { gate } = await start(t, [])
  const { accounts, sessions, store, journal, clock, log } = gate.server.runtime
  const { directory } = ldapDirectory(t, { servers: [ldap.url] })
  const timers: { ms: number; isStopped: boolean }[] = []
  const refresh = new DirectoryRefresh({
    ...{ directories: [gate.server.runtime.local, directory], accounts, sessions, store, journal, clock, log },
    every: ms => {
      const timer = { ms, isStopped: false }
      timers.push(timer)
      return () => {
        timer.isStopped = true
      }
    }
  })
  refresh.start()
  t.same(timers, [{ ms: 150_000, isStopped: false }])
  refresh.stop()
  t.same(timers, [{ ms: 150_000, isStopped: true }])
})

/** The watcher of a gate, run by hand instead of by its timer. */
async function refreshOf(t: Test, gate: Running): Promise<{ run(): Promise<void> }> {
  const { runtime } = gate.server
  const directories = await directoriesOf(await gate.load(), runtime)
  t.teardown(() => directories.close())
  const directory = directories.passwords.find(({ id }) => id === 'institute')!
  const { accounts, sessions, store, journal, clock, log } = runtime
  const refresh = new DirectoryRefresh({ directories: [directory], accounts, sessions, store, journal, clock, log })
  return { run: () => refresh.run(directory) }
}

async function openSocket(t: Test, gate: Running, cookie: string): Promise<{ ended: boolean }> {
  const socket = net.connect(gate.port, '127.0.0.1')
  const state = { ended: false }
  socket
    .on('error', () => {})
    .on('close', () => {
      state.ended = true
    })
  t.teardown(() => socket.destroy())
  const origin = `http://one.localhost:${gate.port}`
  socket.write(
    `${['GET / HTTP/1.1', `Host: ${new URL(origin).host}`, `Cookie: ${cookie}`, ...webSocketLines, `Origin: ${origin}`].join('\r\n')}\r\n\r\n`
  )
  const [head] = await once(socket, 'data')
  if (!/101 Switching/.test(String(head))) throw new Error(String(head))
  return state
}
