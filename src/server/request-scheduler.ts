/**
 * The order in which requests begin when many come at once. A few begin in each turn of the event loop: first the sites take turns, then the customers of each,
 * then their connections. So a client with a thousand requests delays another one by a few, whatever IPv6 addresses it has.
 */
import type { Socket } from 'node:net'
import { networkLevels } from '../request/network-levels.ts'

/** Requests that begin in one turn of the event loop. Each takes some tenths of a millisecond. */
const maxInTurn = 32
/** Requests of one connection in a row: what HTTP/2 answers in one turn of the event loop goes out in one write. */
const maxInRow = 8

type Begin = () => void

/** An IPv4 address is both. */
export interface Client {
  readonly site: string
  readonly customer: string
}

const clients = new WeakMap<Socket, Client>()

export function clientOf(socket: Socket): Client {
  const known = clients.get(socket)
  if (known !== undefined) return known
  const client = networkLevels(socket.remoteAddress ?? '')
  clients.set(socket, client)
  return client
}

export class RequestScheduler {
  readonly #waiting = new Rotation<Rotation<Rotation<Begin[]>>>()
  #begun = 0
  #isAwaited = false

  schedule(client: Client, connection: object, begin: Begin): void {
    const mayBegin = this.#begun < maxInTurn && this.#waiting.isEmpty
    if (!this.#isAwaited) this.#awaitTurn()
    if (mayBegin) {
      this.#begun++
      return begin()
    }
    this.#waiting
      .at(client.site, () => new Rotation())
      .at(client.customer, () => new Rotation())
      .at(connection, () => [])
      .push(begin)
  }

  #awaitTurn(): void {
    this.#isAwaited = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#isAwaited = false
    this.#begun = 0
    while (this.#begun < maxInTurn && !this.#waiting.isEmpty) {
      if (!this.#isAwaited) this.#awaitTurn()
      const row = this.#nextRow()
      this.#begun += row.length
      for (const begin of row) begin()
    }
  }

  #nextRow(): Begin[] {
    const site = this.#waiting.take()!
    const customer = site.value.take()!
    const connection = customer.value.take()!
    const row = connection.value.splice(0, maxInRow)
    if (connection.value.length > 0) customer.value.putBack(connection)
    if (!customer.value.isEmpty) site.value.putBack(customer)
    if (!site.value.isEmpty) this.#waiting.putBack(site)
    return row
  }
}

interface Entry<Value> {
  readonly key: unknown
  readonly value: Value
}

/** Values in the order of their turns. */
class Rotation<Value> {
  /** A map keeps that order. */
  readonly #values = new Map<unknown, Value>()

  get isEmpty(): boolean {
    return this.#values.size === 0
  }

  at(key: unknown, make: () => Value): Value {
    const found = this.#values.get(key)
    if (found !== undefined) return found
    const made = make()
    this.#values.set(key, made)
    return made
  }

  take(): Entry<Value> | undefined {
    const [first] = this.#values
    if (first === undefined) return
    const [key, value] = first
    this.#values.delete(key)
    return { key, value }
  }

  putBack({ key, value }: Entry<Value>): void {
    this.#values.set(key, value)
  }
}
