import path from 'node:path'
import t from 'tap'
import { Invitations } from '../../src/identity/invitations.ts'
import { readKeyFile } from '../../src/keyring/key-file.ts'
import { AttemptLimiter } from '../../src/throttle/attempt-limiter.ts'
import { sampleCredential } from '../fixtures/in-process/sample-credential.ts'
import { gateOn, host, tracesOf } from './people.ts'
import { terminal, usualConfig } from './terminal.ts'

const invitation = /^https:\/\/gate\.lab\.example\/\.factorgate\/invite\/([\w-]{43})\n$/

t.test('add and invite print one line, the invitation, which works once and kills the older ones', async t => {
  const factorgate = terminal(t)
  const added = await factorgate(
    'user',
    'add',
    'Alice',
    '--group',
    'researchers',
    '--group',
    'ops',
    '--email',
    'a@lab.example'
  )
  t.match(added.stdout, invitation)
  t.match(added.stderr, /alice is added/)
  const store = factorgate.store()
  const invitations = new Invitations({ store, clock: factorgate.time.read })
  const { accounts } = gateOn(store, factorgate.time)
  const alice = (await accounts.byName('alice'))!
  t.match(alice, {
    name: 'alice',
    displayName: 'alice',
    groups: ['researchers', 'ops'],
    email: 'a@lab.example',
    directory: 'local'
  })
  const first = invitation.exec(added.stdout)![1]!
  t.equal(await invitations.peek(first), alice.id)
  const second = invitation.exec(await factorgate.ok('user', 'invite', 'alice'))![1]!
  t.equal(await invitations.accept(first), null, 'the older one is dead')
  t.equal(await invitations.accept(second), alice.id)
  t.equal(await invitations.accept(second), null)

  const again = await factorgate('user', 'add', 'ALICE')
  t.match(again, {
    code: 1,
    stdout: '',
    stderr: /'ALICE': there is an account with this name already.*user invite ALICE/
  })
  t.match(await factorgate('user', 'add', 'a b'), { code: 1, stdout: '', stderr: /'a b': a name must have 1 to 64/ })
  t.match(await factorgate('user', 'invite', 'bob'), { code: 1, stderr: /there is no account 'bob'/ })
})

t.test('list and show tell who there is, for people and for programs', async t => {
  const factorgate = terminal(t)
  await factorgate.newKey()
  await factorgate.ok('user', 'add', 'zoe')
  await factorgate.ok('user', 'add', 'alice', '--group', 'researchers')
  const store = factorgate.store()
  const gate = gateOn(store, factorgate.time)
  const alice = (await gate.accounts.byName('alice'))!
  // As a directory of others may call somebody.
  await gate.accounts.update((await gate.accounts.byName('zoe'))!.id, { displayName: 'Zoë \u202egnp' })
  const keyring = await readKeyFile(path.join(factorgate.folder, 'var/factorgate.key'))
  const { secret, codes } = await gate.enrol(alice, keyring)
  await gate.signIn(alice)

  t.equal(
    await factorgate.ok('user', 'list'),
    'NAME   GROUPS       FACTORS         STATUS\n' +
      'alice  researchers  webauthn, totp  enrolled\n' +
      'zoe    -            -               not enrolled\n'
  )
  t.match(JSON.parse(await factorgate.ok('user', 'list', '--json')), [
    {
      name: 'alice',
      id: alice.id,
      status: 'enrolled',
      factors: [
        { kind: 'webauthn', count: 1 },
        { kind: 'totp', count: 1 }
      ]
    },
    { name: 'zoe', displayName: 'Zoë \u202egnp', status: 'not enrolled', createdAt: '2026-11-22T12:00:00.000Z' }
  ])
  const page = await factorgate.ok('user', 'show', 'alice')
  t.match(page, /status {5}enrolled\npassword {3}set\nrecovery {3}10 of 10 codes left\nsessions {3}1\n/)
  t.match(page, /totp {6}Phone {2}2026-11-22 12:00 UTC {2}-/)
  const json = await factorgate.ok('user', 'show', 'alice', '--json')
  t.match(JSON.parse(json), { hasPassword: true, recoveryCodes: { remaining: 10, total: 10 }, sessions: 1 })
  for (const hidden of [secret, codes[0]!, 'argon2id', 'v1.'])
    t.notOk(page.includes(hidden) || json.includes(hidden), `shows nothing secret: ${hidden.slice(0, 4)}…`)
  const zoe = await factorgate.ok('user', 'show', 'zoe')
  t.match(zoe, /Zoë \\u\{202e\}gnp/, 'what others wrote is made safe for the terminal')
  t.match(zoe, /no second factor\. For a new invitation run: factorgate user invite zoe/)
})

