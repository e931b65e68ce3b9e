/** Bytes from each app, today and on the 13 days before. For display only. */
import { at, fromByte, fromScale, toByte, toScale } from './features.ts'

/** Today counts. */
export const movedDays = 14
export const movedPlaces = 8
/** All apps without a place of their own. */
const others = movedPlaces - 1
const dayBytes = movedPlaces * movedDays
export const movedSize = movedPlaces * (8 + 4) + dayBytes
export const movedStored = movedPlaces * (4 + 4) + dayBytes

export class Moved {
  readonly today: Float64Array
  /** Hashes of apps; 0 for a free place. */
  readonly apps: Uint32Array
  /** Bytes on the scale, by day modulo `movedDays`. */
  readonly days: Uint8Array

  /** `start` is a multiple of eight. */
  constructor(memory: ArrayBuffer, start: number) {
    this.today = new Float64Array(memory, start, movedPlaces)
    this.apps = new Uint32Array(memory, start + movedPlaces * 8, movedPlaces)
    this.days = new Uint8Array(memory, start + movedPlaces * 12, dayBytes)
  }

  add(app: number, bytes: number): void {
    this.today[this.#placeOf(app)]! += bytes
  }

  /** `age`: days ago, 0 to 13. */
  bytesOf(place: number, today: number, age: number): number {
    if (age === 0) return this.today[place]!
    return fromScale(at.bytes, fromByte(this.days[place * movedDays + slotOf(today - age)]!))
  }

  /** An app without use for two weeks frees its place. */
  endDay(day: number, next: number): void {
    for (let place = 0; place < movedPlaces; place++) {
      const from = place * movedDays
      this.days[from + slotOf(day)] = toByte(toScale(at.bytes, this.today[place]!))
      for (let skipped = day + 1; skipped <= next && skipped <= day + movedDays; skipped++)
        this.days[from + slotOf(skipped)] = 0
      this.today[place] = 0
      if (this.days.subarray(from, from + movedDays).every(each => each === 0)) this.apps[place] = 0
    }
  }

  addSince(live: Pick<Moved, 'apps' | 'today'>, synced: ArrayLike<number>): void {
    for (let place = 0; place < movedPlaces; place++) {
      const bytes = live.today[place]! - synced[place]!
      if (bytes > 0) this.today[place === others ? others : this.#placeOf(live.apps[place]!)]! += bytes
    }
  }

  pack(): Uint8Array {
    const memory = new ArrayBuffer(movedStored)
    new Float32Array(memory, 0, movedPlaces).set(this.today)
    new Uint32Array(memory, movedPlaces * 4, movedPlaces).set(this.apps)
    new Uint8Array(memory, movedPlaces * 8).set(this.days)
    return new Uint8Array(memory)
  }

  unpack(bytes: Uint8Array): void {
    const memory = Uint8Array.from(bytes).buffer
    const amounts = new Float32Array(memory, 0, movedPlaces)
    for (let place = 0; place < movedPlaces; place++)
      this.today[place] = amounts[place]! >= 0 && Number.isFinite(amounts[place]) ? amounts[place]! : 0
    this.apps.set(new Uint32Array(memory, movedPlaces * 4, movedPlaces))
    this.days.set(new Uint8Array(memory, movedPlaces * 8))
  }

  #placeOf(app: number): number {
    for (let place = 0; place < others; place++) {
      if (this.apps[place] === app) return place
      if (this.apps[place] !== 0) continue
      const later = this.apps.indexOf(app, place + 1)
      if (later >= 0) return later
      this.apps[place] = app
      return place
    }
    return others
  }
}

function slotOf(day: number): number {
  return ((day % movedDays) + movedDays) % movedDays
}
