/** The journal's lines about the posture. */
import type { AuditEvent } from '../audit/event.ts'
import type { Turn, Turned } from './dial-record.ts'
import type { EndedSetting, PostureLevel } from './posture.ts'

type Line = Pick<AuditEvent, 'kind'> & Partial<AuditEvent> & { readonly why: string }

const iso = (at: number | null) => (at === null ? undefined : new Date(at).toISOString())

/** The caller adds the time and the operator. */
export function turnedLine({ level, app, why, until }: Turn, { before, now }: Turned): Line {
  return {
    kind: 'posture',
    outcome: level,
    before,
    ...(app === null ? {} : { app }),
    // All apps have a stricter one.
    ...(now === level ? {} : { posture: now }),
    until: iso(until),
    why
  }
}

export function endedLine({ app, setting }: EndedSetting): Line {
  const { level, by, at, until, why } = setting
  const where = app === null ? 'all apps' : `the app ${app}`
  return {
    kind: 'posture',
    outcome: 'ended',
    before: level,
    ...(app === null ? {} : { app }),
    until: iso(until),
    why: `The posture ${level} for ${where} has ended. ${by} set it at ${iso(at)}: ${why}`
  }
}

export function unreadableLine(problem: string | null, kept: PostureLevel | null): Line {
  if (problem === null) return { kind: 'posture', outcome: 'readable', why: 'The posture can be read again.' }
  const what =
    kept === null ? 'The gate treats all apps as elevated.' : `The gate keeps the last one that it knew: ${kept}.`
  return { kind: 'posture', outcome: 'unreadable', why: `The posture cannot be read: ${problem}. ${what}` }
}
