/** An arrival becomes an account: cleaned, made once, kept in step, and never merged with somebody else's. */
import t from 'tap'
import { Admissions } from '../../src/identity/admission.ts'
import { type Arrival, cleanDisplayName, cleanEmail, cleanGroups } from '../../src/identity/arrival.ts'
import { fixture } from '../fixtures/in-process/passwords.ts'

const campus = { id: 'campus', realm: null, groupMap: null }
const arrival = (more: Partial<Arrival> = {}): Arrival => ({
  externalId: 'id-1',
  name: 'alice',
  displayName: 'Alice Doe',
  email: 'alice@uni.example',
  groups: ['staff'],
  mfa: null,
  ...more
})
const open = () => {
  const { accounts } = fixture()
  return { accounts, admissions: new Admissions({ accounts }) }
}

t.test('I38 · names, groups and addresses with control characters → cleaned or left out', async t => {
  const names: [sentence: string, text: string | null, expected: string | null][] = [
    ['absent', null, null],
    ['blank', ' \u200b ', null],
    ['line breaks', 'Eve\r\nX-Remote-User: root', 'Eve X-Remote-User: root'],
    ['NUL', 'a\u0000b', 'a b'],
    ['letters turned round', 'a\u202egnp.exe', 'a gnp.exe'],
    ['other alphabets', ' Żółć  Łukasz ', 'Żółć Łukasz'],
    ['half a character', 'a\ud800b', 'a b'],
    ['very long', 'é'.repeat(1000), 'é'.repeat(128)]
  ]
  for (const [sentence, text, expected] of names) t.equal(cleanDisplayName(text), expected, sentence)
  const addresses: [string | null, string | null][] = [
    [' a@b.example ', 'a@b.example'],
    [null, null],
    ['a@b@c', null],
    ['a@b.example, c@d.example', null],
    ['a@b.example\r\nBcc: x@y', null],
    ['<a@b.example>', null],
    [`${'a'.repeat(250)}@b.example`, null]
  ]
  for (const [text, expected] of addresses) t.equal(cleanEmail(text), expected, JSON.stringify(text))
  t.same(cleanGroups([' a ', 'a', '', 'b\nc', 'd\u202e', 'e,f', 'x'.repeat(300)], null), ['a', 'e,f'])
  t.same(
    cleanGroups(['THEIRS', 'other', '__proto__', 'toString'], { THEIRS: 'ours' }),
    ['ours'],
    'with a map, only its keys'
  )
  t.equal(
    cleanGroups(
      Array.from({ length: 20_000 }, (_, i) => `g${i}`),
      null
    ).length,
    10_000
  )
})

t.test('the first sign-in makes an account, the next ones keep it in step', async t => {
  const { accounts, admissions } = open()
  const first = await admissions.admit(campus, arrival())
  t.match(first, { kind: 'admitted', isNew: true, account: { name: 'alice', directory: 'campus', externalId: 'id-1' } })
  const again = await admissions.admit(campus, arrival({ displayName: 'Alice Roe', groups: ['b'], email: null }))
  t.match(again, { isNew: false, account: { displayName: 'Alice Roe', groups: ['b'], email: null } })
  t.equal((await accounts.list()).length, 1)
  const renamed = await admissions.admit(campus, arrival({ name: 'alice.roe' }))
  t.match(renamed, { account: { name: 'alice.roe', id: (await accounts.byName('alice.roe'))?.id } })
  t.match(
    await admissions.admit(campus, arrival({ externalId: 'id-2', name: 'alice' })),
    { kind: 'refused', why: 'name_taken' },
    'her old name stays hers, because apps know her by it'
  )
})

t.test('I37 · names of local accounts and of other institutions → refused', async t => {
  const { accounts, admissions } = open()
  const local = await accounts.create({ name: 'alice' })
  t.match(await admissions.admit(campus, arrival()), { kind: 'refused', why: 'name_taken' }, 'by a local account')
  t.same(await accounts.byName('alice'), local, 'which is as it was')
  await admissions.admit(campus, arrival({ externalId: 'id-b', name: 'bob' }))
  t.match(
    await admissions.admit({ ...campus, id: 'other' }, arrival({ externalId: 'id-b', name: 'bob' })),
    { kind: 'refused', why: 'name_taken' },
    'by the same id of another institution'
  )
  t.match(
    await admissions.admit(campus, arrival({ externalId: 'id-b', name: 'alice' })),
    { kind: 'admitted', account: { name: 'bob' } },
    'somebody who is called like another one now keeps the old name'
  )
})

