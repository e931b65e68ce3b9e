/** Random numbers by seed, with the distributions that people's habits have. */

export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = scrambled(seed)
    for (let i = 0; i < 8; i++) this.next()
  }

  /** In [0, 1). Mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }

  /** A generator of its own, so that one person's habits do not move another's. */
  fork(salt: number): Random {
    return new Random(Math.imul((this.#state ^ salt) + 0x9e3779b9, 0x85ebca6b))
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next()
  }

  integer(below: number): number {
    return Math.floor(this.next() * below)
  }

  pick<T>(all: readonly T[]): T {
    return all[this.integer(all.length)] as T
  }

  /** One of the keys, by weight. */
  weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K {
    const entries = Object.entries(weights) as [K, number][]
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [key, weight] of entries) {
      left -= weight
      if (left < 0) return key
    }
    return entries[0]![0]
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next())
  }

  lognormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal())
  }

  /** Each factor of ten is as probable as the other. */
  logUniform(low: number, high: number): number {
    return low * (high / low) ** this.next()
  }

  /** Heavy tails: the smaller `shape`, the heavier. At least 1. */
  pareto(shape: number, most: number): number {
    return Math.min(most, (1 - this.next()) ** (-1 / shape))
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next())
  }

  poisson(mean: number): number {
    let count = 0
    for (let left = Math.exp(-mean), p = this.next(); p > left; p *= this.next()) count++
    return count
  }
}

/** The finaliser of MurmurHash3: seeds that are neighbours have nothing in common. */
function scrambled(seed: number): number {
  let mixed = seed >>> 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
