/** The sessions of institutions with which our sessions began, so that either can end the other. */
import type { Clock } from '../clock.ts'
import { digestOf } from '../ids.ts'
import { type Keyring, KeyringError } from '../keyring/keyring.ts'
import { type Loose, RecordKind } from '../store/records.ts'
import type { Store } from '../store/store.ts'

/** `hint` is a secret, stored sealed. */
interface RememberedInstitution {
  readonly directory: string
  readonly externalId: string
  readonly sid: string | null
  readonly nameThere?: string | null
  readonly hint: string | null
  readonly endsAt: number | null
}

export const institutionSessionRecord = new RecordKind<RememberedInstitution>({
  prefix: 'institution-session:',
  version: 1,
  read: record => (isRemembered(record) ? record : null)
})

const sealContext = (id: string) => `institution-session:${id}`
const withNameKey = (directory: string, name: string) => `institution-name:${directory}:${digestOf(name)}`
const withSidKey = (directory: string, sid: string) => `institution-sid:${directory}:${digestOf(sid)}`

/** A session may end a moment later by the store's clock, and must not outlive the record that can end it. */
const spareSeconds = 60

export class InstitutionSessions {
  readonly #store: Store
  readonly #clock: Clock
  readonly #keyring: () => Keyring

  constructor(input: { store: Store; clock: Clock; keyring: () => Keyring }) {
    this.#store = input.store
    this.#clock = input.clock
    this.#keyring = input.keyring
  }

  /** `endsAt` is that of our session, in milliseconds since the epoch. */
  async remember(id: string, session: RememberedInstitution, endsAt: number): Promise<void> {
    const seconds = secondsUntil(endsAt, this.#clock())
    const hint = session.hint === null ? null : this.#keyring().seal(session.hint, sealContext(id))
    await institutionSessionRecord.put(this.#store, id, { ...session, hint }, seconds)
    await linkAll(this.#store, id, session, seconds)
  }

  async of(id: string): Promise<RememberedInstitution | null> {
    const record = await institutionSessionRecord.get(this.#store, id)
    if (record === null || record.hint === null) return record
    try {
      return { ...record, hint: this.#keyring().open(record.hint, sealContext(id)) }
    } catch (error) {
      // The key file has lost the key. The institution then asks the person.
      if (error instanceof KeyringError) return { ...record, hint: null }
      throw error
    }
  }

  /** Ids of our sessions that began with this one; with `externalId`, of this person alone. */
  async withSid(directory: string, sid: string, externalId: string | null): Promise<string[]> {
    const ids = await this.#store.members(withSidKey(directory, sid))
    const theirs = await Promise.all(
      ids.map(async id => {
        const record = await institutionSessionRecord.get(this.#store, id)
        return record?.sid === sid && (externalId === null || record.externalId === externalId) ? id : null
      })
    )
    return theirs.filter(id => id !== null)
  }

  /** External ids of people with sessions here under this name of the institution. */
  async peopleCalled(directory: string, nameThere: string): Promise<string[]> {
    const ids = await this.#store.members(withNameKey(directory, nameThere))
    const records = await Promise.all(ids.map(id => institutionSessionRecord.get(this.#store, id)))
    const theirs = records.filter(record => record?.nameThere === nameThere)
    return [...new Set(theirs.map(record => record!.externalId))]
  }
}

/** Keeps the record until `endsAt`, after a second factor has given the session a later end. */
export async function prolong(store: Store, id: string, endsAt: number, now: number): Promise<void> {
  const seconds = secondsUntil(endsAt, now)
  const kept = await institutionSessionRecord.change<RememberedInstitution | null>(store, id, record =>
    record === null ? { result: null } : { next: record, ttlSeconds: seconds, result: record }
  )
  if (kept !== null) await linkAll(store, id, kept, seconds)
}

async function linkAll(
  store: Store,
  id: string,
  { directory, sid, nameThere }: RememberedInstitution,
  seconds: number
): Promise<void> {
  if (nameThere != null) await store.link(withNameKey(directory, nameThere), id, seconds)
  if (sid !== null) await store.link(withSidKey(directory, sid), id, seconds)
}

function secondsUntil(endsAt: number, now: number): number {
  return Math.max(1, (endsAt - now) / 1000 + spareSeconds)
}

function isRemembered(record: Loose): record is Loose & RememberedInstitution {
  const { directory, externalId, sid, nameThere, hint, endsAt } = record as Partial<RememberedInstitution>
  return (
    typeof directory === 'string' &&
    typeof externalId === 'string' &&
    (sid === null || typeof sid === 'string') &&
    (nameThere == null || typeof nameThere === 'string') &&
    (hint === null || typeof hint === 'string') &&
    (endsAt === null || typeof endsAt === 'number')
  )
}