t.test('names that no account can have are refused', async t => {
  const { admissions } = open()
  for (const name of ['', 'alice/admin@LAB.EXAMPLE', 'a\r\nb', 'a\u0000', 'a,b', 'Żółć', 'a\u202eb', '../x', 'a b'])
    t.match(
      await admissions.admit(campus, arrival({ name })),
      { kind: 'refused', why: 'name_invalid' },
      JSON.stringify(name)
    )
})

t.test('a realm stands behind the name once', async t => {
  const rows: [sentence: string, name: string, realm: string | null, expected: string | null][] = [
    ['without a realm, the name as it is', 'Alice@LAB.EXAMPLE', null, 'alice@lab.example'],
    ['a bare name gets it', 'alice', 'lab.example', 'alice@lab.example'],
    ['a name of this realm has it already', 'alice@LAB.EXAMPLE', 'lab.example', 'alice@lab.example'],
    ['a name of another realm is refused', 'alice@OTHER.EXAMPLE', 'lab.example', null],
    ['a realm that only ends like this one is another one', 'alice@evil-lab.example', 'lab.example', null],
    ['an instance is not the person', 'alice/admin@LAB.EXAMPLE', 'lab.example', null]
  ]
  for (const [sentence, name, realm, expected] of rows) {
    const { admissions } = open()
    const admission = await admissions.admit({ ...campus, realm }, arrival({ name }))
    t.equal(admission.kind === 'admitted' ? admission.account.name : null, expected, sentence)
  }
})

t.test('somebody who was added beforehand is who comes first under the name', async t => {
  const { accounts, admissions } = open()
  const added = await accounts.create({ name: 'alice', directory: 'campus' })
  t.match(await admissions.admit(campus, arrival()), { isNew: false, account: { id: added.id, externalId: 'id-1' } })
  t.match(await admissions.admit(campus, arrival({ externalId: 'id-2' })), { kind: 'refused', why: 'name_taken' })
})

t.test('of many first sign-ins at once', async t => {
  const { accounts, admissions } = open()
  const same = await Promise.all(Array.from({ length: 20 }, () => admissions.admit(campus, arrival())))
  t.equal(new Set(same.map(one => one.kind === 'admitted' && one.account.id)).size, 1, 'one person gets one account')
  t.equal((await accounts.list()).length, 1)
  const different = await Promise.all(
    Array.from({ length: 20 }, (_, i) => admissions.admit(campus, arrival({ externalId: `x-${i}`, name: 'bob' })))
  )
  t.equal(different.filter(({ kind }) => kind === 'admitted').length, 1, 'a name goes to one of several')
  await accounts.create({ name: 'carol', directory: 'campus' })
  const bound = await Promise.all(
    Array.from({ length: 20 }, (_, i) => admissions.admit(campus, arrival({ externalId: `y-${i}`, name: 'carol' })))
  )
  t.equal(bound.filter(({ kind }) => kind === 'admitted').length, 1, 'and so does an account that was added beforehand')
})

t.test('the groups that a map had an entry for stay with the account, until an operator gives it others', async t => {
  const { accounts, admissions } = open()
  const source = { ...campus, groupMap: { STAFF: 'staff', LAB: 'lab' } }
  const admit = async (groups: readonly string[] | null, from = source as Parameters<typeof admissions.admit>[0]) => {
    const admission = await admissions.admit(from, arrival({ groups }))
    return admission.kind === 'admitted' ? admission.account : t.fail(admission.why)
  }
  t.match(await admit(['STAFF', 'LIBRARY']), { groups: ['staff'], theirGroups: ['STAFF'] })
  t.match(await admit(['STAFF', 'LAB', 'LAB']), { groups: ['staff', 'lab'], theirGroups: ['STAFF', 'LAB'] })
  t.match(await admit(null), { groups: ['staff', 'lab'], theirGroups: ['STAFF', 'LAB'] }, 'an answer without groups')
  t.match(await admit(['LIBRARY'], campus), { groups: ['LIBRARY'], theirGroups: null }, 'without a map')
  const { id } = (await accounts.ofExternal('campus', 'id-1'))!
  t.notOk('theirGroups' in (await accounts.update(id, { groups: ['LIBRARY', 'guests'] })))
  t.notOk('theirGroups' in (await accounts.update(id, { displayName: 'Alice' })))
  t.match(await admit(['STAFF']), { groups: ['staff'], theirGroups: ['STAFF'] })
  t.match(await accounts.update(id, { displayName: 'Al' }), { theirGroups: ['STAFF'] }, 'another name changes nothing')
})
