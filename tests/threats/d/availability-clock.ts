/** THREATS D17: the server's clock jumps while people are signed in. */
import type { Test } from 'tap'
import { startGateway } from '../../fixtures/in-process/gateway.ts'
import { Person, totpCode } from '../../fixtures/in-process/person.ts'
import { startUpstream } from '../../fixtures/in-process/upstream.ts'
import { startRedis } from '../../fixtures/process/redis-server.ts'
import { password } from '../doors.ts'
import type { Scenario } from '../table.ts'

const hourMs = 3_600_000
const daySeconds = 24 * 3_600

export const clocks: Scenario = {
  id: 'D17',
  refs: '',
  tried: 'the clock an hour on, two hours back, a day on, with somebody signed in and codes from every time',
  safe: 'no code of another hour and none twice; sessions end; every life in the store is a number and short',
  async run(t) {
    for (const store of ['embedded', 'redis'])
      await t.test(store, async t => jump(t, store === 'redis' ? (await startRedis(t)).url : undefined))
  }
}

async function jump(t: Test, store: string | undefined): Promise<void> {
  let offset = 0
  const clock = () => Date.now() + offset
  const upstream = await startUpstream(t)
  const apps = `  - { id: one, title: One, url: "http://one.localhost:PORT", upstream: "${upstream.origin}" }`
  const gate = await startGateway(t, { apps, clock, ...(store === undefined ? {} : { store }) })
  const { runtime } = gate.server
  const { id } = await gate.account('alice')
  const person = new Person(gate.port)
  await person.accept(`${gate.portal}/.factorgate/invite/${await runtime.invitations.issue(id)}`, password)
  const secret = person.secret as string
  const page = `${gate.origin('one')}/`
  const isIn = async (who: Person) => (await who.open(page)).body === 'ok'
  /** A sign-in from a new browser, with the code of `at`. */
  const signIn = async (at: number) => {
    const who = new Person(gate.port)
    const challenge = await who.submit(await who.open(page), { username: 'alice', password })
    const landed = await who.submit(challenge, { code: totpCode(secret, at) }, /totp/)
    return { who, landed }
  }
  /** `extraSeconds`: what a clock that was put back gives back to those who signed in before. */
  const lives = async (extraSeconds = 0) => {
    for await (const { key, ttlSeconds } of runtime.store.scan('')) {
      if (ttlSeconds !== null)
        t.ok(ttlSeconds > 0 && ttlSeconds <= 91 * daySeconds, `${key.split(':')[0]} lives ${ttlSeconds} s`)
      // A token is remembered for an hour longer than its session, and opens nothing then.
      const more = key.startsWith('token:') ? 3600 : 0
      if (/^(session|token|seen):/.test(key))
        t.ok(ttlSeconds !== null && ttlSeconds <= daySeconds + more + extraSeconds, `${key.split(':')[0]}`)
    }
  }
  t.ok(await isIn(person), 'signed in')
  await lives()

  offset = hourMs + 60_000
  t.notOk(await isIn(person), 'an hour on, an idle session has ended')
  t.equal((await signIn(Date.now())).landed.status, 401, 'a code of an hour ago is worth nothing')
  const late = await signIn(clock())
  t.equal(late.landed.body, 'ok', 'one of now is')
  await lives()

  offset = -hourMs
  t.equal((await signIn(clock())).landed.status, 401, 'back again: steps before the last one are spent')
  t.equal((await signIn(Date.now() + hourMs + 60_000)).landed.status, 401, 'and those to come are not yet due')
  await lives((2 * hourMs + 60_000) / 1_000)

  offset = hourMs + 60_000 + daySeconds * 1_000
  t.notOk(await isIn(late.who), 'a day on, nobody is signed in')
}
