/** Reads UTF-8 files, secret files, and the environment. Other encodings are refused, otherwise a wrong byte would enter a secret. No message quotes a text. */
import { readFileSync, statSync } from 'node:fs'
import { type Invalid, invalidSecret, nearest, shownKey } from '../values/invalid.ts'

/** `not` ends a sentence about the file (`is UTF-16 text: …`). */
type TextRead = { readonly text: string } | { readonly not: string }

/** `name` is for a message that tells how to convert the file. */
export function readText(bytes: Uint8Array, name = 'FILE'): TextRead {
  const [a, b, c, d] = bytes
  if (a === 0xff && b === 0xfe && c === 0 && d === 0) return { not: `is UTF-32 text: ${convert('UTF-32', name)}` }
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return { not: `is UTF-32 text: ${convert('UTF-32', name)}` }
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff))
    return { not: `is UTF-16 text: ${convert('UTF-16', name)}` }
  const nul = bytes.indexOf(0)
  if (nul >= 0) {
    const every = bytes.filter(byte => byte === 0).length / bytes.length
    if (every >= 0.3 && every <= 0.6)
      return { not: `is UTF-16 text without a mark: ${convert(nul % 2 === 1 ? 'UTF-16LE' : 'UTF-16BE', name)}` }
    return { not: `holds a NUL byte${lineOf(bytes, nul)}, so it is no text: is this the right file?` }
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const at = firstInvalid(bytes)
    return { not: `is not UTF-8 text${lineOf(bytes, at)}: if it is Latin-1, ${convert('LATIN1', name)}` }
  }
  const mark = text.indexOf('\ufeff')
  if (mark >= 0)
    return {
      not: `holds a byte order mark in line ${text.slice(0, mark).split('\n').length}, not only at its beginning: remove it`
    }
  return { text }
}

function convert(from: string, name: string): string {
  const word = /^[\w./+-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`
  return `convert it with: iconv -f ${from} -t UTF-8 ${word} > NEW`
}

function lineOf(bytes: Uint8Array, at: number): string {
  return ` (line ${bytes.subarray(0, at).filter(byte => byte === 0x0a).length + 1})`
}

/** The position of the first byte that is no UTF-8. */
function firstInvalid(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for (let at = 0; at < bytes.length; at++)
    try {
      decoder.decode(bytes.subarray(at, at + 1), { stream: true })
    } catch {
      return at
    }
  return bytes.length
}

/** A PEM file that was checked before. Throws if it is unreadable, or empty because somebody is just writing it. */
export function pemText(file: string): string {
  const read = readText(readFileSync(file), file)
  if ('not' in read) throw new Error(`${file} ${read.not}`)
  // OpenSSL takes an empty text for no certificate at all.
  if (!read.text.includes('-----BEGIN ')) throw new Error(`${file} holds nothing in PEM`)
  return read.text
}

const maxSecretBytes = 65_536

/** The content without its last line break, or why it is unreadable. `folder`, the start of relative paths, is for the message. */
export function readSecretFile(file: string, folder: string): string | Invalid {
  try {
    const stat = statSync(file)
    if (stat.isDirectory()) return invalidSecret('must name a file; this is a folder')
    if (!stat.isFile()) return invalidSecret('must name a file; this is not a regular file')
    if (stat.size > maxSecretBytes) return invalidSecret('names a file that is too long to be a secret')
    const read = readText(readFileSync(file))
    if ('not' in read) return invalidSecret(`names a file that ${read.not}`)
    const text = read.text.replace(/\r?\n$|\r$/, '')
    return text === '' ? invalidSecret('names a file that is empty') : text
  } catch (error) {
    return invalidSecret(unreadable(error, folder))
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

interface Substituted {
  readonly text: string
  /** Something was filled in. Messages then show the file's text. */
  readonly changed: boolean
}

/** `${NAME}` is replaced, and `$${` becomes `${`. */
export function substitute(text: string, env: NodeJS.ProcessEnv): Substituted | Invalid {
  let changed = false
  let problem: Invalid | undefined
  const filled = text.replace(
    /\$\$\{|\$\{([^}]*)(\}?)/g,
    (match, name: string | undefined, end: string | undefined) => {
      changed = true
      if (match === '$${') return '${'
      const value = readVariable(name ?? '', end ?? '', env)
      if (typeof value === 'string') return value
      problem ??= value
      return ''
    }
  )
  return problem ?? { text: filled, changed }
}

function readVariable(name: string, end: string, env: NodeJS.ProcessEnv): string | Invalid {
  if (end === '') return invalidSecret(`has '$\{' without '}'; for the two characters themselves write '$$\{'`)
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    return invalidSecret(`takes '$\{NAME}' only, with letters, digits and '_' in the name, and no default after it`)
  // Editors may begin files of variables with a byte order mark, and end lines with CR LF.
  const value = env[name] ?? env[`\ufeff${name}`]
  if (value?.includes('\ufffd'))
    return invalidSecret(`needs the environment variable '${name}' as UTF-8 text, but it has another encoding`)
  if (value !== undefined) return value.replace(/^\ufeff/, '').replace(/[\r\n]+$/, '')
  if (name === 'CREDENTIALS_DIRECTORY')
    return invalidSecret(
      `needs the environment variable '${name}', which systemd sets for the service alone; while the service runs, write before the command: ${name}=/run/credentials/factorgate.service`
    )
  const guess = nearest(
    name,
    Object.keys(env).filter(known => known.length > 3)
  )
  const hint = guess === null ? '' : `; did you mean '${shownKey(guess)}'?`
  return invalidSecret(`needs the environment variable '${name}', which is not set${hint}`)
}
