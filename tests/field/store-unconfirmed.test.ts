/**
 * FIELD A7: access was ended, and no replica confirms it. All of it is done, that is said, and whoever does the same again asks again: nothing reports
 * success before it is confirmed.
 */
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { Accounts } from '../../src/identity/accounts.ts'
import { Invitations } from '../../src/identity/invitations.ts'
import { inBatches } from '../../src/store/batches.ts'
import { StoreUnconfirmed, StoreUnreachable } from '../../src/store/store.ts'
import { commandAt } from '../fixtures/in-process/command.ts'
import { alice, fixture as factorFixture, home } from '../fixtures/in-process/factors.ts'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import type { MemoryStore } from '../fixtures/in-process/memory-store.ts'
import { totpCode } from '../fixtures/in-process/person.ts'
import { enrolled, password, signedIn } from '../fixtures/pipeline/people.ts'
import { openFixture } from '../fixtures/pipeline/portal.ts'
import { textOf, Visitor } from '../fixtures/pipeline/visitor.ts'
import { startRedis, until } from '../fixtures/process/redis-server.ts'

/** A store whose replicas confirm nothing while `isStuck`. Counts how often they are asked. */
function replicated(store: MemoryStore): { isStuck: boolean; asked: number } {
  const replicas = { isStuck: true, asked: 0 }
  store.settle = async () => {
    replicas.asked++
    if (replicas.isStuck) throw new StoreUnconfirmed('no replica has confirmed it')
  }
  return replicas
}

async function peopleIn(t: Test, count: number) {
  const fixture = await openFixture(t)
  const replicas = replicated(fixture.store)
  replicas.isStuck = false
  const { ada, sessions, store } = fixture
  for (let n = 0; n < count; n++) {
    const session = { id: `s${n}`, accountId: ada.id, createdAt: fixture.clock(), expiresAt: fixture.clock() + 60_000 }
    const more = { proofs: [], generation: 0, device: { userAgent: '', address: home }, tokens: {} }
    await store.put(`session:s${n}`, JSON.stringify({ ...session, ...more }))
    await store.link(`sessions-of:${ada.id}`, `s${n}`)
    await store.put(`seen:s${n}`, String(fixture.clock()))
  }
  replicas.isStuck = true
  return { fixture, replicas, sessions, store, left: () => store.members(`sessions-of:${ada.id}`) }
}

t.test('FIELD A7 all batches run before the replicas are asked, once; trying again asks again', async t => {
  for (const name of ['endAccount', 'endAll'] as const) {
    const { fixture, replicas, sessions, left } = await peopleIn(t, 250)
    const end = () =>
      name === 'endAll' ? sessions.endAll('revoked') : sessions.endAccount(fixture.ada.id, 'revoked', 'nobody')
    await t.rejects(end(), { name: 'StoreUnconfirmed', ended: 250 }, name)
    t.same(await left(), [], 'all of them have ended')
    t.equal(replicas.asked, 1)
    await t.rejects(
      end(),
      { name: 'StoreUnconfirmed', ended: 0 },
      'the second try asks, although nothing is left to end'
    )
    replicas.isStuck = false
    t.equal(await end(), 0, 'and succeeds once it is confirmed')
  }
})

t.test(
  'FIELD A7 what one record refuses does not keep the others; a store that is away is not asked for ever',
  async t => {
    const { fixture, replicas, sessions, store, left } = await peopleIn(t, 250)
    replicas.isStuck = false
    const take = store.take.bind(store)
    store.take = async key => {
      if (key === 'session:s3') throw new StoreUnreachable('the master of this slot is away')
      return take(key)
    }
    await t.rejects(sessions.endAccount(fixture.ada.id, 'revoked'), { message: /this slot/ })
    t.same(await left(), ['s3'])
    let tried = 0
    const away = inBatches(
      Array.from({ length: 1000 }),
      async () => {
        tried++
        throw new StoreUnreachable('away')
      },
      undefined,
      { goesOn: true }
    )
    await t.rejects(away, { message: 'away' })
    t.equal(tried, 200)
  }
)

