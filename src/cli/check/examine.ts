/** What `check` and `doctor` find in a sound configuration and its files. Read-only. */
import type { Problem } from '../../../config/reading/diagnostics.ts'
import type { Io } from '../command.ts'
import { checkCountries } from './countries.ts'
import type { Sound } from './finding.ts'
import { checkPeople } from './people.ts'
import { checkFiles } from './service-user.ts'

export interface Examined {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  readonly notes: readonly string[]
  /** Null if the store could be read. */
  readonly trouble: string | null
}

/** `isLive`: also tries apps, ports and a store on another machine. */
export async function examine(loaded: Sound, io: Io, isLive: boolean): Promise<Examined> {
  const { found: people, trouble } = await checkPeople(loaded, io)
  const live = isLive ? await (await import('./live.ts')).checkLive(loaded, io.clock) : []
  const found = [...(await checkFiles(loaded, io.env)), ...(await checkCountries(loaded)), ...people, ...live]
  const isMissing = loaded.config.store.kind === 'redis'
  if (trouble !== null && isLive && isMissing) found.push({ degree: 'problem', path: 'store', message: trouble })
  const at = (degree: 'problem' | 'warning') =>
    found.filter(each => each.degree === degree).map(({ path, message }) => loaded.problemAt(path, message))
  return {
    problems: at('problem'),
    warnings: [...loaded.warnings, ...loaded.advice, ...at('warning')],
    notes: trouble === null ? [] : [`the groups and users of the rules were not checked: ${trouble}`],
    trouble
  }
}
