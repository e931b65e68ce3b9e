/**
 * Runs before the tests (`npm run pretest`) and the bench (`prebench`), ahead of anything that is compiled. Owns one question, "is
 * what they need on this machine?", and installs it where it may (Debian and Ubuntu, as root or with a sudo that asks nothing);
 * elsewhere it says what to install and stops. Refuses to leave a daemon running or enabled that was not there before.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mayInstall, whereIs } from './may-install.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))

const asked = 'what real servers take a spelling for'

/**
 * What is needed: the names a program may have, the Debian packages that bring it, and the services they would start. Where nothing may
 * be installed, the tests go on without what is spared, and say of each that it is not asked (tests/threats/real-servers.ts).
 */
const needs = {
  test: [
    { programs: ['redis-server'], packages: ['redis-server'], unit: 'redis-server', why: 'the store tests' },
    {
      programs: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
      packages: ['chromium', 'fonts-dejavu-core'],
      why: 'the page and ceremony tests'
    },
    { programs: ['openssl'], packages: ['openssl'], why: 'the TLS tests' },
    // The metapackage `php` would bring a web server's module and service besides.
    { programs: ['php'], packages: ['php-cli'], why: asked, isSpared: true },
    { programs: ['nginx'], packages: ['nginx'], unit: 'nginx', why: `${asked}, and the forward-auth tests` },
    { programs: ['caddy'], packages: ['caddy'], unit: 'caddy', why: 'the forward-auth tests', isSpared: true },
    { programs: ['haproxy'], packages: ['haproxy'], unit: 'haproxy', why: 'the forward-auth tests', isSpared: true },
    { programs: ['apache2'], packages: ['apache2'], unit: 'apache2 apache-htcacheclean', why: asked, isSpared: true }
  ],
  bench: [
    {
      programs: ['nginx'],
      packages: ['nginx'],
      unit: 'nginx',
      why: 'a fast app behind the gate, and a plain proxy beside it'
    },
    { programs: ['wrk'], packages: ['wrk'], why: 'the load' },
    { programs: ['ip'], packages: ['iproute2'], why: 'a network of its own for slow downloads' },
    { programs: ['curl'], packages: ['curl'], why: 'large transfers' },
    { programs: ['redis-server'], packages: ['redis-server'], unit: 'redis-server', why: 'the shared store' }
  ]
}

function missing(what) {
  return what.filter(need => need.programs.every(name => whereIs(name) === null))
}

// A package's own script starts its service at once. policy-rc.d is Debian's way to forbid that; the unit is disabled besides, so
// that the next boot does not start it either.
const install = `
set -e
export DEBIAN_FRONTEND=noninteractive
units=$1; shift
if [ ! -e /usr/sbin/policy-rc.d ]; then
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
fi
apt-get install -y --no-install-recommends "$@" || { apt-get update && apt-get install -y --no-install-recommends "$@"; }
for unit in $units; do
  if command -v systemctl > /dev/null; then systemctl disable --quiet "$unit" > /dev/null 2>&1 || true; fi
done
`

function provide(absent) {
  const packages = absent.flatMap(need => need.packages)
  const prefix = mayInstall()
  if (prefix !== null) {
    console.error(`pretest: installing ${packages.join(' ')}`)
    const units = absent.flatMap(need => need.unit ?? []).join(' ')
    const [command, ...args] = [...prefix, 'sh', '-c', install, 'pretest', units, ...packages]
    // apt-get talks on stdout; ours stays clean for whoever reads the tests' report.
    spawnSync(command, args, { stdio: ['ignore', 2, 2] })
  }
  const still = missing(absent).filter(need => prefix !== null || need.isSpared !== true)
  if (still.length === 0) return
  for (const need of still) console.error(`pretest: ${need.programs.join(' or ')} is missing (${need.why})`)
  console.error(
    `pretest: please install, as root:\n\n  apt-get install --no-install-recommends ${still.flatMap(need => need.packages).join(' ')}\n\n` +
      'or the same programs by other means, anywhere on the PATH.'
  )
  process.exit(1)
}

/** tap is built anew when .taprc takes plugins out, but too late for the run that notices: the first tests after `npm ci` would fail. */
function buildTap() {
  const built = join(root, 'node_modules/@tapjs/test/test-built/dist/esm/index.js')
  if (existsSync(built) && !readFileSync(built, 'utf8').includes('"@tapjs/typescript"')) return
  console.error('pretest: building tap without its TypeScript plugin (once after an install)')
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules/tap/dist/esm/run.mjs'), 'build'], {
    cwd: root,
    stdio: ['ignore', 2, 2]
  })
  if (status !== 0) process.exit(1)
}

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`pretest: Node.js 20.19 or newer is needed, this is ${process.versions.node}`)
  process.exit(1)
}
const forBench = process.argv[2] === 'bench'
const absent = missing(forBench ? needs.bench : needs.test)
// The bench has stand-ins for some of its programs and says what it could not measure, so it goes on without them.
if (absent.length > 0 && !(forBench && mayInstall() === null)) provide(absent)
if (!forBench) buildTap()
