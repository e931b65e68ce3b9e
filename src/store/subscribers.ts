/** The subscribers of key prefixes. */
import type { StoreNotice } from './store.ts'

type Listener = (notice: StoreNotice) => void

export class Subscribers {
  readonly #listeners = new Map<symbol, { readonly prefix: string; readonly listener: Listener }>()

  get size(): number {
    return this.#listeners.size
  }

  add(prefix: string, listener: Listener): () => void {
    const id = Symbol(prefix)
    this.#listeners.set(id, { prefix, listener })
    return () => {
      this.#listeners.delete(id)
    }
  }

  changed(key: string): void {
    const notice: StoreNotice = { kind: 'changed', key }
    for (const { prefix, listener } of this.#listeners.values()) if (key.startsWith(prefix)) notify(listener, notice)
  }

  lost(): void {
    for (const { listener } of this.#listeners.values()) notify(listener, { kind: 'lost' })
  }

  ready(): void {
    for (const { listener } of this.#listeners.values()) notify(listener, { kind: 'ready' })
  }

  missed(): void {
    this.lost()
    this.ready()
  }

  clear(): void {
    this.#listeners.clear()
  }
}

/** A bug in one listener must not keep others from hearing that a session ended. */
function notify(listener: Listener, notice: StoreNotice): void {
  try {
    listener(notice)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
