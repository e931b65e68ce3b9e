/** The gate's dependencies: pinned, few, without install scripts, without known advisories, and without forbidden ones. */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (file: string) => readFileSync(path.join(root, file), 'utf8')

interface Locked {
  readonly version: string
  readonly integrity?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly hasInstallScript?: boolean
  readonly link?: boolean
  readonly os?: readonly string[]
}

const { lockfileVersion, packages } = JSON.parse(read('package-lock.json')) as {
  lockfileVersion: number
  packages: Record<string, Locked>
}
const manifest = JSON.parse(read('package.json')) as {
  dependencies: Record<string, string>
  scripts: Record<string, string>
}
const locked = Object.entries(packages)
  .filter(([at]) => at !== '')
  .map(([at, one]) => ({ at, name: at.slice(at.lastIndexOf('node_modules/') + 'node_modules/'.length), ...one }))
const production = locked.filter(one => one.dev !== true)

/** -1, 0 or 1 for two plain versions. */
function compare(a: string, b: string): number {
  const [one, other] = [a, b].map(text => text.split('-')[0]!.split('.').map(Number)) as [number[], number[]]
  for (let i = 0; i < 3; i++) if (one[i] !== other[i]) return Math.sign((one[i] ?? 0) - (other[i] ?? 0))
  return 0
}

/** Optional binaries for systems that the lock file was never made on (its registry had none): no hash, and never on what the image runs on. */
const elsewhere =
  /^(?:@msgpackr-extract\/msgpackr-extract-(?:darwin-\w+|win32-x64|linux-arm)|@biomejs\/cli-(?:android|darwin|win32|linux-\w+-musl).*)$/

t.test('the lock file pins every package by version and hash', async t => {
  t.ok(lockfileVersion >= 3)
  t.ok(locked.length > 100, 'the packages were found')
  t.same(
    locked.filter(one => !/^\d+\.\d+\.\d+/.test(one.version)).map(one => one.at),
    [],
    'an exact version'
  )
  t.same(
    locked
      .filter(one => one.link || (!one.integrity?.startsWith('sha512-') && !(one.optional && elsewhere.test(one.name))))
      .map(one => one.at),
    [],
    'and its SHA-512'
  )
  for (const [name, range] of Object.entries(manifest.dependencies))
    t.match(range, /^\^?\d+\.\d+\.\d+$/, `${name} is a version of the registry's, no address`)
})

t.test('what runs in production is a bounded number of packages', async t => {
  const direct = Object.keys(manifest.dependencies)
  // Four of them, with 20 of their own, are for sign-ins at institutions; mmdb-lib reads countries, semver known faults, and neither brings more. parse5-sax-parser reads pages, and brings two.
  t.ok(direct.length <= 24, `${direct.length} direct dependencies`)
  const here = production.filter(one => one.optional !== true)
  t.ok(here.length <= 150, `${here.length} packages on any system`)
  t.ok(production.length <= 180, `${production.length} with the prebuilt ones of every system`)
})

/** Package → why, from the table; '' where a cell is empty. */
function reasonsIn(page: string): Map<string, string> {
  const start = page.indexOf('| package | for | why')
  const rows = page
    .slice(start)
    .split(/\n(?!\|)/)[0]!
    .split('\n')
    .slice(2)
  return new Map(
    rows
      .filter(row => row !== '')
      .map(row => row.split('|').map(cell => cell.trim()))
      .flatMap(([, names = '', what = '', why = '']) =>
        names.split(', ').map((name): [string, string] => [name, what === '' ? '' : why])
      )
  )
}

t.test('SECURITY.md names each direct dependency, and why', async t => {
  const reasons = reasonsIn(read('SECURITY.md'))
  for (const name of Object.keys(manifest.dependencies)) t.ok(reasons.get(name), `${name}: ${reasons.get(name)}`)
  t.same(
    [...reasons.keys()].filter(name => !(name in manifest.dependencies)),
    [],
    'and none that is not there'
  )
  const sample = '| package | for | why not by hand or another |\n|---|---|---|\n| a, b | x | because |\n| c | x | |\n'
  t.same(
    [...reasonsIn(sample)],
    [
      ['a', 'because'],
      ['b', 'because'],
      ['c', '']
    ]
  )
})

t.test('no install script is needed', async t => {
  // lmdb and msgpackr would compile where no prebuilt binary fits; esbuild, for developers, checks its own. `npm ci --ignore-scripts` does.
  t.same(
    locked
      .filter(one => one.hasInstallScript)
      .map(one => one.name)
      .sort(),
    ['esbuild', 'lmdb', 'msgpackr-extract'],
    'three packages have one'
  )
  for (const [name, binaries] of [
    ['lmdb', ['@lmdb/lmdb-linux-x64', '@lmdb/lmdb-linux-arm64', '@lmdb/lmdb-darwin-arm64', '@lmdb/lmdb-win32-x64']],
    [
      '@node-rs/argon2',
      ['@node-rs/argon2-linux-x64-gnu', '@node-rs/argon2-linux-x64-musl', '@node-rs/argon2-linux-arm64-gnu']
    ],
    ['esbuild', ['@esbuild/linux-x64', '@esbuild/linux-arm64']]
  ] as const) {
    const of = packages[`node_modules/${name}`] as Locked
    for (const binary of binaries)
      t.ok(packages[`node_modules/${binary}`]?.optional, `${binary} is prebuilt for ${name} ${of.version}`)
  }
  t.match(read('Dockerfile'), /npm ci --ignore-scripts/, 'the image is built without any')
  const require = createRequire(import.meta.url)
  t.equal(typeof require('lmdb').open, 'function', 'lmdb loads as it was unpacked')
  t.equal(typeof require('@node-rs/argon2').hash, 'function', 'argon2 too')
})

