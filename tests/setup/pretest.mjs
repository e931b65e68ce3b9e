/** Runs before the tests and the bench: has what they need on this machine, built and translated. Says first what it does that takes time. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lacking } from './needs.mjs'
import { installNode24 } from './node-24.mjs'
import { installPythonProxies } from './python-proxies.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** @param {...string} args */
function run(...args) {
  // What is said goes to stderr: stdout is for the tests' report.
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(1)
}

/** tap is built anew when .taprc takes plugins out, but too late for the run that notices: the first tests after `npm ci` would fail. */
function buildTap() {
  const index = join(root, 'node_modules/@tapjs/test/test-built/dist/esm/index.js')
  if (!existsSync(index)) return
  const built = readFileSync(index, 'utf8')
  const [, ...unwanted] = readFileSync(join(root, '.taprc'), 'utf8').split('"!')
  if (!unwanted.some(line => built.includes(`"${line.split('"')[0]}"`))) return
  console.error('pretest: building tap without the plugins that no test uses (once after an install)')
  run('node_modules/tap/dist/esm/run.mjs', 'build')
}

async function translate() {
  const { translateAll } = await import('./translate.mjs')
  const folders = ['src', 'plugins', 'config', 'tests']
  const files = folders.flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true }).map(name => join(root, folder, String(name)))
  )
  await translateAll(files.filter(file => /\.tsx?$/.test(file)))
}

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`pretest: Node.js 20.19 or newer is needed, this is ${process.versions.node}`)
  process.exit(1)
}
const what = process.argv[2] === 'bench' ? 'bench' : 'test'
const absent = lacking(what)
if (absent.length > 0) {
  console.error(
    `pretest: not on this machine: ${absent.map(need => need.programs[0]).join(', ')}; calling \`npm run setup\``
  )
  run(join(root, 'tests/setup/setup.mjs'), what)
}
// Without it the tests of HTTP/2 say that they are skipped.
if (what === 'test') installNode24()
// Without them the tests ask the other proxies alone.
if (what === 'test') installPythonProxies()
run('src/build/build.mjs', 'if-needed')
if (what === 'test') run('tests/setup/bundle.mjs')
await translate()
if (what === 'test') buildTap()
