/**
 * Checks an app's rules: contradictions, unreachable rules, and rules that protect less than they seem to. The first matching rule counts,
 * so a wrong order is the most frequent mistake.
 */
import { type Network, networkCovers, networksMeet, parseNetwork } from '../../src/request/networks.ts'
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftRule } from '../schema.ts'
import { adviseOnForeignPattern } from './foreign-patterns.ts'

/** They ignore letter case if the app does. */
export function checkRules(
  given: readonly (DraftRule | undefined)[],
  isCaseSensitive: boolean,
  path: string,
  diagnostics: Diagnostics
): void {
  const rules = isCaseSensitive
    ? given
    : given.map(rule => (rule?.path === undefined ? rule : { ...rule, path: rule.path.toLowerCase() }))
  if (rules.length === 0)
    diagnostics.warning(
      path,
      'has no rule, so the gate refuses every request; without the key `rules` the app has access: mfa'
    )
  const index = new RuleIndex(rules)
  rules.forEach((rule, place) => {
    if (rule === undefined) return
    const at = `${path}[${place}]`
    checkOutcome(rule, at, diagnostics)
    const before = index.mayCover(rule.path).filter(other => other < place)
    const earlier = before.find(other => covers(rules[other]!, rule))
    if (earlier !== undefined) {
      diagnostics.warning(at, `is never used: rule ${path}[${earlier}] matches everything that this rule matches`)
      return
    }
    const opener = before.find(other => opensBefore(rules[other]!, rule))
    if (opener !== undefined)
      diagnostics.advise(
        at,
        `comes too late for ${whom(rules[opener]!)}: the wider rule ${path}[${opener}] lets them in first; put the narrower rule above it`
      )
    checkPath(rule, given[place]!.path, rules, index, at, diagnostics)
  })
}

/** An index by the segments before the first `*`, since ten thousand rules are compared with each other. */
class RuleIndex {
  readonly #places = new Map<string, number[]>()

  constructor(rules: readonly (DraftRule | undefined)[]) {
    for (const [place, rule] of rules.entries()) {
      if (rule === undefined) continue
      const all = rule.path === undefined ? [] : segmentsOf(rule.path)
      const star = all.findIndex(segment => segment.includes('*'))
      const prefix = all.slice(0, star < 0 ? all.length : star).join('/')
      const places = this.#places.get(prefix)
      if (places === undefined) this.#places.set(prefix, [place])
      else places.push(place)
    }
  }

