/**
 * `npm run coverage`: runs the tests, those of processes from source, and prints how much of each room they have run and the ten largest holes. It judges
 * nothing. Test files as arguments run these alone. Files of types alone do not count. V8 does not measure what runs in threads.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Report } from 'c8'
import { hasCode, holes, isUnloaded, rooms } from './holes.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = fileURLToPath(new URL('../../.tap/v8', import.meta.url))
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })

const { status } = spawnSync(process.execPath, ['tests/setup/run.mjs', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, FACTORGATE_COVERAGE: 'yes', NODE_V8_COVERAGE: folder }
})

const report = new Report({
  include: ['src/**', 'plugins/**', 'config/**'],
  exclude: ['**/assets/**'],
  extension: ['.ts', '.tsx', '.mjs'],
  reporter: [],
  tempDirectory: folder,
  mergeAsync: true,
  excludeNodeModules: true,
  all: true,
  src: [root]
})
const map = await report.getCoverageMapFromAllCoverageFiles()
const files = map
  .files()
  .map(file => {
    const one = map.fileCoverageFor(file)
    return { file: file.replace(root, ''), lines: one.getLineCoverage(), branches: one.toSummary().branches }
  })
  .filter(({ file }) => hasCode(readFileSync(`${root}${file}`, 'utf8')))
const unloaded = files.filter(isUnloaded)

console.log(`\n${'room'.padEnd(28)}   lines   run      %   branches %`)
for (const { room, lines, run, branches } of rooms(files)) {
  const percent = /** @param {number} share */ share => (100 * share).toFixed(1).padStart(6)
  console.log(
    `${room.padEnd(28)}${String(lines).padStart(8)}${String(run).padStart(6)} ${percent(run / lines)}       ${percent(branches)}`
  )
}
console.log('\nThe ten largest holes, in lines that no test has run:')
for (const { file, from, to } of holes(
  files.filter(file => !isUnloaded(file)),
  10
))
  console.log(`${String(to - from + 1).padStart(5)}  ${file}:${from}-${to}`)
if (unloaded.length > 0) {
  console.log('\nFiles that no process has loaded (V8 does not measure those that a thread loads):')
  for (const { file } of unloaded) console.log(`       ${file}`)
}
process.exitCode = status ?? 1