t.test('FIELD A7 who was seen is written in the same batches, and what fails is due again', async t => {
  const { fixture, sessions, store } = await peopleIn(t, 0)
  const { visitor } = await enrolled(fixture).catch(() => ({ visitor: null }))
  t.equal(visitor, null, 'nobody signs in while nothing is confirmed')
  store.settle = async () => {}
  const signed = await enrolled(fixture)
  await signed.visitor.open(`${fixture.portalOrigin}/.factorgate/account`)
  const put = store.put.bind(store)
  store.put = async (key, ...rest) => {
    if (key.startsWith('seen:')) throw new StoreUnreachable('away')
    return put(key, ...rest)
  }
  await t.rejects(sessions.flush(), { message: 'away' })
  const written: string[] = []
  store.put = async (key, ...rest) => {
    written.push(key)
    return put(key, ...rest)
  }
  await sessions.flush()
  t.ok(written.some(key => key.startsWith('seen:')))
})

t.test(
  'FIELD A7 each end of access asks again when it is tried again, although there is nothing left to change',
  async t => {
    const make = async () => {
      const all = factorFixture()
      const { store, clock } = all
      const accounts = new Accounts({ store, clock })
      const bob = await accounts.create({ name: 'bob', groups: ['a', 'b'] })
      return { ...all, accounts, bob, invitations: new Invitations({ store, clock }) }
    }
    type Made = Awaited<ReturnType<typeof make>>
    const rows: readonly [string, (made: Made) => Promise<unknown>, (made: Made) => Promise<unknown>][] = [
      [
        'suspended',
        m => m.accounts.suspend(m.bob.id, 'why'),
        async m => (await m.accounts.byId(m.bob.id))?.suspended?.why
      ],
      [
        'groups taken',
        m => m.accounts.update(m.bob.id, { groups: [] }),
        async m => (await m.accounts.byId(m.bob.id))?.groups.join()
      ],
      [
        'a group for another',
        m => m.accounts.update(m.bob.id, { groups: ['c', 'b'] }),
        async m => (await m.accounts.byId(m.bob.id))?.groups.join()
      ],
      [
        'all factors removed',
        m => m.credentials.removeAll(m.bob.id),
        async m => (await m.credentials.list(m.bob.id)).length
      ],
      ['recovery codes removed', m => m.recovery.removeAll(m.bob.id), async m => m.recovery.status(m.bob.id)],
      [
        'recovery codes made anew',
        m => m.recovery.issue(m.bob.id),
        async m => (await m.recovery.status(m.bob.id))?.remaining
      ]
    ]
    const after = ['why', '', 'c,b', 0, null, 10]
    for (const [n, [name, end, look]] of rows.entries()) {
      const made = await make()
      await made.recovery.issue(made.bob.id)
      const replicas = replicated(made.store)
      await t.rejects(end(made), { name: 'StoreUnconfirmed' }, name)
      t.equal(await look(made), after[n], 'it is done all the same')
      await t.rejects(end(made), { name: 'StoreUnconfirmed' }, 'again')
      replicas.isStuck = false
      await t.resolves(end(made), 'confirmed')
    }
  }
)

t.test(
  'FIELD A7 a code, an older invitation or the counter of a key that is spent is confirmed before it counts',
  async t => {
    const all = factorFixture()
    const [code = '', other = ''] = await all.recovery.issue(alice.id)
    const { ceremony, secret } = await all.totp.begin(alice, 's1')
    const typed = totpCode(secret, all.time.now)
    await all.totp.finish({ accountId: alice.id, binding: 's1', ceremony, code: typed, name: '', address: home })
    all.time.advance(60)
    const invitations = new Invitations(all)
    const first = await invitations.issue(alice.id)
    const replicas = replicated(all.store)
    const recovery = (code: string) => all.recovery.spend({ accountId: alice.id, code, address: home })
    const app = () => all.totp.verify({ accountId: alice.id, code: totpCode(secret, all.time.now), address: home })
    for (const [name, use] of [
      ['a recovery code', () => recovery(code)],
      ['a code of an app', app]
    ] as const) {
      await t.rejects(use(), { name: 'StoreUnconfirmed' }, name)
      t.equal((await use()).kind, 'refused', 'it is spent all the same')
    }
    await t.rejects(invitations.issue(alice.id), { name: 'StoreUnconfirmed' })
    t.equal(await invitations.peek(first), null)
    replicas.isStuck = false
    t.equal((await recovery(other)).kind, 'verified', 'the next one is good: the failures do not count')
  }
)

