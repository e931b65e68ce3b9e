/** FIELD A10: whatever is changed by compare-and-set, while somebody removes, changes or makes anew what is being changed. */
import t from 'tap'
import { resealSecrets } from '../../src/factor/reseal.ts'
import { Accounts } from '../../src/identity/accounts.ts'
import { makeKeyring, masterKey } from '../../src/keyring/keyring.ts'
import { SessionCache } from '../../src/session/session-cache.ts'
import { Sessions } from '../../src/session/sessions.ts'
import { changeValue } from '../../src/store/change.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { AttemptLimiter } from '../../src/throttle/attempt-limiter.ts'
import { ConsecutiveFailures } from '../../src/throttle/consecutive-failures.ts'
import { Authenticator } from '../fixtures/in-process/authenticator.ts'
import { alice, fixture, home } from '../fixtures/in-process/factors.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'
import { totpCode } from '../fixtures/in-process/person.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'

type All = ReturnType<typeof fixture>
type Between = (store: MemoryStore, key: string, text: string | null) => Promise<unknown>

/** `act` runs once, between the reading of a key that begins with `prefix` and the first write to it. */
function between(store: MemoryStore, prefix: string, act: Between): { happened: boolean } {
  const seen = { happened: false }
  for (const verb of ['replace', 'add'] as const) {
    const write = store[verb].bind(store) as (key: string, ...rest: never[]) => Promise<boolean>
    store[verb] = async (key: string, ...rest: unknown[]) => {
      if (!seen.happened && key.startsWith(prefix)) {
        seen.happened = true
        await act(store, key, await store.get(key))
      }
      return write(key, ...(rest as never[]))
    }
  }
  return seen
}

const removed: Between = (store, key) => store.delete(key)
const changed: Between = async (store, key, text) => text !== null && store.put(key, `${text} `)
const madeAnew: Between = async (store, key, text) => {
  await store.delete(key)
  if (text !== null) await store.put(key, text)
}

interface Row {
  readonly name: string
  /** Makes what is changed, and answers the key it lies under and the change. What the change answers is compared as text. */
  prepare(all: All): Promise<{ key: string; act: () => Promise<unknown>; change?: Between }>
  /** What the change answers if its record is removed in between; and what it answers otherwise. */
  readonly ifRemoved: string
  readonly otherwise: string
  /** After a removal nothing may stand under the key again. */
  readonly staysGone: boolean
}

async function enrolledTotp(all: All): Promise<{ id: string; secret: string }> {
  const { ceremony, secret } = await all.totp.begin(alice, 's1')
  const code = totpCode(secret, all.time.now)
  const input = { accountId: alice.id, binding: 's1', ceremony, code, name: '', address: home }
  const outcome = await all.totp.finish(input)
  if (outcome.kind !== 'enrolled') throw new Error(outcome.kind)
  all.time.advance(60)
  return { id: outcome.credential.id, secret }
}

async function sessionsOf({ store, clock }: All) {
  const accounts = new Accounts({ store, clock })
  const account = await accounts.create({ name: 'alice' })
  const cache = new SessionCache(store)
  await cache.watch(['session:', 'token:', 'account:'])
  const limits = { idleSeconds: 3600, absoluteSeconds: 86_400, maxPerUser: 5 }
  const sessions = new Sessions({ store, cache, clock, limits })
  const entered = await sessions.start({
    accountId: account.id,
    proof: { kind: 'password', at: clock(), userVerified: false },
    device: { userAgent: 'test', address: home },
    host: 'gate'
  })
  return { sessions, entered }
}

const kindOf = async (answer: Promise<{ kind: string }>) => (await answer).kind

