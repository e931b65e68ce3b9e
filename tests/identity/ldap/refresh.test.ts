/** The refresh of many people who are signed in: few questions, a pace, and the same result as a question about each. */
import t, { type Test } from 'tap'
import { DirectoryRefresh } from '../../../src/watchers/directory-refresh.ts'
import { ldapDirectory, serviceDn, servicePassword } from '../../fixtures/in-process/ldap-directory.ts'
import { type LdapEntry, type LdapServerOptions, startLdap } from '../../fixtures/in-process/ldap-server.ts'

const service: LdapEntry = { dn: serviceDn, password: servicePassword, attributes: {} }
const dnOf = (uid: string) => `uid=${uid},ou=people,dc=lab`
const person = (uid: string, more: LdapEntry['attributes'] = {}): LdapEntry => ({
  dn: dnOf(uid),
  attributes: { uid, entryUUID: `id-of-${uid}`, displayName: `The ${uid}`, mail: `${uid}@lab.example`, ...more }
})
const group = (cn: string, attributes: LdapEntry['attributes']): LdapEntry => ({
  dn: `cn=${cn},ou=groups,dc=lab`,
  attributes: { cn, ...attributes }
})

/** Accounts as the directory has them, all signed in, and a refresh whose waits are noted. */
async function open(t: Test, people: Readonly<Record<string, readonly string[]>>, options: LdapServerOptions) {
  const server = await startLdap(t, options)
  const { directory, accounts, store, time, said } = ldapDirectory(t, { servers: [server.url] })
  for (const [name, groups] of Object.entries(people)) {
    const texts = { displayName: `The ${name}`, email: `${name}@lab.example` }
    const externalId = `id-of-${name}`
    await accounts.create({ name, ...texts, groups, theirGroups: null, directory: 'institute', externalId })
  }
  const ended: string[] = []
  const waits: number[] = []
  const refresh = new DirectoryRefresh({
    directories: [directory],
    accounts,
    store,
    sessions: {
      list: async () => [{}] as never,
      async endAccount(id) {
        ended.push((await accounts.byId(id))!.name)
        return 1
      }
    },
    journal: { record() {} } as never,
    clock: time.read,
    log: { info() {}, warn: (fields, sentence) => said.push({ ...fields, sentence }) },
    wait: async ms => void waits.push(ms)
  })
  const run = async () => {
    await store.delete('directory-refresh:institute')
    server.searches.length = 0
    await refresh.run(directory)
    return server.searches.length
  }
  return { server, accounts, ended, waits, said, run }
}

t.test('two thousand people cost the directory few searches, in batches with pauses between', async t => {
  const names = Array.from({ length: 2000 }, (_, i) => `p${i}`)
  const groups = Array.from({ length: 50 }, (_, i) =>
    group(`g${i}`, { member: names.filter((_, each) => each % 50 === i).map(dnOf) })
  )
  const all = group('all', { member: groups.map(({ dn }) => dn) })
  const { run, ended, waits, said, server, accounts } = await open(
    t,
    Object.fromEntries(names.map((name, i) => [name, ['all', `g${i % 50}`].sort()])),
    { entries: [service, ...names.map(name => person(name)), ...groups, all] }
  )
  const searches = await run()
  // Twenty batches of people, as many of their groups, the members and the parents of each of 51 groups, and further pages.
  t.ok(searches <= 20 + 20 + 51 * 2 + 20, `${searches} searches`)
  t.same([ended, said], [[], []])
  t.equal(waits.length, 19)
  t.ok(Math.max(...waits) > 0 && waits.reduce((sum, ms) => sum + ms) <= 75_000, 'a quarter of the five minutes at most')
  server.entries = server.entries.filter(({ dn }) => dn !== dnOf('p7') && dn !== dnOf('p1999'))
  t.ok((await run()) <= searches + 2, 'two people more are asked about alone')
  t.same(ended.sort(), ['p1999', 'p7'])
  t.match(await accounts.byName('p8'), { groups: ['all', 'g8'] })
})

t.test('the result is the one of a question about each person', async t => {
  const dave = { ...person('dave'), dn: 'UID=dave, OU=people,DC=lab' }
  const entries = [
    service,
    ...['alice', 'bob', 'erin', 'frank', 'gina'].map(name => person(name)),
    person('carol', { pwdAccountLockedTime: '000001010000Z' }),
    dave,
    person('twin'),
    { ...person('other', { entryUUID: 'id-of-twin' }) },
    group('staff', { member: [dnOf('alice'), dnOf('dave')] }),
    group('unix', { memberUid: ['bob'] }),
    group('top', { uniqueMember: ['cn=staff,ou=groups,dc=lab', 'cn=loop,ou=groups,dc=lab'] }),
    group('loop', { member: ['cn=top,ou=groups,dc=lab'] })
  ]
  const { run, ended, accounts } = await open(
    t,
    {
      ...{
        alice: ['loop', 'staff', 'top'],
        bob: [],
        carol: [],
        dave: ['loop', 'staff', 'top'],
        erin: ['staff'],
        frank: []
      },
      ...{ gone: [], twin: [] }
    },
    { entries }
  )
  await accounts.update((await accounts.byName('frank'))!.id, { displayName: 'Frank as he was' })
  await run()
  t.same(ended.sort(), ['carol', 'gone', 'twin'], 'locked, removed, and not one person any more')
  const table: [string, string, object][] = [
    ['alice', 'groups of groups, with a loop', { groups: ['loop', 'staff', 'top'] }],
    ['bob', 'a new group that lists names', { groups: ['unix'] }],
    ['dave', 'a DN in another spelling', { groups: ['loop', 'staff', 'top'] }],
    ['erin', 'a group that was left', { groups: [] }],
    ['frank', 'another display name', { displayName: 'The frank' }]
  ]
  for (const [name, title, expected] of table) t.match(await accounts.byName(name), expected, title)
})

t.test('a server that takes no question about many people is asked about each', async t => {
  let refuses = false
  const { run, ended, said, server } = await open(
    t,
    { alice: [], bob: [] },
    {
      entries: [service, person('alice')],
      search: () =>
        refuses && /\(\|\(entryUUID|\|.*entryUUID=.*entryUUID=/i.test(server.searches.at(-1)!.filter) ? 11 : null
    }
  )
  refuses = true
  await run()
  t.same(ended, ['bob'])
  t.match(said[0], { sentence: /could not answer for somebody/ })
})

t.test('a directory that is down ends nobody', async t => {
  const { run, ended, said, server } = await open(t, { alice: [], bob: [] }, { entries: [service] })
  await server.stop()
  await run()
  t.same(ended, [])
  t.match(said.at(-1), { sentence: /does not answer: nobody loses access/ })
})

t.test('a directory that refers elsewhere for good is silent, and the log says what it answers', async t => {
  let code: number | null = null
  const { run, ended, said } = await open(t, { alice: [] }, { entries: [service, person('alice')], search: () => code })
  await run()
  code = 10
  await run()
  t.same(ended, [])
  t.match(said.at(-1), { sentence: /the directory does not answer/, problem: /refers to another server for 'dc=lab'/ })
})
