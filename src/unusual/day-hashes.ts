/** Hashes of one day, up to a bound. A Set would take some thirty bytes for each. */
export class DayHashes {
  readonly day: number
  #hashes = new Uint32Array(8)
  #size = 0

  constructor(day: number) {
    this.day = day
  }

  /** True the first time. Beyond `most`, every time counts as the first. */
  isFirst(hash: number, most: number): boolean {
    const wanted = hash >>> 0
    const at = this.#hashes.indexOf(wanted)
    if (at >= 0 && at < this.#size) return false
    if (this.#size === most) return true
    if (this.#size === this.#hashes.length) {
      const larger = new Uint32Array(Math.min(most, this.#size * 2))
      larger.set(this.#hashes)
      this.#hashes = larger
    }
    this.#hashes[this.#size++] = wanted
    return true
  }
}
