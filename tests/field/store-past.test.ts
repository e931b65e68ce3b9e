/** FIELD A7 and G19: Redis goes back to a past, or is another one. The gate notices, refuses, says so, and goes on once an operator has accepted it. */
import t from 'tap'
import { openStore } from '../../src/store/open.ts'
import { commandAt } from '../fixtures/in-process/command.ts'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { startUpstream } from '../fixtures/in-process/upstream.ts'
import { startRedisProxy } from '../fixtures/process/redis-proxy.ts'
import { startRedis, until } from '../fixtures/process/redis-server.ts'
import { readyz } from '../threats/doors.ts'

t.test('FIELD A7 FIELD G19 a store that has gone back, or is another one, opens nothing', async t => {
  const redis = await startRedis(t)
  const lagging = await startRedis(t, {
    args: ['--replicaof', `127.0.0.1 ${redis.port}`, '--repl-timeout', '600']
  })
  const replication = () => redis.cli('INFO', 'replication')
  await until('the replica is in step', async () => /state=online/.test(await replication()))
  const upstream = await startUpstream(t)
  const gate = await startGateway(t, {
    store: redis.url,
    apps: `  - { id: one, title: One, url: "http://one.localhost:PORT", upstream: "${upstream.origin}", rules: [{ access: mfa }] }`
  })
  const { runtime } = gate.server
  const alice = await gate.account('alice')
  const bob = await gate.account('bob')
  const { cookies } = await gate.signIn(alice, 'one')
  const revoked = await gate.signIn(bob, 'one')
  const visit = async (who = cookies) =>
    (await gate.request('GET', `${gate.origin('one')}/x`, { cookie: who.one as string })).status
  const command = commandAt(gate.configFile)
  t.equal(await visit(), 200)

  await t.test('who revokes while the replica stands still is told that a failover could undo it', async t => {
    await lagging.signal('SIGSTOP')
    const { code, stderr } = await command('session', 'revoke', '--user', 'bob')
    t.equal(code, 1)
    t.match(stderr, /no replica has confirmed it/)
    t.not(await visit(revoked.cookies), 200, 'it is done all the same')
  })

  const past = await redis.cli('GET', 'factorgate:meta:store-epoch:0')
  const cases: [string, () => Promise<unknown>, RegExp][] = [
    [
      'an older copy',
      () => redis.cli('SET', 'factorgate:meta:store-epoch:0', String(Number.parseInt(past, 10) - 1)),
      /gone back/
    ],
    ['a mark that is gone', () => redis.cli('DEL', 'factorgate:meta:store-id'), /is empty, or it is not the store/],
    [
      'another store',
      () => redis.cli('SET', 'factorgate:meta:store-id', 'somebodyElses'),
      /is not the store that the gate used before/
    ],
    ['everything gone', () => redis.cli('FLUSHALL'), /is empty, or it is not the store/]
  ]
  for (const [name, spoil, sentence] of cases)
    await t.test(name, async t => {
      await spoil()
      await until('it is refused', async () => (await visit()) === 503)
      t.equal(await readyz(gate), 503)
      await t.rejects(runtime.store.get('account:x'), { message: sentence })
      t.match((await command('user', 'list')).stderr, /factorgate store accept/)
      const accepted = await command('store', 'accept', '--keep-sessions')
      t.equal(/nobody in this store.*factorgate store import/.test(accepted.stderr), name === 'everything gone')
      await until('it is ready again', async () => (await readyz(gate)) === 200)
      if (name !== 'everything gone') await until('and serves', async () => (await visit()) === 200)
    })
})

t.test('FIELD A7 a replica that is promoted without the last revocation opens nothing', async t => {
  const master = await startRedis(t)
  const replica = await startRedis(t, {
    args: ['--replicaof', `127.0.0.1 ${master.port}`]
  })
  const way = await startRedisProxy(t, master.port)
  const upstream = await startUpstream(t)
  const gate = await startGateway(t, {
    store: way.url,
    apps: `  - { id: one, title: One, url: "http://one.localhost:PORT", upstream: "${upstream.origin}", rules: [{ access: mfa }] }`
  })
  const signed = await Promise.all(
    ['alice', 'bob', 'carol'].map(async name => gate.signIn(await gate.account(name), 'one'))
  )
  const visit = async (who: number) =>
    (await gate.request('GET', `${gate.origin('one')}/x`, { cookie: signed[who]!.cookies.one as string })).status
  const command = commandAt(gate.configFile)
  const offset = async (server: typeof master, of: string) =>
    new RegExp(`${of}:(\\d+)`).exec(await server.cli('INFO', 'replication'))?.[1]
  await until('the replica has everybody', async () => {
    const [ours, theirs] = [await offset(master, 'master_repl_offset'), await offset(replica, 'slave_repl_offset')]
    return ours !== undefined && ours === theirs
  })
  await replica.cli('REPLICAOF', 'NO', 'ONE')
  t.equal((await command('session', 'revoke', '--user', 'alice')).code, 0)
  t.equal((await command('user', 'suspend', 'bob', '--why', 'left the lab')).code, 0)
  await until('both are out', async () => (await visit(0)) !== 200 && (await visit(1)) !== 200)
  t.equal(await visit(2), 200)

  way.targetPort = replica.port
  way.cut()
  const seen = new Set<number>()
  const end = Date.now() + 1200
  while (Date.now() < end) for (const who of [0, 1]) seen.add(await visit(who))
  t.notOk(seen.has(200), `neither is let in: ${[...seen].join()}`)
  await until('nobody is', async () => (await visit(2)) === 503)
  t.equal(await readyz(gate), 503)
  await until('the log says why', async () =>
    gate.log.some(({ problem }) => /gone back to an earlier state/.test(String(problem)))
  )
  t.match((await command('user', 'show', 'bob')).stderr, /gone back .* factorgate store accept/)

  const watcher = await openStore(replica.url)
  t.teardown(() => watcher.close())
  const changed: string[] = []
  for (const prefix of ['session:', 'meta:store-epoch'])
    await watcher.subscribe(prefix, notice => notice.kind === 'changed' && changed.push(prefix))
  const { code, stderr } = await command('store', 'accept')
  t.equal(code, 0)
  await until('the watcher has heard of it', async () => changed.includes('meta:store-epoch'))
  const ends = changed.slice(0, changed.indexOf('meta:store-epoch')).filter(prefix => prefix === 'session:')
  t.equal(ends.length, 3, 'no gate serves before all sessions have ended')
  t.match(stderr, /Accepted\. The store redis:\S+ \(keys factorgate:\*\) has gone back[\s\S]*Sessions ended: 3/)
  t.match(stderr, /The store knows nothing of these lines .*:\n {2}factorgate user suspend bob --why 'left the lab'\n/)
  t.match((await command('store', 'accept')).stderr, /Nothing was wrong/)
  await until('it is ready again', async () => (await readyz(gate)) === 200)
  t.not(await visit(0), 200, 'everybody signs in anew')
})