t.test('the minimum versions that the advisories imply are held', async t => {
  t.equal(compare('5.11.3', '5.12.0'), -1)
  t.equal(compare('12.6.4', '12.6.3'), 1)
  // Versions that advisories ask for (docs/THREATS.md). fastify: GHSA-3m5p-2c4r-xxw2, GHSA-w2qp-rph6-63g4; reply-from: GHSA-v574-6498-x57v; undici: CVE-2026-1525; ws: CVE-2024-37890.
  const least: Readonly<Record<string, string>> = {
    fastify: '5.12.0',
    '@fastify/reply-from': '12.6.4',
    '@fastify/http-proxy': '11.4.4',
    '@simplewebauthn/server': '13.3.2',
    undici: '7.24.0',
    ws: '8.17.1',
    otplib: '13.5.0',
    ioredis: '6.0.0',
    'find-my-way': '9.0.0',
    'fast-uri': '3.0.0'
  }
  for (const [name, version] of Object.entries(least)) {
    const found = production.filter(one => one.name === name)
    t.ok(found.length > 0, `${name} is there`)
    for (const one of found) {
      t.ok(compare(one.version, version) >= 0, `${one.at} ${one.version} is at least ${version}`)
      const installed = JSON.parse(read(`${one.at}/package.json`)) as { version: string }
      t.equal(installed.version, one.version, 'and that is what is installed')
    }
  }
})

t.test('forbidden packages are absent, even as dependencies of others', async t => {
  const forbidden =
    /^(?:@fastify\/(?:middie|express|static|session|secure-session|passport|csrf-protection|cookie|rate-limit|websocket|view)|express|passport|jsonwebtoken|request|vm2|path-to-regexp|qs|body-parser|node-gyp|node-pre-gyp|@mapbox\/node-pre-gyp|prebuild-install)$/
  t.match('@fastify/middie', forbidden)
  t.match('express', forbidden)
  t.same(
    production.filter(one => forbidden.test(one.name)).map(one => one.at),
    []
  )
})

t.test('the code makes no code, starts no shell and reads no prototype', async t => {
  const dangerous =
    /\beval\(|new Function\(|from 'node:vm'|\bexecSync\(|\bexec\(\s*['"`]|insecureHTTPParser: true|rejectUnauthorized: false|headersDistinct|\bfromWeb\(/
  t.match("eval('1')", dangerous)
  // V8's collector has no other door. What is run there is one word of ours, and nothing else of that module is used.
  const collector = 'src/platform/body-garbage.ts'
  const collects = ["import { runInNewContext } from 'node:vm'", "return runInNewContext('gc')"]
  t.equal(read(collector).match(/runInNewContext/g)?.length, collects.length)
  // The gate's own TLS lets in clients without a certificate. The sign-in by certificate asks whether one was verified.
  const allowed = new Map([
    [collector, collects],
    ['src/server/listener.ts', ['rejectUnauthorized: false\n}', 'rejectUnauthorized: false }']],
    // It asks what listens on a port of this machine for a host that nobody has, and looks for one header.
    ['src/cli/probes/gate-at.ts', ['rejectUnauthorized: false,']]
  ])
  t.match(read('plugins/portal/institutions/certificate.ts'), 'socket.authorized === true')
  const without = (file: string) => (allowed.get(file) ?? []).reduce((text, line) => text.replace(line, ''), read(file))
  const files = ['src', 'plugins', 'config'].flatMap(folder =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(file => /\.tsx?$/.test(file))
      .map(file => path.join(folder, file))
  )
  t.ok(files.length > 100)
  t.same(
    files.filter(file => dangerous.test(without(file))),
    []
  )
})

t.test('the image: a bill of materials, never root, nothing written outside its folder', async t => {
  const docker = read('Dockerfile')
  t.match(docker, /npm sbom --omit=dev --sbom-format=cyclonedx > sbom\.cdx\.json/)
  t.match(docker, /COPY --from=build .*\/app\/sbom\.cdx\.json/)
  t.match(docker, /\nUSER node\n/)
  t.notMatch(docker, /\nUSER (?:root|0)\n|sudo|curl |wget |ADD https?:/)
  const isPinned = /\nFROM \S+@sha256:/.test(docker)
  t.ok(isPinned || /base images by tag\. A digest would pin them/.test(read('SECURITY.md')), 'pinned, or said why not')
  const compose = read('compose.yaml')
  const services = compose.match(/^ {2}\w+:$/gm)?.filter(name => !/outside|inside/.test(name)).length ?? 0
  t.equal(compose.match(/read_only: true/g)?.length, 4, 'every service has a read-only root')
  t.equal(compose.match(/cap_drop: \[ALL\]/g)?.length, 4)
  t.ok(services >= 4)
})
