import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { hashOf } from '../../src/audit/chain.ts'
import { ChainFile } from '../../src/audit/chain-file.ts'
import { headFileOf, readHead } from '../../src/audit/chain-head.ts'
import { lineInWords } from '../../src/audit/file-lines.ts'
import { Lines } from '../../src/audit/line-buffer.ts'
import { type VerifyInput, verifyJournal } from '../../src/audit/verify-journal.ts'
import type { Signer } from '../../src/keyring/keyring.ts'
import { makeKeyring, masterKey } from '../../src/keyring/keyring.ts'
import { isDeep } from '../fixtures/in-process/cases.ts'

const clock = () => Date.UTC(2026, 0, 2)
const ring = (...seeds: number[]) =>
  makeKeyring(seeds.map(seed => masterKey(Buffer.alloc(32, seed)))).signers('journal')
const [key] = ring(1)
const line = (name: string) =>
  `{"at":"2026-01-02T00:00:00.000Z","kind":"exchange","request":"7K3M-9QXZ","name":"${name}","status":200}\n`

interface MakeOptions {
  readonly names?: string
  readonly signers?: readonly Signer[]
}

/** A journal of two files: lines 1 to 10 and 11 to 20, of which 5, 10, 15 and 20 are checkpoints. */
async function makeJournal(t: Test, { names = 'abcdefghijklmnop', signers = ring(1) }: MakeOptions = {}) {
  const folder = mkdtempSync(path.join(t.testdir({ x: '' }), '..', 'journal-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'journal.jsonl')
  const chain = new ChainFile({ path: file, clock, signers: () => signers })
  for (let from = 0; from < 16; from += 4) {
    if (from === 8) renameSync(file, `${file}.1`)
    await chain.append(Lines.of([...names.slice(from, from + 4)].map(line)), true)
  }
  await chain.close()
  return { folder, file, files: [`${file}.1`, file], chain }
}

const textOf = (file: string) => readFileSync(file, 'utf8').split(/(?<=\n)/)

async function verified(files: readonly string[], input: Partial<VerifyInput> = {}) {
  const head = await readHead(headFileOf(files.find(file => file.endsWith('.jsonl'))!))
  const proof = await verifyJournal({ files, keys: [key!.publicKey], head, ...input })
  const { fault } = proof
  const where = fault?.place == null ? '' : lineInWords({ ...fault.place, file: path.basename(fault.place.file) })
  return { ...proof, said: fault === null ? 'whole' : `${fault.kind} ${where}`.trim() }
}

t.test('a whole journal is proven, in whatever order its files come, also packed', async t => {
  const { file, files } = await makeJournal(t)
  const proof = await verified(files)
  t.match(proof, { said: 'whole', lines: 20, first: 1, end: { seq: 20 }, checkpoints: 4, signedTo: 20, notes: [] })
  t.equal((await verified([...files].reverse())).said, 'whole')
  t.match(await verified(files, { keys: [] }), { said: 'whole', isSelfVouched: true, keys: [key!.publicKey] })
  writeFileSync(`${file}.1.gz`, gzipSync(readFileSync(`${file}.1`)))
  t.equal((await verified([file, `${file}.1.gz`])).said, 'whole')
})

t.test('any changed byte is found, and its line is named', async t => {
  const { files } = await makeJournal(t)
  for (const file of files) {
    const bytes = readFileSync(file)
    const lines = textOf(file)
    let from = 0
    for (const [index, text] of lines.entries()) {
      // About every tenth byte, at other places in each line. A deep run changes each byte of the last lines, and every third of the others.
      const stride = (offset: number) => (isDeep ? (index > 7 ? 1 : 1 + (offset % 5)) : 7 + (offset % 5))
      for (let offset = index % 7; offset < text.length; offset += stride(index + offset)) {
        const changed = Buffer.from(bytes)
        changed[from + offset] = changed[from + offset]! ^ (offset % 7 === 0 ? 0x20 : 1)
        writeFileSync(file, changed)
        const { said, fault } = await verified(files)
        const isNamed = said.endsWith(` ${path.basename(file)}:${index + 1}`)
        if (!isNamed)
          t.fail(
            `byte ${offset} of ${path.basename(file)}:${index + 1}: ${said}: ${fault?.text}: ${changed.subarray(from + offset - 9, from + offset + 9)}`
          )
      }
      from += text.length
    }
    writeFileSync(file, bytes)
  }
  t.equal((await verified(files)).said, 'whole')
})

/** Changes the lines of the two files. Files that are left without lines are removed. */
type Change = (one: string[], two: string[]) => void

const changes: readonly (readonly [what: string, change: Change, said: string])[] = [
  ['a line removed', one => one.splice(2, 1), 'missing journal.jsonl.1:3'],
  ['several lines removed', one => one.splice(2, 4), 'missing journal.jsonl.1:3'],
  ['a checkpoint removed', one => one.splice(4, 1), 'missing journal.jsonl.1:5'],
  ['the first line removed', one => one.shift(), 'missing journal.jsonl.1:1'],
  ['the last line of a file removed', one => one.pop(), 'missing journal.jsonl:1'],
  ['the first line of a file removed', (_, two) => two.shift(), 'missing journal.jsonl:1'],
  ['the first file removed', one => one.splice(0), 'missing journal.jsonl:1'],
  ['the last file removed', (_, two) => two.splice(0), 'truncated journal.jsonl.1:10'],
  ['the last line removed', (_, two) => two.pop(), 'truncated journal.jsonl:9'],
  ['lines up to a checkpoint removed', (_, two) => two.splice(5), 'truncated journal.jsonl:5'],
  ['the last line feed removed', (_, two) => two.push(two.pop()!.slice(0, -1)), 'altered journal.jsonl:10'],
  ['a line feed removed', one => one.splice(2, 2, one[2]!.slice(0, -1) + one[3]), 'altered journal.jsonl.1:3'],
  ['a carriage return added', one => one.splice(2, 1, one[2]!.replace('\n', '\r\n')), 'altered journal.jsonl.1:3'],
  ['two lines exchanged', one => one.splice(2, 2, one[3]!, one[2]!), 'moved journal.jsonl.1:3'],
  ['a line moved back', one => one.splice(7, 0, ...one.splice(2, 1)), 'moved journal.jsonl.1:3'],
  ['a line moved forward', one => one.splice(2, 0, ...one.splice(7, 1)), 'moved journal.jsonl.1:3'],
  ['a line moved to the other file', (one, two) => two.splice(3, 0, ...one.splice(2, 1)), 'moved journal.jsonl.1:3'],
  ['a line doubled', one => one.splice(3, 0, one[2]!), 'repeated journal.jsonl.1:4'],
  ['a line repeated later', (one, two) => two.splice(3, 0, one[2]!), 'repeated journal.jsonl:4'],
  ['the end of a file repeated', one => one.push(...one.slice(5)), 'repeated journal.jsonl.1:11'],
  ['a line of release 0.1 put between', one => one.splice(3, 0, line('x')), 'inserted journal.jsonl.1:4'],
  ['a line of release 0.1 put before', one => one.unshift(line('x')), 'inserted journal.jsonl.1:1'],
  ['a line of release 0.1 put behind', (_, two) => two.push(line('x')), 'inserted journal.jsonl:11'],
  ['text put between', one => one.splice(3, 0, 'x\n'), 'inserted journal.jsonl.1:4'],
  ['an empty line put between', one => one.splice(3, 0, '\n'), 'inserted journal.jsonl.1:4'],
  [
    'a line of another journal with the right number',
    one => one.splice(3, 0, one[3]!.replace(/"prev":"[^"]*"/, `"prev":"${'0'.repeat(64)}"`)),
    'inserted journal.jsonl.1:4'
  ],
  [
    'a line made up with the right number',
    one => one.splice(3, 0, `${one[3]!.replace('"d"', '"x"')}`),
    'repeated journal.jsonl.1:5'
  ]
]

t.test('what is removed, moved, repeated or put in is found and named', async t => {
  for (const [what, change, expected] of changes) {
    const { files } = await makeJournal(t)
    const texts = files.map(textOf) as [string[], string[]]
    change(...texts)
    const left = files.filter((file, index) => {
      if (texts[index]!.length > 0) writeFileSync(file, texts[index]!.join(''))
      return texts[index]!.length > 0
    })
    const head = await readHead(headFileOf(files[1]!))
    const { said, fault } = await verified(left, { head })
    // A made-up line takes the place of the true one, so that one looks like the repetition.
    const isNamed = what.startsWith('a line made up')
      ? /^(?:altered|spliced|repeated|inserted) journal\.jsonl\.1:[345]$/
      : expected
    t.match(said, isNamed, `${what}: ${fault?.text}`)
    t.match(fault?.text, /^[a-z].*\w$/)
  }
})

t.test('two journals spliced together are found', async t => {
  const one = await makeJournal(t)
  const other = await makeJournal(t, { names: 'ABCDEFGHIJKLMNOP' })
  copyFileSync(other.file, one.file)
  t.equal((await verified(one.files)).said, 'spliced journal.jsonl:1', 'a whole file')
  const [first, second] = [textOf(one.files[0]!), textOf(other.files[0]!)]
  writeFileSync(one.files[0]!, [...first.slice(0, 6), ...second.slice(6)].join(''))
  t.equal((await verified(one.files)).said, 'spliced journal.jsonl.1:7', 'in the middle of a file')
  t.equal((await verified([...one.files, ...other.files])).said.split(' ')[0], 'spliced', 'put beside each other')
})

/** Writes the chain anew from line `from`, as somebody can who has no key. */
function rewritten(lines: readonly string[], from: number, change: (line: string) => string): string[] {
  const result = [...lines]
  for (let index = from; index < lines.length; index++) {
    const text = index === from ? change(result[index]!) : result[index]!
    result[index] =
      index === 0 ? text : text.replace(/"prev":"\w+"/, `"prev":"${hashOf(Buffer.from(result[index - 1]!))}"`)
  }
  return result
}

t.test('who has no key cannot write a chain anew, up to the last checkpoint', async t => {
  const { file, files } = await makeJournal(t)
  const [one, two] = files.map(textOf) as [string[], string[]]
  const all = rewritten([...one, ...two], 2, text => text.replace('"c"', '"x"'))
  const write = (lines: string[]) => {
    writeFileSync(files[0]!, lines.slice(0, 10).join(''))
    writeFileSync(files[1]!, lines.slice(10).join(''))
  }
  write(all)
  t.equal((await verified(files)).said, 'signature journal.jsonl.1:5')
  // With a key of their own they can; only the given key shows it.
  const forged = await makeJournal(t, { names: 'abXdefghijklmnop', signers: ring(9) })
  t.equal((await verified(forged.files)).said, 'signature journal.jsonl.1:5')
  t.match(await verified(forged.files, { keys: [] }), { said: 'whole', isSelfVouched: true })
  t.equal(
    (await verified(forged.files, { keys: [], head: await readHead(headFileOf(file)) })).said,
    'altered journal.jsonl:10'
  )
  const { end } = await verified(forged.files, { keys: [] })
  t.equal((await verified(forged.files, { keys: [], head: null, known: [end] })).said, 'whole')
  t.equal(
    (await verified(forged.files, { keys: [], head: null, known: [{ ...end, seq: 7 }] })).said,
    'altered journal.jsonl.1:7'
  )
  t.equal(
    (await verified(forged.files, { keys: [], head: null, known: [{ ...end, seq: 27 }] })).said,
    'truncated journal.jsonl:10'
  )
})

t.test('a crash is told from a change', async t => {
  const { file, files, chain } = await makeJournal(t)
  const half = '{"seq":21,"prev":"'
  writeFileSync(file, readFileSync(file, 'utf8') + half)
  t.match(
    await verified(files),
    { said: 'whole', notes: [/journal\.jsonl:11 is half a line/] },
    'before a gate goes on'
  )
  await chain.append(Lines.of([line('next')]), true)
  t.match(await verified(files), { said: 'whole', lines: 23, notes: [/:11 is half a line, from a crash/] })
  for (const change of ['halg', 'x', '']) {
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace(`${half}#\n`, change === '' ? '' : `${change}#\n`))
    t.match((await verified(files)).said, /^altered journal\.jsonl:1[01]$|^inserted journal\.jsonl:11$/)
    writeFileSync(file, text)
  }
  await chain.close()
  renameSync(file, `${file}.2`)
  writeFileSync(`${file}.2`, `${readFileSync(`${file}.2`, 'utf8')}{"seq":2`)
  await chain.append(Lines.of([line('later')]), true)
  await chain.close()
  t.match((await verified([files[0]!, `${file}.2`, file])).notes, [/:11/, /\.2:15 is half a line/], 'then a rotation')
})

t.test('a line that was cut off, and lines behind it, are told from a changed line', async t => {
  const { file, files, chain } = await makeJournal(t)
  await chain.close()
  const bytes = readFileSync(file)
  const head = readFileSync(headFileOf(file))
  const last = textOf(file).at(-1)!
  for (const left of [1, 9, 80, last.length - 3]) {
    writeFileSync(file, bytes.subarray(0, bytes.length - last.length + left))
    writeFileSync(headFileOf(file), head)
    const next = new ChainFile({ path: file, clock, signers: () => ring(1) })
    await next.append(Lines.of([line('next')]), true)
    await next.close()
    const { said, fault } = await verified(files)
    t.equal(said, 'truncated journal.jsonl:10')
    t.match(fault?.text, /^line \d+ is cut off, by a power cut or by a hand/)
    writeFileSync(file, readFileSync(file, 'utf8').replace(/.#\n/, 'x#\n'))
    t.equal((await verified(files)).said, 'altered journal.jsonl:10')
  }
})

t.test('lines of release 0.1 may stand before the chain, and are fixed by it where they are in its file', async t => {
  const folder = t.testdir({ 'journal.jsonl': line('old') + line('older'), 'journal.jsonl.1': line('oldest') })
  const file = path.join(folder, 'journal.jsonl')
  const chain = new ChainFile({ path: file, clock, signers: () => ring(1) })
  await chain.append(Lines.of([line('one')]), true)
  await chain.close()
  t.match(await verified([`${file}.1`, file]), { said: 'whole', before: 3, lines: 3, notes: [] })
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('older', 'elder'))
  t.equal((await verified([file])).said, 'inserted journal.jsonl:1')
  writeFileSync(file, text.slice(line('old').length))
  t.equal((await verified([file])).said, 'inserted journal.jsonl:1')
  t.equal((await verified([`${file}.1`], { head: null })).said, 'no_chain'.trim())
})

t.test('a change of the key is followed from the old key to the new one', async t => {
  const { file, files, chain } = await makeJournal(t)
  await chain.close()
  const both = new ChainFile({ path: file, clock, signers: () => ring(2, 1) })
  await both.append(Lines.of([line('q')]), true)
  await both.close()
  const next = new ChainFile({ path: file, clock, signers: () => ring(2) })
  await next.append(Lines.of([line('r')]), true)
  await next.close()
  t.match(await verified(files), { said: 'whole', checkpoints: 7, notes: [/:12: the key changed/] })
  const later = { keys: [ring(2)[0]!.publicKey] }
  t.match(await verified(files, later), { said: 'whole', checkpoints: 7 }, 'and back from the new one')
  t.equal(
    (await verified([`${file}.1`], { ...later, head: null })).said,
    'signature journal.jsonl.1:5',
    'not without it'
  )
  t.equal((await verified(files, { keys: [ring(3)[0]!.publicKey] })).said, 'signature journal.jsonl.1:5')
  const stranger = new ChainFile({ path: file, clock, signers: () => ring(3) })
  await stranger.append(Lines.of([line('s')]), true)
  await stranger.close()
  t.equal((await verified(files)).said, 'signature journal.jsonl:17')
})

t.test('files whose time is over are removed, and a line says so', async t => {
  const folder = t.testdir({})
  const file = path.join(folder, 'journal.jsonl')
  let now = clock()
  const rotation = { size: null, isDaily: true, keepSeconds: 2 * 86_400 }
  const chain = new ChainFile({ path: file, clock: () => now, signers: () => ring(1), rotation })
  const names: string[] = []
  for (let day = 0; day < 6; day++) {
    const text = line(`day ${day}`).replace(/"at":"[^"]*"/, `"at":"${new Date(now).toISOString()}"`)
    await chain.append(Lines.of([text]))
    names.push(`${file}-${new Date(now).toISOString().slice(0, 10)}-${3 * day + 2}`)
    now += 86_400_000
  }
  await chain.close()
  const { journalFiles } = await import('../../src/audit/journal-files.ts')
  const files = await journalFiles(file)
  t.match(
    files.map(one => path.basename(one)),
    [/-2026-01-04-\d+$/, /-2026-01-05-\d+$/, /-2026-01-06-\d+$/, /jsonl$/]
  )
  const proof = await verified(files)
  t.match(proof, { said: 'whole', notes: [/lines 1 to \d were removed when their time was over/] })
  t.equal((await verified(files.slice(1))).said, `missing ${path.basename(files[1]!)}:1`)
  t.equal((await verified(files.slice(1), { isPart: true })).said, 'whole')
  rmSync(files[1]!)
  t.match((await verified([files[0]!, ...files.slice(2)])).said, /^missing /)
})