const rows: readonly Row[] = [
  {
    name: 'a recovery code is spent',
    async prepare(all) {
      const [code = '', other = ''] = await all.recovery.issue(alice.id)
      const spend = (code: string, address = home) => kindOf(all.recovery.spend({ accountId: alice.id, code, address }))
      return {
        key: `recovery:${alice.id}`,
        act: () => spend(code),
        change: () => spend(other, '198.51.100.7')
      }
    },
    ifRemoved: 'refused',
    otherwise: 'verified',
    staysGone: true
  },
  {
    name: 'recovery codes are switched off',
    async prepare(all) {
      await all.recovery.issue(alice.id)
      await all.store.put(`failures:recovery-${alice.id}`, '99')
      return {
        key: `recovery:${alice.id}`,
        act: async () => {
          await all.recovery.spend({ accountId: alice.id, code: 'wrong', address: home })
          return all.disabled.length
        },
        change: (store, key) => all.recovery.issue(alice.id).then(() => store.get(key))
      }
    },
    ifRemoved: '0',
    otherwise: '1',
    staysGone: true
  },
  {
    name: 'a code of an authenticator app is spent',
    async prepare(all) {
      const { id, secret } = await enrolledTotp(all)
      const code = totpCode(secret, all.time.now)
      return {
        key: `credential:${id}`,
        act: () => kindOf(all.totp.verify({ accountId: alice.id, code, address: home }))
      }
    },
    ifRemoved: 'refused',
    otherwise: 'verified',
    staysGone: true
  },
  {
    name: 'the counter of a key goes up',
    async prepare(all) {
      const key = new Authenticator()
      const begun = await all.webauthn.registrationOptions(alice, 's1')
      const outcome = await all.webauthn.register({
        account: alice,
        binding: 's1',
        ceremony: begun.ceremony,
        response: key.register(begun.options),
        name: '',
        address: home
      })
      if (outcome.kind !== 'enrolled') throw new Error(outcome.kind)
      const asked = await all.webauthn.authenticationOptions({ accountId: alice.id, binding: 's1' })
      const response = key.assert(asked.options)
      const input = { accountId: alice.id, binding: 's1', ceremony: asked.ceremony, response, address: home }
      return { key: `credential:${outcome.credential.id}`, act: () => kindOf(all.webauthn.authenticate(input)) }
    },
    ifRemoved: 'refused',
    otherwise: 'verified',
    staysGone: true
  },
  {
    name: 'a factor is renamed',
    async prepare(all) {
      const { id } = await enrolledTotp(all)
      return { key: `credential:${id}`, act: () => all.credentials.rename(alice.id, id, 'Telephone') }
    },
    ifRemoved: 'false',
    otherwise: 'true',
    staysGone: true
  },
  {
    name: 'a factor is switched off',
    async prepare(all) {
      const { id } = await enrolledTotp(all)
      return {
        key: `credential:${id}`,
        act: () => all.credentials.disable(alice.id, id).then(() => all.disabled.length)
      }
    },
    ifRemoved: '0',
    otherwise: '1',
    staysGone: true
  },
  {
    name: 'the last factor but one is removed, once somebody else has said so of the other',
    async prepare(all) {
      const { id } = await enrolledTotp(all)
      all.time.advance(60)
      await enrolledTotp(all)
      await all.store.put(`credentials-leaving:${alice.id}`, '3')
      return {
        key: `credentials-leaving:${alice.id}`,
        act: () => all.credentials.removeUnlessLast(alice.id, id, async () => {}),
        change: (store, key) => store.put(key, '4')
      }
    },
    ifRemoved: 'removed',
    otherwise: 'removed',
    staysGone: false
  },
  {
    name: 'failures in a row are counted',
    async prepare({ store }) {
      const failures = new ConsecutiveFailures(store)
      await store.put('failures:C1', '99')
      return { key: 'failures:C1', act: async () => (await failures.count('C1'))?.isLast }
    },
    ifRemoved: 'false',
    otherwise: 'true',
    staysGone: false
  },
  {
    name: 'a failure in a row is given back',
    async prepare({ store }) {
      const failures = new ConsecutiveFailures(store)
      await store.put('failures:C1', '99')
      return { key: 'failures:C1', act: () => failures.giveBack('C1').then(() => store.get('failures:C1')) }
    },
    ifRemoved: 'null',
    otherwise: '98',
    staysGone: true
  },
  {
    name: 'a guess is counted',
    async prepare({ store, clock }) {
      const limiter = new AttemptLimiter({ store, clock })
      const bucket = { kind: 'factor', key: 'x' } as const
      for (let i = 0; i < 3; i++) await limiter.reserve([bucket])
      return {
        key: 'attempts:factor:x',
        act: async () => {
          await limiter.reserve([bucket])
          return kindOf(limiter.reserve([bucket]))
        }
      }
    },
    ifRemoved: 'allowed',
    otherwise: 'throttled',
    staysGone: false
  },
  {
    name: 'a guess is given back',
    async prepare({ store, clock }) {
      const limiter = new AttemptLimiter({ store, clock })
      const bucket = { kind: 'factor', key: 'x' } as const
      for (let i = 0; i < 3; i++) await limiter.reserve([bucket])
      const fourth = await limiter.reserve([bucket])
      return {
        key: 'attempts:factor:x',
        act: async () => {
          if (fourth.kind === 'allowed') await fourth.released()
          return kindOf(limiter.reserve([bucket]))
        }
      }
    },
    ifRemoved: 'allowed',
    otherwise: 'allowed',
    staysGone: false
  },
  {
    name: 'a second factor is proved in a session',
    async prepare(all) {
      const { sessions, entered } = await sessionsOf(all)
      const proof = { kind: 'totp', at: all.time.now, userVerified: false } as const
      return {
        key: `session:${entered.principal.session.id}`,
        act: async () => (await sessions.prove(entered.principal, proof))?.principal.isFullySignedIn
      }
    },
    ifRemoved: 'undefined',
    otherwise: 'true',
    staysGone: true
  },
  {
    name: 'a hand-over code is redeemed',
    async prepare(all) {
      const { sessions, entered } = await sessionsOf(all)
      const code = await sessions.handOver(entered.principal, 'app', 'state', 'https://app/')
      return {
        key: `session:${entered.principal.session.id}`,
        act: async () => (await sessions.redeem(code, 'app', 'state'))?.returnTo
      }
    },
    ifRemoved: 'undefined',
    otherwise: 'https://app/',
    staysGone: true
  },
  {
    name: 'an account is suspended',
    async prepare({ store, clock }) {
      const accounts = new Accounts({ store, clock })
      const { id } = await accounts.create({ name: 'alice' })
      return {
        key: `account:${id}`,
        act: () =>
          accounts.suspend(id, 'why').then(
            account => account.suspended?.why,
            error => error.problem
          )
      }
    },
    ifRemoved: 'not_found',
    otherwise: 'why',
    staysGone: true
  },
  {
    name: 'a name is taken whose account is gone',
    async prepare({ store, clock }) {
      const accounts = new Accounts({ store, clock })
      await store.put('account-name:alice', 'A'.repeat(22))
      return {
        key: 'account-name:alice',
        act: async () => {
          const { id } = await accounts.create({ name: 'alice' })
          return (await store.get('account-name:alice')) === id
        },
        change: (store, key) => store.put(key, 'B'.repeat(22))
      }
    },
    ifRemoved: 'true',
    otherwise: 'true',
    staysGone: false
  },
  {
    name: 'a secret is sealed anew',
    async prepare(all) {
      const { id } = await enrolledTotp(all)
      const keyring = makeKeyring([masterKey(Buffer.alloc(32, 8)), masterKey(Buffer.alloc(32, 7))])
      return { key: `credential:${id}`, act: () => resealSecrets({ store: all.store, keyring }) }
    },
    ifRemoved: '0',
    otherwise: '1',
    staysGone: true
  }
]

