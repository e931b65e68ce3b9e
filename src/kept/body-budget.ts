/**
 * The memory for bodies until they are in the store. Only bytes that have come count, so that a slow sender takes nothing from others. Strangers take
 * nothing from people who are known.
 */
import { StrangerRoom } from './stranger-room.ts'

const mebibyte = 1024 * 1024
/** The most bytes of one person, and of all who are known. */
const maxBytesOfKnown = { person: 16 * mebibyte, all: 32 * mebibyte }

export interface BodyAllowance {
  /** False if there is no room for these bytes. */
  take(bytes: number): boolean
  /** Called when its bytes have to make room for those of others. */
  onCut: () => void
  /** Frees its bytes. */
  end(): void
}

export class BodyBudget {
  readonly #strangers = new StrangerRoom<BodyAllowance>()
  /** Account → bytes. */
  readonly #people = new Map<string, number>()
  #known = 0

  /** `length`: what the sender announces, or the largest that is read, in bytes. */
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
