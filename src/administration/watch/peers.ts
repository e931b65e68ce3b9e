/** What is usual in groups of people, at most a minute old. */
import type { Clock } from '../../clock.ts'
import { inBatches } from '../../store/batches.ts'
import { KeptAnswer } from '../../store/kept-answer.ts'
import type { Store } from '../../store/store.ts'
import { everyone, Group, type Usual, usualOf } from '../../unusual/group.ts'
import { groupId, groupRecord, unpackGroup } from '../../unusual/records.ts'

const keptMs = 60_000

/** The groups at one moment. */
export class PeerGroups {
  readonly everybody: Group
  readonly #groups: ReadonlyMap<string, Group>
  readonly #usual = new Map<string, Usual>()

  constructor(groups: ReadonlyMap<string, Group>, day: number) {
    this.#groups = groups
    this.everybody = groups.get(everyone) ?? new Group(day)
  }

  /** An unknown group says nothing. */
  usual(groups: readonly string[], day: number): Usual {
    const key = `${day} ${JSON.stringify(groups)}`
    let usual = this.#usual.get(key)
    if (usual === undefined) {
      const known = groups.flatMap(name => this.#groups.get(name) ?? [])
      usual = usualOf(known, this.everybody, day)
      this.#usual.set(key, usual)
    }
    return usual
  }
}

export class Peers {
  readonly #store: Store
  readonly #groups: KeptAnswer<PeerGroups>

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#groups = new KeptAnswer(clock, keptMs)
  }

  /** `names` count only without a fresh answer. */
  load(names: () => Iterable<string>, day: number): Promise<PeerGroups> {
    return this.#groups.get(() => this.#read(names(), day))
  }

  async #read(names: Iterable<string>, day: number): Promise<PeerGroups> {
    const groups = new Map<string, Group>()
    await inBatches(new Set([everyone, ...names]), async name => {
      const record = await groupRecord.get(this.#store, groupId(name))
      if (record === null) return
      const group = unpackGroup(record)
      group.age(day)
      groups.set(name, group)
    })
    return new PeerGroups(groups, day)
  }
}
