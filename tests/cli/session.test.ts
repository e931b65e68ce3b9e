import t from 'tap'
import type { DeviceKey } from '../../src/device/device-key.ts'
import { sessionRecord } from '../../src/session/records.ts'
import { firefox, gateOn, host } from './people.ts'
import { terminal } from './terminal.ts'

/** Two people signed in, one of them twice. */
async function twoPeople(t: Parameters<typeof terminal>[0]) {
  const factorgate = terminal(t)
  await factorgate.ok('user', 'add', 'alice')
  await factorgate.ok('user', 'add', 'bob')
  const gate = gateOn(factorgate.store(), factorgate.time)
  const alice = (await gate.accounts.byName('alice'))!
  const bob = (await gate.accounts.byName('bob'))!
  const office = await gate.signIn(alice, '192.0.2.7')
  factorgate.time.advance(60)
  const home = await gate.signIn(alice, '2001:db8::1', 'curl/8 \u001b[31m')
  const other = await gate.signIn(bob, '192.0.2.9')
  const isIn = async ({ token }: { token: string }) => (await gate.sessions.find(host, token)) !== null
  return { factorgate, gate, alice, office, home, other, isIn }
}

t.test('an id that begins with a dash is an id, as every 64th does', async t => {
  const { factorgate } = await twoPeople(t)
  for (const id of [`-${'h'.repeat(21)}`, `--${'x'.repeat(20)}`]) {
    const no = (command: string) => ({ code: 1, stderr: new RegExp(`${command}.*'${id}'`) })
    t.match(await factorgate('session', 'revoke', id, 'nope'), no('there is no session'))
    t.match(await factorgate('session', 'revoke', 'nope', '--why', 'x', '--', id), no('there is no session'))
    t.match(await factorgate('user', 'reset-factors', 'bob', '--factor', id, '--yes'), no('has no second factor'))
  }
  t.match(await factorgate('session', 'revoke', '-x'), { code: 2, stderr: /Unknown option '-x'/ })
  t.match(await factorgate('session', 'revoke', '--userr', 'bob'), { code: 2, stderr: /did you mean --user/ })
  t.match(await factorgate('journal', 'verify', '--key', `-${'A'.repeat(42)}`, '/dev/null'), {
    code: 1,
    stderr: /is not a file/
  })
})

t.test('list shows each sign-in in a row, and everything to programs', async t => {
  const { factorgate, office, home, other } = await twoPeople(t)
  const key: DeviceKey = { alg: 'ES256', x: 'A'.repeat(43), y: 'A'.repeat(43), at: Date.parse('2026-11-22T12:00:30Z') }
  await sessionRecord.change<void>(factorgate.store(), office.id, session => ({
    next: { ...session!, devices: { [host]: key } },
    result: undefined
  }))
  const text = await factorgate.ok('session', 'list')
  const [heading = '', ...rows] = text.trimEnd().split('\n')
  t.match(heading, /^ID +USER +SINCE +LAST SEEN +FROM +BOUND +DEVICE$/)
  t.equal(rows.length, 3)
  t.equal(
    rows.find(row => row.startsWith(office.id)),
    `${office.id}  alice  2026-11-22 12:00 UTC  2026-11-22 12:00 UTC  192.0.2.7    2026-11-22 12:00 UTC  Firefox on Linux`
  )
  const list = JSON.parse(await factorgate.ok('session', 'list', '--user', 'Alice', '--json'))
  t.same(
    list.map(({ id }: { id: string }) => id),
    [home.id, office.id],
    'the one seen last comes first'
  )
  t.match(list[1], {
    user: 'alice',
    since: '2026-11-22T12:00:00.000Z',
    until: '2026-11-23T12:00:00.000Z',
    from: '192.0.2.7',
    userAgent: firefox,
    signedIn: true,
    proofs: [{ kind: 'password' }, { kind: 'totp' }],
    hosts: [host],
    boundSince: '2026-11-22T12:00:30.000Z',
    bound: [{ host, at: '2026-11-22T12:00:30.000Z' }]
  })
  t.match(list[0], { boundSince: null, bound: [] }, 'a sign-in whose browser has no key')
  t.notMatch(JSON.stringify(list) + text, new RegExp([office, home, other].map(({ token }) => token).join('|')))
})

