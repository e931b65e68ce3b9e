/**
 * The bound of a budget, measured: fifty transfers side by side through two gates, from an app that sends as fast as anybody reads, on each
 * store. No connection may get more than 1 MiB beyond the budget (src/budgets/README.md has the argument).
 */
import path from 'node:path'
import t, { type Test } from 'tap'
import { type Running, startGateway } from '../fixtures/in-process/gateway.ts'
import { download, startTorrent } from '../fixtures/in-process/torrent.ts'
import { startRedis, startRedisCluster, temporaryDirectory } from '../fixtures/process/redis-server.ts'

const MiB = 1024 ** 2
const transfers = 50
const amount = 64 * MiB

const stores = {
  Redis: async (t: Test) => (await startRedis(t)).url,
  'a Redis Cluster': async (t: Test) => (await startRedisCluster(t)).url,
  LMDB: async (t: Test) => `embedded:${path.join(temporaryDirectory(t), 'store')}`
} as const

async function twoGates(t: Test, store: string, budgets: string): Promise<[Running, Running]> {
  const { url } = await startTorrent(t)
  const options = {
    store,
    apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}" }
  - { id: other, url: "http://other.localhost:PORT", upstream: "${url}" }`,
    extra: `watch: { budgets: [${budgets}] }`
  }
  const one = await startGateway(t, options)
  return [one, await startGateway(t, { ...options, beside: one })]
}

for (const [name, open] of Object.entries(stores))
  t.test(
    `O1 on ${name} · fifty transfers side by side through two gates → they stop within 1 MiB a connection of the budget`,
    async t => {
      const [one, two] = await twoGates(
        t,
        await open(t),
        '{ id: theft, per: person, app: files, window: 1h, bytes: 64MiB, then: [journal, cut] }'
      )
      const { cookies } = await one.signIn(await one.account('alice'), 'files', 'other')
      const cookie = cookies.files as string
      const aside = await download(one.port, `${one.origin('other')}/endless`, { cookie: cookies.other })
      const all = await Promise.all(
        Array.from({ length: transfers }, (_, n) =>
          download(n % 2 === 0 ? one.port : two.port, `${one.origin('files')}/endless`, { cookie })
        )
      )
      // Those that came last may have been refused already.
      const begun = all.filter(({ status }) => status === 200)
      const areWhole = await Promise.all(begun.map(({ end }) => end))
      const bytes = begun.reduce((sum, transfer) => sum + transfer.bytes, 0)
      t.ok(bytes <= amount + transfers * MiB, `${(bytes / MiB).toFixed(1)} MiB have left`)
      t.ok(bytes > amount / 2, 'and the budget could be used')
      t.same(new Set(areWhole), new Set([false]), 'no transfer looks whole')
      t.comment(`${name}: ${(bytes / MiB).toFixed(1)} MiB of ${amount / MiB}`)
      // Counted is what the gate has passed on, which is a little more than what the clients have read.
      const counted = [one, two].map(({ server }) => server.runtime)
      await Promise.all(counted.map(({ budgets }) => budgets?.flush()))
      const record = JSON.parse(
        (await one.server.runtime.store.get(
          `meter:theft:${(await one.server.runtime.accounts.byName('alice'))?.id}`
        )) as string
      )
      const sum = record.slots.filter((_: number, i: number) => i % 2 === 1).reduce((a: number, b: number) => a + b, 0)
      t.ok(sum <= amount + transfers * MiB, `${(sum / MiB).toFixed(1)} MiB were passed on`)
      t.ok(sum >= bytes)

      for (const gate of [one, two]) {
        const refused = await download(gate.port, `${one.origin('files')}/10`, { cookie })
        t.match(
          refused,
          { status: 429, headers: { 'factorgate-error': 'budget_spent' } },
          'nothing new begins, at either gate'
        )
        t.ok(Number(refused.headers['retry-after']) > 3000)
      }
      const before = aside.bytes
      await new Promise(resolve => setImmediate(resolve))
      t.ok(aside.bytes >= before, 'another app is not concerned')
      t.equal((await download(two.port, `${one.origin('other')}/10`, { cookie: cookies.other })).status, 200)
      aside.stop()
    }
  )
