/**
 * The Node.js 24 on which the tests of HTTP/2 run, since older versions are served HTTP/1.1 alone. `node tests/setup/node-24.mjs` installs it from the
 * package registry beside the other packages, where the tests themselves run on an older one.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const version = '24.22.3'
const name = `node-${process.platform}-${process.arch}`
const folder = fileURLToPath(new URL('../../node_modules/.cache/factorgate-node-24/', import.meta.url))
const program = path.join(folder, 'node_modules', name, 'bin/node')

/** This one, or the installed one; null where there is none. */
export function node24() {
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath
  return existsSync(program) ? program : null
}

/** True if it is there afterwards. What npm says goes to stderr: stdout is for the tests' report. */
export function installNode24() {
  if (node24() !== null) return true
  console.error(`setup: installing Node.js ${version} for the tests of HTTP/2`)
  mkdirSync(folder, { recursive: true })
  const quiet = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  spawnSync('npm', ['install', '--prefix', folder, ...quiet, `${name}@${version}`], { stdio: ['ignore', 2, 2] })
  return node24() !== null
}

if (process.argv[1] === fileURLToPath(import.meta.url) && !installNode24()) {
  console.error(`setup: Node.js ${version} could not be installed (npm package ${name})`)
  process.exit(1)
}
