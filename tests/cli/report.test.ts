/** `factorgate report`, and what `explain` and `check` say of an app whose rules are only reported. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { readProofs } from '../../src/cli/assumed-proofs.ts'
import { Credentials } from '../../src/factor/credential.ts'
import { Accounts } from '../../src/identity/accounts.ts'
import { sampleCredential } from '../fixtures/in-process/sample-credential.ts'
import { terminal } from './terminal.ts'

const config = `portal: { url: "https://gate.lab.example", title: Example Lab }
listen: { port: 8443 }
apps:
  - { id: trial, url: https://trial.lab.example, upstream: "http://127.0.0.1:8888", enforce: report, rules: [{ groups: [researchers], access: mfa }] }
  - { id: firm, url: https://firm.lab.example, upstream: "http://127.0.0.1:8889", rules: [{ groups: [researchers], access: mfa }] }
`

async function start(t: Test) {
  const factorgate = terminal(t, { config })
  await factorgate.newKey()
  await factorgate.ok('user', 'add', 'ada', '--group', 'researchers')
  await factorgate.ok('user', 'add', 'otto')
  const store = factorgate.store()
  const clock = factorgate.time.read
  const accounts = new Accounts({ store, clock })
  const [ada, otto] = [(await accounts.byName('ada'))!, (await accounts.byName('otto'))!]
  await new Credentials({ store, clock }).add(sampleCredential({ accountId: ada.id }))
  const at = (minute: number) => `2026-11-20T10:${String(minute).padStart(2, '0')}:00.000Z`
  const line = (minute: number, fields: object) =>
    JSON.stringify({ at: at(minute), kind: 'exchange', decision: 'forward', ...fields })
  const who = (account: { id: string; name: string }) => ({ account: account.id, name: account.name })
  const lines = [
    line(1, { ...who(ada), app: 'trial', address: '192.0.2.1' }),
    line(2, { ...who(ada), app: 'trial', address: '192.0.2.1' }),
    line(3, { ...who(ada), app: 'firm', address: '192.0.2.1' }),
    line(3, { ...who(otto), app: 'firm', address: '192.0.2.1', served: 'decoy' }),
    line(4, { ...who(otto), app: 'trial', address: '192.0.2.2', would: 'refuse', reason: 'not_allowed' }),
    line(5, { ...who(otto), app: 'firm', decision: 'refuse', outcome: 'not_allowed' }),
    line(6, { app: 'trial', address: '198.51.100.1', would: 'challenge', reason: 'sign_in_required' }),
    line(7, { app: 'trial', address: '198.51.100.2', would: 'challenge', reason: 'sign_in_required' }),
    line(8, {
      kind: 'socket.open',
      app: 'trial',
      address: '198.51.100.2',
      would: 'challenge',
      reason: 'sign_in_required'
    }),
    line(9, {
      kind: 'socket.close',
      app: 'trial',
      address: '198.51.100.2',
      would: 'challenge',
      reason: 'sign_in_required'
    }),
    line(10, {
      kind: 'exchange.repeated',
      decision: undefined,
      address: '203.0.113.0/24',
      outcomes: 'would_challenge/trial:40 200:3 would_refuse/other-app:2'
    }),
    'not a line of ours "kind":"exchange"'
  ]
  writeFileSync(path.join(factorgate.folder, 'var', 'journal.jsonl'), `${lines.join('\n')}\n`)
  return { factorgate, ada, otto }
}

t.test('says who has which factors, who uses what, and whom the rules would stop', async t => {
  const { factorgate, otto } = await start(t)
  const { stdout, stderr, code } = await factorgate('report', '--json')
  t.equal(code, 0)
  t.match(stderr, /1 line is not valid and left out/)
  const report = JSON.parse(stdout)
  t.match(report.people, [
    { name: 'ada', factors: [{ kind: 'webauthn', count: 1 }], status: 'enrolled' },
    { name: 'otto', factors: [], status: 'not enrolled', apps: [{ app: 'trial', requests: 1 }] }
  ])
  t.match(
    report.people[0].apps.sort((a: { app: string }, b: { app: string }) => (a.app < b.app ? -1 : 1)),
    [
      { app: 'firm', requests: 1 },
      { app: 'trial', requests: 2 }
    ]
  )
  t.match(report.apps, [
    { app: 'trial', enforce: 'report', people: ['ada', 'otto'], requests: 3 },
    { app: 'firm', enforce: 'always', people: ['ada'], requests: 1 }
  ])
  t.strictSame(
    report.wouldStop.map(({ lastAt: _, ...row }: { lastAt: string }) => row),
    [
      { app: 'other-app', account: null, name: null, addresses: 1, would: 'refuse', reason: null, requests: 2 },
      {
        app: 'trial',
        account: otto.id,
        name: 'otto',
        addresses: 1,
        would: 'refuse',
        reason: 'not_allowed',
        requests: 1
      },
      { app: 'trial', account: null, name: null, addresses: 1, would: 'challenge', reason: null, requests: 40 },
      {
        app: 'trial',
        account: null,
        name: null,
        addresses: 2,
        would: 'challenge',
        reason: 'sign_in_required',
        requests: 3
      }
    ]
  )
  const text = await factorgate.ok('report')
  t.match(text, /trial +strangers \(2 addresses\) +challenge +sign_in_required +3 /)
  t.match(text, /trial +only reported +2 +3 /)
  t.match(text, /firm +enforced +1 +1 /, "a decoy's file is no answer of the app")
  t.match(text, /^Made 20\S+ \d\d:\d\d UTC\. .* the journal, which begins 2026-11-20 10:01 UTC\.\n\nPeople\n/)
})

t.test('of one app, and of some time', async t => {
  const { factorgate } = await start(t)
  const firm = JSON.parse(await factorgate.ok('report', '--app', 'firm', '--json'))
  t.match(firm, { apps: [{ app: 'firm' }], wouldStop: [] })
  t.equal(firm.apps.length, 1)
  const some = JSON.parse(
    await factorgate.ok('report', '--from', '2026-11-20T10:06:00Z', '--to', '2026-11-20T10:07:00Z', '--json')
  )
  t.match(some.wouldStop, [{ name: null, addresses: 2, requests: 2 }])
  t.match(await factorgate('report', '--from', '2026-11-21', '--to', '2026-11-20'), { code: 2, stderr: /earlier/ })
  t.match(await factorgate('report', '--app', 'nothing'), {
    code: 0,
    stdout: /There is no such app\./,
    stderr: /has no app 'nothing'/
  })
  const days = await factorgate.ok('report', '--app', 'firm', '--from', '2026-11-19', '--to', '2026-11-20')
  t.match(days, /begins 2026-11-20 10:01 UTC, here from 2026-11-19 00:00 UTC to 2026-11-20 23:59 UTC\.\n/)
  t.match(days, /The app firm does not only report .*The app firm does not have the key integrity/s)
})

t.test('explain says what the rules would do, and that the app only reports', async t => {
  const { factorgate } = await start(t)
  const url = 'https://trial.lab.example/x'
  t.match(await factorgate('explain', '--url', url), {
    code: 0,
    stdout: /^forward {2}because the app only reports.*would challenge: sign_in_required/
  })
  const answer = JSON.parse(await factorgate.ok('explain', '--url', url, '--user', 'otto', '--json'))
  t.match(answer.decision, { kind: 'forward', would: { kind: 'refuse', reason: 'not_allowed' } })
})

t.test('explain takes what an institution has checked', async t => {
  const { factorgate } = await start(t)
  t.match(
    readProofs(['institution@5m'], 1_000_000).map(({ kind, at }) => [kind, at]),
    [
      ['institution', 700_000],
      ['directory', 700_000]
    ]
  )
  const args = ['explain', '--url', 'https://firm.lab.example/x', '--user', 'ada', '--group', 'researchers']
  t.equal((await factorgate(...args, '--proof', 'institution@5m')).code, 0, 'it counts where no factor is named')
  t.match(await factorgate(...args, '--proof', 'directory@5m'), { code: 1, stdout: /second_factor_required/ })
})

t.test('check says that an app is not protected', async t => {
  const { factorgate } = await start(t)
  t.match((await factorgate('check')).stderr, /apps\[0\]\.enforce {2}is report: the rules of this app stop nobody/)
})

t.test('check says that a roll-out is over, or lasts long', async t => {
  const { factorgate } = await start(t)
  for (const [until, said] of [
    ['2020-01-01', /identity\[1\]\.enrolment\.until {2}is over/],
    ['2999-01-01', /is more than three months ahead/]
  ] as const) {
    const source = `{ id: campus, kind: header, from: [127.0.0.1], headers: { name: X-User }, secret: { header: X-Secret, value: a-long-secret-of-the-proxy-in-front }, enrolment: { until: ${until} } }`
    writeFileSync(
      path.join(factorgate.folder, 'factorgate.yaml'),
      `${config}identity: [{ id: local, kind: local }, ${source}]\n`
    )
    t.match((await factorgate('check')).stderr, said)
  }
})

t.test('an invitation for somebody whom another source knows', async t => {
  const { factorgate, ada } = await start(t)
  const store = factorgate.store()
  const accounts = new Accounts({ store, clock: factorgate.time.read })
  await accounts.update(ada.id, { directory: 'campus' })
  t.match(await factorgate('user', 'invite', 'ada'), { code: 1, stderr: /does not name any more/ })
  const header =
    'identity: [{ id: local, kind: local }, { id: campus, title: Campus, kind: header, from: [127.0.0.1], headers: { name: X-User }, secret: { header: X-Secret, value: a-long-secret-of-the-proxy-in-front } }]\n'
  writeFileSync(path.join(factorgate.folder, 'factorgate.yaml'), config + header)
  t.match(await factorgate('user', 'invite', 'ada'), { code: 1, stderr: /has a second factor already/ })
  await factorgate.ok('user', 'reset-factors', 'ada')
  const invited = await factorgate('user', 'invite', 'ada')
  t.match(invited, { code: 0, stdout: /\/invite\/[\w-]{43}\n$/, stderr: /signs in with Campus as ada/ })
})