t.test(
  'FIELD A7 on the pages: what was done is said to be done and not confirmed, and doing it again asks again',
  async t => {
    const open = async () => {
      const fixture = await openFixture(t)
      const { secret } = await enrolled(fixture)
      await signedIn(fixture, secret)
      const { visitor } = await signedIn(fixture, secret)
      const page = await visitor.open(`${fixture.portalOrigin}/.factorgate/account`)
      const lines = () => fixture.events.filter(({ confirmed }) => confirmed === false).map(({ kind }) => kind)
      return { fixture, visitor, page, lines, replicas: replicated(fixture.store) }
    }
    const count = async (fixture: Awaited<ReturnType<typeof openFixture>>) =>
      (await fixture.sessions.list(fixture.ada.id)).length
    const rows = [
      ['all others', /others\/end/, 1, 'session.end', /account$/],
      ['one', 'the oldest', 2, 'session.end', /account$/],
      ['logging out', /logout/, 2, 'logout', /signed-out$/]
    ] as const
    for (const [name, form, left, kind, leads] of rows) {
      const { fixture, visitor, page, lines, replicas } = await open()
      const oldest = (await fixture.sessions.list(fixture.ada.id)).sort(
        (a, b) => a.session.createdAt - b.session.createdAt
      )[0]
      const to = form === 'the oldest' ? new RegExp(`sessions/${oldest?.session.id}/end`) : form
      const send = () => visitor.post(page, {}, to)
      const unconfirmed = await send()
      t.same([unconfirmed.status, unconfirmed.headers['factorgate-error']], [503, 'not_confirmed'], name)
      t.match(textOf(unconfirmed.body), /Done, but not saved twice yet/)
      t.equal(await count(fixture), left, 'it is done')
      t.same(lines(), [kind], 'and the journal says so')
      t.equal((await send()).headers['factorgate-error'], 'not_confirmed', 'again')
      replicas.isStuck = false
      const confirmed = await send()
      t.equal(confirmed.status, 303)
      t.match(confirmed.headers.location, leads)
    }

    const { fixture, visitor, replicas } = await open()
    await fixture.credentials.add({
      ...(await fixture.credentials.list(fixture.ada.id))[0]!,
      id: 'B'.repeat(22),
      name: 'other'
    })
    const remove = () => `${fixture.portalOrigin}/.factorgate/account/factors/${'B'.repeat(22)}/remove`
    const form = await visitor.open(remove())
    const send = async () => (await visitor.post(form, {}, /remove/)).headers['factorgate-error']
    t.same([await send(), await send()], ['not_confirmed', 'not_confirmed'], 'a factor')
    t.equal((await fixture.credentials.list(fixture.ada.id)).length, 1)
    replicas.isStuck = false
    t.equal(await send(), undefined)
    const nobodys = { ...form, body: form.body.replaceAll('B'.repeat(22), 'C'.repeat(22)) }
    t.equal((await visitor.post(nobodys, {}, /remove/)).status, 404, 'what was never there is not there')

    replicas.isStuck = true
    const change = await visitor.open(`${fixture.portalOrigin}/.factorgate/account/password`)
    const next = 'another battery staple'
    const changed = await visitor.post(change, { old: password, password: next })
    t.equal(changed.headers['factorgate-error'], 'not_confirmed', 'a new password')
    t.equal(await count(fixture), 1, 'the other sign-ins have ended')
    const again = await visitor.post(change, { old: next, password: next })
    t.equal(again.headers['factorgate-error'], 'not_confirmed')
  }
)

