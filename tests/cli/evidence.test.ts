/** `factorgate evidence`: what a gate's journal and store hold is what the page and the CSV files say, signed; and what is not there is said. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { run } from '../../src/cli/run.ts'
import { type Page, Person, totpCode } from '../fixtures/in-process/person.ts'
import { openSignInGate, password } from '../fixtures/in-process/signing-in.ts'
import { textOf } from '../fixtures/pipeline/visitor.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'
import { csvIn } from './evidence-csv.ts'

const apps = `  - id: own
    title: Notebooks
    url: "http://own.localhost:PORT"
    upstream: "UPSTREAM"
    rules:
      - { path: /public/**, methods: [GET], access: public }
      - { path: /admin/**, groups: [operators], access: mfa, factors: [webauthn], within: 15m }
      - { path: /admin/**, access: deny }
      - { groups: [researchers], access: mfa }
  - { id: trial, url: "http://trial.localhost:PORT", upstream: "UPSTREAM", enforce: report, rules: [{ groups: [nobody], access: mfa }] }
`

/** A gate with a day behind it: ada signs in, is refused once, and gets a password wrong; otto is suspended. */
async function dayOf(t: Test) {
  const fixture = await openSignInGate(
    t,
    apps,
    `unsafeHttp: true\nwatch: { budgets: [{ id: bulk, per: person, app: own, window: 1h, bytes: 500MiB, then: [journal, step-up, suspend], factors: [webauthn] }], unusual: {} }`,
    // In one process the gate and a command on one embedded store could wait for each other.
    (await startRedis(t)).url
  )
  const { gate, time } = fixture
  const said = async (...argv: string[]) => {
    const out = { stdout: '', stderr: '' }
    const code = await run([...argv, '--config', gate.configFile], {
      stdout: text => {
        out.stdout += text
      },
      stderr: text => {
        out.stderr += text
      },
      env: {},
      cwd: gate.folder,
      isTTY: false,
      clock: time.read,
      wait: async () => {}
    })
    return { code, ...out }
  }
  const begin = time.now
  const own = gate.origin('own')
  const ada = await fixture.withPassword(['totp', 'recovery'])
  const otto = await fixture.resident([])
  const person = new Person(gate.port)
  const wrong = await person.submit(
    await person.open(`${own}/a`),
    { username: ada.account.name, password: 'no' },
    /login/
  )
  const asked = await person.submit(wrong, { username: ada.account.name, password }, /login/)
  const landed: Page = await person.submit(asked, { code: totpCode(ada.secret, time.now) }, /totp/)
  if (landed.status !== 200) throw new Error(`the sign-in failed: ${landed.status}`)
  time.advance(30)
  await person.open(`${own}/b`)
  const refused = await person.request('GET', `${own}/admin/x`)
  t.equal(refused.status, 403)
  t.equal((await new Person(gate.port).request('GET', `${own}/public/x`)).status, 200)
  t.equal((await new Person(gate.port).request('GET', `${gate.origin('trial')}/x`)).status, 200)
  t.equal((await said('user', 'suspend', otto.account.name, '--why', '=HYPERLINK("http://evil")')).code, 0)
  gate.server.runtime.strangers.flush()
  await gate.server.runtime.journal.flush()
  await gate.server.runtime.journal.commit({ kind: 'gate.reload', at: time.now })
  const folder = path.join(gate.folder, 'evidence')
  return { ...fixture, said, begin, ada, otto, folder }
}

const html = (folder: string) => readFileSync(path.join(folder, 'evidence.html'), 'utf8')
const json = (folder: string, name: string) => JSON.parse(readFileSync(path.join(folder, name), 'utf8'))

