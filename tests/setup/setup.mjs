/**
 * `npm run setup`: installs the programs that the tests start, on Debian and Ubuntu, as root or with a sudo that asks nothing; `npm run setup -- bench` those
 * of the bench. Elsewhere it says what to install. No daemon runs or is enabled afterwards that was not before.
 */
import { spawnSync } from 'node:child_process'
import { mayInstall } from './machine.mjs'
import { lacking, missing } from './needs.mjs'
import { installNode24 } from './node-24.mjs'
import { installPythonProxies } from './python-proxies.mjs'

// A package's own script starts its service at once. policy-rc.d is Debian's way to forbid that; the unit is disabled besides, so that the next boot
// does not start it either.
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

const what = process.argv[2] === 'bench' ? 'bench' : 'test'
const absent = missing(what)
const prefix = mayInstall()
if (absent.length === 0) console.error('setup: everything is here')
else if (prefix !== null) {
  const packages = absent.flatMap(need => need.packages)
  console.error(`setup: installing ${packages.join(' ')}`)
  const units = absent.flatMap(need => need.unit ?? []).join(' ')
  const [command, ...args] = [...prefix, 'sh', '-c', install, 'setup', units, ...packages]
  // apt-get talks on stdout; ours stays clean for whoever reads the tests' report.
  spawnSync(command, args, { stdio: ['ignore', 2, 2] })
}
// Without it the tests of HTTP/2 say that they are skipped.
if (what === 'test' && !installNode24()) console.error('setup: Node.js 24 could not be installed')
// Without them the tests ask the other proxies alone.
if (what === 'test' && !installPythonProxies()) console.error('setup: Traefik and Envoy could not be installed')
const still = lacking(what)
for (const need of still) console.error(`setup: ${need.programs.join(' or ')} is missing (${need.why})`)
if (still.length > 0) {
  const packages = still.flatMap(need => need.packages).join(' ')
  console.error(
    `setup: please install, as root:\n\n  apt-get install --no-install-recommends ${packages}\n\nor the same programs by other means, anywhere on the PATH.`
  )
  process.exit(1)
}
