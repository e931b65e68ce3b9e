/** Finds decoys that people touch by accident, decoys that nobody can reach, and steps that contradict each other. */
import { decoySteps } from '../../src/decoys/steps.ts'
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftApp, DraftConfig, DraftRule } from '../schema.ts'
import { adviseOnForeignPattern } from './foreign-patterns.ts'
import { coversPath } from './rules.ts'

type Draft = NonNullable<NonNullable<DraftApp['decoys']>[number]>
type Steps = readonly (string | undefined)[] | null | undefined

export function checkDecoys(config: DraftConfig, diagnostics: Diagnostics): void {
  const { apps, watch } = config
  checkSteps(watch?.decoys?.then, 'watch.decoys.then', config, diagnostics)
  checkExempt(watch?.decoys?.exempt?.networks, 'watch.decoys.exempt.networks', diagnostics)
  const areAny = apps?.some(app => (app?.decoys?.length ?? 0) > 0) ?? true
  if (watch?.decoys != null && !areAny) diagnostics.warning('watch.decoys', 'changes nothing: no app has decoys')
  apps?.forEach((app, place) => {
    if (app === undefined) return
    const at = `apps[${place}]`
    checkSteps(app.onDecoy?.then, `${at}.onDecoy.then`, config, diagnostics)
    checkExempt(app.onDecoy?.exempt?.networks, `${at}.onDecoy.exempt.networks`, diagnostics)
    if (app.onDecoy != null && app.decoys?.length === 0)
      diagnostics.warning(`${at}.onDecoy`, 'changes nothing: the app has no decoys')
    if (app.enforce === 'report' && (app.decoys?.length ?? 0) > 0)
      diagnostics.advise(
        `${at}.decoys`,
        'stop nobody while the app says enforce: report; touches are written down and told'
      )
    app.decoys?.forEach((decoy, index) => {
      if (decoy !== undefined) checkDecoy(decoy, index, { app, list: `${at}.decoys`, config, diagnostics })
    })
  })
}

interface DecoyList {
  readonly app: DraftApp
  /** Where it stands in the configuration. */
  readonly list: string
  readonly config: DraftConfig
  readonly diagnostics: Diagnostics
}

function checkDecoy(decoy: Draft, index: number, { app, list, config, diagnostics }: DecoyList): void {
  const at = `${list}[${index}]`
  checkSteps(decoy.then, `${at}.then`, config, diagnostics)
  checkServed(decoy, at, diagnostics)
  const { path, query } = decoy
  if (path === undefined) return
  adviseOnForeignPattern(path, at, diagnostics)
  const earlier = app.decoys?.findIndex(
    (other, i) => i < index && other?.query === null && coversPath(other.path, path) && other.path !== undefined
  )
  if (earlier !== undefined && earlier >= 0)
    diagnostics.warning(at, `is never used: ${list}[${earlier}] matches everything that this decoy matches`)
  if (query !== null) {
    if (query !== undefined && Object.keys(query).length === 0)
      diagnostics.problem(`${at}.query`, 'names no parameter; leave it out for any query')
    return
  }
  checkUse(path, at, app, diagnostics)
}

/** Finds a decoy at a path that people ask for in everyday use. */
function checkUse(path: string, at: string, app: DraftApp, diagnostics: Diagnostics): void {
  if (coversPath(path, '/**') || coversPath(path, '/'))
    return diagnostics.warning(at, 'matches the front page of the app: whoever opens the app would touch it')
  if (app.health?.path !== undefined && coversPath(path, app.health.path))
    diagnostics.advise(
      at,
      `matches ${app.health.path}, which the health check asks for, so it is a real part of the app`
    )
  // If the app ignores letter case, so does this check.
  const fold = (text: string) => (app.caseSensitive === true ? text : text.toLowerCase())
  const decoy = fold(path)
  const rules = (app.rules ?? []).map(rule => (rule?.path === undefined ? rule : { ...rule, path: fold(rule.path) }))
  const named = rules.findIndex(
    rule => rule?.path !== undefined && rule.access !== 'deny' && coversPath(decoy, rule.path)
  )
  if (named >= 0)
    diagnostics.warning(
      at,
      `matches ${app.rules?.[named]?.path}, to which a rule of its own lets people: is it a real part of the app?`
    )
  const deciding = rules.find(rule => rule !== undefined && (rule.path === undefined || coversPath(rule.path, decoy)))
  const isDenied = deciding?.access === 'deny' && isForAll(deciding)
  const isUnmet = deciding === undefined && rules.every(rule => rule !== undefined && !mayMeet(rule, decoy))
  if (isDenied || isUnmet)
    diagnostics.warning(
      at,
      `is out of reach: ${isDenied ? 'a rule denies it to everybody' : 'no rule lets anybody there'}. A touch still counts, but nobody will be tempted`
    )
  else if (deciding?.access === 'public' && isForAll(deciding))
    diagnostics.advise(at, 'is public: strangers reach it too, and their touches are only written to the journal')
}

function mayMeet({ path }: DraftRule, decoy: string): boolean {
  if (path === undefined || coversPath(path, decoy) || coversPath(decoy, path)) return true
  // Two globs may meet without one covering the other; only literal beginnings tell them apart for sure.
  const [one, other] = [path, decoy].map(glob => glob.split('*')[0] ?? '')
  return one!.startsWith(other!) || other!.startsWith(one!)
}

function isForAll({ methods, groups, users, networks }: DraftRule): boolean {
  return [methods, groups, users, networks].every(condition => condition === undefined)
}

function checkServed({ path, query, serve, content }: Draft, at: string, diagnostics: Diagnostics): void {
  if (serve === undefined) return
  if (serve === null) {
    if (content !== undefined && diagnostics.isGiven(`${at}.content`))
      diagnostics.problem(`${at}.content`, 'needs serve beside it: the app itself answers here')
    return
  }
  if (path?.includes('*'))
    diagnostics.problem(`${at}.path`, 'must be one path without * where serve is given: the marks belong to one file')
  if (query != null)
    diagnostics.problem(`${at}.query`, 'cannot stand beside serve: the gate serves one file at one path')
  const ending = /\.(\w{1,5})$/.exec(path ?? '')?.[1]?.toLowerCase()
  if (ending !== undefined && ending !== serve && !(ending === 'htm' && serve === 'html'))
    diagnostics.advise(`${at}.serve`, `is ${serve}, but the path ends with .${ending}: people would wonder`)
}

function checkSteps(steps: Steps, at: string, { notify }: DraftConfig, diagnostics: Diagnostics): void {
  const given = steps?.flatMap(step => (step === undefined ? [] : [step]))
  if (given === undefined) return
  const right = decoySteps.filter(step => given.includes(step))
  if (given.length !== right.length || given.some((step, i) => step !== right[i]))
    diagnostics.problem(at, `must name each step once, in the order in which they act: [${right.join(', ')}]`)
  const last = right.at(-1)
  const idle = right.filter(step => (step === 'step-up' || step === 'cut') && step !== last)
  if (idle.length > 0) diagnostics.warning(at, `${idle.join(' and ')} changes nothing here, because ${last} does more`)
  if (given.includes('notify') && notify === null)
    diagnostics.warning(at, 'tells nobody while there is no key notify; the journal has it')
}

function checkExempt(networks: Steps, at: string, diagnostics: Diagnostics): void {
  networks?.forEach((network, index) => {
    if (network?.endsWith('/0'))
      diagnostics.warning(`${at}[${index}]`, 'includes every address, so that no touch counts any more')
  })
}
