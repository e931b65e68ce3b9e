/** Renewal in time for certificates of minutes, hours, days and months, also after failures and with a clock that was wrong. */
import t from 'tap'
import { backOffMs, renewalMoment } from '../../src/acme/renewal.ts'
import { saying } from '../fixtures/in-process/acme-server.ts'
import { served, stateOf, type World, world } from '../fixtures/in-process/acme-world.ts'
import { isDeep } from '../fixtures/in-process/cases.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
/** Title, life, and the moment of renewal without a suggestion, as shares of an hour or a day. */
const lives = [
  ['5 minutes', 5 * minute, 2.5 * minute],
  ['6 hours', 6 * hour, 3 * hour],
  ['6 days', 6 * day, 3 * day],
  ['45 days', 45 * day, 30 * day],
  ['90 days', 90 * day, 60 * day]
] as const

/** A gate looks once a minute; a long life is looked at less often, which changes nothing. */
const stepOf = (length: number) => Math.max(minute, length / 200)

async function pass(here: World, gate: Awaited<ReturnType<World['gate']>>, length: number): Promise<void> {
  here.clock.advance(stepOf(length) / 1000)
  await gate.issuer.pass()
}

async function opened(t: Parameters<typeof world>[0], length: number) {
  const here = await world(t)
  here.server.days = length / day
  here.server.backdatedMs = 0
  const gate = await here.gate()
  await gate.issuer.pass()
  return { here, gate, server: here.server, clock: here.clock }
}

// The deep run takes those between too.
for (const [title, length, renewal] of lives.filter((_, i) => isDeep || i % 2 === 0))
  t.test(`a certificate of ${title}`, async t => {
    await t.test('is renewed in time, and no oftener', async t => {
      const { here, gate, server, clock } = await opened(t, length)
      const { renewAt } = (await stateOf(here)) ?? {}
      t.ok((renewAt ?? 0) - clock.now >= renewal && (renewAt ?? 0) - clock.now <= renewal * 1.05)
      const until = clock.now + 3 * length
      let lapses = 0
      while (clock.now < until) {
        await pass(here, gate, length)
        if ((served(gate)?.ends ?? 0) <= clock.now) lapses++
      }
      t.equal(lapses, 0, 'it never ends')
      const lives = (3 * length) / renewal
      t.ok(server.count('new order') >= Math.floor(lives * 0.7) && server.count('new order') <= lives + 1)
    })

    await t.test('an authority that always wants it now gets some use of it', async t => {
      const { here, gate, server, clock } = await opened(t, length)
      server.window = { start: new Date(clock.now - day).toISOString(), end: new Date(clock.now - hour).toISOString() }
      // Each order makes a certificate, so a long life is followed to its end in the deep run alone.
      const span = isDeep ? length : Math.min(length, 12 * day)
      const until = clock.now + span
      while (clock.now < until) await pass(here, gate, length)
      const orders = server.count('new order')
      t.ok(orders > 2 && orders <= (length < day ? 8 : length < 10 * day ? 12 : span / day + 1), `${orders} orders`)
      t.ok(renewalMoment({ from: 0, to: length }, { start: -2, end: -1 }, 0, 0) >= Math.min(length / 10, day))
    })

    await t.test('is tried several times after a failure, and its renewal is not missed', async t => {
      const { here, gate, server, clock } = await opened(t, length)
      const old = served(gate)
      const end = old?.ends ?? 0
      server.lies.dir = saying(response => response.writeHead(500).end())
      const mended = end - Math.max(2 * minute, renewal / 10)
      while (clock.now < mended) await pass(here, gate, length)
      const failures = (await stateOf(here))?.failures ?? 0
      t.ok(failures >= (length < hour ? 1 : 4) && failures < 60, `${failures} tries`)
      delete server.lies.dir
      while (clock.now + stepOf(length) < end) await pass(here, gate, length)
      t.not(served(gate)?.cert, old?.cert, 'the next try comes before its end')
    })

    await t.test('comes back soon after the authority was away longer than it lasted', async t => {
      const { here, gate, server, clock } = await opened(t, length)
      server.lies.dir = saying(response => response.writeHead(500).end())
      const end = (served(gate)?.ends ?? 0) + length
      while (clock.now < end) await pass(here, gate, length)
      delete server.lies.dir
      const back = clock.now
      while ((served(gate)?.ends ?? 0) < clock.now) await pass(here, gate, length)
      t.ok(clock.now - back <= Math.max(2 * minute, Math.min(day, length / 3)) + 2 * stepOf(length))
    })
  })

t.test('a pause is a share of what is left', async t => {
  for (const [failures, leftMs, lifeMs, expected] of [
    [1, 30 * day, 90 * day, hour],
    [5, 30 * day, 90 * day, 16 * hour],
    [9, 30 * day, 90 * day, day],
    [9, 2 * day, 90 * day, 12 * hour],
    [9, hour, 90 * day, 15 * minute],
    [9, 10 * minute, 90 * day, 15 * minute],
    [1, 3 * hour, 6 * hour, 45 * minute],
    [3, hour, 6 * hour, 15 * minute],
    [9, minute, 6 * hour, 3.6 * minute],
    [1, 2 * minute, 5 * minute, minute],
    [9, 0, 5 * minute, 1.25 * minute],
    [9, 0, 90 * day, 21 * hour + 20 * minute],
    [1, 0, null, 5 * minute],
    [30, 0, null, day]
  ] as const)
    t.equal(backOffMs(failures, { leftMs, lifeMs }, null), expected, `${failures} failures, ${leftMs / minute} minutes`)
  t.equal(backOffMs(1, { leftMs: 2 * minute, lifeMs: 5 * minute }, day), minute, 'also where the authority wants a day')
})

t.test('K5: the clock was years ahead when a try failed → the next try does not wait for years', async t => {
  const here = await world(t)
  const { server, clock } = here
  const gate = await here.gate()
  const now = clock.now
  clock.advance(10 * 365 * 24 * 3600)
  server.lies.dir = saying(response => response.writeHead(500).end())
  await gate.issuer.pass()
  clock.now = now
  delete server.lies.dir
  await gate.issuer.pass()
  t.ok(served(gate), 'a new one')
  clock.advance(2 * 24 * 3600)
  await gate.issuer.pass()
  const asked = server.count('ari')
  clock.now = now
  await gate.issuer.pass()
  t.equal(server.count('ari'), asked + 1, 'and the authority is asked when it wants the next one')
})