  /** All rules whose path may cover this one, in order, and perhaps others. */
  mayCover(path: string | undefined): number[] {
    const all = path === undefined ? [] : segmentsOf(path)
    // Joined, the empty segment is the prefix of `/` and of `/**`.
    const prefixes = new Set(['', ...all.map((_, i) => all.slice(0, i + 1).join('/'))])
    return [...prefixes].flatMap(prefix => this.#places.get(prefix) ?? []).sort((a, b) => a - b)
  }
}

function segmentsOf(glob: string): string[] {
  return glob.replace(/\/$/, '').split('/').slice(1)
}

function checkOutcome(rule: DraftRule, at: string, diagnostics: Diagnostics): void {
  if (rule.access === 'public' || rule.access === 'deny')
    for (const key of ['factors', 'within'] as const)
      if (diagnostics.isGiven(`${at}.${key}`))
        diagnostics.problem(`${at}.${key}`, `must not be used with access: ${rule.access}, which asks for no factor`)
  if (rule.access === 'public' && (rule.groups !== undefined || rule.users !== undefined))
    diagnostics.warning(at, 'needs to know who the person is, so people have to sign in; write access: mfa')
  else if (rule.access === 'public' && isAnywhere(rule) && rule.networks === undefined && rule.methods === undefined)
    diagnostics.warning(at, 'opens the whole app to everybody, without signing in')
}

/** A path that protects one page instead of everything below it, or that no request can have. */
function checkPath(
  rule: DraftRule,
  written: string | undefined,
  rules: readonly (DraftRule | undefined)[],
  index: RuleIndex,
  at: string,
  diagnostics: Diagnostics
): void {
  const { path, access } = rule
  if (path === undefined || written === undefined) return
  // Matching decodes paths, and removes dot segments, parameters and repeated slashes.
  const odd = /%[0-9a-f]{2}|\/\/|\/\.{1,2}(?:\/|$)|;/i.exec(path)?.[0]
  if (odd !== undefined)
    diagnostics.advise(
      `${at}.path`,
      `may never match: the gate decodes and normalises paths before it compares them, and that removes '${odd}'; write the decoded path`
    )
  adviseOnForeignPattern(path, `${at}.path`, diagnostics)
  if (access === 'public' || path === '/' || /\.\w{1,5}$/.test(path)) return
  // `/admin*` matches `/admin` and `/admin2`, and no page below them.
  const bare = written.replace(/\/?\*?$/, '')
  const isBare = !path.includes('*')
  if (bare.includes('*')) return
  if (
    bare === '' ||
    index
      .mayCover(`${path.slice(0, bare.length)}/x/y`)
      .map(place => rules[place]!)
      .some(
        other =>
          other !== rule && other.path !== undefined && coversPath(other.path, `${path.slice(0, bare.length)}/x/y`)
      )
  )
    return
  diagnostics.advise(
    `${at}.path`,
    isBare
      ? `matches this one page and nothing below it; to include everything below, write ${bare}/**`
      : path.endsWith('/*')
        ? `matches one step below ${bare} and no further; for all of it write ${bare}/**`
        : `matches one step that begins with ${bare}, and nothing below it; for all of it write ${bare}/**`
  )
}

/** An open rule precedes a narrower, stricter one, and takes some of its people away. */
function opensBefore(earlier: DraftRule, later: DraftRule): boolean {
  if (earlier.access === 'deny' || !coversPath(earlier.path, later.path ?? '/**')) return false
  if (later.access === 'deny' && singlesOut(later, earlier)) return overlaps(earlier, later)
  // Two outcomes for different people at one path are intended.
  if (later.path === undefined || earlier.path === later.path) return false
  if (later.access === 'deny') return overlaps(earlier, later)
  if (later.access === 'public' || !overlaps(earlier, later)) return false
  if (earlier.access === 'public') return true
  if (later.within != null && (earlier.within == null || earlier.within > later.within)) return true
  return later.factors != null && later.factors.length < 3 && !isWithin(earlier.factors, later.factors)
}

/** A person of a group, or a part of a network. A group after a person may be intended. */
function singlesOut(rule: DraftRule, other: DraftRule): boolean {
  if (rule.users !== undefined) return other.users === undefined
  return rule.networks !== undefined && other.networks !== undefined && other.users === undefined
}

function isWithin(narrow: readonly unknown[] | null | undefined, wide: readonly unknown[]): boolean {
  return narrow?.every(word => wide.includes(word)) ?? false
}

/** False if no request can match both. Groups do not count, since people may be in several. */
function overlaps(one: DraftRule, other: DraftRule): boolean {
  const { networks: here } = one
  const { networks: there } = other
  if (
    here !== undefined &&
    there !== undefined &&
    !here.some(a => there.some(b => a !== undefined && b !== undefined && networksMeet(networkOf(a), networkOf(b))))
  )
    return false
  return (['methods', 'users'] as const).every(key => {
    const [a, b] = [one[key], other[key]]
    return a === undefined || b === undefined || a.some(word => word !== undefined && (b as unknown[]).includes(word))
  })
}

function whom(rule: DraftRule): string {
  const parts = (['methods', 'groups', 'users', 'networks'] as const).flatMap(key =>
    rule[key] === undefined ? [] : [`${key} ${rule[key].join(', ')}`]
  )
  return parts.length === 0 ? 'everybody' : parts.join(' and ')
}

function isAnywhere(rule: DraftRule): boolean {
  return rule.path === undefined || rule.path === '/**'
}

/** True only if `earlier` matches every request that `later` matches. */
function covers(earlier: DraftRule, later: DraftRule): boolean {
  const holds = (wide: readonly unknown[] | undefined, narrow: readonly unknown[] | undefined) =>
    wide === undefined || (narrow?.every(word => word !== undefined && wide.includes(word)) ?? false)
  return (
    (isAnywhere(earlier) || (later.path !== undefined && coversPath(earlier.path, later.path))) &&
    (['methods', 'groups', 'users'] as const).every(key => holds(earlier[key], later[key])) &&
    (earlier.networks === undefined ||
      (later.networks?.every(
        narrow =>
          narrow !== undefined &&
          earlier.networks!.some(wide => wide !== undefined && networkCovers(networkOf(wide), networkOf(narrow)))
      ) ??
        false))
  )
}

const networks = new Map<string, Network>()

/** Parsed once, since ten thousand rules are compared. */
function networkOf(text: string): Network {
  const network = networks.get(text) ?? (parseNetwork(text) as Network)
  networks.set(text, network)
  return network
}

/** True only if the glob `wide` matches every path that `narrow` matches. */
export function coversPath(wide: string | undefined, narrow: string): boolean {
  if (wide === undefined || wide === narrow) return true
  const [w, n] = [segmentsOf(wide), segmentsOf(narrow)]
  const from = (i: number, j: number): boolean => {
    if (i === w.length) return j === n.length
    if (w[i] === '**') return i === w.length - 1 || n.slice(j).some((_, more) => from(i + 1, j + more))
    // `/a/*` matches `/a` too.
    if (j === n.length) return i === w.length - 1 && w[i] === '*'
    if (n[j]!.includes('**')) return false
    return coversSegment(w[i]!, n[j]!) && from(i + 1, j + 1)
  }
  return from(0, 0)
}

function coversSegment(wide: string, narrow: string): boolean {
  if (wide === narrow || wide === '*') return true
  if (narrow.includes('*') || !wide.includes('*')) return false
  const pieces = wide.split(/\*+/)
  let at = pieces[0]!.length
  if (!narrow.startsWith(pieces[0]!) || !narrow.endsWith(pieces.at(-1)!)) return false
  for (const piece of pieces.slice(1, -1)) {
    const found = narrow.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return at <= narrow.length - pieces.at(-1)!.length
}
