/** An app whose pages are read and judged, without a gate. */
import { AppMemory, type Novelty } from '../../src/integrity/app-memory.ts'
import type { Mark } from '../../src/integrity/mark.ts'
import { pathShape } from '../../src/integrity/path-shape.ts'
import { readPage } from '../../src/integrity/read-page.ts'

export const address = (path: string) => ({
  url: `https://app.example${path}`,
  origins: ['https://app.example', 'http://10.1.2.3:8080'],
  prefix: ''
})

export const read = (html: string, path = '/login') => readPage(html, address(path))

export const named = (marks: readonly Mark[]) => marks.map(({ kind, value }) => `${kind} ${value}`)

/** Reads a page and judges it. `isQuiet`: learn. */
export function visit(
  memory: AppMemory,
  path: string,
  html: string | null,
  isQuiet: boolean,
  open: ReadonlySet<string> = new Set(),
  method = 'GET',
  isStranger = false
): Novelty | null {
  const page = pathShape(path)
  const reading = html === null ? null : read(html, path)
  const endpoint: Mark = { kind: 'endpoint', value: `${method} ${page}` }
  return memory.see({ page, endpoint, reading, isFetched: false, isStranger }, isQuiet, open)
}

export function learned(pages: readonly (readonly [path: string, html: string])[], times = 20): AppMemory {
  const memory = new AppMemory(0)
  for (let i = 0; i < times; i++) for (const [path, html] of pages) visit(memory, path, html, true)
  return memory
}

/** A generator of numbers from 0 to 1, the same ones for each seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
