/** Parts of a policy as text for operators. */
import { type FactorKind, factorKinds } from '../factor/kinds.ts'
import { spanOf } from '../reasons/quantities.ts'
import type { Reason } from './decision.ts'
import type { Policy, Requirement, Rule } from './policy.ts'

const reasons: Record<Reason, string> = {
  sign_in_required: 'nobody is signed in',
  second_factor_required: 'a second factor is missing',
  other_factor_required: 'another second factor is needed',
  fresh_proof_required: 'the last such proof is too old',
  budget_proof_required: 'more was fetched than a budget allows',
  unusual_proof_required: 'something was unusual for this person',
  device_required: 'the sign-in is bound to no device',
  device_proof_required: 'the device key that the sign-in is bound to was not shown',
  lockdown: 'the app is in lockdown, and the person is in none of the groups that it lets in',
  not_allowed: 'not allowed'
}

export function describeVerdict(verdict: 'forward' | Reason): string {
  return verdict === 'forward' ? 'forward' : reasons[verdict]
}

export function describeRule({ path, methods, groups, users, networks, deviceBound, outcome }: Rule): string {
  const parts: string[] = []
  if (path !== undefined) parts.push(`path: ${path}`)
  for (const [name, values] of Object.entries({ methods, groups, users, networks }))
    if (values !== undefined) parts.push(`${name}: [${values.join(', ')}]`)
  parts.push(`access: ${outcome.access}`)
  if (outcome.access === 'mfa') {
    parts.push(`factors: [${outcome.requirement.factors.join(', ')}]`)
    if (outcome.requirement.withinSeconds !== null)
      parts.push(`within: ${asWritten(outcome.requirement.withinSeconds)}`)
  }
  if (deviceBound !== undefined) parts.push(`deviceBound: ${deviceBound}`)
  return `{ ${parts.join(', ')} }`
}

/** `webauthn or totp within 5m`. */
export function describeRequirement({ factors, withinSeconds }: Requirement): string {
  return `${factors.join(' or ')}${withinSeconds === null ? '' : ` within ${asWritten(withinSeconds)}`}`
}

/** As in the configuration: `90s`, `5m`. */
function asWritten(seconds: number): string {
  const { count, unit } = spanOf(seconds)
  return `${count}${unit[0]}`
}

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60]
] as const

export function describeAge(seconds: number): string {
  const [unit, size] = units.find(([, size]) => seconds >= 2 * size) ?? ['s', 1]
  return `${Math.round(seconds / size)}${unit}`
}

/** Escapes what could control a terminal. */
export function describeReading(path: string): string {
  return path.replace(
    /[\p{C}\u2028\u2029]/gu,
    char => `\\u{${(char.codePointAt(0) as number).toString(16).padStart(4, '0')}}`
  )
}

export const factorWords: Readonly<Record<FactorKind, string>> = {
  webauthn: 'a passkey or security key',
  totp: 'a code of an authenticator app',
  recovery: 'a recovery code'
}

const deviceSentences = {
  off: '',
  preferred: ' A sign-in that a browser has bound to its device works on that device alone.',
  required: ' Only sign-ins that are bound to a device get in, and each works on its device alone.'
} as const

export function policySentences(policy: Policy): { rules: string[]; otherwise: string } {
  const { rules, caseSensitive, deviceBound = 'off' } = policy
  const letters = caseSensitive ? '' : ' Capital and small letters in a path mean the same.'
  const rest = rules.length === 0 ? 'Nobody may use anything' : 'Nobody may use anything else'
  return {
    rules: rules.map(sentenceOf),
    otherwise: `${rest}: whoever is signed in is refused, and anybody else is asked to sign in first.${letters}${deviceSentences[deviceBound]}`
  }
}

/** `People of the group staff, from 10.0.0.0/8, may use /admin and everything below it, with any second factor.` */
export function sentenceOf(rule: Rule): string {
  const { outcome, groups, users } = rule
  const isNamed = groups !== undefined || users !== undefined
  const place = placeOf(rule)
  if (outcome.access === 'deny')
    return `${isNamed ? `${people(rule)} may not` : 'Nobody may'} use ${place.replace(/^everything/, 'anything')}.`
  if (outcome.access === 'mfa') {
    const again = outcome.freshFor === undefined ? '' : `, and shown again after each ${sizeText(outcome.freshFor)}`
    const device = rule.deviceBound === undefined ? '' : `, ${deviceWords[rule.deviceBound]}`
    return `${people(rule)} may use ${place}, with ${requirementText(outcome.requirement)}${again}${device}.`
  }
  return isNamed
    ? `${people(rule)} may use ${place}, after they have signed in with any second factor.`
    : `Everybody may use ${place}, without signing in.`
}

const deviceWords = {
  off: 'on any device',
  preferred: 'on the device that the sign-in is bound to, if it is',
  required: 'only on the device that the sign-in is bound to'
} as const

/** `groups` and `users` must both hold, as in `unmetCondition()`. */
function people({ groups, users }: Rule): string {
  const inGroups = groups === undefined ? '' : `of the ${groups.length === 1 ? 'group' : 'groups'} ${list(groups)}`
  if (users === undefined) return groups === undefined ? 'Everybody with an account' : `People ${inGroups}`
  return `${list(users)}${inGroups === '' ? '' : `, as a member ${inGroups},`}`
}

function placeOf({ path, methods, networks }: Rule): string {
  const what = path === undefined ? 'everything' : pathText(path)
  // `GET` stands for HEAD too, as in `unmetCondition()`.
  const named =
    methods?.map(method => (method === 'GET' && !methods.includes('HEAD') ? 'GET (and HEAD)' : method)) ?? []
  const ways = methods === undefined ? '' : `, with the ${named.length === 1 ? 'method' : 'methods'} ${list(named)}`
  const from = networks === undefined ? '' : `, from ${list(networks)}`
  return `${what}${ways}${from}`
}

function pathText(path: string): string {
  const shown = describeReading(path)
  if (!path.includes('*')) return shown
  const root = path.slice(0, -3)
  if (path === '/**') return 'everything'
  if (path.endsWith('/**') && !root.includes('*')) return `${describeReading(root)} and everything below it`
  return `each path of the form ${shown}`
}

function requirementText({ factors, institution, withinSeconds }: Requirement): string {
  const isAny = factorKinds.every(kind => factors.includes(kind))
  const what = isAny ? 'any second factor' : list(factors.map(kind => factorWords[kind]))
  const also = institution === true ? ', also one that their institution has checked' : ''
  return `${what}${also}${withinSeconds === null ? '' : `, shown at most ${durationText(withinSeconds)} before`}`
}

function sizeText(bytes: number): string {
  const unit = [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024]
  ].find(([, size]) => bytes % (size as number) === 0) ?? ['bytes', 1]
  return `${bytes / (unit[1] as number)} ${unit[0]}`
}

function durationText(seconds: number): string {
  for (const [unit, size] of [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60]
  ] as const)
    if (seconds % size === 0 && seconds >= size) return `${seconds / size} ${unit}${seconds === size ? '' : 's'}`
  return `${seconds} second${seconds === 1 ? '' : 's'}`
}

function list(items: readonly string[]): string {
  const shown = items.map(describeReading)
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} or ${shown.at(-1)}`
}
