import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { extendIndex, indexFileOf, linesPerBlock, readIndex } from '../../src/audit/block-index.ts'
import { lineOf } from '../../src/audit/encode-event.ts'
import { followJournal } from '../../src/audit/follow-journal.ts'
import { IndexGrowth } from '../../src/audit/index-growth.ts'
import type { Entry } from '../../src/audit/journal-files.ts'
import { searchPage } from '../../src/audit/journal-pages.ts'
import { type JournalQuery, Matcher } from '../../src/audit/journal-query.ts'
import { JournalReader, type SearchOptions } from '../../src/audit/journal-reader.ts'
import { linesWith } from '../../src/audit/lines-backwards.ts'

const start = Date.UTC(2026, 0, 2)
const apps = ['files', 'notebooks', 'wiki']
const kinds = ['exchange', 'exchange', 'exchange', 'login', 'session.start', 'session.end']

/** Line `n` of a made-up journal. The seventh person is called `gina` at first, and `nora` from the middle on; then the eighth gets the name `gina`. */
function eventOf(n: number, of: number): string {
  const who = n % 11
  const isLater = n > of / 2
  const name = who === 7 ? (isLater ? 'nora' : 'gina') : who === 8 && isLater ? 'gina' : `person${who}`
  const isBare = n % 13 === 0
  return lineOf({
    kind: kinds[n % kinds.length] as 'login',
    at: start + n * 1000,
    request: n.toString().padStart(8, '0'),
    account: n % 17 === 0 ? undefined : `A${who}`,
    name: isBare ? undefined : name,
    app: n % 5 === 0 ? undefined : n === 777 ? 'rare' : apps[n % 3]
  }).replace('{', `{"seq":${n},"prev":"${'0'.repeat(64)}",`)
}

const perFile = 4096
const count = 3 * perFile + 500

/** A journal of two files. */
function makeJournal(t: Test) {
  const file = path.join(t.testdir({}), 'journal.jsonl')
  const lines = Array.from({ length: count }, (_, n) => eventOf(n + 1, count))
  writeFileSync(`${file}.1`, lines.slice(0, 2 * perFile + 100).join(''))
  writeFileSync(file, lines.slice(2 * perFile + 100).join(''))
  const entries = lines.map(line => JSON.parse(line) as Entry)
  return { file, entries }
}

async function index(file: string): Promise<void> {
  for (const one of [`${file}.1`, file]) await extendIndex(one, (await indexFileOf(file, one))!)
}

async function found(file: string, query: Partial<SearchOptions>): Promise<number[]> {
  const seqs: number[] = []
  for await (const { seq } of new JournalReader({ path: file }).search({ limit: 100_000, ...query }))
    seqs.push(Number(seq))
  return seqs
}

/** `t.same` writes out each of thousands of numbers, equal or not. */
const listed = (seqs: readonly number[]) => seqs.join(' ')

const isOf = (account: string) => (entry: Entry) => entry.account === account
const queries: readonly (readonly [what: string, query: Partial<SearchOptions>, fits: (entry: Entry) => boolean])[] = [
  ['nothing', {}, () => true],
  ['a reference', { references: ['00000777'] }, entry => entry.request === '00000777'],
  ['a rare app', { app: 'rare' }, entry => entry.app === 'rare'],
  ['a kind', { kinds: ['login'] }, entry => entry.kind === 'login'],
  ['a group of kinds', { kinds: ['session'] }, entry => entry.kind.startsWith('session.')],
  ['an app and a kind', { app: 'files', kinds: ['login'] }, entry => entry.app === 'files' && entry.kind === 'login'],
  ['an id', { person: 'A3' }, isOf('A3')],
  [
    'a name, also where only the id or only the name is',
    { person: 'person3' },
    entry => entry.account === 'A3' || (entry.account === undefined && entry.name === 'person3')
  ],
  [
    'a new name finds what was done under the former one',
    { person: 'nora' },
    entry => entry.account === 'A7' || (entry.account === undefined && entry.name === 'nora')
  ],
  [
    'a time',
    { from: start + 9_000_000, to: start + 9_010_000 },
    ({ seq }) => Number(seq) >= 9000 && Number(seq) <= 9010
  ],
  ['a page', { person: 'A3', before: 9000 }, entry => isOf('A3')(entry) && Number(entry.seq) < 9000],
  ['nobody', { person: 'nobody' }, () => false]
]

