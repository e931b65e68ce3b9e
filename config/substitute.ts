/**
 * `${NAME}` in texts of the file. Owns the one form there is; refuses unset variables, because an empty secret or host opens what
 * it should close.
 */
import { nearest, shownKey } from './problems.ts'
import { type Wrong, wrongQuietly } from './wrong.ts'

export interface Substituted {
  readonly text: string
  /** True if something was filled in: then messages show the text as the file has it. */
  readonly changed: boolean
}

/** Fills in `${NAME}`; `$${` stands for `${`. */
export function substitute(text: string, env: NodeJS.ProcessEnv): Substituted | Wrong {
  let changed = false
  let problem: Wrong | undefined
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

function readVariable(name: string, end: string, env: NodeJS.ProcessEnv): string | Wrong {
  if (end === '') return wrongQuietly(`has '$\{' without '}'; write '$$\{' where the two characters are meant`)
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    return wrongQuietly(`takes '$\{NAME}' only, with letters, digits and '_' in the name, and no default after it`)
  // A file of variables that another editor has saved begins with a byte order mark, and ends its lines with CR LF.
  const value = env[name] ?? env[`\ufeff${name}`]
  if (value?.includes('\ufffd'))
    return wrongQuietly(`needs the environment variable '${name}' as UTF-8 text, and it is in another encoding`)
  if (value !== undefined) return value.replace(/^\ufeff/, '').replace(/[\r\n]+$/, '')
  const guess = nearest(
    name,
    Object.keys(env).filter(known => known.length > 3)
  )
  const hint = guess === null ? '' : `; did you mean '${shownKey(guess)}'?`
  return wrongQuietly(`needs the environment variable '${name}', which is not set${hint}`)
}
