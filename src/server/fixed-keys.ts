/** Which keys of a changed configuration need a restart, because what they name is already open. */
import type { Config } from '../../config/schema.ts'

const fixed = ['listen', 'admin', 'workers', 'store', 'redis', 'keyFile'] as const

/** The changed keys that need a restart. A change of `journal` needs one only if the file changes. */
export function restartKeys(config: Config, opened: Config): string[] {
  const keys: string[] = fixed.filter(key => JSON.stringify(config[key]) !== JSON.stringify(opened[key]))
  return config.journal.file === opened.journal.file ? keys : [...keys, 'journal.file']
}

/** The configuration with the values of these keys that are in use. */
export function withOpened(config: Config, opened: Config): Config {
  const kept = Object.fromEntries(fixed.map(key => [key, opened[key]]))
  return { ...config, ...kept, journal: { ...config.journal, file: opened.journal.file } }
}
