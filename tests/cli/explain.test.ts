import t from 'tap'
import { readProofs } from '../../src/cli/assumed-proofs.ts'
import { terminal, usualConfig } from './terminal.ts'

const site = 'https://notebooks.lab.example'

t.test('the decision is the one that serves requests, for every way to ask', async t => {
  const factorgate = terminal(t)
  for (const [name, args, expected] of [
    [
      'public for everybody',
      ['--url', `${site}/static/a.css`],
      { kind: 'forward', permit: { rule: 0, subject: null } }
    ],
    ['nobody is signed in', ['--url', `${site}/x`], { kind: 'challenge', reason: 'sign_in_required' }],
    [
      'another method',
      ['--url', `${site}/static/a.css`, '--method', 'POST'],
      { kind: 'challenge', reason: 'sign_in_required' }
    ],
    [
      'a group that may',
      ['--url', `${site}/x`, '--user', 'alice', '--group', 'researchers'],
      { kind: 'forward', permit: { rule: 3 } }
    ],
    [
      'no such group',
      ['--url', `${site}/x`, '--user', 'alice', '--group', 'guests'],
      { kind: 'refuse', reason: 'not_allowed' }
    ],
    [
      'from elsewhere',
      ['--url', `${site}/x`, '--user', 'alice', '--group', 'researchers', '--from', '192.0.2.1'],
      { kind: 'refuse' }
    ],
    ['denied to others', ['--url', `${site}/admin/x`, '--user', 'alice', '--group', 'researchers'], { kind: 'refuse' }],
    [
      'any spelling of it',
      ['--url', `${site}/data/..%2fADMIN/x`, '--user', 'alice', '--group', 'researchers'],
      { kind: 'refuse' }
    ],
    [
      'any spelling, in UTF-8',
      ['--url', `${site}/é/../admin/x`, '--user', 'alice', '--group', 'researchers'],
      { kind: 'refuse' }
    ],
    [
      'an operator just now',
      ['--url', `${site}/admin/x`, '--user', 'o', '--group', 'operators'],
      { kind: 'forward', permit: { rule: 1 } }
    ],
    [
      'a proof too old',
      ['--url', `${site}/admin/x`, '--user', 'o', '--group', 'operators', '--proof', 'webauthn@6m'],
      { kind: 'challenge', reason: 'fresh_proof_required' }
    ],
    [
      'another factor',
      ['--url', `${site}/admin/x`, '--user', 'o', '--group', 'operators', '--proof', 'totp@1s'],
      { kind: 'challenge', reason: 'other_factor_required' }
    ],
    [
      'half signed in',
      ['--url', `${site}/x`, '--user', 'o', '--group', 'researchers', '--proof', 'password@1s'],
      { kind: 'challenge', reason: 'second_factor_required' }
    ],
    ["the gate's own", ['--url', 'https://gate.lab.example/.factorgate/login'], { kind: 'own' }],
    ['no app there', ['--url', 'https://gate.lab.example/x'], { kind: 'refuse', reason: 'no_such_app' }],
    ['a foreign host', ['--url', 'https://evil.example/x'], { kind: 'refuse', reason: 'misdirected' }],
    ['another scheme', ['--url', 'http://notebooks.lab.example/x'], { kind: 'refuse', reason: 'misdirected' }],
    ['two places at once', ['--url', `${site}/.factorgate/..%2fx`], { kind: 'refuse', reason: 'ambiguous_target' }],
    ['no path at all', ['--url', site], { kind: 'challenge', reason: 'sign_in_required' }]
  ] as const) {
    const { code, stdout, stderr } = await factorgate('explain', ...args, '--json')
    t.equal(code, ['forward', 'own'].includes(expected.kind) ? 0 : 1, `FIELD N8 ${name}: ${stderr}`)
    t.match(JSON.parse(stdout).decision, expected, name)
    const words = await factorgate('explain', ...args)
    t.equal(words.code, code)
    t.ok(words.stdout.startsWith(expected.kind), `${name}: in words: ${words.stdout.split('\n', 1)}`)
  }
})

