/** FIELD N7: references that a person can read out, and the command that looks them up. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { lineOf } from '../../src/audit/encode-event.ts'
import { newReference, readReference } from '../../src/audit/reference.ts'
import { terminal } from '../cli/terminal.ts'

t.test('FIELD N7 a reference is eight signs of Crockford’s base 32 in two groups, every sign as likely', async t => {
  const counts = new Map<string, number>()
  const all = new Set<string>()
  for (let i = 0; i < 20_000; i++) {
    const reference = newReference()
    all.add(reference)
    if (!/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/.test(reference)) t.fail(reference)
    for (const sign of reference.replace('-', '')) counts.set(sign, (counts.get(sign) ?? 0) + 1)
  }
  t.equal(all.size, 20_000, 'none came twice')
  t.equal(counts.size, 32)
  t.ok([...counts.values()].every(count => Math.abs(count - 5000) < 500))
  t.equal(readReference('o1iL0000'), '0111-0000')
})

const at = Date.UTC(2026, 10, 22, 12)
const day = 24 * 3600_000
const event = (more: object) => lineOf({ kind: 'exchange', at, request: newReference(), ...more })

/** A terminal with a journal of three files, the oldest packed. */
function withJournal(t: Parameters<typeof terminal>[0]) {
  const factorgate = terminal(t)
  const file = path.join(factorgate.folder, 'var/journal.jsonl')
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(
    `${file}.2.gz`,
    gzipSync(
      event({
        at: at - 3 * day,
        kind: 'login',
        account: 'A1',
        name: 'alice',
        request: 'XD00-0001',
        outcome: 'accepted'
      })
    )
  )
  writeFileSync(`${file}.1`, event({ at: at - 2 * day, kind: 'factor.disable', account: 'A1', request: 'XD00-0002' }))
  writeFileSync(`${file}.bak-of-somebody`, event({ request: 'NOT0-THS0' }))
  writeFileSync(
    file,
    event({
      request: '7K3M-9QXZ',
      account: 'A1',
      name: 'alice',
      app: 'notebooks',
      path: '/a b/\u202e\u001b[31m',
      status: 403
    }) +
      event({ at: at + 1000, request: 'AAAA-0110', account: 'B2', name: 'bob', app: 'files', kind: 'session.start' }) +
      event({ at: at + 2000, request: '-Ab3_xyz', name: 'bob', app: 'files' }) +
      '{"at":"2026-11-22T12:00:'
  )
  return { factorgate, file }
}

t.test('FIELD N7 search finds a reference however it was written down', async t => {
  const { factorgate } = withJournal(t)
  for (const typed of [
    '7K3M-9QXZ',
    '7k3m9qxz',
    ' 7K3M 9QXZ ',
    '7k3m–9qxz',
    '７Ｋ３Ｍ－９ＱＸＺ',
    '7K3M-9QXZ\u200b',
    '7-K-3-M-9-Q-X-Z'
  ]) {
    const { code, stdout } = await factorgate('journal', 'search', `--reference=${typed}`)
    t.equal(code, 0, typed)
    t.equal(stdout.trimEnd().split('\n').length, 1)
    t.match(
      stdout,
      /^2026-11-22 12:00:00\.000 UTC {2}exchange request=7K3M-9QXZ account=A1 name=alice app=notebooks path="/
    )
    t.notMatch(stdout, /[\u001b\u202e]/, 'nothing of it is a command to the terminal')
  }
  t.match((await factorgate('journal', 'search', '--reference', 'aaaa-oIlO')).stdout, /AAAA-0110/, 'look-alikes')
  t.match((await factorgate('journal', 'search', '--reference=-Ab3_xyz')).stdout, /bob/, 'as older versions wrote them')
  t.match((await factorgate('journal', 'search', '--reference', 'xdoo-oool')).stdout, /alice/, 'in a packed file')
})

t.test('FIELD N7 the other filters narrow it down', async t => {
  const { factorgate, file } = withJournal(t)
  const found = async (...args: string[]) => {
    const { code, stdout } = await factorgate('journal', 'search', ...args, '--json')
    const entries: { request: string }[] = JSON.parse(stdout)
    t.equal(code, entries.length === 0 ? 1 : 0, args.join(' '))
    return entries.map(({ request }) => request)
  }
  const rows: [string, string[]][] = [
    ['', ['XD00-0001', 'XD00-0002', '7K3M-9QXZ', 'AAAA-0110', '-Ab3_xyz']],
    ['--user Alice', ['XD00-0001', 'XD00-0002', '7K3M-9QXZ']],
    ['--user A1', ['XD00-0001', 'XD00-0002', '7K3M-9QXZ']],
    ['--app files', ['AAAA-0110', '-Ab3_xyz']],
    ['--kind session', ['AAAA-0110']],
    ['--kind login --kind factor.disable', ['XD00-0001', 'XD00-0002']],
    ['--from 2026-11-20 --to 2026-11-20', ['XD00-0002']],
    ['--from 49h --to 2026-11-22T12:00:00Z', ['XD00-0002', '7K3M-9QXZ']],
    ['--from 2026-11-22T13:00:01+01:00', ['AAAA-0110', '-Ab3_xyz']],
    ['--user alice --app files', []],
    ['--user nobody', []],
    [`--user bob ${file}`, ['AAAA-0110', '-Ab3_xyz']]
  ]
  for (const [args, expected] of rows) t.same(await found(...args.split(' ').filter(Boolean)), expected, args)
})

t.test('FIELD N7 says what is wrong: nothing found is 1, a mistake is 2', async t => {
  const { factorgate } = withJournal(t)
  const none = await factorgate('journal', 'search', '--reference', '0000-0000')
  t.match(none, { code: 1, stdout: '', stderr: /no entry of the journal matches/ })
  t.match(await factorgate('journal', 'search', '--app', 'filez'), {
    code: 1,
    stderr: /note: the configuration has no app 'filez'; the apps are /
  })
  for (const args of [
    '--reference 7K3M',
    '--reference 7K3M-9QXU',
    '--from yesterday',
    '--from 2026-02-31',
    '--from 1h --to 2h',
    '--who x'
  ]) {
    const { code, stdout } = await factorgate('journal', 'search', ...args.split(' '))
    t.same([code, stdout], [2, ''], args)
  }
  t.match((await factorgate('journal', 'search')).stderr, /1 line is not valid and left out/)
  const empty = terminal(t)
  t.match(await empty('journal', 'search', '--app', 'x'), {
    code: 1,
    stderr: /there is no journal at .*journal\.jsonl yet/
  })
  t.match((await empty('journal', '--help')).stdout, /search .*\n.*tail/s)
})

t.test('FIELD N7 reads a long journal, and tail shows its end', async t => {
  const { factorgate, file } = withJournal(t)
  const lines = Array.from({ length: 1000 }, (_, i) => event({ at: at + 10_000 + i, app: `app${i}` })).join('')
  for (let i = 0; i < 120; i++) appendFileSync(file, i === 0 ? `\n${lines}` : lines)
  appendFileSync(file, event({ at: at + 20_000, request: 'ZZZZ-9999', name: 'alice', app: 'last' }))
  t.match((await factorgate('journal', 'search', '--reference', 'zzzz9999')).stdout, /app=last/)
  t.equal(JSON.parse((await factorgate('journal', 'search', '--app', 'app7', '--json')).stdout).length, 120)
  const tail = await factorgate.ok('journal', 'tail', '--lines', '3')
  t.match(tail.trimEnd().split('\n'), [/app998/, /app999/, /ZZZZ-9999/])
})
