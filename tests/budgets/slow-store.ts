/** A store whose calls wait until the test lets them go on. */
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'

export class SlowStore extends MemoryStore {
  slow: 'nothing' | 'writes' | 'everything' = 'nothing'
  /** The calls that could be slow. */
  trips = 0
  #waiting: (() => void)[] = []

  override async get(key: string): Promise<string | null> {
    await this.#trip(this.slow === 'everything')
    return super.get(key)
  }

  override async replace(...args: Parameters<MemoryStore['replace']>): Promise<boolean> {
    await this.#trip(this.slow !== 'nothing')
    return super.replace(...args)
  }

  override async add(...args: Parameters<MemoryStore['add']>): Promise<boolean> {
    await this.#trip(this.slow !== 'nothing')
    return super.add(...args)
  }

  async answer(): Promise<void> {
    for (const go of this.#waiting.splice(0)) go()
    for (let n = 0; n < 20; n++) await new Promise(resolve => setImmediate(resolve))
  }

  async #trip(isSlow: boolean): Promise<void> {
    this.trips++
    if (isSlow) await new Promise<void>(resolve => this.#waiting.push(resolve))
  }
}
