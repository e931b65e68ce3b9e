/**
 * The Debian package: puts the built program, its production packages and the systemd unit into
 * `factorgate_VERSION_ARCHITECTURE.deb`. It takes the packages from node_modules, so it needs no network.
 *   npm run package:deb [-- --out DIR] [--compression xz|gzip|none]
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('../../', import.meta.url))
const at = (...names) => path.join(root, ...names)
/** The unit in config/examples names another folder. */
const place = '/usr/lib/factorgate'
const byHand = '/opt/factorgate'
/** Debian's names, by those of Node.js. */
const architectures = { x64: 'amd64', arm64: 'arm64' }

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: root },
    compression: { type: 'string', default: 'xz' }
  }
})
const manifest = JSON.parse(readFileSync(at('package.json'), 'utf8'))
const architecture = architectures[process.arch]
if (process.platform !== 'linux' || architecture === undefined)
  fail(`a package for ${process.platform} on ${process.arch} is not known; build it on Linux, on x64 or arm64`)
if (spawnSync('dpkg-deb', ['--version']).status !== 0)
  fail('dpkg-deb is missing; on Debian and Ubuntu: apt install dpkg')
execFileSync(process.execPath, [at('src/build/build.mjs'), 'if-needed'], { stdio: ['ignore', 'inherit', 'inherit'] })

const stage = mkdtempSync(path.join(tmpdir(), 'factorgate-deb-'))
try {
  chmodSync(stage, 0o755)
  stageProgram(path.join(stage, place))
  stageRest()
  stageControl()
  mkdirSync(values.out, { recursive: true })
  const file = path.resolve(values.out, `factorgate_${manifest.version}_${architecture}.deb`)
  const options = ['--root-owner-group', `-Z${values.compression}`, '--build', stage, file]
  execFileSync('dpkg-deb', options, { stdio: ['ignore', 'ignore', 'inherit'] })
  console.log(file)
} finally {
  rmSync(stage, { recursive: true, force: true })
}

function stageProgram(to) {
  mkdirSync(to, { recursive: true })
  copy('dist', path.join(to, 'dist'))
  for (const name of ['package.json', 'LICENSE']) copy(name, path.join(to, name))
  for (const name of productionPackages()) copy(name, path.join(to, name), name)
}

/** Paths of the packages that the lock file names for production. */
function productionPackages() {
  const { packages } = JSON.parse(readFileSync(at('package-lock.json'), 'utf8'))
  const needed = Object.entries(packages).filter(
    ([name, { dev }]) => name !== '' && dev !== true && !name.includes('/@types/')
  )
  for (const [name, { optional }] of needed)
    if (optional !== true && !existsSync(at(name))) fail(`${name} is not installed; run: npm ci`)
  return needed.map(([name]) => name).filter(name => existsSync(at(name)))
}

/** Without maps and TypeScript; of a package only what `isForRunning`. */
function copy(from, to, packageFolder = null) {
  cpSync(at(from), to, {
    recursive: true,
    filter: file =>
      !/\.map$|\.[cm]?tsx?$/.test(file) &&
      (packageFolder === null || isForRunning(path.relative(at(packageFolder), file), statSync(file).isDirectory()))
  })
}

/**
 * Whether a package needs `file` to run, or its licence asks for it. Packages inside a package are listed in the lock file themselves.
 * Tests, pages and what editors left beside the code would only lengthen an upgrade; the system's C library is not musl.
 */
function isForRunning(file, isFolder) {
  const [topmost] = file.split(path.sep)
  if (/^(?:node_modules|tests?|bench(?:marks?)?|examples?|integration)$/.test(topmost)) return false
  const name = path.basename(file)
  if (name.startsWith('.')) return false
  return (
    isFolder ||
    (/\.(?:[cm]?js|json|node|wasm)$/.test(name) && !/\.musl\./.test(name)) ||
    /^(?:licen[cs]e|copying|notice)/i.test(name)
  )
}

function stageRest() {
  const to = (...names) => {
    const file = path.join(stage, ...names)
    mkdirSync(path.dirname(file), { recursive: true })
    return file
  }
  symlinkSync(`..${place.slice('/usr'.length)}/dist/src/main.js`, to('usr/bin/factorgate'))
  const unit = readFileSync(at('config/examples/factorgate.service'), 'utf8')
  const installed = unit
    .replace(/^# systemd unit: .*\n(#.*\n)*/, '# Installed by the package. To change it: systemctl edit factorgate\n')
    .replace(`file://${byHand}/`, 'file:///usr/share/doc/factorgate/')
    .replaceAll(byHand, place)
  writeFileSync(to('usr/lib/systemd/system/factorgate.service'), installed)
  // They stand in the folders of the npm package, so that their links lead somewhere.
  for (const name of ['README.md', ...manifest.files.filter(name => name !== 'dist')])
    copy(name, to('usr/share/doc/factorgate', name))
  // Policy 12.5.
  copy('LICENSE', to('usr/share/doc/factorgate/copyright'))
}

function stageControl() {
  const control = path.join(stage, 'DEBIAN')
  mkdirSync(control)
  for (const file of readdirSync(stage, { recursive: true, withFileTypes: true }))
    if (!file.isSymbolicLink()) makeReadable(path.join(file.parentPath ?? file.path, file.name))
  for (const name of readdirSync(at('src/build/debian'))) {
    cpSync(at('src/build/debian', name), path.join(control, name))
    chmodSync(path.join(control, name), 0o755)
  }
  const kibibytes = Number(execFileSync('du', ['-sk', '--apparent-size', stage], { encoding: 'utf8' }).split('\t')[0])
  const needs = manifest.engines.node.replace('>=', '>= ')
  writeFileSync(
    path.join(control, 'control'),
    `Package: factorgate
Version: ${manifest.version.replace('-', '~')}
Architecture: ${architecture}
Maintainer: Factorgate <root@localhost>
Installed-Size: ${kibibytes}
Depends: nodejs (${needs}), adduser, libc6, libstdc++6
Section: net
Priority: optional
Description: reverse proxy that asks for a second factor before web apps
 Factorgate asks for a second factor (passkey, authenticator app or recovery
 code) before it forwards a request to a web application, over HTTP and
 WebSocket.
`
  )
}

/** Modes depend on the umask of whoever made a checkout or a package. */
function makeReadable(file) {
  const isProgram = statSync(file).isDirectory() || file === path.join(stage, place, 'dist/src/main.js')
  chmodSync(file, isProgram ? 0o755 : 0o644)
}

function fail(sentence) {
  console.error(`factorgate: ${sentence}`)
  process.exit(1)
}
