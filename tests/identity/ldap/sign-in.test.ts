/** Signing in through LDAP: who is found, who is bound with which password, and what of the entry becomes the account. */
import t, { type Test } from 'tap'
import type { Account } from '../../../src/identity/account.ts'
import { type LdapSetup, ldapDirectory, serviceDn, servicePassword } from '../../fixtures/in-process/ldap-directory.ts'
import { type LdapEntry, startLdap } from '../../fixtures/in-process/ldap-server.ts'

const people = 'ou=people,dc=lab'
const person = (uid: string, more: LdapEntry['attributes'] = {}): LdapEntry => ({
  dn: `uid=${uid},${people}`,
  password: `pw-${uid}`,
  attributes: { uid, entryUUID: `id-of-${uid}`, displayName: `The ${uid}`, mail: `${uid}@lab.example`, ...more }
})
const group = (cn: string, ...member: string[]): LdapEntry => ({
  dn: `cn=${cn},ou=groups,dc=lab`,
  attributes: { cn, member }
})
const dnOf = (uid: string) => `uid=${uid},${people}`
const dnOfGroup = (cn: string) => `cn=${cn},ou=groups,dc=lab`
const service: LdapEntry = { dn: serviceDn, password: servicePassword, attributes: {} }
const refused = { kind: 'refused' }

async function open(t: Test, entries: readonly LdapEntry[], setup: Partial<LdapSetup> = {}) {
  const server = await startLdap(t, { entries: [service, ...entries] })
  return { server, ...ldapDirectory(t, { servers: [server.url], ...setup }) }
}

t.test('the entry becomes the account: its id, its name, its address and its groups', async t => {
  const { enter, accounts } = await open(t, [
    person('alice', { uid: 'Alice', mail: ['alice@lab.example', 'a@lab.example'] }),
    group('staff', dnOf('alice'))
  ])
  const alice = await enter('alice', 'pw-alice')
  t.match(alice, {
    name: 'alice',
    displayName: 'The alice',
    email: 'alice@lab.example',
    directory: 'institute',
    externalId: 'id-of-alice',
    groups: ['staff']
  })
  t.same(await enter('ALICE ', 'pw-alice'), alice, 'in any spelling, and only one account comes of it')
  t.same(await accounts.idsOf('institute'), [(alice as { id: string }).id])
})

t.test('a person who is called otherwise there keeps the account; who gets the old name does not', async t => {
  const { enter, server } = await open(t, [person('anna')])
  const anna = await enter('anna', 'pw-anna')
  server.entries = [service, person('anna-new', { entryUUID: 'id-of-anna' }), person('anna', { entryUUID: 'another' })]
  t.same(await enter('anna', 'pw-anna'), { kind: 'refused', why: 'name_taken' }, 'the old name is somebody else’s')
  t.same(await enter('anna-new', 'pw-anna-new'), {
    ...anna,
    name: 'anna-new',
    displayName: 'The anna-new',
    email: 'anna-new@lab.example',
    formerNames: ['anna']
  })
  t.same(await enter('anna', 'pw-anna'), { kind: 'refused', why: 'name_taken' }, 'and the old name stays taken')
})

