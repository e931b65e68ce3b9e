/**
 * The build of `dist/`: compiles sources, minifies styles and scripts of pages, copies assets. The argument is `always` (default),
 * `if-needed` (a source is newer than the last build) or `prepare` (after npm install, where the compiler may be missing).
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const at = (...names) => path.join(root, ...names)
/** Its time is that of the last successful build. */
const stamp = at('dist', 'built')
// package.json and the lock file are left out, since npm rewrites them.
const sources = ['src', 'plugins', 'config', 'tsconfig.json', 'tsconfig.build.json']
const pageAssets = ['plugins/portal/assets', 'plugins/console/assets', 'src/evidence/assets']
const demoAssets = 'src/demo/assets'

const [mode = 'always'] = process.argv.slice(2)
if (mode !== 'always' && isUpToDate()) process.exit(0)

const compiler = findCompiler()
if (compiler === null || !isInstalled('esbuild')) {
  console.error(`factorgate: dist/ must be built, and the compiler is not installed: NODE_ENV=production and --omit=dev leave development packages out.
Install with them, and take them away again once dist/ stands:

  npm ci --include=dev && npm prune --omit=dev --ignore-scripts
`)
  process.exit(1)
}
console.error('factorgate: building dist/ …')
// First, otherwise an interrupted build would look complete.
rmSync(stamp, { force: true })
const { status } = spawnSync(process.execPath, [compiler, '-p', at('tsconfig.build.json')], {
  cwd: root,
  stdio: 'inherit'
})
if (status !== 0) process.exit(status ?? 1)
const { minify } = await import('./minify.mjs')
for (const folder of pageAssets) {
  mkdirSync(at('dist', folder), { recursive: true })
  for (const name of readdirSync(at(folder))) {
    const text = readFileSync(at(folder, name), 'utf8')
    writeFileSync(at('dist', folder, name), minify(text, path.extname(name).slice(1)))
  }
}
for (const folder of messageFolders()) {
  mkdirSync(at('dist', folder), { recursive: true })
  for (const name of readdirSync(at(folder)).filter(name => name.endsWith('.json')))
    writeFileSync(at('dist', folder, name), JSON.stringify(JSON.parse(readFileSync(at(folder, name), 'utf8'))))
}
const isAsset = file => !/[.]tsx?$/.test(file)
cpSync(at(demoAssets), at('dist', demoAssets), { recursive: true, filter: isAsset })
copyFileSync(at('src/identity/password/hash-program.mjs'), at('dist/src/identity/password/hash-program.mjs'))
chmodSync(at('dist/src/main.js'), 0o755)
// `factorgate evidence` reads it, and says so if the lock file is missing.
const { billFile, billOfLock } = await import(at('dist/src/evidence/bill-file.js'))
const bill = billOfLock(at('package-lock.json'))
if (bill === null) rmSync(at('dist', billFile), { force: true })
else writeFileSync(at('dist', billFile), bill)
writeFileSync(stamp, '')

/** One level below `plugins/` and `src/`. */
function messageFolders() {
  return ['plugins', 'src'].flatMap(top =>
    readdirSync(at(top))
      .map(room => path.posix.join(top, room, 'messages'))
      .filter(folder => existsSync(at(folder, 'en.json')))
  )
}

function findCompiler() {
  const require = createRequire(import.meta.url)
  try {
    const manifest = require.resolve('typescript/package.json')
    return path.join(path.dirname(manifest), require('typescript/package.json').bin.tsc)
  } catch {
    return null
  }
}

function isInstalled(name) {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}

function isUpToDate() {
  if (!existsSync(stamp) || !existsSync(at('dist/src/main.js'))) return false
  const builtAt = statSync(stamp).mtimeMs
  return sources.every(name => newest(at(name)) <= builtAt)
}

/** A directory's time changes when a file is removed. */
function newest(name) {
  const stats = statSync(name, { throwIfNoEntry: false })
  if (stats === undefined) return 0
  if (!stats.isDirectory()) return stats.mtimeMs
  return readdirSync(name).reduce((latest, each) => Math.max(latest, newest(path.join(name, each))), stats.mtimeMs)
}