t.test('FIELD A7 an invitation whose password nothing confirms goes on where it stopped', async t => {
  const fixture = await openFixture(t)
  const link = await fixture.invite()
  const person = new Visitor(fixture.app)
  const replicas = replicated(fixture.store)
  const form = await person.open(link)
  t.equal((await person.post(form, { password })).headers['factorgate-error'], 'not_confirmed')
  replicas.isStuck = false
  const went = await person.submit(await person.open(link), { password })
  t.match(went.url, /\/enrol/)
})

t.test('FIELD A7 on the command line, with a real replica that stands still', async t => {
  const redis = await startRedis(t)
  const replica = await startRedis(t, {
    args: ['--replicaof', `127.0.0.1 ${redis.port}`, '--repl-timeout', '600']
  })
  await until('the replica is in step', async () => /state=online/.test(await redis.cli('INFO', 'replication')))
  const gate = await startGateway(t, {
    store: redis.url,
    apps: '  - { id: one, title: One, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:1", rules: [{ access: mfa }] }'
  })
  const command = commandAt(gate.configFile)
  const people: Record<string, string> = {}
  for (const name of ['alice', 'bob', 'carol', 'dora', 'emil'])
    people[name] = (await gate.signIn(await gate.account(name, ['a', 'b']))).principal.session.id
  const rows: readonly [readonly string[], string, string | null][] = [
    [['session', 'revoke', people.alice!], '"kind":"session.end"', people.alice!],
    [['session', 'revoke', '--user', 'bob'], '"kind":"session.end"', people.bob!],
    [['user', 'suspend', 'carol', '--why', 'left'], '"outcome":"suspended"', people.carol!],
    [['user', 'set', 'carol', '--group', 'c'], '"outcome":"changed"', null],
    [['user', 'reset-factors', 'dora'], '"outcome":"reset"', people.dora!],
    [['user', 'remove', 'emil'], '"outcome":"removed"', people.emil!]
  ]
  const journal = () =>
    readFileSync(`${gate.folder}/journal.jsonl`, 'utf8')
      .trim()
      .split('\n')
      .filter(text => !text.includes('"kind":"journal.checkpoint"'))
  await replica.signal('SIGSTOP')
  for (const [words, line, session] of rows) {
    for (const isAgain of words[0] === 'session' ? [false, true] : [false]) {
      const before = journal().length
      const { code, stderr } = await command(...words)
      t.equal(code, 1, `${words.slice(0, 2).join(' ')}${isAgain ? ', again' : ''}`)
      t.match(stderr, /not confirmed\. The store [\s\S]*run the same command again/)
      const written = journal()
        .slice(before)
        .filter(text => text.includes(line))
      t.match(written, [/"confirmed":false/], 'one line in the journal says so')
      if (session !== null && !isAgain) t.equal(await gate.server.runtime.store.get(`session:${session}`), null, 'done')
    }
  }
  await replica.signal('SIGCONT')
  // A command waits half a second for the replica, which needs longer at times after it stood still.
  await until('the replica has everything', async () => {
    const info = await redis.cli('INFO', 'replication')
    const written = /^master_repl_offset:(\d+)/m.exec(info)?.[1]
    return written !== undefined && written === /^slave0:.*state=online,offset=(\d+)/m.exec(info)?.[1]
  })
  for (const [words, line] of rows) {
    const { code, stderr } = await command(...words)
    t.equal(code, 0, `${words.slice(0, 2).join(' ')}: ${stderr}`)
    t.match(journal().at(-1), line)
    t.notMatch(journal().at(-1), '"confirmed"')
  }
  t.match(await command('user', 'show', 'emil'), { code: 1, stderr: /there is no account 'emil'/ })
  t.match(await command('session', 'revoke', 'A'.repeat(22)), { code: 1, stderr: /there is no session/ })
})
