/** Journals whose bytes a program has converted, and what stands behind their last line (`src/audit/converted-lines.ts`). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { ChainFile } from '../../src/audit/chain-file.ts'
import { Lines } from '../../src/audit/line-buffer.ts'
import { verifyJournal } from '../../src/audit/verify-journal.ts'
import { makeKeyring, masterKey } from '../../src/keyring/keyring.ts'

const signers = makeKeyring([masterKey(Buffer.alloc(32, 1))]).signers('journal')
const keys = [signers[0]!.publicKey]
const line = (name: string) => `{"at":"2026-01-02T00:00:00.000Z","kind":"exchange","name":"${name}"}\n`

async function makeJournal(t: Test): Promise<string> {
  const folder = mkdtempSync(path.join(t.testdir({ x: '' }), '..', 'converted-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'journal.jsonl')
  const chain = new ChainFile({ path: file, clock: () => 1, signers: () => signers })
  await chain.append(Lines.of(['a', 'b', 'c', 'd'].map(line)), true)
  await chain.close()
  return file
}

const crlf = (text: string) => text.replaceAll('\n', '\r\n')

const conversions: [name: string, convert: (text: string) => Buffer | string, line: number, says: RegExp][] = [
  ['line ends of Windows', crlf, 1, /CR LF.*sed -i 's\/\\r\$\/\/'/],
  [
    'line ends of Windows from the third line on',
    text => {
      const lines = text.split(/(?<=\n)/)
      return lines.slice(0, 2).join('') + crlf(lines.slice(2).join(''))
    },
    3,
    /CR LF/
  ],
  ['a byte order mark', text => `\ufeff${text}`, 1, /byte order mark.*sed/],
  ['UTF-16, little end first', text => Buffer.from(`\ufeff${text}`, 'utf16le'), 1, /UTF-16.*iconv/],
  ['UTF-16, big end first', text => Buffer.from(`\ufeff${text}`, 'utf16le').swap16(), 1, /UTF-16.*iconv/]
]

for (const [name, convert, number, says] of conversions)
  t.test(`${name}: the sentence names the conversion and the way back`, async t => {
    const file = await makeJournal(t)
    writeFileSync(file, convert(readFileSync(file, 'utf8')))
    const { fault } = await verifyJournal({ files: [file], keys })
    t.match(fault, { kind: 'altered', place: { line: number }, text: says })
  })

t.test('behind the last line only the beginning of the next one, or zeros, are what a crash leaves', async t => {
  const file = await makeJournal(t)
  const whole = readFileSync(file, 'utf8')
  const { end } = await verifyJournal({ files: [file], keys })
  const begin = `{"seq":${end.seq + 1},"prev":"${end.hash}",`
  for (const rest of [
    '{',
    '{"seq":',
    begin,
    `${begin}"at":"2026-01-02T00:`,
    '\0'.repeat(900),
    `${begin.slice(0, 20)}\0\0\0`
  ]) {
    writeFileSync(file, whole + rest)
    const { fault, notes } = await verifyJournal({ files: [file], keys })
    t.equal(fault, null, rest.slice(0, 30))
    t.match(notes, [/:6 is half a line/])
  }
  for (const rest of [
    'garbage',
    'x'.repeat(900),
    `{"seq":${end.seq + 2},`,
    `${begin.slice(0, 30)}!`,
    ' ',
    '{"at":"2026',
    `${begin}"at"`.replace('prev', 'prew')
  ]) {
    writeFileSync(file, whole + rest)
    t.match(
      (await verifyJournal({ files: [file], keys })).fault,
      { kind: 'inserted', place: { line: 6 } },
      rest.slice(0, 30)
    )
  }
})