const variants: readonly (readonly [string, Between | null])[] = [
  ['is removed', removed],
  ['is changed', null],
  ['is removed and made anew', madeAnew]
]

for (const row of rows)
  t.test(`FIELD A10 ${row.name}`, async t => {
    for (const [what, interfere] of variants) {
      const all = fixture()
      const { key, act, change = changed } = await row.prepare(all)
      const tokens = async () => (await all.store.dump()).match(/^token:/gm)?.length ?? 0
      const before = await tokens()
      const seen = between(all.store, key, interfere ?? change)
      const answer = String(await act())
      t.ok(seen.happened, `somebody interferes: it ${what}`)
      t.equal(answer, what === 'is removed' ? row.ifRemoved : row.otherwise, what)
      if (what !== 'is removed') continue
      if (row.staysGone) t.equal(await all.store.get(key), null, 'what is gone stays gone')
      t.equal(await tokens(), before, 'and no new token of it is left')
    }
  })

t.test('FIELD A10 a recovery code whose record is removed in between is not good the second time either', async t => {
  const all = fixture()
  const [code = ''] = await all.recovery.issue(alice.id)
  const text = await all.store.get(`recovery:${alice.id}`)
  between(all.store, 'recovery:', removed)
  const spend = () => kindOf(all.recovery.spend({ accountId: alice.id, code, address: home }))
  t.equal(await spend(), 'refused')
  t.equal(await spend(), 'refused')
  await all.store.put(`recovery:${alice.id}`, text!)
  t.same([await spend(), await spend()], ['verified', 'refused'], 'an operator puts the record back: it is good once')
})

t.test('FIELD A10 a name that another account has taken meanwhile stays with it', async t => {
  const store = new MemoryStore(Date.now)
  const accounts = new Accounts({ store, clock: Date.now })
  const first = await accounts.create({ name: 'alice' })
  const remove = store.delete.bind(store)
  let next = ''
  store.delete = async (key, expected) => {
    store.delete = remove
    t.equal(key, 'account-name:alice')
    await accounts.remove(first.id)
    next = (await accounts.create({ name: 'alice' })).id
    return remove(key, expected)
  }
  await accounts.remove(first.id)
  t.equal((await accounts.byName('alice'))?.id, next)
})

t.test('FIELD A10 a value that never stands still is refused, not believed', async t => {
  const store = new MemoryStore(Date.now)
  store.replace = async () => false
  store.add = async () => false
  let asked = 0
  const change = changeValue(store, 'x', () => ({ next: String(++asked), result: 'written' }))
  await t.rejects(change, { name: 'StoreUnreachable' })
})

t.test('FIELD A10 on either store, of many who change one value each is counted once', async t => {
  const redis = await startRedis(t)
  for (const url of [`embedded:${t.testdir()}`, redis.url]) {
    const store: Store = await openStore(url)
    t.teardown(() => store.close())
    const count = () =>
      changeValue(store, 'count', text => ({ next: String(Number(text ?? 0) + 1), result: Number(text ?? 0) + 1 }))
    const remove = async () => void (await store.delete('count'))
    const answers = await Promise.all(Array.from({ length: 40 }, () => count()))
    t.same(
      answers.sort((a, b) => a - b),
      Array.from({ length: 40 }, (_, i) => i + 1)
    )
    await Promise.all([remove(), ...Array.from({ length: 20 }, () => count()), remove()])
    t.ok(Number((await store.get('count')) ?? 0) <= 20, url)
  }
})
