import { appendFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from 'tap'
import { watchFiles } from '../../src/watchers/files.ts'

/** Watches three files of a folder; `next` waits for the next report. */
function watched(t: Test) {
  const folder = t.testdir({ a: '1', b: '1', real: '1' })
  symlinkSync('real', path.join(folder, 'link'))
  const at = (name: string) => path.join(folder, name)
  const told: string[][] = []
  let wake = () => {}
  // The watcher itself does not keep the process alive.
  const awake = setInterval(() => {}, 1000)
  const stop = watchFiles([at('a'), at('b'), at('link')], files => {
    told.push(files.map(file => path.basename(file)))
    wake()
  })
  t.teardown(() => {
    stop()
    clearInterval(awake)
  })
  const next = async () => {
    while (told.length === 0)
      await new Promise<void>(resolve => {
        wake = resolve
      })
    return told.shift()
  }
  return { at, next, stop, told }
}

t.test('tells which file was written, replaced, or linked elsewhere', async t => {
  const { at, next } = watched(t)
  writeFileSync(at('a'), '22')
  t.same(await next(), ['a'])
  writeFileSync(at('b.new'), '333')
  renameSync(at('b.new'), at('b'))
  t.same(await next(), ['b'])
  writeFileSync(at('other'), '4444')
  symlinkSync('other', at('link.new'))
  renameSync(at('link.new'), at('link'))
  t.same(await next(), ['link'])
})

t.test('tells of a change also while a neighbour is written to without a rest', async t => {
  const { at, next } = watched(t)
  const busy = setInterval(() => appendFileSync(at('journal'), 'x'), 10)
  try {
    writeFileSync(at('a'), '22')
    t.same(await next(), ['a'])
  } finally {
    // Not in a teardown, because the folder may be removed first, and the next line would create it again.
    clearInterval(busy)
  }
})

t.test('a neighbour that is written to asks for no look', async t => {
  const folder = t.testdir({ a: '1' })
  const at = (name: string) => path.join(folder, name)
  let reads = 0
  let state = '1'
  const awake = setInterval(() => {}, 1000)
  t.teardown(() => clearInterval(awake))
  const told = new Promise<string[]>(resolve => {
    const read = async () => {
      reads++
      return state
    }
    t.teardown(watchFiles([at('a')], resolve, { read, every: () => () => {} }))
  })
  for (let i = 0; i < 100; i++) await appendFile(at('journal'), 'x')
  state = '2'
  await appendFile(at('a'), '2')
  t.same(await told, [at('a')])
  t.ok(reads < 20, `${reads} reads`)
})

t.test('changes made together are told together, and nothing after the end', async t => {
  const { at, next, stop, told } = watched(t)
  writeFileSync(at('a'), '22')
  writeFileSync(at('b'), '22')
  t.same((await next())?.sort(), ['a', 'b'])
  stop()
  writeFileSync(at('a'), '333')
  await new Promise(resolve => setImmediate(resolve))
  t.same(told, [])
})
