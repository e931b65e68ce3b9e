/** `factorgate evidence` in trouble: hostile names, a full disk, rotated and packed files, lost lines, a missing journal or key. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import type { AuditEvent } from '../../src/audit/event.ts'
import { Journal, journalPurpose } from '../../src/audit/journal.ts'
import { Accounts } from '../../src/identity/accounts.ts'
import { readKeyFile } from '../../src/keyring/key-file.ts'
import { notTried } from '../fixtures/process/not-tried.ts'
import { smallDisk } from '../fixtures/process/small-disk.ts'
import { csvIn } from './evidence-csv.ts'
import { terminal } from './terminal.ts'

type Line = Pick<AuditEvent, 'kind'> & Partial<AuditEvent>

/** A gate's folder without the gate: its key, its store, and whatever lines a test writes into its journal. */
async function start(t: Test) {
  const factorgate = terminal(t)
  await factorgate.newKey()
  await factorgate.ok('user', 'add', 'ada', '--group', 'researchers')
  const journal = path.join(factorgate.folder, 'var/journal.jsonl')
  const keyring = await readKeyFile(path.join(factorgate.folder, 'var/factorgate.key'))
  const write = async (...lines: Line[]) => {
    const sink = await Journal.open({
      path: journal,
      clock: factorgate.time.read,
      signers: async () => keyring.signers(journalPurpose)
    })
    for (const line of lines) await sink.commit({ at: factorgate.time.now, ...line })
    await sink.close()
  }
  return { factorgate, journal, write, folder: path.join(factorgate.folder, 'evidence') }
}

t.test('hostile names, paths and reasons are text, everywhere', async t => {
  const { factorgate, write, folder } = await start(t)
  const store = factorgate.store()
  await new Accounts({ store, clock: factorgate.time.read }).create({
    name: 'mallory',
    displayName: '</style><script>alert(1)</script>\u202egnp.exe',
    email: null,
    groups: ['=cmd|calc'],
    password: null
  } as never)
  await write(
    {
      kind: 'login',
      account: 'm1',
      name: '<img src=x onerror=alert(1)>',
      factor: '"><svg onload=alert(2)>',
      outcome: 'refused'
    },
    {
      kind: 'exchange',
      app: '=app',
      path: '/\u202e<script>\u2068',
      method: 'GET',
      outcome: '@not_allowed',
      address: '-1'
    },
    { kind: 'user.change', account: 'm1', name: '\u05d0\u05d1', outcome: 'suspended', why: '+1\n=2\u0000' },
    { kind: '</table><script>' as never, outcome: 'x' }
  )
  await factorgate.ok('evidence', folder)
  const html = readFileSync(path.join(folder, 'evidence.html'), 'utf8')
  t.notMatch(html.replace(/<style>[\s\S]*?<\/style>/, ''), /<script|<img|<svg on|[\u202a-\u202e\u2066-\u2069]/)
  t.match(html, '&lt;img src=x onerror=alert(1)>')
  t.equal(html.split('</style>').length, 2)
  for (const name of readdirSync(folder).filter(name => name.endsWith('.csv'))) {
    const text = readFileSync(path.join(folder, name), 'utf8')
    t.notMatch(text, /[\u0000-\u0009\u000b\u000c\u202a-\u202e\u2066-\u2069]/, name)
    for (const row of csvIn(folder, name))
      for (const cell of Object.values(row)) t.notMatch(cell, /^\s*(?:[=+@]|-(?!\d+$))/, `${name}: ${cell}`)
  }
  t.match(csvIn(folder, 'people.csv').find(({ person }) => person === 'mallory')?.groups, "'=cmd|calc")
})

