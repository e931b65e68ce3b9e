/** Active Directory: ids as bytes, groups from the ticket or by the rule that follows members, and the reasons in its answers to a bind. */
import t, { type Test } from 'tap'
import type { Account } from '../../../src/identity/account.ts'
import { guidBytes } from '../../../src/identity/ldap/entry.ts'
import { type LdapSetup, ldapDirectory, serviceDn, servicePassword } from '../../fixtures/in-process/ldap-directory.ts'
import { type BindResult, type LdapEntry, startLdap } from '../../fixtures/in-process/ldap-server.ts'

const service: LdapEntry = { dn: serviceDn, password: servicePassword, attributes: {} }
const guid = '33221100-5544-7766-8899-aabbccddeeff'
const sid = (number: number) => Buffer.from([1, 2, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, number & 255, number >> 8, 0, 0])
const dn = 'CN=Alice Archer,OU=People,DC=lab'
const alice = (more: LdapEntry['attributes'] = {}): LdapEntry => ({
  dn,
  password: 'pw',
  attributes: {
    objectClass: ['top', 'person', 'user'],
    sAMAccountName: 'Alice',
    userPrincipalName: 'alice@lab.example',
    displayName: 'Alice Archer',
    mail: 'alice@lab.example',
    objectGUID: Buffer.from('00112233445566778899aabbccddeeff', 'hex'),
    objectSid: sid(1104),
    primaryGroupID: '513',
    userAccountControl: '512',
    accountExpires: '9223372036854775807',
    pwdLastSet: '133500000000000000',
    lockoutTime: '0',
    ...more
  }
})
const group = (name: string, number: number, ...member: string[]): LdapEntry => ({
  dn: `CN=${name},OU=Groups,DC=lab`,
  attributes: { objectClass: 'group', cn: `The ${name}`, sAMAccountName: name, objectSid: sid(number), member }
})
const groups = [
  group('Domain Users', 513),
  group('inner', 2001, dn),
  group('outer', 2002, 'CN=inner,OU=Groups,DC=lab'),
  group('elsewhere', 2003)
]

async function open(
  t: Test,
  entries: readonly LdapEntry[],
  bind?: (dn: string) => BindResult | null,
  schema: LdapSetup['schema'] = {}
) {
  const server = await startLdap(t, { entries: [service, ...entries], ...(bind === undefined ? {} : { bind }) })
  return { server, ...ldapDirectory(t, { servers: [server.url], schema: { preset: 'active-directory', ...schema } }) }
}

t.test('the entry becomes the account, by either of its names', async t => {
  const { directory, enter } = await open(t, [alice(), ...groups])
  t.ok(directory.takesDomain, 'the gate takes off the domain in LAB\\alice')
  const account = await enter('alice', 'pw')
  t.match(account, { name: 'alice', externalId: guid, displayName: 'Alice Archer', email: 'alice@lab.example' })
  t.same(await enter('Alice@lab.example', 'pw'), account)
  t.same(guidBytes(guid), Buffer.from('00112233445566778899aabbccddeeff', 'hex'), 'the id can be asked for again')
})

t.test('groups', async t => {
  const direct = { groups: { base: null, filter: null, nested: false, name: null } }
  const table: [string, LdapEntry, LdapSetup['schema'], string[]][] = [
    [
      'come from the ticket, primary group included',
      alice({ tokenGroups: [513, 2001, 2002].map(sid) }),
      {},
      ['Domain Users', 'inner', 'outer']
    ],
    ['come by the rule that follows members where there is no ticket', alice(), {}, ['Domain Users', 'inner', 'outer']],
    [
      'are the direct ones and the primary one where nested ones are not wanted',
      alice(),
      direct,
      ['Domain Users', 'inner']
    ]
  ]
  for (const [title, entry, schema, names] of table) {
    const { enter } = await open(t, [entry, ...groups], undefined, schema)
    t.same(((await enter('alice', 'pw')) as Account).groups, names, title)
  }
})

const data = (code: string): BindResult => ({
  code: 49,
  message: `80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data ${code}, v4563`
})

t.test('what stands in the way is told to whoever typed the right password', async t => {
  const soon = String((BigInt(Date.UTC(2026, 10, 22, 13)) + 11_644_473_600_000n) * 10_000n)
  const past = String((BigInt(Date.UTC(2026, 10, 22, 11)) + 11_644_473_600_000n) * 10_000n)
  const table: [string, BindResult, LdapEntry['attributes'], string | undefined][] = [
    ['an expired password', data('532'), {}, 'expired'],
    ['a disabled account', data('533'), { userAccountControl: '514' }, 'disabled'],
    ['an expired account', data('701'), {}, 'expired'],
    ['a password that must be changed', data('773'), { pwdLastSet: '0' }, 'must_change'],
    ['a lockout, which comes whatever was typed', data('775'), { lockoutTime: past }, undefined],
    ['a wrong password', data('52e'), {}, undefined],
    ['a wrong password of a disabled account', data('52e'), { userAccountControl: '514' }, undefined],
    ['an unknown name', data('525'), {}, undefined],
    ['a bind that succeeds, of a disabled account', { code: 0 }, { userAccountControl: '514' }, 'disabled'],
    ['a bind that succeeds, of an expired account', { code: 0 }, { accountExpires: past }, 'expired'],
    ['a bind that succeeds, of a password that must be changed', { code: 0 }, { pwdLastSet: '0' }, 'must_change'],
    [
      'a bind that succeeds, of a password that has expired',
      { code: 0 },
      { 'msDS-User-Account-Control-Computed': String(0x800000) },
      'expired'
    ]
  ]
  for (const [title, result, attributes, why] of table) {
    const { enter } = await open(t, [alice(attributes), ...groups], dn => (dn === serviceDn ? { code: 0 } : result))
    t.same(await enter('alice', 'pw'), why === undefined ? { kind: 'refused' } : { kind: 'refused', why }, title)
  }
  const fine: [string, LdapEntry['attributes']][] = [
    ['an account that expires later', { accountExpires: soon }],
    ['an account that never expires', { accountExpires: '0' }],
    ['a password that never expires and was never set', { pwdLastSet: '0', userAccountControl: String(512 + 0x10000) }],
    ['a lockout that the server has ended', { lockoutTime: past }]
  ]
  for (const [title, attributes] of fine) {
    const { enter } = await open(t, [alice(attributes), ...groups])
    t.match(await enter('alice', 'pw'), { name: 'alice' }, title)
  }
})

t.test('a person still stands there by the id, and is kept in step', async t => {
  const { enter, directory, accounts, server } = await open(t, [alice(), ...groups])
  const account = (await enter('alice', 'pw')) as Account
  const stands = async (entry: LdapEntry | null) => {
    server.entries = [service, ...(entry === null ? [] : [entry]), group('new', 2005, dn)]
    return directory.stands?.(account)
  }
  t.equal(await stands(alice({ sAMAccountName: 'archer' })), true, 'under another name')
  t.match(await accounts.byId(account.id), { name: 'archer', groups: ['new'] })
  t.equal(await stands(alice({ userAccountControl: '514' })), false, 'not where the account is disabled')
  t.equal(await stands(alice({ lockoutTime: '133500000000000000' })), false, 'not where it is locked')
  t.equal(await stands(alice({ pwdLastSet: '0' })), true, 'where only a new password is due')
  t.equal(await stands(alice({ objectGUID: Buffer.alloc(16, 7) })), false, 'not where another person has the name')
  t.equal(await stands(null), false, 'not where the entry is gone')
  await server.stop()
  await t.rejects(stands(alice()), { code: 'institution_unreachable' }, 'nobody knows where the server is down')
})
