/** All figures of the watch, for the console and `factorgate watch show`. */
import type { Budget } from '../../budgets/budget.ts'
import type { Clock } from '../../clock.ts'
import type { Store } from '../../store/store.ts'
import type { JournalSearch } from '../journal-search.ts'
import { type AlarmQuery, type Alarms, alarmsOf } from './alarms.ts'
import { type BudgetUse, BudgetUses, type BudgetUsesInput } from './budget-usage.ts'
import { type DecoyUse, decoyUses, type KnownDecoy } from './decoy-touches.ts'
import { type Movement, type MovementInput, type MovementQuery, Movements } from './movement.ts'
import { type PostureView, readPosture } from './posture-view.ts'
import { WatchedPeople, type WatchedPeopleInput, type WatchedPerson } from './watched-person.ts'

interface WatchFiguresInput {
  /** Null if the configuration does not ask. */
  readonly unusual:
    | (Omit<MovementInput, 'store' | 'clock'> & Omit<WatchedPeopleInput, 'store' | 'clock' | 'scale'>)
    | null
  readonly budgets: Omit<BudgetUsesInput, 'scale'>
  /** What the posture leaves of amounts and thresholds. */
  readonly postureFactor: number
  readonly journal: JournalSearch
  readonly decoys: readonly KnownDecoy[]
}

export class WatchFigures {
  readonly budgets: readonly Budget[]
  readonly isLearningPeople: boolean
  readonly #movements: Movements | null
  readonly #people: WatchedPeople | null
  readonly #uses: BudgetUses
  readonly #journal: JournalSearch
  readonly #decoys: readonly KnownDecoy[]
  readonly #place: { readonly store: Store; readonly clock: Clock }

  constructor({ unusual, budgets, journal, decoys, postureFactor }: WatchFiguresInput) {
    const { store, clock } = budgets
    this.#place = { store, clock }
    const scale = async () => {
      const posture = await this.posture()
      return (app: string | null) => (posture === null || posture.level(app) === 'normal' ? 1 : postureFactor)
    }
    this.budgets = budgets.budgets()
    this.isLearningPeople = unusual !== null
    this.#movements = unusual === null ? null : new Movements({ store, clock, ...unusual })
    this.#people = unusual === null ? null : new WatchedPeople({ store, clock, scale, ...unusual })
    this.#uses = new BudgetUses({ ...budgets, scale })
    this.#journal = journal
    this.#decoys = decoys
  }

  /** True if the configuration asks for anything. */
  get isOn(): boolean {
    return this.isLearningPeople || this.budgets.length > 0 || this.#decoys.length > 0
  }

  /** Null if nothing is learned of people. */
  async movement(query: MovementQuery): Promise<Movement | null> {
    return (await this.#movements?.today(query)) ?? null
  }

  /** Null if nothing is learned of people, or for a missing account. */
  async person(id: string): Promise<WatchedPerson | null> {
    return (await this.#people?.one(id)) ?? null
  }

  alarms(query: AlarmQuery): Promise<Alarms> {
    return alarmsOf(this.#journal, query)
  }

  /** In milliseconds since the epoch. */
  decoys(since: number): Promise<readonly DecoyUse[]> {
    return decoyUses(this.#journal, this.#decoys, since)
  }

  /** Null if the record is damaged. */
  posture(): Promise<PostureView | null> {
    return readPosture(this.#place.store, this.#place.clock)
  }

  uses(): Promise<readonly BudgetUse[]> {
    return this.#uses.all()
  }

  close(): void {
    this.#movements?.close()
  }
}