t.test('figures, lists and sentences are what happened', async t => {
  const { said, folder, ada, otto } = await dayOf(t)
  const { code, stdout, stderr } = await said('evidence', '--json', folder)
  t.equal(code, 0, stderr)
  const summary = JSON.parse(stdout)
  t.match(summary, {
    signIns: { accepted: 1, refused: 1 },
    secondFactors: { accepted: 1, refused: 0 },
    requests: { refused: 1, wouldStop: 1, onlyCounted: 0 },
    reasons: { not_allowed: 1 },
    suspensions: { suspended: 1, resumed: 0 },
    people: { all: 2, code: 1, recovery: 1, none: 0, suspended: 1, enrolled: 1 },
    journal: { ok: true }
  })
  t.strictSame(json(folder, 'summary.json').signIns, summary.signIns)
  const lines = readFileSync(path.join(folder, '..', 'journal.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  t.equal(summary.requests.all, lines.filter(({ kind }) => kind === 'exchange').length)

  t.match(
    csvIn(folder, 'sign-ins.csv').map(({ kind, outcome, person, factor }) => [kind, outcome, person, factor].join(' ')),
    [
      `login refused ${ada.account.name} password`,
      `login accepted ${ada.account.name} password`,
      `proof verified ${ada.account.name} totp`
    ]
  )
  t.match(csvIn(folder, 'refusals.csv'), [
    { person: ada.account.name, app: 'own', reason: 'not_allowed', details: /path=\/admin\/x/ }
  ])
  const [suspension] = csvIn(folder, 'suspensions.csv')
  t.match(suspension, { person: otto.account.name, outcome: 'suspended', by: 'terminal' })
  t.equal(suspension?.reason, '\'=HYPERLINK("http://evil")', 'a formula is text')
  const people = csvIn(folder, 'people.csv')
  t.match(people, [
    {
      person: ada.account.name,
      status: 'enrolled',
      authenticatorApps: '1',
      recoveryCodes: '10',
      signIns: '1',
      refusedAttempts: '1'
    },
    { person: otto.account.name, status: 'suspended', passkeys: '0', signIns: '0' }
  ])
  t.match(csvIn(folder, 'factors.csv'), [{ person: ada.account.name, factor: 'totp', status: 'usable' }])
  t.match(csvIn(folder, 'apps.csv'), [
    { app: 'own', enforced: 'yes', people: '1', refused: '1' },
    { app: 'trial', enforced: 'reported only', rulesWouldStop: '1' }
  ])
  const sum = (column: string) => csvIn(folder, 'figures.csv').reduce((all, row) => all + Number(row[column]), 0)
  t.equal(sum('signIns'), 1)
  t.equal(sum('requests'), summary.requests.all)
  t.ok(csvIn(folder, 'changes.csv').some(({ kind, outcome }) => kind === 'gate.start' || outcome === 'added'))

  const page = textOf(html(folder))
  t.match(
    page,
    'People of the group operators may use /admin and everything below it, with a passkey or security key, shown at most 15 minutes before.'
  )
  t.match(
    page,
    'Everybody may use /public and everything below it, with the method GET (and HEAD), without signing in.'
  )
  t.match(
    page,
    'bulk : Each person may fetch at most 500 MiB from the app own within 1 hour. If it is more, the journal says so; then what runs waits up to a minute for a passkey or security key, which allows as much again; then the account is suspended until an operator resumes it.'
  )
  t.match(
    page,
    'The gate learns for 14 days what is usual for each person, and compares. If use is strange, the journal says so;'
  )
  t.match(csvIn(folder, 'budgets.csv'), [
    { budget: 'bulk', amount: String(500 * 1024 ** 2) },
    { budget: '(unusual use)' }
  ])
  t.match(page, /The journal is whole: [\d,]+ lines/)
  t.match(json(folder, 'journal-proof.json'), {
    ok: true,
    head: { sig: /^[\w-]{86}$/ },
    evidenceKey: { publicKey: /^[\w-]{43}$/ }
  })
  t.match(page, /Sign-ins 1 first factors that were right/)
  t.match(page, /Refused requests 1 /)
  t.match(html(folder), /<svg [^>]*role="img"/)
  t.notMatch(html(folder), /<script|https?:\/\/[^"]*\.(?:js|css)/, 'no network and no script')
})

t.test('what is not there, and which protections are not in force, is said', async t => {
  const { said, folder, otto } = await dayOf(t)
  const { stderr } = await said('evidence', '--from', '2020-01-01', '--to', '2099-01-01', folder)
  const texts = csvIn(folder, 'gaps.csv').map(({ text }) => text)
  for (const part of [
    /^The journal begins at .* Nothing is known of the time before/,
    /^The range ends in the future/,
    /^The rules of the app trial are only reported .* would have stopped 1 request\.$/,
    /^Parts of the app own are open to everybody without a sign-in: rule 1 of its policy/,
    /^unsafeHttp is set: people may sign in over plain http/,
    /^No file of advisories was given/,
    /^The policy is that of the configuration file/
  ])
    t.ok(
      texts.some(text => part.test(text ?? '')),
      String(part)
    )
  t.notOk(
    texts.some(text => text?.includes('no usable second factor')),
    'a suspended person is not named as one without a factor'
  )
  t.match(stderr, /look at this: unsafeHttp is set/)
  t.match(textOf(html(folder)), /Look at this ?unsafeHttp is set/)
  t.ok(otto)
})

t.test('the folder is signed, and any change is found', async t => {
  const { said, folder, gate } = await dayOf(t)
  t.match(await said('evidence', folder), { code: 0, stdout: /signed with [\w-]{43}/ })
  t.equal(statSync(folder).mode & 0o777, 0o700)
  for (const name of readdirSync(folder)) t.equal(statSync(path.join(folder, name)).mode & 0o777, 0o600, name)
  t.match(await said('evidence', '--verify', folder), { code: 0, stdout: /is what the gate signed/, stderr: '' })
  const key = (await said('journal', 'key')).stdout.trim()
  const elsewhere = async (...argv: string[]) => {
    const out = { stdout: '', stderr: '' }
    const code = await run(['evidence', '--verify', ...argv], {
      stdout: text => {
        out.stdout += text
      },
      stderr: text => {
        out.stderr += text
      },
      ...{ env: {}, cwd: t.testdir({}), isTTY: false, clock: Date.now, wait: async () => {} }
    })
    return { code, ...out }
  }
  t.match(await elsewhere(folder), { code: 0, stderr: /the folder vouches for itself/ })
  t.match(await elsewhere(`--key=${key}`, folder), { code: 0, stderr: '' })
  const other = 'A'.repeat(43)
  t.match(await elsewhere('--key', other, folder), {
    code: 1,
    stdout: /signed with the key .*, which is not the key that was given/
  })
  const shell = (command: string) =>
    execFileSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
  t.match(shell('sha256sum --check --strict SHA256SUMS'), 'evidence.html: OK')
  t.match(
    shell('openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig'),
    'Signature Verified Successfully'
  )

  const file = path.join(folder, 'refusals.csv')
  const before = readFileSync(file)
  writeFileSync(file, before.subarray(0, -20))
  t.match(await said('evidence', '--verify', '--json', folder), { code: 1, stdout: /refusals\.csv was changed/ })
  writeFileSync(file, before)
  writeFileSync(path.join(folder, 'more.csv'), '')
  t.match(await said('evidence', '--verify', folder), { code: 1, stdout: /more\.csv is not in the list/ })
  const sums = path.join(folder, 'SHA256SUMS')
  writeFileSync(sums, readFileSync(sums, 'utf8').replace(/range \d{4}/, 'range 1999'))
  t.match(await said('evidence', '--verify', folder), { code: 1, stdout: /the signature does not fit/ })
  t.match(await said('evidence', '--verify', path.join(folder, 'nothing')), { code: 1, stderr: /there is no folder/ })
  t.match(await said('evidence', '--verify', gate.folder), { code: 1, stdout: /no finished evidence/ })
})

t.test('a journal that was changed is named, and the exit code says it', async t => {
  const { said, folder, gate } = await dayOf(t)
  const journal = path.join(gate.folder, 'journal.jsonl')
  const text = readFileSync(journal, 'utf8')
  writeFileSync(journal, text.replace('"outcome":"refused"', '"outcome":"removed"'))
  const { code, stderr } = await said('evidence', folder)
  t.equal(code, 1)
  t.match(stderr, /look at this: The journal is not whole: .*journal\.jsonl:\d+/)
  t.match(textOf(html(folder)), /The journal is NOT whole/)
  t.match(json(folder, 'journal-proof.json'), { ok: false, fault: { kind: 'altered' } })
  t.match(await said('evidence', '--verify', folder), { code: 0 }, 'the folder itself is what the gate wrote')
})

t.test('a journal that was cut at its end, with its head file, is found out by what the store remembers', async t => {
  const { said, folder, gate, time } = await dayOf(t)
  const journal = path.join(gate.folder, 'journal.jsonl')
  const early = readFileSync(journal)
  const head = readFileSync(`${journal}.head`)
  for (let line = 0; line < 1200; line++) gate.server.runtime.journal.record({ kind: 'device.new', at: time.now })
  await gate.server.close()
  writeFileSync(journal, early)
  writeFileSync(`${journal}.head`, head)
  t.match(await said('evidence', folder), { code: 1, stderr: /The journal is not whole: .*the store/ })
})

t.test('with pseudonyms nobody is named, and the lists still belong together', async t => {
  const { said, folder, ada, otto } = await dayOf(t)
  t.match(await said('evidence', '--pseudonyms', folder), { code: 0 })
  const all = readdirSync(folder)
    .map(name => readFileSync(path.join(folder, name), 'utf8'))
    .join('\n')
  for (const { account } of [ada, otto]) {
    t.notMatch(all, new RegExp(`\\b${account.name}\\b`))
    t.notMatch(all, account.email as string)
  }
  t.notMatch(all, '127.0.0.1')
  t.notMatch(all, 'HYPERLINK', 'reasons are left out')
  // A cell that begins like a formula has an apostrophe before it, and an id may begin with a hyphen.
  const [person] = csvIn(folder, 'people.csv').filter(row => row.account?.replace(/^'/, '') === ada.account.id)
  t.match(person?.person, /^~[\w-]{20}$/)
  t.equal(csvIn(folder, 'sign-ins.csv')[0]?.person, person?.person)
})

t.test('an empty range, a folder in use, and wrong times', async t => {
  const { said, folder, gate } = await dayOf(t)
  t.match(await said('evidence', '--from', '2020-01-01', '--to', '2020-01-02', folder), { code: 0 })
  t.match(json(folder, 'summary.json'), { signIns: { accepted: 0 }, requests: { all: 0 }, people: { all: 2 } })
  t.match(textOf(html(folder)), /The journal has no line between 2020-01-01 00:00 UTC and 2020-01-02 23:59 UTC/)
  t.match(textOf(html(folder)), /Suspensions None in this range/)

  t.match(await said('evidence', folder), { code: 1, stderr: /is not empty, and the command never overwrites a file/ })
  const file = path.join(gate.folder, 'a-file')
  writeFileSync(file, '')
  t.match(await said('evidence', file), { code: 1, stderr: /is a file; DIR must be a new or empty folder/ })
  t.match(await said('evidence', path.join(gate.folder, 'no', 'way')), {
    code: 1,
    stderr: /no such folder; make it first/
  })
  const half = path.join(gate.folder, 'half')
  mkdirSync(path.join(half, 'unfinished'), { recursive: true })
  t.match(await said('evidence', half), { code: 1, stderr: /was not finished/ })
  const empty = path.join(gate.folder, 'empty')
  mkdirSync(empty, { mode: 0o755 })
  t.match(await said('evidence', empty), { code: 0 })
  t.equal(statSync(empty).mode & 0o777, 0o700)

  t.match(await said('evidence'), { code: 2, stderr: /DIR is missing/ })
  t.match(await said('evidence', '--from', '2026-02-31', folder), { code: 2, stderr: /--from must be a time/ })
  t.match(await said('evidence', '--from', '2099-01-01', folder), { code: 2, stderr: /must not be in the future/ })
  t.match(await said('evidence', '--from', '1d', '--to', '2d', folder), { code: 2, stderr: /earlier than --to/ })
  t.match(await said('evidence', '--key', 'x', folder), { code: 2, stderr: /only with --verify/ })
  t.match(await said('evidence', '--verify', '--from', '1d', folder), { code: 2, stderr: /--from has no use/ })
})

t.test('advisories that cannot be used leave no folder behind', async t => {
  const { said, folder, gate } = await dayOf(t)
  const file = path.join(gate.folder, 'advisories.json')
  const attempt = () => said('evidence', '--advisories', file, folder)
  t.match(await attempt(), { code: 1, stderr: /--advisories .*: there is no such file/ })
  for (const [text, why] of [
    ['', /it is empty/],
    ['<html>', /it is no JSON/],
    ['{"a":1}', /neither a list of OSV entries nor the result of npm audit/],
    ['[1]', /an entry is no object/],
    ['{"error":{"code":"ENOLOCK","summary":"no lock file"}}', /npm audit failed: no lock file/]
  ] as const) {
    writeFileSync(file, text)
    t.match(await attempt(), { code: 1, stderr: why }, text)
    t.notOk(existsSync(folder), 'nothing is left')
  }
  writeFileSync(
    file,
    JSON.stringify({
      vulns: [
        {
          id: 'GHSA-aaaa-bbbb-cccc',
          summary: '<b>bad</b>',
          references: [{ type: 'WEB', url: 'javascript:alert(1)' }],
          affected: [
            {
              package: { ecosystem: 'npm', name: 'fastify' },
              ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }]
            }
          ]
        }
      ]
    })
  )
  t.match(await attempt(), { code: 0, stderr: /1 known fault affects packages/ })
  t.match(csvIn(folder, 'advisories.csv'), [
    { package: 'fastify', advisory: 'GHSA-aaaa-bbbb-cccc', affected: 'yes', url: '' }
  ])
  t.match(html(folder), '&lt;b>bad')
  t.notMatch(html(folder), /javascript:/)
  t.ok(csvIn(folder, 'packages.csv').some(row => row.package === 'fastify' && row.licence === 'MIT'))
})
