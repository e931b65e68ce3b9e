/** An LRU cache that grows with its use. With `max`, lru-cache takes the memory of all places at the start. */
import { LRUCache } from 'lru-cache'

export function growingLru<V extends object>(places: number): LRUCache<string, V> {
  return new LRUCache<string, V>({ maxSize: places, sizeCalculation: one })
}

const one = () => 1