t.test('without --group the groups are those of the store, and a guess is said', async t => {
  const factorgate = terminal(t)
  const args = ['explain', '--url', `${site}/x`, '--json'] as const
  const unknown = await factorgate(...args, '--user', 'alice')
  t.match(unknown, {
    code: 1,
    stderr: /note: there is no store .*; 'alice' is treated as a person without groups; give the groups with --group/
  })
  await factorgate.ok('user', 'add', 'alice', '--group', 'researchers')
  const known = await factorgate(...args, '--user', 'Alice')
  t.match(known, { code: 0, stderr: '' })
  t.match(JSON.parse(known.stdout), { user: 'alice', groups: ['researchers'], decision: { kind: 'forward' } })
  t.match(await factorgate(...args, '--user', 'bob'), { stderr: /there is no account 'bob'/ })
  await factorgate.ok('user', 'suspend', 'alice', '--why', 'x')
  t.match(await factorgate(...args, '--user', 'alice'), {
    code: 1,
    stdout: /"isSuspended": true/,
    stderr: /alice is suspended .*factorgate user resume alice --why TEXT lets them in again/
  })
})

t.test('called wrongly', async t => {
  const factorgate = terminal(t)
  for (const [args, sentence] of [
    [['--url', 'notebooks.lab.example/x'], /--url must begin with http/],
    [['--url', `${site}/`, '--method', 'get'], /--method must be a method in capital letters, such as GET, got 'get'/],
    [['--url', `${site}/`, '--from', 'home'], /--from must be an IP address/],
    [['--url', `${site}/`, '--group', 'x'], /--group and --proof need --user/],
    [
      ['--url', `${site}/`, '--user', 'a', '--proof', 'sms@5m'],
      /--proof must be one of password, webauthn, totp, recovery/
    ],
    [['--url', `${site}/`, '--user', 'a', '--proof', 'totp@5'], /--proof must be one of/],
    [['--url', `${site}/`, '--user', 'a', '--proof', 'totp@'], /--proof must be one of/]
  ] as const)
    t.match(await factorgate('explain', ...args), { code: 2, stdout: '', stderr: sentence }, args.join(' '))
  t.match(await factorgate('explain', '--config', 'no.yaml', '--url', site), {
    code: 1,
    stderr: /no\.yaml +there is no such file/
  })
})

t.test('proofs: none named is everything just now; a second factor never stands alone', async t => {
  const now = 1_000_000_000
  t.same(
    readProofs(undefined, now).map(({ kind, at }) => [kind, at]),
    [
      ['password', now],
      ['webauthn', now],
      ['totp', now],
      ['recovery', now]
    ]
  )
  t.same(
    readProofs(['totp@5m', 'webauthn@1h'], now).map(({ kind, at, userVerified }) => [kind, now - at, userVerified]),
    [
      ['webauthn', 3_600_000, true],
      ['password', 3_600_000, false],
      ['totp', 300_000, false]
    ]
  )
  t.same(
    readProofs(['password@2h', 'totp'], now).map(({ kind, at }) => [kind, now - at]),
    [
      ['password', 7_200_000],
      ['totp', 0]
    ]
  )
})

t.test('the budgets of an app stand below, those of uploads by that word', async t => {
  const budgets = ['out', 'in'].map(
    direction => `{ id: ${direction}, per: person, window: 1h, bytes: 5MiB, direction: ${direction}, then: [cut] }`
  )
  const config = `${usualConfig}watch: { budgets: [${budgets}] }\n`
  const { stdout } = await terminal(t, { config })(
    'explain',
    '--url',
    `${site}/x`,
    '--user',
    'alice',
    '--group',
    'researchers'
  )
  t.match(stdout, 'budget out: 5 MiB within 1 hour for each person, then cut')
  t.match(stdout, 'budget in: 5 MiB sent within 1 hour for each person, then cut')
})
