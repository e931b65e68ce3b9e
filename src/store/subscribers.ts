/**
 * Who listens to which prefix. Owns the fan-out of notices, which both adapters share; knows nothing of where they come from.
 */

import type { StoreNotice } from './store.ts'

type Listener = (notice: StoreNotice) => void

export class Subscribers {
  readonly #listeners = new Map<symbol, { readonly prefix: string; readonly listener: Listener }>()

  get size(): number {
    return this.#listeners.size
  }

  /** Answers a function that takes the listener out again. */
  add(prefix: string, listener: Listener): () => void {
    const id = Symbol(prefix)
    this.#listeners.set(id, { prefix, listener })
    return () => {
      this.#listeners.delete(id)
    }
  }

  changed(key: string): void {
    const notice: StoreNotice = { kind: 'changed', key }
    for (const { prefix, listener } of this.#listeners.values()) if (key.startsWith(prefix)) tell(listener, notice)
  }

  lost(): void {
    for (const { listener } of this.#listeners.values()) tell(listener, { kind: 'lost' })
  }

  ready(): void {
    for (const { listener } of this.#listeners.values()) tell(listener, { kind: 'ready' })
  }

  /** Changes were missed, but nothing is missed from here on. */
  missed(): void {
    this.lost()
    this.ready()
  }

  clear(): void {
    this.#listeners.clear()
  }
}

/** A listener that throws is a bug; it surfaces as one, but must not keep the others from hearing that a session ended. */
function tell(listener: Listener, notice: StoreNotice): void {
  try {
    listener(notice)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
