/** Which keys of a changed configuration need a restart, because what they name is already open. */
import type { Config } from '../../config/schema.ts'

const fixed = ['listen', 'admin', 'workers', 'store', 'redis', 'keyFile'] as const
type Fixed = Pick<Config, (typeof fixed)[number]>

/** The value of a key as far as it is fixed. The credentials of Redis are not: each connection shows the ones of its time. */
function fixedPart(config: Fixed, key: (typeof fixed)[number]): string {
  if (key === 'redis') return config.redis.keyPrefix
  const { store } = config
  if (key !== 'store' || store.kind === 'embedded') return JSON.stringify(config[key])
  return store.url.replace(/\/\/[^/?#]*@/, '//').replace(/\?.*$/, '')
}

/** True if both name one store, perhaps with other credentials. */
export function isSameStore(config: Fixed, opened: Fixed): boolean {
  return (
    fixedPart(config, 'store') === fixedPart(opened, 'store') &&
    fixedPart(config, 'redis') === fixedPart(opened, 'redis')
  )
}

/** The changed keys that need a restart. A change of `journal` needs one only if the file changes. */
export function restartKeys(config: Config, opened: Config): string[] {
  const keys: string[] = fixed.filter(key => fixedPart(config, key) !== fixedPart(opened, key))
  return config.journal.file === opened.journal.file ? keys : [...keys, 'journal.file']
}

/** The configuration with the values of these keys that are in use. */
export function withOpened(config: Config, opened: Config): Config {
  const kept = Object.fromEntries(
    fixed.filter(key => fixedPart(config, key) !== fixedPart(opened, key)).map(key => [key, opened[key]])
  )
  return { ...config, ...kept, journal: { ...config.journal, file: opened.journal.file } }
}
