/**
 * The door of this room: finds and reads the configuration file. Owns where it may lie; refuses what is no readable text.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type Loaded, parseNamed } from './parse.ts'
import type { Problem } from './problems.ts'
import { readText } from './text-file.ts'

export { type DefaultOptions, defaultConfig } from './default.ts'
export { type Loaded, parseConfig } from './parse.ts'
export { ConfigError, formatProblem, type Problem } from './problems.ts'
export { type AppConfig, type Config, configSchema, type RuleConfig } from './schema.ts'

const mostBytes = 1024 * 1024

/**
 * Finds (`file`, else FACTORGATE_CONFIG, else ./factorgate.yaml, else /etc/factorgate/factorgate.yaml), reads and checks the
 * configuration. `file` in the answer is absolute, and null if there is none. Never throws for anything a person wrote.
 */
export async function loadConfig(
  options: { file?: string; env?: NodeJS.ProcessEnv; cwd?: string } = {}
): Promise<Loaded> {
  const { env = process.env, cwd = process.cwd() } = options
  const named = options.file ?? (env.FACTORGATE_CONFIG || undefined)
  const candidates = named === undefined ? ['factorgate.yaml', '/etc/factorgate/factorgate.yaml'] : [named]
  for (const name of candidates) {
    const file = path.resolve(cwd, name)
    const content = await contentOf(file, name)
    if (typeof content === 'string') return parseNamed(content, file, name, env)
    if (content.isAbsent && named === undefined) continue
    const from = options.file === undefined && named !== undefined ? ' (named by FACTORGATE_CONFIG)' : ''
    return { kind: 'bad', file, name, problems: [whole(name, `${content.why}${from}`)] }
  }
  const message = `there is no configuration: neither ${candidates.join(' nor ')} exists. Write one with \`factorgate init\`, name one with --config, or protect one app without: factorgate serve --upstream URL`
  return { kind: 'bad', file: null, name: '', problems: [whole('', message)] }
}

async function contentOf(file: string, name: string): Promise<string | { isAbsent: boolean; why: string }> {
  try {
    const bytes = await readFile(file)
    if (bytes.length > mostBytes) return { isAbsent: false, why: 'is longer than 1 MiB: is this the right file?' }
    const read = readText(bytes, name)
    return 'text' in read ? read.text : { isAbsent: false, why: read.not }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return { isAbsent: true, why: 'there is no such file' }
    if (code === 'EACCES' || code === 'EPERM') return { isAbsent: false, why: 'this user may not read the file' }
    if (code === 'EISDIR') return { isAbsent: false, why: 'is a folder; name the file in it' }
    return { isAbsent: false, why: `cannot be read (${code})` }
  }
}

function whole(file: string, message: string): Problem {
  return { file, line: null, column: null, path: '', message }
}
