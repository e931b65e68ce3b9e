/** Checks of `watch`, and of `freshFor` in rules. */
import { steps } from '../../src/budgets/steps.ts'
import { unusualSteps } from '../../src/unusual/steps.ts'
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftConfig } from '../schema.ts'

type DraftBudget = NonNullable<NonNullable<NonNullable<DraftConfig['watch']>['budgets']>[number]>

export function checkWatch(config: DraftConfig, diagnostics: Diagnostics): void {
  config.apps?.forEach((app, place) => {
    app?.rules?.forEach((rule, index) => {
      const at = `apps[${place}].rules[${index}].freshFor`
      if (rule?.freshFor != null) checkCarrier(at, config, diagnostics)
      if (rule?.freshFor != null && rule.access !== undefined && rule.access !== 'mfa')
        diagnostics.problem(at, 'needs access: mfa beside it: without a sign-in there is no proof to be fresh')
    })
  })
  checkUnusual(config, diagnostics)
  const budgets = config.watch?.budgets
  if (budgets === undefined) return
  const seen = new Map<string, number>()
  budgets.forEach((budget, index) => {
    if (budget === undefined) return
    const at = `watch.budgets[${index}]`
    if (budget.id !== undefined) {
      const first = seen.get(budget.id)
      if (first === undefined) seen.set(budget.id, index)
      else diagnostics.problem(`${at}.id`, `must differ from watch.budgets[${first}].id: the counts belong to it`)
    }
    checkApp(budget, at, config, diagnostics)
    checkAmount(budget, at, diagnostics)
    if (budget.bytes != null) checkCarrier(`${at}.bytes`, config, diagnostics)
    checkSteps(budget, at, config, diagnostics)
  })
}

function checkUnusual({ watch }: DraftConfig, diagnostics: Diagnostics): void {
  for (const level of ['strange', 'alarming', 'extreme'] as const) {
    const given = watch?.unusual?.[level]?.flatMap(step => (step === undefined ? [] : [step])) ?? []
    const right = unusualSteps.filter(step => given.includes(step))
    if (given.length !== right.length || given.some((step, i) => step !== right[i]))
      diagnostics.problem(
        `watch.unusual.${level}`,
        `must name each step once, in the order in which they act: [${right.join(', ')}]`
      )
  }
  const { strange = [], alarming = [], extreme = [] } = watch?.unusual ?? {}
  if (extreme.includes('suspend') && ![...strange, ...alarming, ...extreme].includes('step-up'))
    diagnostics.warning(
      'watch.unusual.extreme',
      'suspends, and no level asks for a proof: people are asked only where a page of another site may have caused it; add step-up to alarming'
    )
}

function checkApp({ app, per }: DraftBudget, at: string, { apps }: DraftConfig, diagnostics: Diagnostics): void {
  if (app == null) return
  const found = apps?.find(one => one?.id === app)
  if (found === undefined) {
    const ids = (apps ?? []).flatMap(one => (one?.id === undefined ? [] : [one.id]))
    diagnostics.problem(`${at}.app`, `must be the id of an app: ${ids.join(', ') || 'there is none'}`)
  } else if (found.enforce === 'report')
    diagnostics.advise(
      `${at}.app`,
      `stops nobody while the app '${app}' says enforce: report; it only counts and tells`
    )
  if (per === 'everyone')
    diagnostics.advise(`${at}.per`, 'means the same as per: app, because the budget names one app')
}

function checkAmount(budget: DraftBudget, at: string, diagnostics: Diagnostics): void {
  const given = (['bytes', 'requests', 'distinctPaths'] as const).filter(key => budget[key] != null)
  const isKnown = ['bytes', 'requests', 'distinctPaths'].every(key => budget[key as 'bytes'] !== undefined)
  if (given.length === 0 && isKnown) diagnostics.problem(at, 'needs an amount: bytes, requests or distinctPaths')
  if (given.length > 1)
    diagnostics.problem(
      `${at}.${given[1]}`,
      `must be in a budget of its own, because this one counts ${given[0]} already`
    )
  if (budget.bytes === 0) diagnostics.problem(`${at}.bytes`, 'must be more than nothing')
  if (budget.direction === 'in' && budget.bytes === null)
    diagnostics.problem(`${at}.direction`, 'needs bytes beside it: requests and paths have no direction')
}

/** Only a proxy in trustedProxies may ask for a verdict. Nothing says whether it also carries the bytes. */
function checkCarrier(at: string, { trustedProxies }: DraftConfig, diagnostics: Diagnostics): void {
  if (trustedProxies === undefined || trustedProxies.length === 0) return
  diagnostics.advise(
    at,
    'counts no bytes where a proxy in trustedProxies only asks the gate (forward-auth) and carries them itself: only requests and distinctPaths count there'
  )
}

function checkSteps(budget: DraftBudget, at: string, { notify, apps }: DraftConfig, diagnostics: Diagnostics): void {
  const { per, rate, factors } = budget
  const given = budget.then?.flatMap(step => (step === undefined ? [] : [step]))
  if (given === undefined) return
  const path = `${at}.then`
  const right = steps.filter(step => given.includes(step))
  if (given.length !== right.length || given.some((step, i) => step !== right[i]))
    diagnostics.problem(path, `must name each step once, in the order in which they act: [${right.join(', ')}]`)
  const isOfOne = per === 'person' || per === 'session'
  if (given.includes('step-up') && per !== undefined && !isOfOne)
    diagnostics.problem(path, `cannot ask for a proof per ${per}: step-up needs per: person or per: session`)
  if (given.includes('suspend') && per !== undefined && !isOfOne && per !== 'token')
    diagnostics.problem(path, `would suspend whoever comes last: suspend needs per: person, session or token`)
  if (given.includes('slow') && rate === null)
    diagnostics.problem(path, `needs ${at}.rate beside slow: how many bytes a second may pass`)
  if (!given.includes('slow') && rate != null) diagnostics.problem(`${at}.rate`, 'needs slow in then')
  if (!given.includes('step-up') && factors != null) diagnostics.problem(`${at}.factors`, 'needs step-up in then')
  if (given.includes('slow') && (given.includes('cut') || given.includes('suspend')))
    diagnostics.warning(path, 'slow changes nothing here, because cut or suspend acts at the same time')
  if (given.includes('notify') && notify === null)
    diagnostics.warning(path, 'tells nobody while there is no key notify; the journal has it')
  const hasTokens = apps?.some(
    one => one?.tokens != null && one.tokens !== false && (budget.app == null || one.id === budget.app)
  )
  if (per === 'token' && hasTokens === false)
    diagnostics.warning(`${at}.per`, 'counts nothing, because no app that it counts has the key tokens')
}
