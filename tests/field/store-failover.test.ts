/**
 * FIELD A7 on real Redis servers: Sentinel and Cluster fail over, to a replica that has everything and to one that has not; databases are swapped, and an
 * older file is put back. What was ended, removed or spent never comes back in silence: it stays so, or the gate refuses the store.
 */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Credentials } from '../../src/factor/credential.ts'
import { RecoveryCodes } from '../../src/factor/recovery-code.ts'
import { Accounts } from '../../src/identity/accounts.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'
import { SessionCache } from '../../src/session/session-cache.ts'
import { Sessions } from '../../src/session/sessions.ts'
import { openGuarded } from '../../src/store/open.ts'
import { AttemptLimiter } from '../../src/throttle/attempt-limiter.ts'
import { sampleTotp } from '../fixtures/in-process/sample-credential.ts'
import { freePort } from '../fixtures/process/free-port.ts'
import {
  type RedisServer,
  startRedis,
  startRedisCluster,
  startRedisSentinel,
  temporaryDirectory,
  until
} from '../fixtures/process/redis-server.ts'

// They wait for elections most of the time, so they wait together.
t.jobs = 4

const host = 'gate.localhost'

/** What a gate does with its store, and one person with a session, a factor and recovery codes. `knownFile` outlives a restart of it. */
async function gateOn(t: Test, url: string) {
  const knownFile = join(temporaryDirectory(t), 'store-known.json')
  const open = () => openGuarded(url, {}, knownFile)
  const store = await open()
  t.teardown(() => store.close())
  const clock = Date.now
  const cache = new SessionCache(store)
  await cache.watch(['session:', 'token:', 'account:'])
  const limits = { idleSeconds: 3600, absoluteSeconds: 86_400, maxPerUser: 5 }
  const sessions = new Sessions({ store, cache, clock, limits })
  const accounts = new Accounts({ store, clock })
  const credentials = new Credentials({ store, clock })
  const keyring = makeKeyring([newMasterKey()])
  const limiter = new AttemptLimiter({ store, clock })
  const recovery = new RecoveryCodes({ store, clock, keyring: () => keyring, limiter, count: 10, cost: 2 })
  const alice = await accounts.create({ name: 'alice' })
  const [code = ''] = await recovery.issue(alice.id)
  const start = () =>
    sessions.start({
      accountId: alice.id,
      proof: { kind: 'password', at: clock(), userVerified: false },
      device: { userAgent: '', address: '127.0.0.1' },
      host
    })
  const factor = sampleTotp({ id: 'F'.repeat(22), accountId: alice.id, name: 'phone', createdAt: clock() })
  await credentials.add(factor)
  const [ended, stays] = [await start(), await start()]
  const spend = () => recovery.spend({ accountId: alice.id, code, address: '127.0.0.1' })
  return {
    store,
    open,
    /** Takes away all that must not come back. */
    async takeAway() {
      await sessions.end(ended.principal.session.id, 'revoked')
      await credentials.remove(alice.id, factor.id)
      if ((await spend()).kind !== 'verified') throw new Error('the code was not good')
    },
    isIn: async (which: 'ended' | 'stays') =>
      (await sessions.find(host, (which === 'ended' ? ended : stays).token)) !== null,
    /** Names what has come back; empty where nothing has, also because the store is refused. */
    async back(): Promise<string[]> {
      const found = await Promise.all([
        sessions.find(host, ended.token).then(
          principal => principal !== null,
          () => false
        ),
        credentials.get(alice.id, factor.id).then(
          credential => credential !== null,
          () => false
        ),
        spend().then(
          ({ kind }) => kind === 'verified',
          () => false
        )
      ])
      return ['a session', 'a factor', 'a code'].filter((_, n) => found[n])
    },
    refusal: () =>
      store.get('account:x').then(
        () => null,
        (error: Error) => error.message
      )
  }
}

type Gate = Awaited<ReturnType<typeof gateOn>>

/** Looks until the gate refuses (true) or serves (false) for good; nothing may come back on the way there. */
async function settlesAt(t: Test, gate: Gate, isRefused: boolean, mayShow: readonly string[] = []): Promise<void> {
  const back = new Set<string>()
  await until(isRefused ? 'the store is refused' : 'the store serves again', async () => {
    for (const what of await gate.back()) back.add(what)
    const why = await gate.refusal()
    return isRefused ? /gone back|not the store that the gate used before/.test(why ?? '') : why === null
  })
  t.same(await gate.back(), [], 'nothing has come back')
  t.same(
    [...back].filter(what => !mayShow.includes(what)),
    [],
    'nor on the way there'
  )
  if (!isRefused) t.equal(await gate.isIn('stays'), true, 'who was in is in')
}

