/** The paths that one process has seen for one ledger. */
import { DistinctPaths, type PathsText, withOne } from '../metering/distinct-paths.ts'
import type { Ledger } from './ledger.ts'

const none: readonly number[] = []

type Counted = Pick<Ledger, 'paths' | 'ownPaths'>

export class SeenPaths {
  #news: readonly number[] | null = null
  /** New paths without led requests; null if these are all. */
  #ownNews: readonly number[] | null = null
  #all: DistinctPaths | null = null
  #own: DistinctPaths | null = null
  /** Paths since the last report that were not counted; others were only seen again. */
  countedAnew = 0

  get hasNews(): boolean {
    return (this.#news ?? this.#ownNews) !== null
  }

  get news(): readonly number[] {
    return this.#news ?? none
  }

  get ownNews(): readonly number[] | null {
    return this.#ownNews
  }

  /** False if this slot has the path. */
  add(ledger: Counted, hash: number, current: number, isLed: boolean): boolean {
    const all = this.#allAt(ledger, current)
    const isCounted = all.isCounted(hash, current)
    if (!all.add(hash, current)) return false
    if (!isCounted) this.countedAnew++
    if (isLed) this.#ownNews ??= this.#news?.slice() ?? none
    this.#news = withOne(this.#news, hash)
    return true
  }

  /** The own paths have a list only while there are led ones. */
  addOwn({ paths, ownPaths }: Counted, hash: number, current: number): boolean {
    if (ownPaths === null && this.#ownNews === null) return false
    if (this.#own === null) {
      this.#own = DistinctPaths.from(ownPaths ?? paths, current)
      for (const known of this.#ownNews ?? this.#news ?? none) this.#own.add(known, current)
    }
    if (!this.#own.add(hash, current)) return false
    this.#ownNews = withOne(this.#ownNews ?? this.#news?.slice() ?? null, hash)
    return true
  }

  count(ledger: Counted, current: number): number {
    return this.#allAt(ledger, current).count(current)
  }

  isCounted(ledger: Counted, hash: number, current: number): boolean {
    return this.#allAt(ledger, current).isCounted(hash, current)
  }

  reported(): void {
    this.countedAnew = 0
    this.#news = this.#ownNews = null
  }

  /** They are made anew, because other gates may have added paths. */
  forgetLists(): void {
    this.#all = this.#own = null
  }

  failed(paths: readonly number[], ownPaths: readonly number[] | null, anew: number): void {
    this.countedAnew += anew
    if (ownPaths !== null || this.#ownNews !== null)
      this.#ownNews = [...(ownPaths ?? paths), ...(this.#ownNews ?? this.#news ?? none)]
    if (paths.length > 0) this.#news = [...paths, ...(this.#news ?? none)]
  }

  #allAt({ paths }: Counted, current: number): DistinctPaths {
    if (this.#all !== null) return this.#all
    this.#all = DistinctPaths.from(paths, current)
    for (const hash of this.#news ?? none) this.#all.add(hash, current)
    return this.#all
  }
}

export function areCounted(text: PathsText, hashes: readonly number[], current: number): boolean {
  const paths = DistinctPaths.from(text, current)
  return hashes.every(hash => paths.isCounted(hash, current))
}
