/**
 * What this machine has, and whether programs may be installed on it.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { proxyFolders } from './python-proxies.mjs'

const directories = [
  ...(process.env.PATH ?? '').split(delimiter),
  '/usr/sbin',
  '/usr/local/sbin',
  '/usr/local/bin',
  ...proxyFolders
].filter(Boolean)

/**
 * Where a program is, or null.
 * @param {string} program
 * @returns {string | null}
 */
export function whereIs(program) {
  return directories.map(folder => join(folder, program)).find(isRunnable) ?? null
}

/**
 * The words before a command that installs: none for root, `sudo -n` where it asks nothing; null where nothing may be installed.
 * @returns {string[] | null}
 */
export function mayInstall() {
  if (whereIs('apt-get') === null) return null
  if (process.getuid?.() === 0) return []
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : null
}

/** @param {string} file */
function isRunnable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
