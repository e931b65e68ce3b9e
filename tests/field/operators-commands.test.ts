/** FIELD N9: what administrators do with people at the terminal, and what they are asked and told. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { run } from '../../src/cli/run.ts'
import { subjectOf } from '../../src/identity/account.ts'
import { identityLines } from '../../src/identity/identity-headers.ts'
import { Invitations } from '../../src/identity/invitations.ts'
import { gateOn } from '../cli/people.ts'
import { terminal, usualConfig } from '../cli/terminal.ts'

const headers = { user: 'Remote-User', name: null, email: null, groups: null }

function asking(t: Test, answer: string, config = usualConfig) {
  const asked: string[] = []
  const ask = async (question: string) => {
    asked.push(question)
    return answer
  }
  return { asked, factorgate: terminal(t, { ask, config }) }
}

t.test('FIELD N9 groups are added and removed one by one, and what else changes is said', async t => {
  const factorgate = terminal(t)
  await factorgate.ok('user', 'add', 'alice', '--group', 'a', '--group', 'b')
  const { accounts } = gateOn(factorgate.store(), factorgate.time)
  for (const [args, groups, said] of [
    [['--add-group', 'c'], ['a', 'b', 'c'], /groups a, b, c \(added: c\)/],
    [['--remove-group', 'a', '--add-group', 'd'], ['b', 'c', 'd'], /\(added: d; removed: a\)/],
    [['--remove-group', 'x'], ['b', 'c', 'd'], /note: alice is not in the group 'x'/],
    [['--add-group', 'b'], ['b', 'c', 'd'], /groups b, c, d\n/],
    [['--group', 'e', '--group', 'b'], ['e', 'b'], /groups e, b \(added: e; removed: c, d\)/],
    [['--add-group', 'reseachers'], ['e', 'b', 'reseachers'], /did you mean 'researchers'\?/],
    [['--add-group', 'operators'], ['e', 'b', 'reseachers', 'operators'], /added: operators/],
    [['--remove-group', 'operators'], ['e', 'b', 'reseachers'], /warning: nobody is an operator now/],
    [['--no-groups'], [], /now has no groups \(removed: e, b, reseachers\)/]
  ] as const) {
    const { code, stderr } = await factorgate('user', 'set', 'alice', ...args)
    t.equal(code, 0, args.join(' '))
    t.match(stderr, said)
    t.same((await accounts.byName('alice'))!.groups, groups, args.join(' '))
  }
  for (const [args, said] of [
    [['--group', 'a', '--add-group', 'b'], /replace all groups/],
    [['--add-group', 'a', '--remove-group', 'a'], /both name 'a'/],
    [['--add-group', 'a,b'], /--add-group must have/]
  ] as const)
    t.match(await factorgate('user', 'set', 'alice', ...args), { code: 2, stderr: said })
})

t.test('FIELD N9 a terminal is asked before --group takes a group away', async t => {
  const { factorgate, asked } = asking(t, 'no')
  await factorgate.ok('user', 'add', 'alice', '--group', 'a', '--group', 'b')
  const { accounts } = gateOn(factorgate.store(), factorgate.time)
  t.equal((await factorgate('user', 'set', 'alice', '--group', 'a')).code, 1)
  t.equal((await factorgate('user', 'set', 'alice', '--no-groups')).code, 1)
  t.same((await accounts.byName('alice'))!.groups, ['a', 'b'])
  t.match(asked, [/'alice' from the group 'b'\./, /'alice' from the groups 'a' and 'b'\./])
  await factorgate.ok('user', 'set', 'alice', '--group', 'a', '--yes')
  await factorgate.ok('user', 'set', 'alice', '--group', 'a', '--group', 'c')
  await factorgate.ok('user', 'set', 'alice', '--remove-group', 'c')
  t.equal(asked.length, 2, 'what says what it removes asks nothing')
})

t.test('FIELD N9 a renamed person keeps everything, and apps may go on with the first name', async t => {
  const factorgate = terminal(t)
  const link = await factorgate.ok('user', 'add', 'maiden', '--group', 'x')
  const gate = gateOn(factorgate.store(), factorgate.time)
  const { id } = (await gate.accounts.byName('maiden'))!
  const { token } = await gate.signIn((await gate.accounts.byId(id))!)
  t.match(await factorgate('user', 'rename', 'Maiden', 'Married'), {
    code: 0,
    stdout: '',
    stderr: /maiden is now married, and signs in with this name\nthese apps get the new name: notebooks\n/
  })
  await factorgate.ok('user', 'rename', 'married', 'widow')
  const account = (await gate.accounts.byName('widow'))!
  t.match(account, { id, displayName: 'widow', groups: ['x'], formerNames: ['maiden', 'married'] })
  t.match(await gate.sessions.find('gate.lab.example', token), { account: { id } }, 'the session stays')
  const invitations = new Invitations({ store: factorgate.store(), clock: factorgate.time.read })
  t.equal(await invitations.peek(link.trim().split('/').at(-1)!), id, 'the invitation stays')
  const subject = subjectOf(account)
  t.same(identityLines(headers, subject), ['Remote-User', 'widow'])
  t.same(identityLines({ ...headers, names: 'current' }, subject), ['Remote-User', 'widow'])
  t.same(identityLines({ ...headers, names: 'original' }, subject), ['Remote-User', 'maiden'])
  t.match(await factorgate.ok('user', 'show', 'widow'), /before {5}maiden, married\n/)
  t.match(await factorgate('user', 'show', 'maiden'), { code: 1, stderr: /'maiden' is called 'widow' now/ })
  t.match(factorgate.journal().at(-1), { kind: 'user.change', outcome: 'renamed', name: 'widow', before: 'married' })
  t.match(await factorgate.ok('journal', 'search', '--user', 'widow'), /name=maiden outcome=added/)
  t.match(await factorgate.ok('journal', 'search', '--user', 'maiden'), /name=widow outcome=renamed/)
})

t.test('FIELD N9 a name that somebody had stays theirs until it is freed, and then apps lose it too', async t => {
  const factorgate = terminal(t)
  await factorgate.ok('user', 'add', 'maiden')
  await factorgate.ok('user', 'add', 'bob')
  await factorgate.ok('user', 'rename', 'maiden', 'married')
  const { accounts } = gateOn(factorgate.store(), factorgate.time)
  t.match(await factorgate('user', 'rename', 'bob', 'maiden'), {
    code: 1,
    stderr: /'maiden' was the name of married before, .*: factorgate user forget-name maiden/
  })
  t.match(await factorgate('user', 'add', 'maiden'), { code: 1, stderr: /was the name of married before.*forget-name/ })
  for (const [to, said] of [
    ['married', /there is an account with this name already; nothing was changed/],
    ['b o b', /a name must have/],
    ['bob', /has this name already/]
  ] as const)
    t.match((await factorgate('user', 'rename', 'bob', to)).stderr, said)
  t.match(await accounts.byName('bob'), { name: 'bob' })
  await factorgate.ok('user', 'forget-name', 'maiden')
  const married = (await accounts.byName('married'))!
  t.equal(married.formerNames, undefined)
  t.same(identityLines({ ...headers, names: 'original' }, subjectOf(married)), ['Remote-User', 'married'])
  await factorgate.ok('user', 'rename', 'bob', 'maiden')
  await factorgate.ok('user', 'rename', 'maiden', 'bob')
  t.match(await accounts.byName('bob'), { formerNames: ['bob', 'maiden'] }, 'back again')
  t.match(await factorgate.ok('user', 'show', 'bob'), /before {5}maiden\n/)
  await factorgate.ok('user', 'remove', 'bob')
  await factorgate.ok('user', 'add', 'maiden')
})

t.test('FIELD N9 a rename says which rules name the person, and asks a terminal', async t => {
  const config = usualConfig.replace('{ path: /admin/**, access: deny }', '{ users: [mallory], access: deny }')
  const { factorgate, asked } = asking(t, 'no', config)
  await factorgate.ok('user', 'add', 'mallory')
  t.match(await factorgate('user', 'rename', 'mallory', 'eve'), { code: 1, stderr: /nothing was changed/ })
  t.match(asked[0], /apps\[0\]\.rules\[2\]\.users\[0\] names 'mallory', and will not mean this person any more/)
  t.match(await factorgate('user', 'rename', 'mallory', 'eve', '--yes'), {
    code: 0,
    stderr: /warning: apps\[0\]\.rules\[2\]\.users\[0\] still says 'mallory'; write 'eve' there/
  })
  await factorgate('user', 'rename', 'eve', 'mallory')
  t.match(asked[1], /names 'mallory', and will mean this person/)
})

t.test('FIELD N9 a person of an institution is renamed there, not here', async t => {
  const factorgate = terminal(t, {
    config: `${usualConfig}identity:
  - { id: local, kind: local }
  - { id: institute, kind: ldap, title: Institute account, servers: [ldaps://ldap.example], bind: { dn: "cn=gate,dc=lab", password: x }, base: dc=lab }
`
  })
  await factorgate.ok('user', 'add', 'alcie', '--directory', 'institute')
  await factorgate.ok('user', 'rename', 'alcie', 'alice')
  const { accounts } = gateOn(factorgate.store(), factorgate.time)
  const alice = (await accounts.byName('alice'))!
  await accounts.bind(alice.id, 'id-of-alice')
  t.match(await factorgate('user', 'rename', 'alice', 'al'), {
    code: 1,
    stderr: /alice comes from 'Institute account', which gives the name at each sign-in/
  })
})

t.test('FIELD N9 an invitation works as long as its operator says, within bounds', async t => {
  const factorgate = terminal(t)
  const tokenOf = (text: string) => text.trim().split('/').at(-1)!
  const added = await factorgate('user', 'add', 'alice', '--valid', '7d')
  t.match(added.stderr, /It is valid for 7 days:/)
  const invitations = new Invitations({ store: factorgate.store(), clock: factorgate.time.read })
  factorgate.time.advance(6 * 86_400)
  t.type(await invitations.peek(tokenOf(added.stdout)), 'string', 'after six days')
  factorgate.time.advance(86_400)
  t.equal(await invitations.peek(tokenOf(added.stdout)), null, 'after seven')
  const again = await factorgate('user', 'invite', 'alice', '--valid', '30m')
  t.match(again.stderr, /It is valid for 30 minutes:/)
  factorgate.time.advance(1_801)
  t.equal(await invitations.peek(tokenOf(again.stdout)), null)
  t.match(factorgate.journal().at(-1), { kind: 'invitation.issue', valid: 1800 })
  t.match((await factorgate('user', 'invite', 'alice')).stderr, /It is valid for 24 hours:/)
  for (const valid of ['15d', '1s', '7', '', '1w', '-1d'])
    t.match(
      await factorgate('user', 'invite', 'alice', `--valid=${valid}`),
      { code: 2, stderr: /--valid must be/ },
      valid
    )
})

t.test(
  'FIELD N9 many people come from a file: every mistake with its line, and nobody before all is right',
  async t => {
    const factorgate = terminal(t)
    await factorgate.ok('user', 'add', 'taken')
    await factorgate.ok('user', 'rename', 'taken', 'other')
    const { accounts } = gateOn(factorgate.store(), factorgate.time)
    const write = (text: string | Buffer) => writeFileSync(path.join(factorgate.folder, 'people.csv'), text)
    write(
      'name,email,groups\nalice,a@lab.example,x y\nAlice,,\nb o b,,\ncarol,nobody,\ndan,,operators\neve,,,,,\ntaken,,\nother,,\n'
    )
    const bad = await factorgate('user', 'add', '--from', 'people.csv')
    t.equal(bad.code, 1)
    t.equal(bad.stdout, '')
    t.same(bad.stderr.split('\n').slice(0, -1), [
      "people.csv:3  'alice' is in the file twice, first in line 2",
      "people.csv:4  'b o b' cannot be a user name: a-z 0-9 . _ + -, or an e-mail address",
      "people.csv:5  'nobody' is not an e-mail address such as alice@lab.example",
      "people.csv:6  the group 'operators' opens the operators' console; add such people one by one",
      'people.csv:7  has 6 fields; at most 3 are expected: name, email, groups',
      "people.csv:8  there is an account with the name 'taken' already, or was before a rename",
      "people.csv:9  there is an account with the name 'other' already, or was before a rename",
      'factorgate: people.csv has 7 mistakes (see above); nobody was added'
    ])
    t.equal((await accounts.list()).length, 1)

    write('\ufeffalice;Alice Liddell;a@lab.example;x y\r\nbob;;;\r\n')
    const good = await factorgate('user', 'add', '--from', 'people.csv', '--group', 'course', '--valid', '7d')
    t.equal(good.code, 0)
    t.match(good.stderr, /2 people are added\. Give each their invitation, valid for 7 days/)
    const rows = good.stdout.trim().split('\n')
    t.equal(rows[0], 'name,email,invitation')
    t.match(rows[1], /^alice,a@lab\.example,https:\/\/gate\.lab\.example\/\.factorgate\/invite\/[\w-]{43}$/)
    const invitations = new Invitations({ store: factorgate.store(), clock: factorgate.time.read })
    const alice = (await accounts.byName('alice'))!
    t.match(alice, { displayName: 'Alice Liddell', groups: ['course', 'x', 'y'] })
    t.equal(await invitations.peek(rows[1]!.split('/').at(-1)!), alice.id)
    t.match(
      await factorgate('user', 'add', '--from', 'people.csv'),
      { code: 1, stderr: /people\.csv:1 .*already[\s\S]*note: if they were added by a command that broke off/ },
      'again'
    )

    write('carol\ndave\n')
    const said: string[] = []
    const io = {
      stdout: (text: string) => void said.push(text),
      stderr() {},
      env: {},
      cwd: factorgate.folder,
      isTTY: false,
      clock: factorgate.time.read,
      wait: async () => {}
    }
    t.equal(await run(['user', 'add', '--from', 'people.csv'], io), 0)
    t.equal(said.length, 2, 'each invitation is said when its person is added')
    t.match(said[0], /^name,email,invitation\ncarol,,https:[^\n]+\n$/)
    t.match(said[1], /^dave,,https:[^\n]+\n$/)
  }
)

t.test('FIELD N9 a file that is no list of people is refused with the way out', async t => {
  const factorgate = terminal(t)
  const write = (text: string | Buffer) => writeFileSync(path.join(factorgate.folder, 'people.csv'), text)
  for (const [content, said] of [
    ['', /people\.csv has no people/],
    ['name,display,email,groups\n', /people\.csv has no people/],
    [Buffer.from('alice;Zo\u00eb;;\n', 'latin1'), /people\.csv is not UTF-8 text; save it as CSV in UTF-8/],
    ['alice,"Alice', /people\.csv:1 {2}a quotation mark is not closed/]
  ] as const) {
    write(content)
    t.match(await factorgate('user', 'add', '--from', 'people.csv'), { code: 1, stdout: '', stderr: said })
  }
  t.match(await factorgate('user', 'add', '--from', 'nowhere.csv'), {
    code: 1,
    stderr: /nowhere\.csv: there is no such file or folder/
  })
  t.match(await factorgate('user', 'add', '--from', '.'), { code: 1, stderr: /: \. is a folder, not a file/ })
  t.match(await factorgate('user', 'add', 'bob', '--from', 'people.csv'), { code: 2, stderr: /give no NAME/ })
  t.match(await factorgate('user', 'add', '--from', 'people.csv', '--mail'), { code: 1 })
})

t.test('FIELD N9 waits are shown with the person and in the list, and end for a person or a network', async t => {
  const factorgate = terminal(t)
  await factorgate.ok('user', 'add', 'alice')
  await factorgate.ok('user', 'add', 'bob')
  const store = factorgate.store()
  const { accounts, credentials } = gateOn(store, factorgate.time)
  const { id } = (await accounts.byName('alice'))!
  const now = factorgate.time.read()
  const count = JSON.stringify({ v: 1, failures: 9, at: now, until: now + 180_000 })
  await store.put(`attempts:factor:totp:${id}@browser-x`, count)
  await store.put('attempts:address:192.0.2.7', count)
  t.match(await factorgate.ok('user', 'list'), /alice .*not enrolled; must wait until 2026-11-22 12:03 UTC\n/)
  t.match(
    await factorgate.ok('user', 'show', 'alice'),
    /must wait +until 2026-11-22 12:03 UTC: second factor.*, 9 wrong tries\n/
  )
  t.match(await factorgate.ok('user', 'show', 'alice'), /To end the waits run: factorgate user unlock alice\n/)
  t.match(JSON.parse(await factorgate.ok('user', 'show', 'alice', '--json')), {
    waitsUntil: '2026-11-22T12:03:00.000Z',
    waits: [{ kind: 'factor', failures: 9 }]
  })
  t.same(
    JSON.parse(await factorgate.ok('user', 'list', '--waiting', '--json')).map(({ name }: { name: string }) => name),
    ['alice']
  )
  t.match(JSON.parse(await factorgate.ok('user', 'waits', '--json')), [{ failures: 9 }, { failures: 9 }])
  t.match(await factorgate.ok('user', 'waits'), /192\.0\.2\.7 +everybody at this address +9 +2026-11-22 12:03 UTC/)
  t.match(await factorgate('user', 'unlock', '--network', '192.0.2.8'), {
    code: 1,
    stderr: /no network '192\.0\.2\.8' must/
  })
  t.match(await factorgate('user', 'unlock', '--network', '192.0.2.7'), {
    code: 0,
    stderr: /192\.0\.2\.7 need not wait/
  })
  t.match(await factorgate('user', 'unlock'), { code: 2, stderr: /NAME, or --network/ })
  t.match(await factorgate.ok('user', 'waits'), /^WHO.*\nalice .*\n$/)
  await factorgate.ok('user', 'unlock', 'alice')
  t.match(await factorgate('user', 'waits'), { code: 0, stdout: '', stderr: /nobody must wait/ })
  t.same(await credentials.list(id), [])
})
