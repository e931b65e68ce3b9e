/** From where and with what a person works. The watch keeps hashes; some get their names back. */
import { dayMs } from '../../clock.ts'
import { networkLevels } from '../../request/network-levels.ts'
import type { Device } from '../../session/session.ts'
import { firstDay, type ListPlace, lastDay } from '../../unusual/known-list.ts'
import { known, type Person } from '../../unusual/person.ts'
import { clientName } from '../../unusual/places.ts'
import { hashText } from '../../unusual/read-path.ts'

export interface KnownPlace {
  readonly kind: 'network' | 'client' | 'country'
  /** A network such as `192.0.2.0/24`, a client such as `Firefox on Linux`, a country's code; null if only the hash is known. */
  readonly name: string | null
  /** The day's beginning, in milliseconds since the epoch. */
  readonly firstAt: number
  readonly lastAt: number
}

/** Newest first. `devices`: of the person's sessions, which have names. */
export function placesOf(person: Person, devices: readonly Device[]): KnownPlace[] {
  const networks = namesOf(devices.map(({ address }) => networkLevels(address).provider))
  const clients = namesOf(devices.map(({ userAgent }) => clientName(userAgent)))
  return [
    ...entriesOf(person, 'network', known.networks, networks),
    ...entriesOf(person, 'client', known.devices, clients),
    ...entriesOf(person, 'country', known.countries, countries())
  ].sort((one, other) => other.firstAt - one.firstAt || other.lastAt - one.lastAt)
}

function entriesOf(
  person: Person,
  kind: KnownPlace['kind'],
  list: ListPlace,
  names: ReadonlyMap<number, string>
): KnownPlace[] {
  const entries: KnownPlace[] = []
  for (let i = 0; i < list.size; i++) {
    const hash = person.hashes[list.at + i]!
    if (hash === 0) continue
    const [firstAt, lastAt] = [firstDay(person, list, i) * dayMs, lastDay(person, list, i) * dayMs]
    entries.push({ kind, name: names.get(hash) ?? null, firstAt, lastAt })
  }
  return entries
}

function namesOf(texts: readonly string[]): Map<number, string> {
  return new Map(texts.map(text => [hashText(text), text]))
}

let codes: Map<number, string> | undefined

/** All pairs of letters, among them the codes of ISO 3166-1. */
function countries(): ReadonlyMap<number, string> {
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
  codes ??= namesOf(letters.flatMap(one => letters.map(other => one + other)))
  return codes
}