/** Whether a replica of each master that has replicas confirms what is written now. */
const confirms = ({ store }: Gate) =>
  store.settle().then(
    () => true,
    () => false
  )

/** From now on no replica hears from this master any more. */
async function cutOff(master: RedisServer): Promise<void> {
  await master.cli('ACL', 'SETUSER', 'default', '-psync', '-sync')
  await master.cli('CLIENT', 'KILL', 'TYPE', 'replica')
}

for (const lags of [false, true])
  t.test(
    `FIELD A7 Sentinel promotes a replica that ${lags ? 'lags: refused' : 'has everything: all stays as it was'}`,
    { buffered: true },
    async t => {
      const { url, master, replica } = await startRedisSentinel(t)
      const gate = await gateOn(t, url)
      await until('the replica is in step', async () => /state=online/.test(await master.cli('INFO', 'replication')))
      if (lags) await cutOff(master)
      await gate.takeAway()
      t.same(await gate.back(), [])
      await master.signal('SIGKILL')
      await until('the replica is the master', async () => /role:master/.test(await replica.cli('INFO', 'replication')))
      await settlesAt(t, gate, lags)
      if (lags) await t.rejects(gate.open(), { name: 'StoreMisconfigured', message: /gone back[\s\S]*store accept/ })
    }
  )

t.test(
  'FIELD A7 a Cluster promotes a replica that has everything, and then one that lags',
  { buffered: true },
  async t => {
    const { url, nodes } = await startRedisCluster(t)
    const gate = await gateOn(t, url)
    const [first, second] = nodes as [RedisServer, RedisServer]
    const replicaOf = async (master: RedisServer) => {
      const replica = await startRedis(t, {
        args: [
          ...['--cluster-enabled', 'yes', '--cluster-port', String(await freePort()), '--cluster-node-timeout', '2000'],
          ...['--cluster-announce-ip', '127.0.0.1', '--cluster-replica-validity-factor', '0']
        ]
      })
      const bus = (await replica.cli('CONFIG', 'GET', 'cluster-port')).split('\n')[1] as string
      await (nodes[2] as RedisServer).cli('CLUSTER', 'MEET', '127.0.0.1', String(replica.port), bus)
      const id = await master.cli('CLUSTER', 'MYID')
      await until('the replica follows', async () => (await replica.cli('CLUSTER', 'REPLICATE', id)) === 'OK')
      await until('it is online', async () => /state=online/.test(await master.cli('INFO', 'replication')))
      return replica
    }
    const failOver = async (master: RedisServer, replica: RedisServer) => {
      await master.signal('SIGKILL')
      await until('the replica is a master', async () => /role:master/.test(await replica.cli('INFO', 'replication')))
    }
    const heir = await replicaOf(first)
    const lagging = await replicaOf(second)
    // A replica that is online may still be loading, and then confirms nothing. WAIT of redis-cli does not tell: its connection has written nothing.
    await until('both replicas confirm what the gate writes', () => confirms(gate))
    await gate.takeAway()
    await failOver(first, heir)
    await settlesAt(t, gate, false)

    await cutOff(second)
    // Of the sixteen epochs some lie on each master, whatever was ended.
    await gate.store.settle()
    await failOver(second, lagging)
    await settlesAt(t, gate, true)
  }
)

t.test('FIELD A7 databases are swapped, and an older file is put back', { buffered: true }, async t => {
  const redis = await startRedis(t)
  const gate = await gateOn(t, redis.url)
  /** All of database 0 as it is now, in database 1. */
  const copy = async () => {
    for (const key of (await redis.cli('KEYS', '*')).split('\n'))
      await redis.cli('COPY', key, key, 'DB', '1', 'REPLACE')
  }
  const older = join(temporaryDirectory(t), 'older')
  await copy()
  await redis.cli('SAVE')
  cpSync(join(redis.directory, 'appendonlydir'), older, { recursive: true })
  await gate.takeAway()

  await redis.cli('SWAPDB', '0', '1')
  // It breaks no connection and tells nobody, so the look of each second has to find it. What is spent looks at once.
  await settlesAt(t, gate, true, ['a session', 'a factor'])
  await redis.cli('SWAPDB', '0', '1')
  await settlesAt(t, gate, false)
  await redis.cli('SWAPDB', '0', '2')
  await settlesAt(t, gate, true)
  await redis.cli('SWAPDB', '0', '2')
  await settlesAt(t, gate, false)

  await redis.signal('SIGKILL')
  rmSync(join(redis.directory, 'appendonlydir'), { recursive: true })
  cpSync(older, join(redis.directory, 'appendonlydir'), { recursive: true })
  await redis.start()
  await settlesAt(t, gate, true)
  await t.rejects(gate.open(), { name: 'StoreMisconfigured', message: /gone back/ }, 'nor does a gate start on it')
})
