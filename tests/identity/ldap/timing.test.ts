/** A refusal by a directory takes the same steps and the same time, whoever has the name. */
import t, { type Test } from 'tap'
import { BindTimes } from '../../../src/identity/ldap/bind-times.ts'
import { ldapDirectory, serviceDn, servicePassword } from '../../fixtures/in-process/ldap-directory.ts'
import { type LdapEntry, startLdap } from '../../fixtures/in-process/ldap-server.ts'

const entries: LdapEntry[] = [
  { dn: serviceDn, password: servicePassword, attributes: {} },
  { dn: 'uid=alice,dc=lab', password: 'pw', attributes: { uid: 'alice', entryUUID: 'id-of-alice' } }
]
/** What the server's hash of alice's password costs, in milliseconds. */
const hashMs = 80

/** A directory whose clock the server moves, by the cost of each bind. */
async function open(t: Test, direct: boolean) {
  let now = 0
  const server = await startLdap(t, {
    entries,
    bind: dn => {
      if (dn !== serviceDn) now += dn === 'uid=alice,dc=lab' ? hashMs : 1
      return null
    }
  })
  const wait = async (ms: number) => {
    now += ms
  }
  const options = direct ? { service: null, userDn: 'uid={name},dc=lab' } : {}
  const { directory } = ldapDirectory(t, {
    servers: [server.url],
    options: { ...options, bindTimes: new BindTimes({ now: () => now, wait }) }
  })
  const costOf = async (work: () => Promise<unknown>) => {
    const before = {
      now,
      binds: server.binds.length,
      searches: server.searches.length,
      connections: server.connections
    }
    t.same(await work(), { kind: 'refused' })
    return {
      ms: now - before.now,
      binds: server.binds.length - before.binds,
      searches: server.searches.length - before.searches,
      connections: server.connections - before.connections
    }
  }
  return { directory, costOf }
}

for (const direct of [false, true])
  t.test(`CWE-208 · ${direct ? 'direct binds' : 'search and bind'}: a refusal does not tell who is there`, async t => {
    const { directory, costOf } = await open(t, direct)
    await directory.authenticate('alice', 'pw')
    const wrong = await costOf(() => directory.authenticate('alice', 'wrong'))
    t.same(wrong, { ms: hashMs, binds: 1, searches: direct ? 0 : 1, connections: 1 })
    const table: [string, () => Promise<unknown>][] = [
      ['an unknown name of letters that servers confuse', () => directory.authenticate('àlice', 'wrong')],
      ['a name that another directory has', () => directory.pretend('alice', 'wrong')],
      ['an unknown name that another directory has', () => directory.pretend('bob', 'wrong')]
    ]
    // With direct binds only the server knows that the name is unknown.
    if (!direct) table.push(['an unknown name', () => directory.authenticate('nobody', 'wrong')])
    for (const [title, work] of table) t.same(await costOf(work), { ...wrong }, title)
  })

t.test('CWE-208 · a password that is refused before anybody is asked costs nothing, whoever has the name', async t => {
  const { directory, costOf } = await open(t, false)
  const nothing = { ms: 0, binds: 0, searches: 0, connections: 0 }
  for (const password of ['', 'x\0y', 'ä'.repeat(513)]) {
    t.same(await costOf(() => directory.authenticate('alice', password)), nothing)
    t.same(await costOf(() => directory.pretend('alice', password)), nothing)
  }
})
