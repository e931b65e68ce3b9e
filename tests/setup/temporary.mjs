/** Where test files make their folders: in memory if there is room, because each write of an embedded store waits for the disk. */
import { accessSync, constants, readFileSync, statfsSync } from 'node:fs'

const neededBytes = 2 * 1024 ** 3

/**
 * The folder, or null where it lacks room, takes no files or runs no programs.
 * @param {string} folder
 * @param {string} mounts The file that lists what is mounted.
 */
export function inMemory(folder = '/dev/shm', mounts = '/proc/mounts') {
  try {
    accessSync(folder, constants.W_OK)
    const { bavail, bsize } = statfsSync(folder)
    const options = readFileSync(mounts, 'utf8')
      .split('\n')
      .map(line => line.split(' '))
      .filter(([, at, kind]) => at === folder && kind === 'tmpfs')
      .map(([, , , words = '']) => words.split(','))
    if (options.length === 0 || options.some(words => words.includes('noexec') || words.includes('ro'))) return null
    return bavail * bsize >= neededBytes ? folder : null
  } catch {
    return null
  }
}