t.test('list says that nobody is in, and who is half in', async t => {
  const factorgate = terminal(t)
  await factorgate.ok('user', 'add', 'alice')
  t.match(await factorgate('session', 'list'), { code: 0, stdout: '', stderr: /nobody is signed in/ })
  t.equal(await factorgate.ok('session', 'list', '--json'), '[]\n')
  const gate = gateOn(factorgate.store(), factorgate.time)
  await gate.sessions.start({
    accountId: (await gate.accounts.byName('alice'))!.id,
    proof: { kind: 'password', at: factorgate.time.now, userVerified: false },
    device: { userAgent: '', address: '::1' },
    host
  })
  t.match(await factorgate.ok('session', 'list'), /A browser \(no second factor yet\)/)
  factorgate.time.advance(3601)
  t.match(await factorgate('session', 'list'), { stdout: '' }, 'who idled out is not in')
})

t.test('revoke by id ends those sessions alone', async t => {
  const { factorgate, gate, alice, office, home, other, isIn } = await twoPeople(t)
  t.equal(await factorgate.ok('session', 'revoke', office.id), '1\n')
  t.same([await isIn(office), await isIn(home), await isIn(other)], [false, true, true])
  t.equal((await gate.sessions.whyEnded(office.token))?.why, 'revoked')
  const again = await factorgate('session', 'revoke', office.id, home.id)
  t.match(again, { code: 1, stdout: '1\n', stderr: new RegExp(`there is no session '${office.id}'`) })
  t.equal(await isIn(home), false, 'the others named are ended all the same')
  // An id may begin with a dash.
  const store = factorgate.store()
  const dashed = `-${'x'.repeat(21)}`
  const session = { ...(await gate.signIn(alice)) }
  const text = (await store.get(`session:${session.id}`))!
  await store.put(`session:${dashed}`, text.replace(session.id, dashed))
  t.equal(await factorgate.ok('session', 'revoke', dashed), '1\n')
  t.equal(await store.get(`session:${dashed}`), null)
})

t.test('revoke with a reason keeps it for the person, by id and by user', async t => {
  const { factorgate, gate, office, home, other } = await twoPeople(t)
  await factorgate.ok('session', 'revoke', office.id, '--why', 'laptop lost')
  await factorgate.ok('session', 'revoke', '--user', 'bob', '--why', 'left')
  await factorgate.ok('session', 'revoke', home.id)
  const told = async ({ token }: { token: string }) => gate.sessions.whyEnded(token)
  t.match(await told(office), { why: 'revoked', words: 'laptop lost' })
  t.match(await told(other), { why: 'revoked', words: 'left' })
  t.match(await told(home), { why: 'revoked', words: null }, 'none without a reason')
})

t.test('revoke by user, and everybody', async t => {
  const { factorgate, office, home, other, isIn } = await twoPeople(t)
  t.match(await factorgate('session', 'revoke', '--user', 'alice'), { stdout: '2\n', stderr: 'alice is signed out\n' })
  t.match(await factorgate('session', 'revoke', '--user', 'alice'), { stdout: '0\n', stderr: 'alice has no session\n' })
  t.same([await isIn(office), await isIn(home), await isIn(other)], [false, false, true])
  t.match(await factorgate('session', 'revoke', '--user', 'carol'), {
    code: 1,
    stdout: '',
    stderr: /there is no account 'carol'/
  })
  t.equal(await factorgate.ok('session', 'revoke', '--all'), '1\n')
  t.equal(await isIn(other), false)
})