t.test('a search finds the same with an index, without one, with half of it and with a damaged one', async t => {
  const { file, entries } = makeJournal(t)
  const expected = queries.map(([, , fits]) =>
    entries
      .filter(fits)
      .map(({ seq }) => Number(seq))
      .reverse()
  )
  t.ok(expected.slice(0, -1).every(({ length }) => length > 0))
  const compare = async (state: string) => {
    for (const [at, [what, query]] of queries.entries())
      t.equal(listed(await found(file, query)), listed(expected[at]!), `${state}: ${what}`)
  }
  await compare('without an index')
  await index(file)
  await compare('with an index')
  const indexFile = (await indexFileOf(file, `${file}.1`))!
  const whole = readFileSync(indexFile)
  t.equal((await readIndex(indexFile)).blocks.length, (2 * perFile) / linesPerBlock)
  writeFileSync(indexFile, whole.subarray(0, whole.length - 100))
  t.equal((await readIndex(indexFile)).blocks.length, (2 * perFile) / linesPerBlock - 1)
  await compare('with half an index')
  const damaged = Buffer.from(whole)
  damaged[damaged.length - 500] = damaged[damaged.length - 500]! ^ 1
  writeFileSync(indexFile, damaged)
  await compare('with a damaged index')
  await index(file)
  t.ok(readFileSync(indexFile).equals(whole), 'it is made again where it is wrong')
})

t.test('the index stays with a file that is rotated, grows with the other, and packed files are read', async t => {
  const { file, entries } = makeJournal(t)
  await index(file)
  renameSync(`${file}.1`, `${file}.2`)
  renameSync(file, `${file}.1`)
  const more = Array.from({ length: 100 }, (_, n) => eventOf(count + n + 1, count))
  writeFileSync(file, more.join(''))
  appendFileSync(file, '{"seq":')
  const all = [...entries, ...more.map(line => JSON.parse(line) as Entry)]
  for (const one of [`${file}.1`, `${file}.2`]) t.ok((await readIndex((await indexFileOf(file, one))!)).end > 0)
  const expected = all
    .filter(isOf('A3'))
    .map(({ seq }) => Number(seq))
    .reverse()
  t.same(await found(file, { person: 'A3' }), expected)
  writeFileSync(`${file}.2.gz`, gzipSync(readFileSync(`${file}.2`)))
  rmSync(`${file}.2`)
  t.same(await found(file, { person: 'A3' }), expected)
  t.same(await found(file, { limit: 3 }), [count + 100, count + 99, count + 98], 'the newest first')
})

t.test('a search reads only the blocks that may have what it looks for', async t => {
  const { file } = makeJournal(t)
  await index(file)
  // Whoever reads the other blocks meets lines that are none.
  const text = readFileSync(`${file}.1`, 'latin1')
  const { blocks } = await readIndex((await indexFileOf(file, `${file}.1`))!)
  const [first, second, third] = blocks as [(typeof blocks)[0], (typeof blocks)[0], (typeof blocks)[0]]
  t.equal(second.at, first.bytes)
  const until = third.at
  const spoilt = text.slice(0, until) + text.slice(until).replace(/[^\n]/g, 'x')
  writeFileSync(`${file}.1`, spoilt, 'latin1')
  t.same(await found(file, { references: ['00000777'] }), [777])
  t.same(await found(file, { app: 'rare', person: 'A7' }), [777])
  t.same(await found(file, { from: start, to: start + 2000 }), [2, 1])
})

t.test('journal entries that come are followed, through a rotation', async t => {
  const { file } = makeJournal(t)
  const follower = await followJournal(file)
  t.teardown(() => follower.close())
  const next = async () => (await follower.next()).map(({ seq }) => seq)
  t.same(await next(), [])
  appendFileSync(file, eventOf(20_001, count) + eventOf(20_002, count).slice(0, 50))
  t.same(await next(), [20_001])
  appendFileSync(file, eventOf(20_002, count).slice(50))
  renameSync(file, `${file}.2`)
  t.same(await next(), [20_002])
  writeFileSync(file, eventOf(20_003, count))
  t.same(await next(), [20_003])
})

t.test('the reader makes the index itself, and works where it cannot be written', async t => {
  const { file, entries } = makeJournal(t)
  t.equal(await new JournalReader({ path: file }).index({ minimum: 1 }), true)
  t.equal(readdirSync(`${file}.index`).length, 2)
  rmSync(`${file}.index`, { recursive: true })
  writeFileSync(`${file}.index`, 'in the way')
  t.equal(await new JournalReader({ path: file }).index(), true, 'a short journal needs none')
  t.equal(await new JournalReader({ path: file }).index({ minimum: 1 }), false)
  t.same((await found(file, {})).length, entries.length)
})