t.test('show says of an invitation that waits who made it, until when, and whether its link was used', async t => {
  const factorgate = terminal(t, { env: { SUDO_USER: 'hilda' } })
  await factorgate.ok('user', 'add', 'alice')
  factorgate.time.advance(60)
  const token = invitation.exec(await factorgate.ok('user', 'invite', 'alice', '--valid', '2d'))![1]!
  const show = async () => [
    await factorgate.ok('user', 'show', 'alice'),
    JSON.parse(await factorgate.ok('user', 'show', 'alice', '--json')).invitation
  ]
  const waits = /invited {4}2026-11-22 12:01 UTC by hilda as \S+; the invitation waits until 2026-11-24 12:01 UTC\n/
  const times = { at: '2026-11-22T12:01:00.000Z', until: '2026-11-24T12:01:00.000Z', by: /^hilda as / }
  t.match(await show(), [waits, { ...times, accepted: false }])
  t.notMatch((await show())[0], token, 'the link stays with whom it was given to')

  const invitations = new Invitations({ store: factorgate.store(), clock: factorgate.time.read })
  const alice = await invitations.accept(token)
  const used = /; its link was used, and a second factor has not followed yet/
  t.match(await show(), [used, { ...times, accepted: true }])
  await invitations.issue(alice!)
  t.match(
    await show(),
    [/invited {4}2026-11-22 12:01 UTC; the invitation waits until 2026-11-23 12:01 UTC\n/, { by: null }],
    'one of an older release'
  )
  factorgate.time.advance(24 * 3600)
  const [page, none] = await show()
  t.notMatch(page, /invited/, 'its time is over')
  t.equal(none, null)
  t.match(page, /no second factor\. For an invitation run: factorgate user invite alice/)
})

t.test('list and show say which passkeys the policy does not take', async t => {
  const model = 'fa2b99dc-9e39-4257-8f92-4a30d23c4118'
  const factorgate = terminal(t, {
    config: `${usualConfig}factors: { webauthn: { policy: { allow: [${model}] } } }\n`
  })
  await factorgate.ok('user', 'add', 'alice')
  const gate = gateOn(factorgate.store(), factorgate.time)
  const alice = (await gate.accounts.byName('alice'))!
  await gate.credentials.add(sampleCredential({ accountId: alice.id, name: 'Old key' }))
  t.match(await factorgate.ok('user', 'list'), /alice {2}- {7}- {8}not enrolled/)
  t.match(
    await factorgate.ok('user', 'show', 'alice'),
    /Old key \(not accepted by factors\.webauthn\.policy: unlisted_model\)/
  )
  t.match(JSON.parse(await factorgate.ok('user', 'show', 'alice', '--json')), {
    credentials: [{ name: 'Old key', misfit: 'unlisted_model' }]
  })
})

t.test('show goes without the key file, and says what it cannot tell', async t => {
  const factorgate = terminal(t)
  await factorgate.ok('user', 'add', 'alice')
  const { code, stdout, stderr } = await factorgate('user', 'show', 'alice')
  t.equal(code, 0)
  t.match(stdout, /recovery {3}not readable/)
  t.match(stderr, /warning: the recovery codes cannot be counted: The key file .* is missing/)
})

t.test('set changes what it names and nothing else', async t => {
  const factorgate = terminal(t)
  await factorgate.ok('user', 'add', 'alice', '--group', 'a', '--group', 'b', '--email', 'a@lab.example')
  const { accounts } = gateOn(factorgate.store(), factorgate.time)
  for (const [args, expected] of [
    [['--group', 'c'], { groups: ['c'], email: 'a@lab.example', displayName: 'alice' }],
    [['--display', ' Alice L. '], { groups: ['c'], email: 'a@lab.example', displayName: 'Alice L.' }],
    [['--no-groups', '--no-email'], { groups: [], email: null, displayName: 'Alice L.' }],
    [['--email', 'b@lab.example'], { groups: [], email: 'b@lab.example', displayName: 'Alice L.' }]
  ] as const) {
    await factorgate.ok('user', 'set', 'alice', ...args)
    const { groups, email, displayName } = (await accounts.byName('alice'))!
    t.same({ groups, email, displayName }, expected, args.join(' '))
  }
})

