/** The list of open findings. Each kind has its own places, so harmless ones crowd out no alarm. */
import { type Reason, reason } from '../reasons/reason.ts'
import { type Finding, maxFindings } from './finding.ts'
import { severalVisitors } from './visitors.ts'

/**
 * `program`: an alarm only that a path answers. `stranger`: a stranger has caused it. `visitor`, `visitors`: seen only by strangers, of one network or
 * of several.
 */
export type Place = 'change' | 'alarm' | 'program' | 'stranger' | 'visitor' | 'visitors'

/** All together have `maxFindings`. Findings that a request causes by its path alone have few. */
const maxPlaces: Readonly<Record<Place, number>> = {
  change: 24,
  alarm: maxFindings,
  program: 8,
  stranger: 4,
  visitor: 8,
  visitors: 12
}
/** Places of one network. */
const maxOfOne = 4

export function placeOf({ severity, items, codes, isByStranger, onlySeenBy }: Finding): Place {
  if (isByStranger === true) return 'stranger'
  if (onlySeenBy !== undefined) return onlySeenBy === severalVisitors ? 'visitors' : 'visitor'
  if (severity === 'change') return 'change'
  return codes.length === 0 && items.every(({ kind }) => kind === 'endpoint') ? 'program' : 'alarm'
}

/** Whose oldest findings make room in a full list. */
const displacedBy: Readonly<Record<Place, readonly Place[]>> = {
  change: ['visitor'],
  alarm: ['visitor', 'change', 'stranger', 'visitors', 'program'],
  program: ['visitor', 'change'],
  stranger: ['visitor', 'change'],
  visitor: [],
  visitors: ['visitor', 'change']
}

/** `lost`: whose oldest finding made room. Null where the finding has no place. */
export function placed(
  findings: readonly Finding[],
  finding: Finding
): { readonly findings: readonly Finding[]; readonly lost: Place | null } | null {
  const place = placeOf(finding)
  const taken = findings.filter(one => placeOf(one) === place)
  if (taken.length >= maxPlaces[place]) return null
  if (place === 'visitor' && taken.filter(({ onlySeenBy }) => onlySeenBy === finding.onlySeenBy).length >= maxOfOne)
    return null
  if (findings.length < maxFindings) return { findings: [...findings, finding], lost: null }
  for (const from of displacedBy[place]) {
    const [oldest] = findings.filter(one => placeOf(one) === from).sort((a, b) => a.at - b.at)
    if (oldest !== undefined) return { findings: [...findings.filter(one => one !== oldest), finding], lost: from }
  }
  return null
}

export const lackings = ['change', 'alarm', 'program', 'stranger'] as const
export type Lacking = (typeof lackings)[number]

export function lackingOf(place: Place): Lacking {
  return place === 'visitor' || place === 'visitors' ? 'stranger' : place
}

const wholes: Readonly<Record<Lacking, string>> = {
  change: 'further changes are not listed; alarms still are',
  alarm: 'further alarms are not listed',
  program: 'further programs that answer at new paths are not listed; other alarms still are',
  stranger: 'further things that only people who have not signed in have seen are not listed; other alarms still are'
}

export function fullSentence(app: string, place: Lacking): string {
  return `The list of what is new in the app '${app}' is full: ${wholes[place]}. Approve what belongs to the app, and look at the rest.`
}

const wholeIds = {
  change: 'appFullChange',
  alarm: 'appFullAlarm',
  program: 'appFullProgram',
  stranger: 'appFullStranger'
} as const

export function fullReasons(app: string, place: Lacking): readonly Reason[] {
  return [reason('appFull', { app }), reason(wholeIds[place], {}), reason('appApprove', {})]
}
