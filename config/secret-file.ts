/** Reads the files that `…File` keys name. Refuses to name them in messages: people write the secret itself there by mistake. */
import { readFileSync, statSync } from 'node:fs'
import { readText } from './text-file.ts'
import { type Wrong, wrongQuietly } from './wrong.ts'

const mostBytes = 65_536

/** The content without its last line break, or why not. `folder` is where relative paths start, for the message. */
export function readSecretFile(file: string, folder: string): string | Wrong {
  try {
    const stat = statSync(file)
    if (stat.isDirectory()) return wrongQuietly('must name a file; this is a folder')
    if (!stat.isFile()) return wrongQuietly('must name a file; this is something else')
    if (stat.size > mostBytes) return wrongQuietly('names a file that is too long to be a secret')
    const read = readText(readFileSync(file))
    if ('not' in read) return wrongQuietly(`names a file that ${read.not}`)
    const text = read.text.replace(/\r?\n$|\r$/, '')
    return text === '' ? wrongQuietly('names a file that is empty') : text
  } catch (error) {
    return wrongQuietly(unreadable(error, folder))
  }
}

function unreadable(error: unknown, folder: string): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `must name a file that exists; relative paths start in ${folder}`
    case 'EACCES':
    case 'EPERM':
      return 'names a file that this user may not read'
    default:
      return 'names a file that cannot be read'
  }
}