t.test('I39 RFC 4513 §5.1.2 · empty, NUL and wrong passwords, two entries, no id → refused', async t => {
  const server = await startLdap(t, {
    entries: [
      service,
      person('alice'),
      person('twin'),
      { ...person('twin', { entryUUID: 'second' }), dn: 'uid=twin,ou=guests,dc=lab' },
      ...['people', 'guests', 'robots'].map(ou => ({
        ...person('triplet', { entryUUID: `triplet of ${ou}` }),
        dn: `uid=triplet,ou=${ou},dc=lab`
      })),
      person('noid', { entryUUID: [] }),
      person('many', { uid: ['many', 'many2'] }),
      person('müller'),
      { dn: 'cn=nameless,dc=lab', password: 'pw', attributes: { mail: 'nameless@lab.example', entryUUID: 'x' } }
    ]
  })
  const { enter, said } = ldapDirectory(t, {
    servers: [server.url],
    schema: { userFilter: '(|(uid={name})(mail={name}))' }
  })
  const table: [string, string, string, object, RegExp | null][] = [
    ['with a wrong password', 'alice', 'pw-bob', refused, null],
    ['with an empty password', 'alice', '', refused, null],
    ['with a password that begins with NUL', 'alice', '\0', refused, null],
    ['with a password of more than 1,024 bytes', 'alice', 'ä'.repeat(513), refused, null],
    ['by a name that nobody has', 'nobody', 'pw-alice', refused, null],
    ['by a name of two entries', 'twin', 'pw-twin', refused, /two entries/],
    ['by a name of more entries than are asked for', 'triplet', 'pw-triplet', refused, /two entries/],
    ['without an id', 'noid', 'pw-noid', refused, /no entryUUID/],
    ['without a name', 'nameless@lab.example', 'pw', refused, /no uid/],
    ['with several names, by none of them', 'many@lab.example', 'pw-many', refused, /several uid/],
    [
      'with a name that no account can have',
      'müller',
      'pw-müller',
      { kind: 'refused', why: 'name_invalid' },
      /no account can be called so/
    ]
  ]
  for (const [title, name, password, answer, remark] of table) {
    said.length = 0
    t.same(await enter(name, password), answer, title)
    if (remark === null) t.same(said, [], `${title}: the log says nothing`)
    else t.match(said[0]?.problem, remark, `${title}: the log says why`)
  }
  t.ok(
    server.binds.every(({ password }) => password !== ''),
    'no bind ever has an empty password'
  )
})

t.test('I40 RFC 4515, CWE-90 · filters as names → asked for as they are, and found nowhere', async t => {
  const { enter, server } = await open(t, [person('alice'), person('bob')])
  for (const name of [
    '*',
    'al*',
    'alice)(uid=*',
    '*)(objectClass=*',
    'alice)(|(uid=bob',
    '\\2a',
    'alice\0',
    'x)(!(uid=x)',
    '(|(uid=*))',
    'ali\\63e'
  ]) {
    server.searches.length = 0
    t.same(await enter(name, 'pw-alice'), refused, JSON.stringify(name))
    for (const { filter } of server.searches)
      t.match(filter, /^\(uid=[^*()]*\)$/, `${JSON.stringify(name)} is asked for as it is`)
  }
  t.ok(
    server.binds.every(({ dn }) => dn === serviceDn || /^cn=[\da-f]{18},dc=lab$/.test(dn)),
    'and nobody was bound'
  )
})

t.test('I42 RFC 4518 · a name in other letters → the same bucket of guesses', async t => {
  // This filter finds alice whatever is typed, as a lenient directory would.
  const { enter, server } = await open(t, [person('alice')], {
    schema: { userFilter: '(|(entryUUID=id-of-alice)(uid={name}))' }
  })
  for (const name of ['al\u00adice', 'alice\u200b', 'alıce', 'àlice']) {
    t.same(await enter(name, 'pw-alice'), refused, JSON.stringify(name))
  }
  t.notOk(server.binds.some(({ dn }) => dn === dnOf('alice')))
})

t.test('several names of one entry are one account, always of the same name', async t => {
  const { enter, server } = await open(t, [person('many', { uid: ['many2', 'many', 'MANY-3'] })])
  const account = await enter('many2', 'pw-many')
  t.match(account, { name: 'many' })
  server.entries = [service, person('many', { uid: ['MANY-3', 'many', 'many2'] })]
  t.same(await enter('many-3', 'pw-many'), account, 'in whatever order the server keeps them')
})

t.test('a realm stands behind the name here, and may be typed', async t => {
  const { enter } = await open(t, [person('alice')], { source: { realm: 'campus' } })
  const alice = await enter('alice', 'pw-alice')
  t.match(alice, { name: 'alice@campus' })
  t.same(await enter('Alice@Campus', 'pw-alice'), alice)
  t.same(await enter('alice@elsewhere', 'pw-alice'), refused)
})

t.test('somebody added beforehand is who comes first under the name; anybody else’s name is refused', async t => {
  const { enter, accounts } = await open(t, [person('alice'), person('bob')])
  const added = await accounts.create({ name: 'alice', directory: 'institute' })
  await accounts.create({ name: 'bob' })
  t.match(await enter('alice', 'pw-alice'), { id: added.id, externalId: 'id-of-alice', displayName: 'The alice' })
  t.same(await enter('bob', 'pw-bob'), { kind: 'refused', why: 'name_taken' })
})

