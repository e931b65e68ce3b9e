/** Who may touch decoys, such as crawlers, virus scanners and backups. */
import type { Subject } from '../identity/subject.ts'
import { parseNetworks } from '../request/networks.ts'

export interface ExemptSettings {
  readonly networks: readonly string[]
  /** Sign-in names. */
  readonly users: readonly string[]
  readonly groups: readonly string[]
}

export interface Exempt {
  readonly settings: ExemptSettings
  has(address: string, subject: Pick<Subject, 'name' | 'groups'> | null): boolean
}

/** Throws NetworkError. */
export function exemptOf(settings: ExemptSettings): Exempt {
  const networks = parseNetworks(settings.networks)
  const users = new Set(settings.users)
  const groups = new Set(settings.groups)
  return {
    settings,
    has: (address, subject) =>
      networks.contains(address) ||
      (subject !== null && (users.has(subject.name) || subject.groups.some(group => groups.has(group))))
  }
}