t.test('suspend shuts out at once, also whoever is in; resume takes it back', async t => {
  const factorgate = terminal(t)
  await factorgate.ok('user', 'add', 'alice')
  const store = factorgate.store()
  const gate = gateOn(store, factorgate.time)
  const alice = (await gate.accounts.byName('alice'))!
  const { id, token } = await gate.signIn(alice)
  const heard: string[] = []
  await store.subscribe('session:', notice => notice.kind === 'changed' && heard.push(notice.key))
  const suspended = await factorgate('user', 'suspend', 'alice', '--why', 'left the lab')
  t.match(suspended, { code: 0, stdout: '', stderr: /alice is suspended; sessions ended: 1/ })
  const again = await factorgate('user', 'suspend', 'alice', '--why', 'left the lab')
  t.match(again, { code: 0, stderr: /alice was suspended already; the reason is now the new one; sessions ended: 0/ })
  t.equal(await gate.sessions.find(host, token), null)
  t.equal((await gate.sessions.whyEnded(token))?.why, 'suspended')
  while (!heard.includes(`session:${id}`)) await new Promise(setImmediate)
  t.match(await factorgate.ok('user', 'show', 'alice'), /status {5}suspended 2026-11-22 12:00 UTC: left the lab/)
  t.match(await factorgate('user', 'invite', 'alice'), {
    code: 1,
    stderr: /suspended; run this first: factorgate user resume alice --why TEXT/
  })
  await factorgate.ok('user', 'resume', 'alice')
  t.ok((await gate.sessions.find(host, (await gate.signIn(alice)).token)) !== null)
  t.match(await factorgate('user', 'resume', 'alice'), { code: 1, stderr: /alice is not suspended/ })
})

t.test('unlock ends the waits of one account, and of nobody else', async t => {
  const factorgate = terminal(t)
  await factorgate.ok('user', 'add', 'alice')
  await factorgate.ok('user', 'add', 'bob')
  const store = factorgate.store()
  const { accounts } = gateOn(store, factorgate.time)
  const ids = await Promise.all(['alice', 'bob'].map(async name => (await accounts.byName(name))!.id))
  const now = factorgate.time.read()
  const limiter = new AttemptLimiter({ store, clock: factorgate.time.read })
  const [alice, bob] = ids.map(id => ({ kind: 'factor', key: `totp:${id}@browser-x` }) as const)
  const count = JSON.stringify({ v: 1, failures: 30, at: now, until: now + 200_000 })
  for (const { key } of [alice!, bob!]) await store.put(`attempts:factor:${key}`, count)
  t.equal((await limiter.reserve([alice!])).kind, 'throttled')
  const first = JSON.parse(await factorgate.ok('user', 'unlock', 'alice', '--json'))
  t.same(first, { name: 'alice', id: ids[0], cleared: 1 })
  t.equal((await limiter.reserve([bob!])).kind, 'throttled')
  t.equal((await limiter.reserve([alice!])).kind, 'allowed')
  t.match(factorgate.journal().at(-1), { kind: 'user.change', outcome: 'unlocked', name: 'alice', cleared: 1 })
  t.match(await factorgate('user', 'unlock', 'bob'), {
    code: 0,
    stdout: '',
    stderr: /bob need not wait any more; .*: 1/
  })
  t.match(await factorgate('user', 'unlock', 'carol'), { code: 1, stderr: /there is no account 'carol'/ })
})

t.test('reset-factors leaves the password, and nothing that opens anything', async t => {
  const factorgate = terminal(t)
  await factorgate.newKey()
  const url = await factorgate.ok('user', 'add', 'alice')
  const store = factorgate.store()
  const gate = gateOn(store, factorgate.time)
  const alice = (await gate.accounts.byName('alice'))!
  await gate.enrol(alice, await readKeyFile(path.join(factorgate.folder, 'var/factorgate.key')))
  const { token } = await gate.signIn(alice)
  const { stderr } = await factorgate('user', 'reset-factors', 'alice')
  t.match(stderr, /removed: 2\); sessions ended: 1\nTo invite the person again, run: factorgate user invite alice\n/)
  t.same(await gate.credentials.list(alice.id), [])
  t.equal(await gate.sessions.find(host, token), null)
  t.equal(await new Invitations({ store, clock: factorgate.time.read }).peek(invitation.exec(url)![1]!), null)
  const left = await tracesOf(store, alice)
  t.notOk(
    left.some(key => /^(recovery|credential|webauthn-id|session|token|invitation)/.test(key)),
    left.join(' ')
  )
  t.ok(left.includes(`password:${alice.id}`))
})