t.test('groups', async t => {
  const many = Array.from({ length: 5000 }, (_, i) => group(`many${i}`, dnOf('busy')))
  const { enter, server } = await open(t, [
    person('alice'),
    person('bob'),
    person('busy'),
    group('inner', dnOf('alice')),
    group('middle', dnOfGroup('inner')),
    group('outer', dnOfGroup('middle')),
    group('loop-a', dnOf('alice'), dnOfGroup('loop-b')),
    group('loop-b', dnOfGroup('loop-a')),
    group('bob', dnOf('alice')),
    { dn: 'cn=posix,dc=lab', attributes: { cn: 'posix', memberUid: ['bob'] } },
    { dn: 'cn=unique,dc=lab', attributes: { cn: 'unique', uniqueMember: [dnOf('alice').toUpperCase()] } },
    group('dangling', dnOf('gone')),
    ...many
  ])
  server.references.push('ldap://elsewhere.example/dc=other')
  t.match(
    await enter('alice', 'pw-alice'),
    { groups: ['bob', 'inner', 'loop-a', 'loop-b', 'middle', 'outer', 'unique'] },
    'groups of groups, loops and references; a group called bob does not get what bob gets'
  )
  t.match(await enter('bob', 'pw-bob'), { groups: ['posix'] })
  const busy = await enter('busy', 'pw-busy')
  t.equal((busy as Account).groups.length, 5000, 'all of 5,000')
})

t.test('groups that are not nested are those that name the person', async t => {
  const groups = { base: 'ou=groups,dc=lab', filter: null, nested: false, name: null }
  const entries = [person('alice'), group('inner', dnOf('alice')), group('outer', dnOfGroup('inner'))]
  const { enter } = await open(t, entries, { schema: { groups } })
  t.match(await enter('alice', 'pw-alice'), { groups: ['inner'] })
})

t.test('a group map names groups by name or by DN', async t => {
  const groupMap = { staff: 'researchers', 'CN=Admins, OU=Groups, DC=lab': 'operators' }
  const entries = [
    person('alice'),
    group('staff', dnOf('alice')),
    group('admins', dnOf('alice')),
    group('other', dnOf('alice'))
  ]
  const { enter } = await open(t, entries, { source: { groupMap } })
  t.same(((await enter('alice', 'pw-alice')) as Account).groups.toSorted(), ['operators', 'researchers'])
})

t.test('a group search that fails lets nobody in with half of the groups', async t => {
  const server = await startLdap(t, {
    entries: [service, person('alice')],
    search: base => (base === 'ou=groups,dc=lab' ? 4 : null)
  })
  const groups = { base: 'ou=groups,dc=lab', filter: null, nested: true, name: null }
  const { enter } = ldapDirectory(t, { servers: [server.url], schema: { groups } })
  t.same(await enter('alice', 'pw-alice'), { kind: 'unreachable' })
})

t.test('I41 RFC 4514 · a name with the signs of a DN → one name', async t => {
  const { enter, server, directory } = await open(t, [person('alice'), person('a,b')], {
    options: { service: null, userDn: 'uid={name},ou=people,dc=lab' }
  })
  t.match(await enter('alice', 'pw-alice'), { name: 'alice', externalId: 'id-of-alice' })
  t.same(await enter('alice', 'wrong'), refused)
  await enter('x,ou=admins', 'pw')
  t.equal(server.binds.at(-1)?.dn, 'uid=x\\,ou\\=admins,ou=people,dc=lab', 'a name stays one name')
  t.same(await enter('àlice', 'pw-alice'), refused)
  t.match(server.binds.at(-1)?.dn, /^cn=[\da-f]{18},dc=lab$/, 'letters that a server may take for others bind nobody')
  t.notOk(server.binds.some(({ dn }) => dn === serviceDn))
  t.equal(directory.stands, undefined, 'and nobody can be looked up later')
})

t.test('I43 · a name of another directory → no bind with the password, and as many steps', async t => {
  const { directory, server } = await open(t, [person('alice')])
  await directory.authenticate('nobody', 'pw')
  const before = [server.binds.length, server.searches.length]
  await directory.pretend('alice', 'made-up')
  t.same([server.binds.length, server.searches.length], [before[0]! + 1, before[1]! + 1])
  t.notOk(server.binds.some(({ dn }) => dn === dnOf('alice')))
})
