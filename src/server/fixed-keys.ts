/** Keys that need a restart, because what they name is already open. */
import type { Config } from '../../config/schema.ts'

const fixed = ['listen', 'admin', 'workers', 'store', 'redis', 'keyFile'] as const
type Fixed = Pick<Config, (typeof fixed)[number]>

/** Each new connection shows the present credentials of Redis. */
function fixedPart(config: Fixed, key: (typeof fixed)[number]): string {
  if (key === 'redis') return config.redis.keyPrefix
  const { store } = config
  if (key !== 'store' || store.kind === 'embedded') return JSON.stringify(config[key])
  return store.url.replace(/\/\/[^/?#]*@/, '//').replace(/\?.*$/, '')
}

export function isSameStore(config: Fixed, opened: Fixed): boolean {
  return (
    fixedPart(config, 'store') === fixedPart(opened, 'store') &&
    fixedPart(config, 'redis') === fixedPart(opened, 'redis')
  )
}

export function restartKeys(config: Config, opened: Config): string[] {
  const keys: string[] = fixed.filter(key => fixedPart(config, key) !== fixedPart(opened, key))
  return config.journal.file === opened.journal.file ? keys : [...keys, 'journal.file']
}

export function withOpened(config: Config, opened: Config): Config {
  const kept = Object.fromEntries(
    fixed.filter(key => fixedPart(config, key) !== fixedPart(opened, key)).map(key => [key, opened[key]])
  )
  return { ...config, ...kept, journal: { ...config.journal, file: opened.journal.file } }
}
