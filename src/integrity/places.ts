/** The places in the list of open findings. Each kind has its own number of places, so that harmless findings crowd out no alarm. */
import { type Reason, reason } from '../reasons/reason.ts'
import { type Finding, findingsMost } from './finding.ts'

/** `program`: an alarm that says only that a path answers. `stranger`: one that a request without a sign-in has caused. */
export const places = ['change', 'alarm', 'program', 'stranger'] as const
export type Place = (typeof places)[number]

/** All kinds together have `findingsMost` places. Findings that a request causes by its path alone have few. */
const placesMost: Readonly<Record<Place, number>> = { change: 24, alarm: findingsMost, program: 8, stranger: 4 }

export function placeOf({ severity, items, codes, isByStranger }: Finding): Place {
  if (isByStranger === true) return 'stranger'
  if (severity === 'change') return 'change'
  return codes.length === 0 && items.every(({ kind }) => kind === 'endpoint') ? 'program' : 'alarm'
}

/** The list with the finding, and the place that lost its oldest one to it. Null where the finding has no place. */
export function placed(
  findings: readonly Finding[],
  finding: Finding
): { readonly findings: readonly Finding[]; readonly lost: Place | null } | null {
  const place = placeOf(finding)
  const taken = findings.filter(one => placeOf(one) === place)
  if (taken.length >= placesMost[place]) return null
  if (findings.length < findingsMost) return { findings: [...findings, finding], lost: null }
  if (place === 'change') return null
  const lost = place === 'alarm' ? (['change', 'stranger', 'program'] as const) : (['change'] as const)
  for (const from of lost) {
    const [oldest] = findings.filter(one => placeOf(one) === from).sort((a, b) => a.at - b.at)
    if (oldest !== undefined) return { findings: [...findings.filter(one => one !== oldest), finding], lost: from }
  }
  return null
}

const wholes: Readonly<Record<Place, string>> = {
  change: 'further changes are not listed; alarms still are',
  alarm: 'further alarms are not listed',
  program: 'further programs that answer at new paths are not listed; other alarms still are',
  stranger: 'further programs that answer to people who have not signed in are not listed; other alarms still are'
}

/** Tells operators that the list is full. */
export function fullSentence(app: string, place: Place): string {
  return `The list of what is new in the app '${app}' is full: ${wholes[place]}. Approve what belongs to the app, and look at the rest.`
}

const wholeIds = {
  change: 'appFullChange',
  alarm: 'appFullAlarm',
  program: 'appFullProgram',
  stranger: 'appFullStranger'
} as const

/** The same sentence as reasons. */
export function fullReasons(app: string, place: Place): readonly Reason[] {
  return [reason('appFull', { app }), reason(wholeIds[place], {}), reason('appApprove', {})]
}
