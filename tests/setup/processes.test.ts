/** What `npm test` says of files that share a process. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { Processes } from './processes.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))

const good = (name: string) => `import t from 'tap'
t.test('${name}', async t => { t.teardown(() => { globalThis.left = '${name}' }); t.equal(globalThis.left, undefined) })
t.teardown(() => { globalThis.left = undefined })`
const bad = `import t from 'tap'
t.test('bad', async t => { t.equal(1, 2, 'one is two') })`
const broken = `import 'nothing-of-this-name'`
const ends = `import t from 'tap'
t.test('first', async t => t.pass('fine'))
t.test('second', async () => process.kill(process.pid, 'SIGKILL'))`
const stays = `import t from 'tap'
setInterval(() => {}, 1000)
t.test('stays', async t => t.pass('fine'))`
const throws = `import t from 'tap'
const never = new Promise(() => {})
t.test('first', async () => { setImmediate(() => Promise.reject(new Error('nor this'))); await never })
t.test('second', async t => { t.test('inner', async () => { setImmediate(() => { throw new Error('nobody catches this') }); await never }) })
t.test('third', async t => t.pass('fine'))`
const folder = `import t from 'tap'
t.test('its folder', async t => t.match(t.testdir({}), /NAME/))`

const browses = `import t from 'tap'
import { openBrowser } from '../../tests/fixtures/browser/browser.ts'
t.test('NAME', async t => {
  const browser = await openBrowser(t)
  t.same(browser.contexts(), [], 'nobody has left a context')
  await browser.newContext()
  t.equal(globalThis.chromium ??= browser, browser, 'one Chromium')
})`

/** Runs files of these texts in one process, and answers the lines at the margin, the counts and which files held. */
async function run(t: Test, texts: Record<string, string>, silenceMs?: number) {
  // Among the project's files, where tap is found.
  mkdirSync(path.join(root, '.tap'), { recursive: true })
  const at = mkdtempSync(path.join(root, '.tap/several-'))
  t.teardown(() => rmSync(at, { recursive: true, force: true }))
  const files = Object.entries(texts).map(([name, text]) => {
    const file = path.join(at, `${name}.test.ts`)
    writeFileSync(file, text.replace('NAME', `${name}.test.ts`))
    return path.relative(root, file)
  })
  const lines: string[] = []
  const { TAP_CHILD_ID: _, ...env } = process.env
  const processes = new Processes({
    env,
    tell: line => lines.push(line),
    ...(silenceMs === undefined ? {} : { silenceMs })
  })
  const reports = await processes.run([files])
  const nameOf = (text: string) => text.replace(/\S*\/(\w+)\.test\.ts/, '$1').replace(/ # time=.*/, '')
  return {
    lines,
    margin: lines.filter(line => /^(not )?ok /.test(line)).map(nameOf),
    total: processes.total,
    held: reports.map(({ file, isOk }) => [path.basename(file, '.test.ts'), isOk])
  }
}

t.test('each file has a root test, an end and a folder of its own', async t => {
  const { margin, total } = await run(t, { one: good('one'), two: good('two'), three: folder })
  t.same(margin, ['ok 1 - one', 'ok 2 - two', 'ok 3 - three'])
  t.equal(total, '{ total: 3, pass: 3 }')
})

t.test('the files of a process share a Chromium, which ends with it, and no contexts', async t => {
  const { margin, total } = await run(t, { one: browses, two: browses })
  t.same(margin, ['ok 1 - one', 'ok 2 - two'])
  t.equal(total, '{ total: 4, pass: 4 }')
})

t.test('a failure is told of its file alone', async t => {
  const { margin, total, lines, held } = await run(t, { one: bad, two: broken, three: good('three') })
  t.same(margin, ['not ok 1 - one', 'not ok 2 - two', 'ok 3 - three'])
  t.match(lines.join('\n'), /not ok 1 - one is two\n/)
  t.match(lines.join('\n'), /nothing-of-this-name/)
  t.match(total, /^\{ total: 3, pass: 1, fail: 2 \}$/)
  t.same(held, [
    ['one', false],
    ['two', false],
    ['three', true]
  ])
})

t.test('the others run after a file that ends the process', async t => {
  const { margin, lines, total } = await run(t, { one: good('one'), two: ends, three: good('three') })
  t.same(margin, ['ok 1 - one', 'not ok 2 - two', 'ok 3 - three'])
  t.match(lines.join('\n'), / {4}ok 1 - first[\s\S]*not ok 2 - [^\n]*\n {2}---\n {2}signal: SIGKILL\n {2}\.\.\.\n/)
  t.match(total, /fail: 1/)
})

t.test('what nobody catches fails the test that runs, and no other', async t => {
  const { margin, lines } = await run(t, { one: throws, two: good('two') })
  t.same(margin, ['not ok 1 - one', 'ok 2 - two'])
  const failed = lines.filter(line => /^ +not ok /.test(line)).map(line => line.replace(/ # time=.*/, '').trim())
  t.same(failed, [
    'not ok 1 - nor this',
    'not ok 1 - first',
    'not ok 1 - nobody catches this',
    'not ok 1 - inner',
    'not ok 2 - second'
  ])
})

t.test('a process that does not end is ended, and fails', async t => {
  const { margin, lines } = await run(t, { one: good('one'), two: stays }, 8_000)
  t.same(margin, ['ok 1 - one', 'ok 2 - two', 'not ok 3 - two'])
  t.match(lines.join('\n'), /# not ok \d - timeout![\s\S]*signal: SIGALRM/)
})
