/** FIELD G15, N8: an install without the compiler says one clear sentence; `npm start` builds only what has changed, and says that it builds. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { temporaryDirectory } from '../fixtures/process/redis-server.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** In place of `src/evidence/bill-file.ts`: the bill is the lock file's text, and there is none without a lock file. */
const billFile = `
  import fs from 'node:fs'
  export const billFile = 'bill.json'
  export const billOfLock = file => (fs.existsSync(file) ? 'of ' + fs.readFileSync(file, 'utf8') : null)`

/** A tree like the project's, with a compiler that only counts how often it is called; without one for `hasCompiler` false. */
function tree(t: Test, hasCompiler: boolean) {
  // Outside the project: its own node_modules must not be found.
  const folder = temporaryDirectory(t)
  const at = (name: string) => path.join(folder, name)
  for (const name of ['src', 'config']) mkdirSync(at(name))
  for (const name of ['tsconfig.json', 'tsconfig.build.json']) writeFileSync(at(name), '{}')
  writeFileSync(at('package.json'), '{"type":"module"}')
  for (const script of ['src/build/build.mjs', 'src/build/minify.mjs']) cpSync(path.join(root, script), at(script))
  for (const asset of [
    'plugins/portal/assets/page.css',
    'plugins/console/assets/console.css',
    'src/evidence/assets/evidence.css',
    'src/demo/assets/lab.css',
    'src/identity/password/hash-program.mjs'
  ]) {
    mkdirSync(path.dirname(at(asset)), { recursive: true })
    writeFileSync(at(asset), asset)
  }
  writeFileSync(at('src/main.ts'), '')
  mkdirSync(at('node_modules/typescript'), { recursive: true })
  const compiler = `
    const fs = require('node:fs'), calls = fs.existsSync('calls') ? fs.readFileSync('calls', 'utf8') : ''
    fs.writeFileSync('calls', calls + 'x')
    if (fs.existsSync('broken')) process.exit(2)
    for (const folder of ['identity/password', 'evidence']) fs.mkdirSync('dist/src/' + folder, { recursive: true })
    fs.writeFileSync('dist/src/evidence/bill-file.js', ${JSON.stringify(billFile)})
    fs.writeFileSync('dist/src/main.js', '')`
  writeFileSync(at('node_modules/typescript/tsc.cjs'), compiler)
  if (hasCompiler) writeFileSync(at('node_modules/typescript/package.json'), '{"bin":{"tsc":"./tsc.cjs"}}')
  mkdirSync(at('node_modules/esbuild'))
  writeFileSync(at('node_modules/esbuild/index.js'), "exports.transformSync = text => ({ code: 'small ' + text })")
  return {
    at,
    compiled: () => (existsSync(at('calls')) ? readFileSync(at('calls'), 'utf8').length : 0),
    run(mode: string) {
      const { NODE_PATH: _, NODE_OPTIONS: __, ...env } = process.env
      const { status, stdout, stderr } = spawnSync(process.execPath, [at('src/build/build.mjs'), mode], {
        cwd: folder,
        env,
        encoding: 'utf8'
      })
      return { status, stdout, stderr }
    }
  }
}

t.test('FIELD G15 an install without development packages says what to do, and fails', async t => {
  const { run } = tree(t, false)
  for (const mode of ['prepare', 'always', 'if-needed']) {
    const { status, stderr } = run(mode)
    t.equal(status, 1, mode)
    t.match(stderr, /the compiler is not installed: NODE_ENV=production and --omit=dev leave/)
    t.match(stderr, /^ {2}npm ci --include=dev && npm prune --omit=dev --ignore-scripts$/m)
    t.notMatch(stderr, /\n\s+at |not found/, 'no stack trace, no word of the shell')
  }
})

t.test('FIELD G15 so does one that has the compiler alone', async t => {
  const { run, at } = tree(t, true)
  rmSync(at('node_modules/esbuild'), { recursive: true })
  const { status, stderr } = run('always')
  t.equal(status, 1)
  t.match(stderr, /^ {2}npm ci --include=dev/m)
  t.notMatch(stderr, /\n\s+at /)
})

t.test('FIELD G15 the same install is fine where dist/ stands already, as it does in an image', async t => {
  const { run, at } = tree(t, true)
  t.equal(run('always').status, 0)
  rmSync(at('node_modules'), { recursive: true })
  t.same(run('prepare'), { status: 0, stdout: '', stderr: '' })
})

t.test('FIELD N8 it builds what is missing or changed, says so, and nothing else', async t => {
  const { run, compiled, at } = tree(t, true)
  t.match(run('if-needed').stderr, 'building')
  t.ok(statSync(at('dist/src/main.js')).mode & 0o100, 'the program can be called')
  t.equal(readFileSync(at('dist/plugins/portal/assets/page.css'), 'utf8'), 'small plugins/portal/assets/page.css')
  t.equal(readFileSync(at('dist/src/evidence/assets/evidence.css'), 'utf8'), 'small src/evidence/assets/evidence.css')
  t.ok(existsSync(at('dist/src/demo/assets/lab.css')))
  t.ok(existsSync(at('dist/src/identity/password/hash-program.mjs')), 'where hash-processes.js looks for it')
  t.same(run('if-needed'), { status: 0, stdout: '', stderr: '' }, 'nothing has changed')
  t.equal(compiled(), 1)
  const later = new Date(Date.now() + 60_000)
  for (const changed of ['src/main.ts', 'plugins/portal/assets/page.css', 'tsconfig.build.json', 'src/demo']) {
    const before = compiled()
    utimesSync(at(changed), later, later)
    t.match(run('if-needed').stderr, 'building', changed)
    t.equal(compiled(), before + 1, changed)
    const past = new Date(Date.now() - 3_600_000)
    utimesSync(at(changed), past, past)
    t.equal(run('if-needed').stderr, '', 'and not again')
  }
})

t.test('FIELD N8 a build that failed is not taken for one', async t => {
  const { run, at } = tree(t, true)
  t.equal(run('always').status, 0)
  writeFileSync(at('broken'), '')
  t.equal(run('always').status, 2)
  rmSync(at('broken'))
  t.match(run('if-needed').stderr, 'building')
})

t.test(
  'FIELD N8 the build writes the bill of materials of the lock file, and without one leaves no old bill',
  async t => {
    const { run, at } = tree(t, true)
    writeFileSync(at('package-lock.json'), 'locked')
    t.equal(run('always').status, 0)
    t.equal(readFileSync(at('dist/bill.json'), 'utf8'), 'of locked')
    rmSync(at('package-lock.json'))
    t.equal(run('always').status, 0)
    t.notOk(existsSync(at('dist/bill.json')))
  }
)
