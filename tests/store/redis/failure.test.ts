/** THREATS D1 and D3: the effects of a broken Redis. Everything fails closed, in time, and recovers by itself. */
import t, { type Test } from 'tap'
import { openStore } from '../../../src/store/open.ts'
import { type Store, StoreUnreachable } from '../../../src/store/store.ts'
import { endsWithin } from '../../fixtures/in-process/in-time.ts'
import { freePort } from '../../fixtures/process/free-port.ts'
import { startRedisProxy } from '../../fixtures/process/redis-proxy.ts'
import { startRedis, until } from '../../fixtures/process/redis-server.ts'
import { collect } from '../contract.ts'

const secret = 'a-secret-value'

const verbs: Record<string, (store: Store) => Promise<unknown>> = {
  get: store => store.get('session:a'),
  put: store => store.put('session:a', secret, 500),
  add: store => store.add('session:new', secret),
  take: store => store.take('session:a'),
  replace: store => store.replace('session:a', secret, secret),
  increment: store => store.increment('tries:a', 500),
  delete: store => store.delete('session:a'),
  link: store => store.link('sessions-of:a', 'm'),
  unlink: store => store.unlink('sessions-of:a', 'm'),
  members: store => store.members('sessions-of:a'),
  scan: store => store.scan('')[Symbol.asyncIterator]().next(),
  ping: store => store.ping()
}

async function opened(t: Test, url: string): Promise<Store> {
  const store = await openStore(url)
  t.teardown(() => store.close())
  return store
}

/** Every operation rejects within two seconds, and reveals nothing of its arguments. */
async function rejectsAll(t: Test, store: Store, reason: RegExp): Promise<void> {
  const calls = Object.entries(verbs).map(async ([name, call]) => {
    const error = await call(store).then(
      () => null,
      (error: unknown) => error
    )
    t.ok(error instanceof StoreUnreachable, `${name} rejects`)
    t.notMatch(JSON.stringify({ ...(error as Error), message: String(error), cause: (error as Error).cause }), secret)
    return String(error)
  })
  const all = Promise.all(calls)
  t.ok(await endsWithin(2000, all), 'in time')
  const messages = await all
  t.ok(
    messages.some(message => reason.test(message)),
    messages.join('\n')
  )
}

function answers(store: Store): () => Promise<boolean> {
  return () =>
    store.ping().then(
      () => true,
      () => false
    )
}

t.test('D1 a Redis that is killed', async t => {
  const redis = await startRedis(t, { args: ['--appendfsync', 'always'] })
  const store = await opened(t, redis.url)
  const { listener, notices, told, heard } = collect()
  await store.subscribe('session:', listener)
  await store.put('session:a', 'kept')
  await heard('session:a')
  notices.length = 0
  await redis.signal('SIGKILL')
  await told('lost')
  await rejectsAll(t, store, /nothing listens there|broke the connection|there is no connection/)
  await redis.start()
  await until('the store answers again', answers(store))
  t.equal(await store.get('session:a'), 'kept')
  await told('ready')
  t.same(notices, [{ kind: 'lost' }, { kind: 'ready' }])
  await store.put('session:b', 'x')
  await heard('session:b')
})

t.test('D1 a Redis that is frozen', async t => {
  const redis = await startRedis(t)
  const store = await opened(t, redis.url)
  const { listener, notices, told, heard } = collect()
  await store.subscribe('session:', listener)
  await redis.signal('SIGSTOP')
  const all = Promise.all([rejectsAll(t, store, /does not answer in time/), told('lost')])
  t.ok(await endsWithin(2500, all), 'and the notices are called lost')
  await all
  t.ok(await endsWithin(2000, t.rejects(store.get('session:a'), StoreUnreachable)), 'in time')
  await redis.signal('SIGCONT')
  await until('the store answers again', answers(store))
  await told('ready')
  await store.put('session:b', 'x')
  await heard('session:b')
  t.equal(notices[0]?.kind, 'lost')
})

t.test('D1 a Redis that is flushed: everything may have changed, and nobody is signed in', async t => {
  const redis = await startRedis(t)
  const store = await opened(t, redis.url)
  const { listener, notices, told, heard } = collect()
  await store.subscribe('session:', listener)
  await store.put('session:a', 'x')
  await heard('session:a')
  notices.length = 0
  await redis.cli('FLUSHALL')
  await told('ready')
  t.same(notices, [{ kind: 'lost' }, { kind: 'ready' }])
  t.equal(await store.get('session:a'), null)
})