t.test('the index grows with the journal, in a thread', async t => {
  const { file } = makeJournal(t)
  const growth = new IndexGrowth({ path: file, minimum: 200_000 })
  t.teardown(() => growth.stop())
  await growth.look()
  const end = async () => (await readIndex((await indexFileOf(file, file))!)).end
  const before = await end()
  t.ok(before > 0)
  appendFileSync(file, eventOf(20_000, count))
  await growth.look()
  t.equal(await end(), before, 'a line is too little')
  appendFileSync(file, Array.from({ length: 3000 }, (_, n) => eventOf(20_001 + n, count)).join(''))
  await growth.look()
  t.ok((await end()) > before)
})

t.test('lines with a text are found wherever it stands, and the last one first', async t => {
  const texts = (...words: string[]) => words.map(word => Buffer.from(word))
  const of = (piece: string, words: readonly Buffer[]) =>
    [...linesWith({ at: 0, bytes: Buffer.from(piece) }, words)].map(({ text }) => text)
  t.same(of('a\nb\nc\n', []), ['c', 'b', 'a'])
  t.same(of('a\n\nb', []), ['b', '', 'a'], 'an empty line, and half a line at the end')
  t.same(of('', []), [])
  t.same(of('', texts('a')), [])
  t.same(of('xa\nb\nax\n', texts('a')), ['ax', 'xa'])
  t.same(of('aaa\nb\n', texts('a')), ['aaa'], 'once')
  t.same(of('a1\nb1\nc1\na2', texts('a', 'c')), ['a2', 'c1', 'a1'])
  t.same(of('a\nb', texts('\u00fc', 'b')), ['b'])
  t.same(of('Zo\u00eb\nAda\n', texts('Zo\u00eb')), ['Zo\u00eb'])
})

/** Every page of a search, with so many bytes a page. */
async function paged(file: string, query: JournalQuery, bound: number): Promise<{ seqs: number[]; pages: number }> {
  const texts = query.person === undefined ? null : new Set([query.person])
  const matcher = new Matcher(query, texts === null ? null : { names: texts, accounts: texts })
  const seqs: number[] = []
  let pages = 0
  let from: string | null = null
  do {
    const page = await searchPage(file, matcher, { from, most: 50, bound, since: query.from ?? null })
    seqs.push(...page.entries.map(({ seq }) => Number(seq)))
    from = page.next
    pages++
  } while (from !== null)
  return { seqs, pages }
}

t.test('pages hold the same as a search, each entry once, with an index and without', async t => {
  const { file, entries } = makeJournal(t)
  const byId = queries.filter(
    ([, { person, before }]) => (person === undefined || person === 'A3') && before === undefined
  )
  const compare = async (state: string) => {
    for (const [what, query, fits] of byId)
      for (const bound of [30_000, 100_000_000]) {
        const expected = entries.filter(fits).map(({ seq }) => Number(seq))
        const { seqs } = await paged(file, query, bound)
        t.equal(listed(seqs), listed(expected.reverse()), `${state}, ${bound} bytes a page: ${what}`)
      }
  }
  await compare('without an index')
  const rare = { app: 'rare' }
  const before = await paged(file, rare, 300_000)
  await index(file)
  await compare('with an index')
  const after = await paged(file, rare, 300_000)
  t.same(after.seqs, before.seqs)
  t.ok(after.pages < before.pages, `${after.pages} pages instead of ${before.pages}`)
})

t.test('operators and sponsors are found as persons', async t => {
  const file = path.join(t.testdir({}), 'journal.jsonl')
  const line = (n: number, more: object) =>
    lineOf({ kind: 'user.change', at: start + n, account: 'A1', ...more }).replace('{', `{"seq":${n},`)
  const lines = Array.from({ length: 3 * linesPerBlock }, (_, n) =>
    line(n, n === 5 ? { operator: 'oscar' } : n === 600 ? { sponsor: 'S7' } : {})
  )
  writeFileSync(file, lines.join(''))
  for (const state of ['without an index', 'with an index']) {
    t.same(await found(file, { person: 'oscar' }), [5], state)
    t.same(await found(file, { person: 'S7', kinds: ['user'] }), [600], state)
    t.same((await paged(file, { person: 'oscar' }, 1_000_000)).seqs, [5], state)
    await extendIndex(file, (await indexFileOf(file, file))!)
  }
})
