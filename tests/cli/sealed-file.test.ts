import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { readLines } from '../../src/cli/store/content.ts'
import { readSealed, writeSealed } from '../../src/cli/store/sealed-file.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'
import { cases } from '../fixtures/in-process/cases.ts'

const keyring = makeKeyring([newMasterKey()])
const createdAt = Date.UTC(2026, 10, 22)

async function* each(lines: readonly string[]) {
  yield* lines
}

async function all(lines: AsyncIterable<unknown>): Promise<unknown[]> {
  const found = []
  for await (const line of lines) found.push(line)
  return found
}

t.test('any lines come back as they were', async t => {
  const dir = t.testdir({})
  let run = 0
  const line = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.integer({ min: 0, max: 200_000 }).map(length => 'x'.repeat(length))
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        line.filter(text => !text.includes('\n')),
        { maxLength: 8 }
      ),
      async lines => {
        const file = await open(path.join(dir, `${run++}`), 'wx+')
        try {
          await writeSealed(file, { keyring, createdAt, lines: each(lines) })
          t.same(await all(readSealed(file, keyring)), lines)
          t.same(await all(readSealed(file, keyring)), lines, 'as often as one likes')
        } finally {
          await file.close()
        }
      }
    ),
    { numRuns: cases(40) }
  )
})

t.test('no change of the file gets a wrong line out of it', async t => {
  const file = path.join(t.testdir({}), 'f')
  const lines = Array.from({ length: 3000 }, (_, n) => `line ${n} ${'y'.repeat(60)}`)
  const made = await open(file, 'wx+')
  await writeSealed(made, { keyring, createdAt, lines: each(lines) })
  const bytes = await readWhole(made)
  await made.close()
  const headerEnd = bytes.indexOf('}\n') + 2
  // Length and frame, as they stand behind the header.
  const frames: Buffer[] = []
  for (let at = headerEnd; at < bytes.length; ) {
    const size = 4 + bytes.readUInt32BE(at) + 16
    frames.push(bytes.subarray(at, at + size))
    at += size
  }
  t.ok(frames.length >= 4, `there are frames to mix up: ${frames.length}`)
  const header = bytes.subarray(0, headerEnd)
  const flip = (at: number) => {
    const changed = Buffer.from(bytes)
    changed[at]! ^= 1
    return changed
  }
  const other = await open(`${file}.other`, 'wx+')
  await writeSealed(other, { keyring, createdAt, lines: each(lines) })
  const foreign = (await readWhole(other)).subarray(0)
  await other.close()
  for (const [name, changed] of [
    ['a bit of the first frame', flip(headerEnd + 100)],
    ['a bit of a length', flip(headerEnd + 2)],
    ['a bit of the last tag', flip(bytes.length - 1)],
    ['the date in the header', Buffer.from(bytes.toString('latin1').replace('2026', '2025'), 'latin1')],
    ['the last byte cut', bytes.subarray(0, -1)],
    ['the last frame cut', Buffer.concat([header, ...frames.slice(0, -1)])],
    ['all frames cut', header],
    ['two frames exchanged', Buffer.concat([header, frames[1]!, frames[0]!, ...frames.slice(2)])],
    ['a frame repeated', Buffer.concat([header, frames[0]!, ...frames])],
    ['a frame left out', Buffer.concat([header, frames[0]!, ...frames.slice(2)])],
    ['something behind the end', Buffer.concat([bytes, Buffer.from('x')])],
    ['a second end', Buffer.concat([bytes, frames.at(-1)!])],
    ["another file's header", Buffer.concat([foreign.subarray(0, headerEnd), ...frames])],
    ['an impossible length', Buffer.concat([header, Buffer.from([255, 255, 255, 255]), Buffer.alloc(100)])]
  ] as const) {
    const handle = await fill(`${file}.x`, changed)
    const seen: string[] = []
    await t.rejects(
      (async () => {
        for await (const line of readSealed(handle, keyring)) seen.push(line)
      })(),
      { name: /PersonError|KeyringError/ },
      name
    )
    t.ok(
      seen.every((line, n) => line === lines[n]),
      `${name}: what came before was right`
    )
    await handle.close()
  }
  const handle = await fill(`${file}.x`, bytes)
  await t.rejects(all(readSealed(handle, makeKeyring([newMasterKey()]))), { name: 'KeyringError' }, 'another key')
  t.equal((await all(readSealed(handle, keyring))).length, lines.length, 'and untouched it reads')
  await handle.close()
})

t.test('lines that are not wholly right are refused', async t => {
  const value = '{"kind":"value","key":"account:x","value":"{}","until":null}'
  const index = '{"kind":"index","key":"accounts","members":[["x",null],["y",1]]}'
  t.equal((await all(readLines(each([value, index, '{"kind":"end","values":1,"indexes":1}'])))).length, 3)
  for (const [name, lines] of [
    ['no end', [value]],
    ['an end that counts otherwise', [value, '{"kind":"end","values":2,"indexes":0}']],
    ['something behind the end', ['{"kind":"end","values":0,"indexes":0}', value]],
    ['no JSON', ['x']],
    ['null', ['null']],
    ['an unknown kind', ['{"kind":"other","key":"x"}']],
    ['no key', ['{"kind":"value","value":"x","until":null}']],
    ['a value that is no text', ['{"kind":"value","key":"x","value":1,"until":null}']],
    ['an odd end of life', ['{"kind":"value","key":"x","value":"","until":"soon"}']],
    ['a member that is no pair', ['{"kind":"index","key":"x","members":["y"]}']],
    ['a sign-in smuggled in', ['{"kind":"value","key":"session:x","value":"{}","until":null}']]
  ] as const)
    await t.rejects(all(readLines(each(lines))), { name: 'PersonError', message: /nothing was imported/ }, name)
})

async function readWhole(file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat()
  return (await file.read(Buffer.alloc(size), 0, size, 0)).buffer
}

async function fill(name: string, bytes: Buffer): Promise<FileHandle> {
  const handle = await open(name, 'w+')
  await handle.write(bytes)
  return handle
}
