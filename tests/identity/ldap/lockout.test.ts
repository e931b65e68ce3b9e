/** A directory that locks accounts after wrong passwords: strangers who only know a name do not reach its limit through the gate. */
import t, { type Test } from 'tap'
import type { Account } from '../../../src/identity/account.ts'
import { PasswordLogin } from '../../../src/identity/password/password-login.ts'
import { newToken } from '../../../src/ids.ts'
import { AttemptLimiter } from '../../../src/throttle/attempt-limiter.ts'
import { type Lockout, limitBelow } from '../../../src/throttle/limits.ts'
import { type LdapSetup, ldapDirectory, serviceDn, servicePassword } from '../../fixtures/in-process/ldap-directory.ts'
import { startLdap } from '../../fixtures/in-process/ldap-server.ts'

const dn = 'uid=alice,dc=lab'
const home = { address: '192.0.2.7', browser: newToken() }
/** Another network each time. */
let networks = 0
const elsewhere = (): { address: string; browser: string | null } => ({
  address: `2001:db8:${(networks++).toString(16)}::1`,
  browser: null
})

/** A directory that locks Alice after five wrong passwords, a gate, and Alice's browser, in which she has signed in. */
async function open(t: Test, lockout: Lockout | null, more: Pick<LdapSetup, 'schema' | 'options'> = {}) {
  let wrong = 0
  const server = await startLdap(t, {
    entries: [
      { dn: serviceDn, password: servicePassword, attributes: {} },
      {
        dn,
        password: 'right',
        attributes: { uid: 'alice', userPrincipalName: 'a.smith@corp.example', entryUUID: 'id-of-alice' }
      }
    ],
    bind: (asked, password) => {
      if (asked !== dn) return null
      if (wrong < 5 && password === 'right') wrong = 0
      else wrong++
      return { code: wrong === 0 ? 0 : 49 }
    }
  })
  const { directory, accounts, store, time } = ldapDirectory(t, {
    servers: [server.url],
    ...more,
    options: { ...more.options, lockout }
  })
  const limiter = new AttemptLimiter({ store, clock: time.read })
  const login = new PasswordLogin({ store, clock: time.read, accounts, directories: [directory], limiter })
  const attempt = (password: string, origin = elsewhere(), name = 'alice') =>
    login.attempt({ name, password, address: origin.address, browser: origin.browser })
  const first = await attempt('right', home)
  if (first.kind !== 'accepted') throw new Error(first.kind)
  await login.completed(first.account, home, true)
  return { attempt, login, time, isLocked: () => wrong >= 5, alice: first.account as Account }
}

t.test('M17 strangers from a hundred networks lock nobody there, and its person comes in at home', async t => {
  const { attempt, isLocked, time } = await open(t, { after: 5, withinSeconds: 1800 })
  const kinds: string[] = []
  for (let i = 0; i < 100; i++) kinds.push((await attempt(`wrong-${i}`)).kind)
  t.same([...new Set(kinds.slice(0, 3))], ['refused'], 'three guesses are checked')
  t.same([...new Set(kinds.slice(3))], ['throttled'], 'and no more')
  t.equal((await attempt('wrong', home)).kind, 'refused', 'a mistake of her own')
  t.notOk(isLocked())
  t.match(await attempt('right', home), { kind: 'accepted', account: { name: 'alice' } })
  t.match(await attempt('right'), { kind: 'throttled' }, 'a new place waits')
  time.advance(1801)
  t.match(await attempt('right'), { kind: 'accepted' }, 'until the directory has forgotten them')
})

const twoNames = { schema: { userFilter: '(|(uid={name})(userPrincipalName={name}))' } }
const names = ['alice', 'a.smith@corp.example']

t.test('M17 guesses under the several names of one person count together', async t => {
  const { attempt, isLocked, login, alice, time } = await open(t, { after: 5, withinSeconds: 1800 }, twoNames)
  const said = new Map<string, unknown[]>([...names, 'nobody', 'n.body@corp.example'].map(name => [name, []]))
  for (let i = 0; i < 6; i++)
    for (const [name, answers] of said) answers.push(await attempt(`wrong-${i}`, elsewhere(), name))
  t.notOk(isLocked())
  const [first, ...others] = said.values()
  for (const answers of others) t.same(answers, first, 'each name is answered in the same way (THREATS M15)')
  t.match(await attempt('right', home), { kind: 'accepted' })
  time.advance(1801)
  for (const name of names) t.match(await attempt('right', elsewhere(), name), { kind: 'accepted' })
  time.advance(1801)
  // Every trip has mistakes of its own, and the directory forgets them after a right password.
  for (let trip = 0; trip < 3; trip++) {
    const travel = elsewhere()
    await attempt('wrong', travel)
    t.equal((await attempt('right', travel)).kind, 'accepted', `trip ${trip}`)
    await login.completed(alice, { ...travel, browser: null }, true)
  }
})

t.test('strangers at one name do not concern the person at home under the other', async t => {
  const { attempt } = await open(t, { after: 5, withinSeconds: 1800 }, twoNames)
  for (let i = 0; i < 6; i++) await attempt('wrong')
  t.match(await attempt('right', elsewhere(), names[1]), { kind: 'refused' }, 'a new place waits')
  t.match(await attempt('right', home, names[1]), { kind: 'accepted' })
})

t.test('a direct bind by a name before a domain leaves each of two names a part', t => {
  const direct = (userDn: string) => {
    const options = { service: null, userDn, lockout: { after: 7, withinSeconds: 60 } }
    return ldapDirectory(t, { servers: ['ldap://127.0.0.1:1'], options }).directory.lockout
  }
  t.match(direct('{name}@corp.example'), { after: 4 })
  t.match(direct('uid={name},dc=lab'), { after: 7 })
  t.end()
})

t.test('a name that nobody has is answered in the same way', async t => {
  const { attempt } = await open(t, { after: 5, withinSeconds: 1800 })
  const of = async (name: string) => {
    const said: unknown[] = []
    for (let i = 0; i < 5; i++) said.push(await attempt('wrong', elsewhere(), name))
    return said
  }
  t.same(await of('nobody'), await of('alice'))
})

t.test('without the key the usual limits hold, and strangers lock the account', async t => {
  const { attempt, isLocked } = await open(t, null)
  for (let i = 0; i < 6; i++) t.equal((await attempt(`wrong-${i}`)).kind, 'refused')
  t.ok(isLocked())
})

t.test('of several policies the strictest counts, and a completed sign-in gives its own mistakes back', async t => {
  const hours = { after: 4, withinSeconds: 7200 }
  t.match(limitBelow([{ after: 10, withinSeconds: 60 }, hours]), { free: 1, firstWaitSeconds: 7200, keepSeconds: 7200 })
  t.match(limitBelow([{ after: 3, withinSeconds: 60 }]), { free: 0 }, 'one at least')
  t.equal(limitBelow([]), null)
  const { attempt, login, alice } = await open(t, { after: 6, withinSeconds: 1800 })
  const travel = elsewhere()
  for (let i = 0; i < 3; i++) {
    await attempt('wrong', travel)
    t.equal((await attempt('right', travel)).kind, 'accepted', `trip ${i}`)
    await login.completed(alice, { ...travel, browser: null }, true)
  }
})