t.test('a subscription whose connection alone is cut comes back', async t => {
  const redis = await startRedis(t)
  const store = await opened(t, redis.url)
  const { listener, notices, told, heard } = collect()
  await store.subscribe('session:', listener)
  for (let round = 0; round < 3; round++) {
    notices.length = 0
    t.equal(await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub'), '1')
    await told('ready')
    t.same(notices, [{ kind: 'lost' }, { kind: 'ready' }])
    await store.put(`session:${round}`, 'x')
    await heard(`session:${round}`)
  }
})

const sick: [name: string, bytes: string, reason: RegExp][] = [
  ['LOADING', '-LOADING Redis is loading the dataset in memory\r\n', /loading its data/],
  ['READONLY', "-READONLY You can't write against a read only replica.\r\n", /is a replica/],
  ['OOM', "-OOM command not allowed when used memory > 'maxmemory'.\r\n", /no memory left/],
  ['NOAUTH', '-NOAUTH Authentication required.\r\n', /asks for a password/],
  ['MOVED', '-MOVED 3999 127.0.0.1:1\r\n', /belongs to a Cluster; write redis\+cluster:/],
  ['MISCONF', '-MISCONF Errors writing to the AOF file: No space left on device\r\n', /cannot save its data/],
  ['an error nobody knows', '-ERR what is this\r\n', /answers with ERR/],
  ['an error that repeats what we said', `-ERR unknown command 'x', with args beginning with: '${secret}'\r\n`, /./],
  ['numbers for everything', ':5\r\n', /what is not Redis/],
  ['lists for everything', '*1\r\n*1\r\n$1\r\nx\r\n', /what is not Redis/],
  ['another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n', /what is not Redis/],
  ['nonsense', '\0\0\0\0\r\n', /what is not Redis/]
]

t.test('D1 a Redis that answers something else', async t => {
  const redis = await startRedis(t)
  const proxy = await startRedisProxy(t, redis.port)
  const store = await opened(t, proxy.url)
  for (const [name, bytes, reason] of sick)
    t.test(name, async t => {
      await store.put('session:a', secret)
      proxy.mode = { kind: 'answer', bytes }
      // Some operations expect numbers, and none of them may be taken for text.
      if (name.startsWith('numbers'))
        for (const verb of ['get', 'put', 'add', 'take', 'members', 'ping'])
          await t.rejects(verbs[verb]?.(store) as Promise<unknown>, StoreUnreachable)
      else await rejectsAll(t, store, reason)
      proxy.mode = { kind: 'relay' }
      await until('the store answers again', answers(store))
      t.equal(await store.get('session:a'), secret)
    })
})

t.test('D1 a Redis that answers something else while it owes an answer', async t => {
  const redis = await startRedis(t)
  const proxy = await startRedisProxy(t, redis.port)
  const store = await opened(t, proxy.url)
  await store.put('session:a', secret, 60_000)
  redis.signal('SIGSTOP')
  const owed = Promise.all([store.get('session:a'), store.ping()])
  await until('the commands are under way', async () => proxy.inFlight > 0)
  proxy.mode = { kind: 'answer', bytes: '-LOADING Redis is loading the dataset in memory\r\n' }
  const after = store.get('session:a').catch((error: unknown) => error)
  redis.signal('SIGCONT')
  t.same((await owed)[0], secret)
  t.ok((await after) instanceof StoreUnreachable)
  proxy.mode = { kind: 'relay' }
  await until('the store answers again', answers(store))
  t.equal(await store.get('session:a'), secret)
})

t.test('D1 a network that swallows, and one that is slow', async t => {
  const redis = await startRedis(t)
  const proxy = await startRedisProxy(t, redis.port)
  const store = await opened(t, proxy.url)
  const { listener, notices, told, heard } = collect()
  await store.subscribe('session:', listener)
  for (const mode of [{ kind: 'silence' }, { kind: 'delay', ms: 5000 }] as const)
    t.test(mode.kind, async t => {
      notices.length = 0
      proxy.mode = mode
      await Promise.all([rejectsAll(t, store, /does not answer in time/), told('lost')])
      proxy.mode = { kind: 'relay' }
      await until('the store answers again', answers(store))
      await told('ready')
      await store.put(`session:${mode.kind}`, 'x')
      await heard(`session:${mode.kind}`)
    })
})

t.test('D3 something of another kind under our keys', async t => {
  const redis = await startRedis(t)
  const store = await opened(t, redis.url)
  await redis.cli('LPUSH', 'factorgate:session:a', 'x')
  await redis.cli('SET', 'factorgate:index:sessions-of:a', 'x')
  for (const verb of ['get', 'take', 'replace', 'members', 'link', 'unlink'] as const)
    await t.rejects(
      verbs[verb]?.(store) as Promise<unknown>,
      { name: 'StoreUnreachable', message: /its own key prefix/ },
      verb
    )
})

t.test('ping notices a Redis that would not keep a write', async t => {
  const redis = await startRedis(t)
  const store = await opened(t, redis.url)
  const states: [string, string[], string[], RegExp][] = [
    ['a replica', ['REPLICAOF', '127.0.0.1', String(await freePort())], ['REPLICAOF', 'NO', 'ONE'], /replica/],
    ['no memory', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0'], /no memory left/],
    [
      'nothing on its disk',
      ['CONFIG', 'SET', 'appendonly', 'no'],
      ['CONFIG', 'SET', 'appendonly', 'yes'],
      /loses all data/
    ],
    [
      'evictions',
      ['CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru'],
      ['CONFIG', 'SET', 'maxmemory-policy', 'noeviction'],
      /volatile-lru/
    ]
  ]
  for (const [name, sicken, heal, message] of states)
    t.test(name, async t => {
      await redis.cli(...sicken)
      await t.rejects(store.ping(), { name: 'StoreUnreachable', message })
      await redis.cli(...heal)
      await until('it is well again', answers(store))
    })
})

t.test('opening says in time that nobody answers', async t => {
  // The system gives port 1 to no program by itself. A port that was free a moment ago may be in use.
  const nobody = 'redis://127.0.0.1:1'
  const frozen = await startRedis(t)
  await frozen.signal('SIGSTOP')
  const cases: [string, RegExp][] = [
    [nobody, /nothing listens there/],
    [frozen.url, /does not answer in time/],
    [nobody.replace('redis:', 'redis+cluster:'), /none of its nodes answers/],
    [`${nobody.replace('redis:', 'redis+sentinel:')}/lab`, /no Sentinel answers/]
  ]
  const all = Promise.all(
    cases.map(([url, message]) =>
      t.rejects(openStore(url), { name: 'StoreUnreachable', message }, url.split(':')[0] as string)
    )
  )
  t.ok(await endsWithin(2500, all), 'in time')
  await all
})
