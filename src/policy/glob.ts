/**
 * Path globs: `*` within a segment, `**` across. A match costs at most path × glob, which a regular expression does not promise. A slash at the end makes no
 * difference, `*` may be empty, and `**` between slashes may be no segment at all.
 */
import { withoutFinalSlash } from '../request/path-normalisations.ts'

export interface Glob {
  /** The whole segments before the first wildcard. */
  readonly head: readonly string[]
  matches(path: string): boolean
}

const star = -1
const globstar = -2
/** Whole segments with their slashes, or none. */
const segments = -3

export function compileGlob(text: string): Glob {
  const glob = withoutFinalSlash(text.startsWith('/') ? text : `/${text}`)
  const wildcard = glob.indexOf('*')
  const head = glob
    .slice(1, wildcard < 0 ? undefined : wildcard)
    .split('/')
    .slice(0, wildcard < 0 ? undefined : -1)
  if (wildcard < 0) return { head, matches: path => withoutFinalSlash(path) === glob }
  if (glob.endsWith('/**') && wildcard === glob.length - 2) {
    const root = glob.slice(0, -3)
    return {
      head,
      matches: path => path.startsWith(root) && (path.length === root.length || path[root.length] === '/')
    }
  }
  return { head, matches: matcher(glob) }
}

function operations(glob: string): number[] {
  const found: number[] = []
  for (let i = 0; i < glob.length; i++) {
    if (glob[i] !== '*') {
      found.push(glob.charCodeAt(i))
      continue
    }
    const start = i
    while (glob[i + 1] === '*') i++
    const isAcross = i > start
    const isBetween = isAcross && glob[start - 1] === '/' && glob[i + 1] === '/'
    if (isBetween) i++
    found.push(isBetween ? segments : isAcross ? globstar : star)
  }
  return found
}

/** Advances all possible positions together (Thompson's construction), without backtracking. A match is synchronous, so the lists are reused. */
function matcher(glob: string): (path: string) => boolean {
  const prefix = glob.slice(0, glob.indexOf('*')).replace(/\/$/, '')
  const ops = operations(glob.slice(prefix.length))
  let active = new Positions(ops)
  let next = new Positions(ops)
  const step = (code: number) => {
    next.clear()
    for (let i = 0; i < active.count; i++) {
      const at = active.list[i]!
      const op = ops[at]
      if (op === code) next.enter(at + 1)
      else if (op === globstar || (op === star && code !== 0x2f)) next.enter(at)
      else if (op === segments) {
        next.add(at)
        if (code === 0x2f) next.enter(at + 1)
      }
    }
    ;[active, next] = [next, active]
  }
  return path => {
    if (!path.startsWith(prefix)) return false
    const end = path.endsWith('/') ? path.length - 1 : path.length
    active.clear()
    active.enter(0)
    for (let i = prefix.length; i < end; i++) {
      step(path.charCodeAt(i))
      if (active.count === 0) return false
    }
    if (active.has(ops.length)) return true
    step(0x2f)
    return active.has(ops.length)
  }
}

/** `ops.length` is the glob's end. */
class Positions {
  readonly list: Int32Array
  count = 0
  readonly #ops: readonly number[]
  readonly #stamps: Uint32Array
  #stamp = 1

  constructor(ops: readonly number[]) {
    this.#ops = ops
    this.list = new Int32Array(ops.length + 1)
    this.#stamps = new Uint32Array(ops.length + 1)
  }

  clear(): void {
    this.count = 0
    if (this.#stamp === 0xffffffff) this.#stamps.fill(0)
    this.#stamp = (this.#stamp % 0xffffffff) + 1
  }

  has(at: number): boolean {
    return this.#stamps[at] === this.#stamp
  }

  add(at: number): void {
    if (this.has(at)) return
    this.#stamps[at] = this.#stamp
    this.list[this.count++] = at
  }

  /** Adds a position, and those after wildcards that may be empty. */
  enter(at: number): void {
    for (let position = at; ; position++) {
      this.add(position)
      if (position >= this.#ops.length || this.#ops[position]! >= 0) return
    }
  }
}