t.test('all files of the journal count, also packed ones, and those outside the range are not needed', async t => {
  const { factorgate, journal, write, folder } = await start(t)
  const login = { kind: 'login', account: 'a1', name: 'ada', factor: 'password', outcome: 'accepted' } as const
  const days: string[] = []
  for (let day = 0; day < 3; day++) {
    days.push(new Date(factorgate.time.now).toISOString())
    await write(login, login, { kind: 'journal.resume', lost: 3 })
    if (day < 2) renameSync(journal, `${journal}-2026112${day}-${day}`)
    factorgate.time.advance(2 * 86_400)
  }
  writeFileSync(`${journal}-20261120-0.gz`, gzipSync(readFileSync(`${journal}-20261120-0`)))
  rmSync(`${journal}-20261120-0`)
  const summaryOf = async (...argv: string[]) => JSON.parse((await factorgate('evidence', '--json', ...argv)).stdout)
  t.match(await summaryOf(folder), { signIns: { accepted: 6 }, journal: { ok: true } })
  t.ok(
    csvIn(folder, 'gaps.csv').some(
      ({ text, serious }) =>
        text === '9 lines of the journal were lost, because the disk was full or failed.' && serious === 'true'
    )
  )
  t.equal(csvIn(folder, 'sign-ins.csv').length, 6)
  const one = await summaryOf('--from', days[1]!, '--to', days[1]!, `${folder}-2`)
  t.match(one, { signIns: { accepted: 2 }, from: days[1], to: days[1] })
  t.match(
    csvIn(`${folder}-2`, 'sign-ins.csv').map(({ time }) => time),
    [days[1], days[1]]
  )
})

t.test('half a line and foreign lines are counted and left out', async t => {
  const { factorgate, journal, write, folder } = await start(t)
  await write({ kind: 'login', account: 'a1', name: 'ada', factor: 'password', outcome: 'accepted' })
  const text = readFileSync(journal, 'utf8')
  const next = text.trimEnd().split('\n').length + 1
  writeFileSync(journal, `${text}{"seq":${next},"prev":"`)
  await factorgate.ok('evidence', `${folder}-of-a-crash`)
  t.match(
    readFileSync(path.join(`${folder}-of-a-crash`, 'journal-proof.json'), 'utf8'),
    'is half a line',
    'the proof names it'
  )
  writeFileSync(journal, `${text}not a line of a gate\n{"seq":${next},"prev":"`)
  const { code, stderr } = await factorgate('evidence', folder)
  t.equal(code, 1)
  t.match(stderr, /journal\.jsonl:\d+: this is no line of the journal/)
  t.ok(csvIn(folder, 'gaps.csv').some(({ text }) => text?.startsWith('2 lines of the journal are no valid entries')))
  t.equal(csvIn(folder, 'sign-ins.csv').length, 1)
})

t.test('a full disk says so, and nothing looks like evidence afterwards', async t => {
  const disk = smallDisk(t, '160k')
  if (disk === null) return notTried(t, 'this user may not mount a small disk')
  const { factorgate, write } = await start(t)
  await write({ kind: 'login', account: 'a1', name: 'ada', factor: 'password', outcome: 'accepted' })
  const folder = path.join(disk.directory, 'evidence')
  t.match(await factorgate('evidence', folder), {
    code: 1,
    stdout: '',
    stderr: /the disk of .*evidence is full; the unfinished evidence was removed/
  })
  t.notOk(existsSync(folder))
  t.strictSame(readdirSync(disk.directory), [])
})

t.test('without a journal the rest is still there, and without the key there is none', async t => {
  const { factorgate, journal, folder } = await start(t)
  rmSync(journal)
  rmSync(`${journal}.head`, { force: true })
  const { code, stderr } = await factorgate('evidence', folder)
  t.equal(code, 1)
  t.match(stderr, /look at this: There is no journal, so nothing here is known of what happened/)
  t.match(csvIn(folder, 'people.csv'), [{ person: 'ada', status: 'not enrolled' }])
  t.ok(
    csvIn(folder, 'gaps.csv').some(({ text }) => /^1 person has no usable second factor, .*: ada\.$/.test(text ?? ''))
  )
  rmSync(path.join(factorgate.folder, 'var/factorgate.key'))
  t.match(await factorgate('evidence', `${folder}-2`), { code: 1, stderr: /factorgate\.key/ })
  t.notOk(existsSync(`${folder}-2`), 'nothing unsigned is written')
})
