/** An app's rules, indexed by the literal segments of their globs: ten thousand cost about as much as ten. */
import type { DeviceBound } from '../device/binding.ts'
import { type Networks, parseNetworks } from '../request/networks.ts'
import { compileGlob, type Glob } from './glob.ts'
import { fold, spellingsOf } from './glob-encodings.ts'
import type { Policy, Rule } from './policy.ts'

export interface CompiledRule {
  readonly index: number
  readonly rule: Rule
  readonly networks: Networks | null
  readonly globs: readonly Glob[]
  readonly foldedGlobs: readonly Glob[]
}

export interface Compiled {
  readonly rules: readonly CompiledRule[]
  readonly exact: RuleIndex
  /** Rules and paths in lower case; null where the app is case-sensitive. */
  readonly folded: RuleIndex | null
  /** Folding changes no rule, so one look-up serves paths in lower case. */
  readonly isFoldedAlready: boolean
}

const compiledPolicies = new WeakMap<Policy, Compiled>()

/** Throws NetworkError. */
export function compilePolicy(
  rules: readonly Rule[],
  caseSensitive: boolean,
  deviceBound: DeviceBound = 'off'
): Policy {
  const policy: Policy = Object.freeze({ rules: Object.freeze([...rules]), caseSensitive, deviceBound })
  compiledOf(policy)
  return policy
}

export function compiledOf(policy: Policy): Compiled {
  let compiled = compiledPolicies.get(policy)
  if (compiled === undefined) {
    compiled = compile(policy)
    compiledPolicies.set(policy, compiled)
  }
  return compiled
}

function compile({ rules, caseSensitive }: Policy): Compiled {
  let isFoldedAlready = true
  const compiled = rules.map((rule, index): CompiledRule => {
    const spellings = rule.path === undefined ? [] : spellingsOf(rule.path)
    const folded = caseSensitive ? [] : [...new Set(spellings.map(fold))]
    if (folded.length !== spellings.length || folded.some((glob, i) => glob !== spellings[i])) isFoldedAlready = false
    const networks = rule.networks === undefined ? null : parseNetworks(rule.networks)
    return { index, rule, networks, globs: spellings.map(compileGlob), foldedGlobs: folded.map(compileGlob) }
  })
  const exact = new RuleIndex(compiled, rule => rule.globs)
  if (caseSensitive) return { rules: compiled, exact, folded: null, isFoldedAlready }
  const folded = isFoldedAlready ? exact : new RuleIndex(compiled, rule => rule.foldedGlobs)
  return { rules: compiled, exact, folded, isFoldedAlready }
}

interface Entry {
  readonly rule: CompiledRule
  readonly glob: Glob | null
}

class Node {
  readonly entries: Entry[] = []
  readonly children = new Map<string, Node>()
}

class RuleIndex {
  readonly #root = new Node()

  constructor(rules: readonly CompiledRule[], globsOf: (rule: CompiledRule) => readonly Glob[]) {
    for (const rule of rules) {
      if (rule.rule.path === undefined) this.#root.entries.push({ rule, glob: null })
      for (const glob of globsOf(rule)) this.#place(glob.head).entries.push({ rule, glob })
    }
  }

  #place(head: readonly string[]): Node {
    let node = this.#root
    for (const segment of head) {
      let child = node.children.get(segment)
      if (child === undefined) {
        child = new Node()
        node.children.set(segment, child)
      }
      node = child
    }
    return node
  }

  /** The verdict of the first rule, in configuration order, that matches `path` and for which `judge` has one. */
  first<Verdict>(path: string, judge: (rule: CompiledRule) => Verdict | null): Verdict | null {
    let best: Verdict | null = null
    let bound = Number.POSITIVE_INFINITY
    let node: Node | undefined = this.#root
    let start = 1
    for (;;) {
      for (const { rule, glob } of node.entries) {
        if (rule.index >= bound) break
        if (glob !== null && !glob.matches(path)) continue
        const verdict = judge(rule)
        if (verdict === null) continue
        best = verdict
        bound = rule.index
        break
      }
      if (node.children.size === 0 || start > path.length) return best
      const slash = path.indexOf('/', start)
      const end = slash < 0 ? path.length : slash
      node = node.children.get(path.slice(start, end))
      if (node === undefined) return best
      start = end + 1
    }
  }
}
