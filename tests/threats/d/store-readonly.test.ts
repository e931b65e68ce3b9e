/**
 * A real Redis that reads but accepts no write: a replica, too few replicas, full memory. The gate fails closed and recovers by itself
 * (THREATS D1, ASVS 16.5.3).
 */
import t from 'tap'
import { startGateway } from '../../fixtures/in-process/gateway.ts'
import { startUpstream } from '../../fixtures/in-process/upstream.ts'
import { startRedis, until } from '../../fixtures/process/redis-server.ts'
import { guess, loginForm, password, readyz } from '../doors.ts'

const noticeMs = 2_000

t.test('a store that keeps nothing any more opens nothing', async t => {
  const redis = await startRedis(t, { args: ['--appendfsync', 'always'] })
  const upstream = await startUpstream(t)
  const gate = await startGateway(t, {
    store: redis.url,
    apps: `  - { id: one, title: One, url: "http://one.localhost:PORT", upstream: "${upstream.origin}", rules: [{ path: /public/**, access: public }, { access: mfa }] }`
  })
  const { runtime } = gate.server
  const alice = await gate.account('alice')
  await runtime.local.setPassword(alice.id, password)
  const { cookies } = await gate.signIn(alice, 'one')
  const { cookies: cold } = await gate.signIn(await gate.account('bob'), 'one')
  const visit = (cookie = cookies.one as string, path = '/data') =>
    gate.request('GET', gate.origin('one') + path, { cookie })

  t.test(
    'the steady state asks nothing of the store for a request, and a write that changes nothing each second',
    async t => {
      const calls = async () => {
        const text = await redis.cli('INFO', 'commandstats')
        const of = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(text)?.[1] ?? 0)
        return { get: of('get'), set: of('set') }
      }
      await visit()
      const began = Date.now()
      const before = await calls()
      const size = await redis.cli('DBSIZE')
      for (let n = 0; n < 200; n++) t.equal((await visit()).status, 200)
      const after = await calls()
      const seconds = (Date.now() - began) / 1000
      // Each second the mark and the epoch of the store are read, and nothing for a request (FIELD A7).
      t.ok(after.get - before.get <= 2 * (seconds + 3), `${after.get - before.get} reads in ${seconds} s`)
      t.ok(after.set - before.set <= seconds + 3, `${after.set - before.set} writes in ${seconds} s`)
      t.equal(await redis.cli('DBSIZE'), size)
    }
  )

  const troubles: [name: string, on: string[], off: string[]][] = [
    ['a replica of a master that is gone', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
    [
      'min-replicas-to-write unmet',
      ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
      ['CONFIG', 'SET', 'min-replicas-to-write', '0']
    ],
    ['memory full', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']]
  ]
  for (const [name, on, off] of troubles)
    await t.test(name, async t => {
      await until('the session is warm', async () => (await visit()).status === 200)
      const form = await loginForm(gate)
      const download = gate.request('GET', `${gate.origin('one')}/public/x`)
      t.equal((await download).status, 200)
      await redis.cli(...on)
      const began = Date.now()
      while ((await visit()).status !== 503) {
        if (Date.now() - began > noticeMs) return void t.fail('the gate goes on')
        await new Promise(resolve => setTimeout(resolve, 20))
      }
      const before = upstream.bytes().length
      for (let round = 0; round < 10; round++) {
        const answers = await Promise.all([visit(), visit(cold.one as string), visit('factorgate=x')])
        t.same(
          answers.map(({ status }) => status),
          [503, 503, 401],
          'warm and cold sessions alike; a cookie that is none needs no store'
        )
        t.equal(answers[0]?.headers['factorgate-error'], 'store_unreachable')
        await new Promise(resolve => setTimeout(resolve, 150))
      }
      for (const text of [password, 'wrong horse battery'])
        t.equal((await guess(gate, form, 'alice', text)).status, 503, 'no guess is judged')
      t.equal(
        (await gate.request('GET', `${gate.portal}/.factorgate/account`, { cookie: cookies.gate as string })).status,
        503
      )
      t.equal(await readyz(gate), 503)
      await t.rejects(runtime.accounts.suspend(alice.id, 'x'), 'whoever suspends is told that it did not happen')
      t.equal(upstream.bytes().length, before, 'nothing upstream')
      t.equal((await visit('', '/public/x')).status, 200, 'what is public needs no store')
      await redis.cli(...off)
      await until('it serves again', async () => (await visit()).status === 200 && (await readyz(gate)) === 200)
      t.equal((await visit(cold.one as string)).status, 200)
    })

  t.test('and a suspension that was written counts at once', async t => {
    await runtime.accounts.suspend(alice.id, 'x')
    t.equal((await visit()).status, 401)
  })
})
