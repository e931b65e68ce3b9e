/**
 * Everything that is valid once, used many times in parallel; and many guesses at the limit. The clients' addresses count apart, so
 * that no limiter hides a race.
 */
import type { Test } from 'tap'
import { stateOf } from '../../plugins/cookies.ts'
import type { Account } from '../../src/identity/account.ts'
import { newToken } from '../../src/ids.ts'
import type { Server } from '../../src/server/server.ts'
import type { AttemptLimiter, Reservation } from '../../src/throttle/attempt-limiter.ts'
import {
  Caller,
  codeOf,
  type Fixture,
  type HttpReply,
  newKey,
  password,
  type Someone,
  tally
} from '../fixtures/in-process/callers.ts'
import { isDeep } from '../fixtures/in-process/cases.ts'
import { copyOf } from './w/webauthn-forger.ts'

/** `npm run test:deep` has more of them. */
const many = isDeep ? 50 : 20
/** For a gate with so many callers. */
export const extra = 'session: { maxPerUser: 500 }'

/** All of them against one store, by its gates in turn. */
export async function race(t: Test, fixture: Fixture, others: readonly Server[] = []): Promise<void> {
  const { runtime } = fixture
  const gates = [fixture.gate.server, ...others]
  const ports = gates.map(({ addresses }) => addresses.gate.port)

  /** Where guesses are counted by the account alone, no place is counted apart: what is under the limiter is then raced without it. */
  async function unlimited(act: () => Promise<void>): Promise<void> {
    const reserve = async (): Promise<Reservation> => ({
      kind: 'allowed',
      failures: 0,
      succeeded: async () => {},
      released: async () => {}
    })
    for (const { runtime } of gates) Object.assign(runtime.limiter, { reserve })
    try {
      await act()
    } finally {
      for (const { runtime } of gates) delete (runtime.limiter as Partial<AttemptLimiter>).reserve
    }
  }

  /** The same act by all, at once, over the gates in turn. */
  async function all(
    callers: readonly Caller[],
    act: (caller: Caller, i: number) => Promise<HttpReply>
  ): Promise<HttpReply[]> {
    for (const [i, caller] of callers.entries()) caller.port = ports[i % ports.length]!
    // Each gate has seen the session before, so that what it remembers takes part in the race.
    await Promise.all(
      callers.map(caller => (caller.token() === '' ? null : caller.send('GET', '/.factorgate/account')))
    )
    return Promise.all(callers.map(act))
  }

  /** One caller by address, each half-way by itself, or all with the cookies of the first. */
  async function halfWay(person: Someone, isOne: boolean): Promise<Caller[]> {
    const places = await person.knownAddresses(many)
    const first = await person.halfWay(places[0])
    const rest = places.slice(1)
    return [first, ...(await Promise.all(rest.map(place => (isOne ? copyOf(first, place) : person.halfWay(place)))))]
  }

  function exactlyOne(t: Test, answers: readonly HttpReply[], won: number, what: string): void {
    // To have too many passwords to hash at once is no mistake; the link stays good then.
    const counts = tally(answers.filter(answer => codeOf(answer) !== 'busy'))
    t.equal(counts[won], 1, `${what}: one of ${answers.length}, ${JSON.stringify(counts)}`)
    t.equal(counts[429] ?? 0, 0, `${what}: none was held back before the race`)
    t.notOk(
      Object.keys(counts).some(status => Number(status) >= 500),
      `${what}: no mistake of the gate’s`
    )
  }

  for (const isOne of [false, true]) {
    const where = isOne ? 'on one session' : 'on a session each'

    await t.test(`one TOTP code, ${where}`, async t => {
      const person = await fixture.somebody()
      const callers = await halfWay(person, isOne)
      const code = person.code()
      exactlyOne(t, await all(callers, caller => caller.totp(code)), 303, 'of now')
      const [credential] = await runtime.credentials.list(person.account.id)
      t.equal(credential?.disabledAt, null, 'and the losers switched nothing off')
    })

    await t.test(`one recovery code, ${where}`, async t => {
      const person = await fixture.somebody()
      const [code = ''] = await person.issueCodes()
      const callers = await halfWay(person, isOne)
      exactlyOne(t, await all(callers, caller => caller.recovery(code)), 303, 'the code')
    })
  }

  await t.test('all ten recovery codes, several times each', async t => {
    const person = await fixture.somebody()
    const codes = await person.issueCodes()
    const callers = await halfWay(person, false)
    const answers = await all(callers, (caller, i) => caller.recovery(codes[i % codes.length]!))
    t.equal(tally(answers)[303], codes.length, `each once: ${JSON.stringify(tally(answers))}`)
    t.equal((await all(callers, caller => caller.recovery(codes[0]!))).filter(({ status }) => status === 303).length, 0)
  })

  await t.test('one WebAuthn challenge: second factor, sign-in, enrolment', async t => {
    const person = await fixture.somebody()
    const key = newKey(fixture, { counts: false })
    await (await person.signedIn()).enrol(key)

    const callers = await halfWay(person, true)
    const asked = await callers[0]!.options('challenge')
    const assertion = key.assert(asked.options)
    exactlyOne(
      t,
      await all(callers, caller => caller.verify('challenge', asked.ceremony, assertion)),
      200,
      'second factor'
    )

    const places = await person.knownAddresses(many)
    const nobody = new Caller(fixture, places[0])
    const strangers = [nobody, ...places.slice(1).map(place => copyOf(nobody, place))]
    const begun = await nobody.options('login')
    const passkey = key.assert(begun.options)
    exactlyOne(t, await all(strangers, caller => caller.verify('login', begun.ceremony, passkey)), 200, 'sign-in')

    const signed = await person.signedIn()
    const copies = [signed, ...places.slice(1).map(place => copyOf(signed, place))]
    const enrolment = await signed.options('enrol')
    const registration = newKey(fixture).register(enrolment.options)
    const before = (await runtime.credentials.list(person.account.id)).length
    await unlimited(async () => {
      const answers = await all(copies, caller => caller.verify('enrol', enrolment.ceremony, registration))
      exactlyOne(t, answers, 200, 'enrolment')
    })
    t.equal((await runtime.credentials.list(person.account.id)).length, before + 1)
  })

  await t.test('one key under many challenges: a counter goes up once', async t => {
    const person = await fixture.somebody()
    const key = newKey(fixture)
    await (await person.signedIn()).enrol(key)
    const callers = await halfWay(person, false)
    const asked = await Promise.all(callers.map(caller => caller.options('challenge')))
    const assertions = asked.map(({ options }) => key.assert(options, { counter: 7 }))
    const answers = await all(callers, (caller, i) => caller.verify('challenge', asked[i]!.ceremony, assertions[i]))
    exactlyOne(t, answers, 200, 'the same counter')
  })

  await t.test('one key enrolled by many people', async t => {
    const people: Someone[] = []
    for (let i = 0; i < many; i++) people.push(await fixture.somebody())
    const callers = await Promise.all(people.map(person => person.signedIn()))
    const key = newKey(fixture)
    const asked = await Promise.all(callers.map(caller => caller.options('enrol')))
    const answers = await all(callers, (caller, i) =>
      caller.verify('enrol', asked[i]!.ceremony, key.register(asked[i]!.options))
    )
    exactlyOne(t, answers, 200, 'its id')
  })

  await t.test('all five factors removed at once', async t => {
    const person = await fixture.somebody()
    for (let i = 0; i < 4; i++) await person.addTotp()
    const ids = (await runtime.credentials.list(person.account.id)).map(({ id }) => id)
    const signed = await person.signedIn()
    const copies = Array.from({ length: many }, () => copyOf(signed, signed.address))
    const answers = await all(copies, (caller, i) =>
      caller.post(`/.factorgate/account/factors/${ids[i % ids.length]}/remove`)
    )
    t.equal((await runtime.credentials.list(person.account.id)).length, 1, JSON.stringify(tally(answers)))
    t.ok(
      answers.some(answer => codeOf(answer) === 'last_factor'),
      'the last one is refused'
    )
    t.notOk(
      answers.some(({ status }) => status >= 500),
      'no mistake of the gate’s'
    )
  })

  await t.test('one enrolment of an authenticator app', async t => {
    const person = await fixture.somebody()
    const signed = await person.signedIn()
    const page = await signed.get('/.factorgate/enrol/totp')
    const ceremony = /name="ceremony" value="([^"]*)"/.exec(page.body)?.[1] ?? ''
    const shown = /id="totp-secret"[^>]*>([^<]*)</.exec(page.body)?.[1]?.replace(/\s/g, '') ?? ''
    const code = Object.assign(Object.create(person) as Someone, { secret: shown }).code()
    const copies = Array.from({ length: many }, () => copyOf(signed, signed.address))
    await unlimited(async () => {
      const answers = await all(copies, caller => caller.post('/.factorgate/enrol/totp', { ceremony, code, name: 'x' }))
      // A second press of the same form goes on as the first one does (FIELD G1, G6); it enrols nothing.
      t.ok(
        answers.some(({ status }) => status === 303),
        'one goes on'
      )
    })
    t.equal((await runtime.credentials.list(person.account.id)).length, 2, 'one is enrolled')
  })

  await t.test('one invitation', async t => {
    const account: Account = await fixture.gate.account(
      `invited-${newToken()
        .slice(0, 8)
        .toLowerCase()
        .replace(/[^a-z0-9]/g, 'x')}`
    )
    const token = await runtime.invitations.issue(account.id)
    const callers = Array.from({ length: many }, () => new Caller(fixture))
    const words = callers.map((_, i) => `battery staple number ${i}`)
    const answers = await all(callers, (caller, i) =>
      caller.post(`/.factorgate/invite/${token}`, { password: words[i]! })
    )
    exactlyOne(t, answers, 303, 'the link')
    t.equal((await runtime.sessions.list(account.id)).length, 1)
    const winner = answers.findIndex(({ status }) => status === 303)
    t.equal(
      (await new Caller(fixture).signIn(account.name, words[winner]!)).status,
      303,
      'the winner’s password is the one that stands'
    )
    t.equal((await new Caller(fixture).signIn(account.name, words[winner === 0 ? 1 : 0]!)).status, 401)
  })

  await t.test('one hand-over code', async t => {
    const person = await fixture.somebody()
    const signed = await person.signedIn()
    const { principal } = signed
    const host = fixture.host('app')
    const nonce = newToken()
    const code = await runtime.sessions.handOver(principal!, host, stateOf(nonce), `http://${host}/`)
    const callers = Array.from({ length: many }, () => {
      const caller = new Caller(fixture)
      caller.jar(host).set('factorgate-nonce', nonce)
      return caller
    })
    const answers = await all(callers, caller => caller.get(`http://${host}/.factorgate/callback?code=${code}`))
    exactlyOne(t, answers, 303, 'the code')
    t.equal(callers.filter(caller => caller.token(host) !== '').length, 1, 'one cookie')
  })

  await t.test('many guesses at once, at the limit', async t => {
    const guesses = 2 * many
    const wrong: Record<string, (caller: Caller, person: Someone, i: number) => Promise<HttpReply>> = {
      totp: (caller, person, i) => caller.totp(person.wrongCode(i)),
      recovery: caller => caller.recovery('0000-0000-0000-0000-0000-0000'),
      password: (caller, person) => caller.signIn(person.account.name, 'wrong password')
    }
    for (const [kind, guess] of Object.entries(wrong))
      for (const [left, before] of kind === 'totp'
        ? ([
            [4, 0],
            [1, 3]
          ] as const)
        : ([[1, 3]] as const)) {
        const person = await fixture.somebody()
        await person.issueCodes()
        // Passwords are counted by network (FIELD A8), second factors by account.
        const { address } = new Caller(fixture)
        const caller = async () => (kind === 'password' ? new Caller(fixture, address) : person.halfWay())
        for (let i = 0; i < before; i++) await guess(await caller(), person, i)
        const callers = await Promise.all(Array.from({ length: guesses }, caller))
        const answers = await all(callers, (one, i) => guess(one, person, i))
        t.same(tally(answers), { 401: left, 429: guesses - left }, `${kind}: ${left} are checked`)
      }
  })

  await t.test('the hundredth failure, from sixty known places at once', async t => {
    const person = await fixture.somebody()
    const id = (await runtime.credentials.list(person.account.id))[0]?.id ?? ''
    const disabled = async () => (await runtime.credentials.get(person.account.id, id))?.disabledAt
    // As it stands after fifty.
    await runtime.store.put(`failures:${id}`, '50')
    const [one] = await halfWay(person, false)
    t.equal((await one!.totp(person.wrongCode())).status, 401)
    t.equal(await runtime.store.get(`failures:${id}`), '51', 'the count goes on from there')
    t.equal(await disabled(), null)
    const last = await person.knownAddresses(60)
    const callers = await Promise.all(last.map(place => person.halfWay(place)))
    await all(callers, (caller, i) => caller.totp(person.wrongCode(i)))
    t.ok(await disabled(), 'after a hundred it is off')
    t.equal(await runtime.store.get(`failures:${id}`), '100', 'and no more were checked')
    const [address] = await person.knownAddresses(1)
    t.not((await (await person.halfWay(address)).totp(person.code())).status, 303, 'for the right code, too')
  })

  await t.test('signing in while being suspended', async t => {
    const person = await fixture.somebody()
    const callers = await halfWay(person, false)
    const codes = await person.issueCodes()
    const entering = all(callers.slice(0, codes.length), (caller, i) => caller.recovery(codes[i]!))
    await runtime.accounts.suspend(person.account.id, 'test')
    await entering
    for (const caller of callers.slice(0, codes.length))
      t.not((await caller.send('GET', '/.factorgate/account')).status, 200, 'whoever slipped in is out')
    t.equal(
      (await new Caller(fixture).signIn(person.account.name, password)).status,
      403,
      'the right password tells of the suspension, and lets nobody in'
    )
  })
}
