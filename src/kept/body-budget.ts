/**
 * The memory for bodies until they are in the store. A slow sender takes nothing from others, since only bytes that have come count. Strangers take
 * nothing from known people.
 */
import { StrangerRoom } from './stranger-room.ts'

const mebibyte = 1024 * 1024
const maxBytesOfKnown = { person: 16 * mebibyte, all: 32 * mebibyte }

export interface BodyAllowance {
  /** False if there is no room. */
  take(bytes: number): boolean
  /** Its bytes must make room for others. */
  onCut: () => void
  end(): void
}

export class BodyBudget {
  readonly #strangers = new StrangerRoom<BodyAllowance>()
  readonly #people = new Map<string, number>()
  #known = 0

  /** `length`: announced, or the largest that is read. */
  open({ account, address }: { account: string | null; address: string }, length: number): BodyAllowance {
    return account === null ? this.#ofStranger(address, length) : this.#ofPerson(account)
  }

  #ofStranger(address: string, length: number): BodyAllowance {
    const room = this.#strangers
    const reading: BodyAllowance = {
      take: bytes => {
        const gone = room.take(reading, bytes)
        for (const other of gone ?? []) other.onCut()
        return gone !== null
      },
      onCut: () => {},
      end: () => room.remove(reading)
    }
    room.add(reading, address, length)
    return reading
  }

  #ofPerson(account: string): BodyAllowance {
    let own = 0
    const change = (bytes: number) => {
      own += bytes
      this.#known += bytes
      const sum = (this.#people.get(account) ?? 0) + bytes
      if (sum > 0) this.#people.set(account, sum)
      else this.#people.delete(account)
      return sum <= maxBytesOfKnown.person && this.#known <= maxBytesOfKnown.all
    }
    return { take: change, onCut: () => {}, end: () => void change(-own) }
  }
}
