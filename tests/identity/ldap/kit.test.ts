/** A real OpenLDAP with the people that directories have: one row for each. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'
import type { Account } from '../../../src/identity/account.ts'
import { ldapDirectory } from '../../fixtures/in-process/ldap-directory.ts'
import { lacksKit, startKit } from '../../fixtures/process/institution-kit.ts'

const base = 'dc=lab,dc=example'
const refused = { kind: 'refused' }
const held = (why: string) => ({ kind: 'refused', why })

t.test('OpenLDAP', { skip: lacksKit('ldap'), timeout: 120_000 }, async t => {
  const kit = await startKit(t, 'ldap')
  const ca = readFileSync(kit.ca, 'utf8')
  const setup = {
    schema: { base, groups: { base: `ou=groups,${base}`, filter: null, nested: true, name: null } },
    options: { service: { dn: `cn=gate,ou=services,${base}`, password: 'gate-secret' } }
  }
  const startTls = { url: `ldap://127.0.0.1:${kit.port}`, startTls: true, ca, timeoutMs: 10_000 }
  const { enter, directory, said } = ldapDirectory(t, { ...setup, servers: [startTls] })

  const table: [string, string, string, object, RegExp | null][] = [
    ['alice', 'alice', 'pw-alice', { name: 'alice', displayName: 'Alice Archer', email: 'alice@lab.example' }, null],
    ['alice in full-width letters', 'ａｌｉｃｅ', 'pw-alice', { name: 'alice' }, null],
    ['alice with a wrong password', 'alice', 'wrong', refused, null],
    ['alice without a password', 'alice', '', refused, null],
    ['carol, whose account is locked', 'carol', 'pw-carol', refused, /locked/],
    ['dan, whose account has ended', 'dan', 'pw-dan', refused, /pwdEndTime/],
    ['erin, whose account has not begun', 'erin', 'pw-erin', refused, /pwdStartTime/],
    ['frank, whose password has expired', 'frank', 'pw-frank', held('expired'), /expired/],
    ['frank with a wrong password', 'frank', 'wrong', refused, null],
    ['gina, who must change her password', 'gina', 'pw-gina', held('must_change'), null],
    ['ida, whose shadow account has expired', 'ida', 'pw-ida', held('expired'), /shadowExpire/],
    ['müller', 'müller', 'pw-müller-Ä€', held('name_invalid'), /no account can be called so/],
    ['zoë in decomposed letters', 'zoe\u0308', 'pw-zoë', held('name_invalid'), null],
    ['o’hara', "o'hara (x)*\\", "pw-o'hara (x)*\\", held('name_invalid'), null],
    ['smith, whose DN has every special character', 'smith', 'pw-smith', { name: 'smith' }, null],
    ['space, whose DN begins and ends with a blank', 'space', 'pw-space', { name: 'space' }, null],
    ['multi, by one of the names', 'multi2', 'pw-multi', { name: 'multi' }, null],
    ['twin, whom two entries are called', 'twin', 'pw-twin', refused, /two entries/],
    ['crlf, whose name has line ends', 'crlf', 'pw-crlf', { displayName: 'Carl Remote-User: root' }, null],
    ['nopass, without a password there', 'nopass', 'x', refused, null],
    ['bare, without an address', 'bare', 'pw-bare', { email: null, displayName: 'bare' }, null],
    ['robert, who is an alias', 'robert', 'pw-bob', refused, null],
    ['a service account', 'gate', 'gate-secret', refused, null]
  ]
  for (const [title, name, password, answer, remark] of table) {
    said.length = 0
    const given = await enter(name, password)
    if ('kind' in answer) t.same(given, answer, title)
    else t.match(given, answer, title)
    if (remark !== null) t.match(said[0]?.problem, remark, `${title}: the log says why`)
  }

  t.same(((await enter('bob', 'pw-bob')) as Account).groups, [
    'dangling',
    'instruments',
    'loop-a',
    'loop-b',
    'microscopes',
    'staff',
    'unique'
  ])
  t.equal(((await enter('u012', 'pw-u012')) as Account).groups.length, 13, 'groups twelve deep')
  t.equal(((await enter('u007', 'pw-u007')) as Account).groups.length, 251, 'more groups than a page has')

  const ldaps = ldapDirectory(t, { ...setup, servers: [{ ...startTls, url: `ldaps://localhost:${kit.port + 1}` }] })
  t.match(await ldaps.enter('bob', 'pw-bob'), { name: 'bob' }, 'ldaps://')

  const u299 = (await enter('u299', 'pw-u299')) as Account
  t.equal(await directory.stands?.(u299), true)
  modify(
    kit.port,
    `dn: uid=u299,ou=people,${base}\nchangetype: modify\nadd: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n`
  )
  t.equal(await directory.stands?.(u299), false, 'locked there')
  modify(kit.port, `dn: uid=u299,ou=people,${base}\nchangetype: delete\n`)
  t.equal(await directory.stands?.(u299), false, 'removed there')
  await kit.stop()
  await t.rejects(async () => directory.stands?.(u299), { code: 'institution_unreachable' })
  await kit.start()
  const bob = (await ldaps.enter('bob', 'pw-bob')) as Account
  t.match(bob, { name: 'bob' }, 'the kept connection is opened again')
})

function modify(port: number, input: string): void {
  const who = ['-D', `cn=admin,${base}`, '-w', 'admin-secret']
  execFileSync('ldapmodify', ['-x', '-H', `ldap://127.0.0.1:${port}`, ...who], { input, stdio: 'pipe' })
}