t.test('remove leaves nothing of a person, and the name is free again', async t => {
  const factorgate = terminal(t)
  await factorgate.newKey()
  await factorgate.ok('user', 'add', 'alice')
  const store = factorgate.store()
  const gate = gateOn(store, factorgate.time)
  const alice = (await gate.accounts.byName('alice'))!
  await gate.enrol(alice, await readKeyFile(path.join(factorgate.folder, 'var/factorgate.key')))
  const { token } = await gate.signIn(alice)
  t.ok((await tracesOf(store, alice)).length > 10, 'there is a lot of a person')
  t.match(await factorgate('user', 'remove', 'alice'), { code: 0, stderr: /alice is removed; sessions ended: 1/ })
  t.same(await tracesOf(store, alice), [])
  t.equal(await gate.sessions.find(host, token), null)
  await factorgate.ok('user', 'add', 'alice')
  t.not((await gate.accounts.byName('alice'))!.id, alice.id)
})

t.test('what was done at the terminal stands in the journal, with who did it', async t => {
  const factorgate = terminal(t, { env: { SUDO_USER: 'olga' } })
  await factorgate.ok('user', 'add', 'alice', '--group', 'x')
  await factorgate.ok('user', 'set', 'alice', '--no-groups')
  await factorgate.ok('user', 'suspend', 'alice', '--why', 'a\n{"kind":"forged"}')
  await factorgate.ok('user', 'resume', 'alice')
  await factorgate.ok('user', 'reset-factors', 'alice')
  await factorgate.ok('session', 'revoke', '--user', 'alice')
  await factorgate.ok('user', 'remove', 'alice')
  await factorgate.ok('user', 'list')
  const journal = factorgate.journal()
  t.strictSame(
    journal.map(({ kind, outcome = '' }) => `${kind} ${outcome}`.trim()),
    [
      'user.change added',
      'invitation.issue',
      'user.change changed',
      'user.change suspended',
      'user.change resumed',
      'factor.remove reset',
      'session.end revoked',
      'user.change removed'
    ]
  )
  for (const line of journal)
    t.match(line, { by: 'terminal', operator: /^olga as ./, name: 'alice', at: '2026-11-22T12:00:00.000Z' })
  t.notMatch(JSON.stringify(journal), /invite\/|(?<![\w-])[\w-]{43}(?![\w-])/, 'no invitation token')
})

t.test('somebody of a directory is added beforehand, and shown with where they come from', async t => {
  const factorgate = terminal(t, {
    config: `${usualConfig}identity:
  - { id: local, kind: local }
  - { id: institute, kind: ldap, title: Institute account, servers: [ldaps://ldap.example], bind: { dn: "cn=gate,dc=lab", password: x }, base: dc=lab, realm: campus }
`
  })
  const added = await factorgate('user', 'add', 'alice', '--directory', 'institute')
  t.match(added, { code: 0, stdout: invitation, stderr: /no password here, and signs in at 'Institute account' first/ })
  await factorgate.ok('user', 'add', 'bob')
  const { accounts } = gateOn(factorgate.store(), factorgate.time)
  const alice = (await accounts.byName('alice@campus'))!
  t.match(alice, { directory: 'institute' })
  t.equal(alice.externalId, undefined, 'nobody has come yet')
  t.same(await accounts.idsOf('institute'), [alice.id])
  t.match(await factorgate.ok('user', 'list'), /NAME {10}FROM .*\nalice@campus {2}institute .*\nbob {11}local /)
  await accounts.bind(alice.id, 'id-of-alice')
  t.match(await factorgate.ok('user', 'show', 'alice@campus'), /from {7}institute\nid there {3}id-of-alice\n/)
  t.match(JSON.parse(await factorgate.ok('user', 'show', 'alice@campus', '--json')), { externalId: 'id-of-alice' })
  t.match(await factorgate('user', 'add', 'carol', '--directory', 'campus'), {
    code: 2,
    stderr: /--directory must be a source of people in the configuration \(local, institute\), got 'campus'/
  })
})

t.test('forget-name frees a name that somebody had before, and no other', async t => {
  const factorgate = terminal(t)
  await factorgate.ok('user', 'add', 'maiden')
  const { accounts } = gateOn(factorgate.store(), factorgate.time)
  const { id } = (await accounts.byName('maiden'))!
  await accounts.rename(id, 'married')
  t.equal((await factorgate('user', 'add', 'maiden')).code, 1, 'the old name stays taken')
  for (const [name, said] of [
    ['married', /is the present name of an account/],
    ['nobody', /no account had the name/]
  ] as const) {
    const { code, stderr } = await factorgate('user', 'forget-name', name)
    t.equal(code, 1)
    t.match(stderr, said)
  }
  t.match((await factorgate('user', 'forget-name', 'Maiden')).stderr, /is free; married had it before/)
  t.equal((await factorgate('user', 'forget-name', 'maiden')).code, 1, 'once')
  await factorgate.ok('user', 'add', 'maiden')
  t.match([await accounts.byName('married'), (await accounts.byName('maiden'))?.id !== id], [{ id }, true])
})
