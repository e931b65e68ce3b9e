/** Decoys in the configuration: their values, and what is refused or doubted with its place. */
import t, { type Test } from 'tap'
import { formatProblem } from '../../config/reading/diagnostics.ts'
import { toApp } from '../../src/services/app-options.ts'
import { loadWith, portalOrigin } from '../fixtures/in-process/configuration.ts'

async function load(t: Test, app: string, top = '') {
  const loaded = await loadWith(t, { app, top })
  const problems = loaded.kind === 'bad' ? loaded.problems : [...loaded.warnings, ...loaded.advice]
  const said = problems
    .map(problem => formatProblem(problem).replace(/^.*?:\d+:\d+ +/, ''))
    .filter(line => /decoy/i.test(line))
  return { config: loaded.kind === 'ok' ? loaded.config : null, said: said.join('\n') }
}

t.test('a path alone and a map, with the steps of the decoy, the app or the watch', async t => {
  const { config } = await load(
    t,
    'decoys: [/finance/**, { path: /row, query: { id: 99999 }, then: [journal] }, { path: /a.xlsx, serve: xlsx }], onDecoy: { exempt: { users: [scanner] } }',
    'watch: { decoys: { then: [notify, cut], exempt: { networks: [10.0.9.0/24] } } }'
  )
  const [app] = config?.apps ?? []
  const decoys = toApp(app!, portalOrigin, config?.apps, config?.watch).decoys
  t.match(decoys?.all, [
    { path: '/finance/**', query: null, serve: null, steps: ['notify', 'cut'] },
    { path: '/row', query: { id: '99999' }, steps: ['journal'] },
    { path: '/a.xlsx', serve: 'xlsx', content: 'passwords' }
  ])
  t.match(decoys?.exempt.settings, { networks: ['10.0.9.0/24'], users: ['scanner'], groups: [] })
  const plain = await load(t, 'decoys: [/finance/**]')
  t.match(toApp(plain.config!.apps[0]!, portalOrigin).decoys?.all, [{ steps: ['notify', 'suspend'] }])
  t.equal(toApp((await load(t, 'title: Files')).config!.apps[0]!, portalOrigin).decoys, null)
})

t.test('what is wrong or doubtful is said with its place', async t => {
  const rows: [string, string, RegExp | ''][] = [
    ['good ones', 'decoys: [/finance/**, { path: /old/a.csv, serve: csv }]', ''],
    ['all of the app', 'decoys: [/**]', /apps\[0\]\.decoys\[0\] +matches the front page/],
    ['the front page', 'decoys: [/]', /matches the front page/],
    ['a glob that is none', 'decoys: [finance]', /apps\[0\]\.decoys\[0\] +must begin with '\/'/],
    ['a key that is none', 'decoys: [{ path: /a, serv: csv }]', /did you mean 'serve'/],
    ['a map without a path', 'decoys: [{ serve: csv }]', /apps\[0\]\.decoys\[0\]\.path +is missing/],
    [
      'steps out of order',
      'decoys: [{ path: /a, then: [suspend, notify] }]',
      /order in which they act: \[notify, suspend\]/
    ],
    ['steps that another covers', 'decoys: [{ path: /a, then: [step-up, suspend] }]', /step-up changes nothing here/],
    ['a served glob', 'decoys: [{ path: /a/*, serve: csv }]', /one path without \*/],
    ['a served query', 'decoys: [{ path: /a, query: { id: x }, serve: csv }]', /cannot stand beside serve/],
    ['another ending', 'decoys: [{ path: /a.xlsx, serve: csv }]', /ends with \.xlsx/],
    ['content without a file', 'decoys: [{ path: /a, content: people }]', /needs serve beside it/],
    ['an empty query', 'decoys: [{ path: /a, query: {} }]', /names no parameter/],
    ['one behind a wider one', 'decoys: [/a/**, /a/b]', /decoys\[1\] +is never used: apps\[0\]\.decoys\[0\]/],
    [
      'denied to everybody',
      'decoys: [/a/b], rules: [{ path: /A/**, access: deny }, { access: mfa }]',
      /is out of reach: a rule denies it/
    ],
    ['without a rule', 'decoys: [/a/b], rules: [{ path: /c/**, access: mfa }]', /is out of reach: no rule/],
    ['a rule that may match', 'decoys: [/a/b], rules: [{ path: "/*/b", access: mfa }]', ''],
    [
      'a real part',
      'decoys: [/a/**], rules: [{ path: /a/b, groups: [x], access: mfa }]',
      /matches \/a\/b, to which a rule/
    ],
    ['public', 'decoys: [/a], rules: [{ access: public }]', /strangers reach it too/],
    ['only reported', 'decoys: [/a], enforce: report', /stop nobody while/],
    ['onDecoy alone', 'onDecoy: { then: [cut] }', /onDecoy +changes nothing/],
    ['everybody exempt', 'decoys: [/a], onDecoy: { exempt: { networks: [0.0.0.0/0] } }', /includes every address/]
  ]
  for (const [name, app, said] of rows) {
    const found = (await load(t, app)).said
    if (said === '') t.equal(found, '', name)
    else t.match(found, said, name)
  }
  t.match((await load(t, 'title: x', 'watch: { decoys: {} }')).said, /watch\.decoys +changes nothing: no app/)
})
