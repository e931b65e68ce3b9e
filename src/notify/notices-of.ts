/** Which events cause notices, and to whom. */
import type { AuditEvent } from '../audit/event.ts'
import type { FactorKind } from '../factor/kinds.ts'
import { newId } from '../ids.ts'
import { maxNoticeReasonsLength, type Reason, wordsFor } from '../reasons/reason.ts'
import type { Notice, NoticeFacts, NoticeKind, Told } from './notice.ts'

const operators: Told = { kind: 'operators' }

/** Null for most events. `reasons`: what its `why` was made from. `refusal-count.ts` counts wrong guesses. */
export function noticeOf(event: AuditEvent, reasons?: readonly Reason[]): Notice | null {
  switch (event.kind) {
    case 'enrol':
      return event.outcome === 'enrolled' ? toPerson(event, 'factor-added') : null
    case 'factor.remove':
      if (event.outcome === 'removed') return toPerson(event, 'factor-removed')
      return event.outcome === 'reset' ? toPerson(event, 'factors-reset', { why: text(event.why) }) : null
    case 'factor.disable':
      return toPerson(event, 'factor-disabled')
    case 'proof':
      return event.factor === 'recovery' && event.outcome === 'verified' ? toPerson(event, 'recovery-used') : null
    case 'recovery.issue':
      return toPerson(event, 'recovery-issued')
    case 'token.issue':
      return toPerson(event, 'token-issued')
    case 'password.change':
      if (event.outcome === 'reset') return toPerson(event, 'password-reset')
      return event.outcome === 'changed' ? toPerson(event, 'password-changed') : null
    case 'device.new':
      return toPerson(event, 'new-device', { device: text(event.device) })
    case 'user.change':
      if (event.outcome === 'suspended')
        return toPerson(event, 'suspended', { ...saidIn(event, reasons), other: text(event.operator) }, [operators])
      if (event.outcome === 'resumed') return toPerson(event, 'resumed', { other: text(event.operator) }, [operators])
      return null
    case 'sponsor.ask':
      return sponsorAsked(event)
    case 'sponsor.approve':
      return sponsorDecided(event, 'sponsor-approved')
    case 'sponsor.decline':
      return sponsorDecided(event, 'sponsor-declined')
    case 'watch.budget':
      return event.isTold === true ? made(event, 'budget-passed', saidIn(event, reasons), [operators]) : null
    case 'watch.unusual':
      return event.isTold === true ? made(event, 'unusual-use', saidIn(event, reasons), [operators]) : null
    case 'watch.app':
      return event.isTold === true ? made(event, 'app-changed', saidIn(event, reasons), [operators]) : null
    case 'watch.decoy':
      return event.isTold === true ? made(event, 'decoy-touched', saidIn(event, reasons), [operators]) : null
    case 'posture':
      return postureSet(event)
    case 'certificate.ending':
      return certificateEnding(event)
    default:
      return null
  }
}

function saidIn(event: AuditEvent, reasons?: readonly Reason[]): NoticeFacts {
  const why = text(event.why)
  if (why === undefined) return {}
  return reasons === undefined ? { why } : wordsFor({ why, reasons }, maxNoticeReasonsLength)
}

/** The notice goes to the person, and to `more`. */
function toPerson(
  event: AuditEvent,
  kind: NoticeKind,
  facts: NoticeFacts = {},
  more: readonly Told[] = []
): Notice | null {
  if (event.account === undefined) return null
  return made(event, kind, facts, [{ kind: 'account', id: event.account }, ...more])
}

/** The event's account asks. Without a sponsor the operators decide. */
function sponsorAsked(event: AuditEvent): Notice {
  const sponsor = text(event.sponsor)
  return made(event, 'sponsor-asked', {}, [sponsor === undefined ? operators : { kind: 'name', name: sponsor }])
}

/** The event's account decided; they are told too, in case somebody used their name. */
function sponsorDecided(event: AuditEvent, kind: NoticeKind): Notice {
  const person = text(event.person)
  const to: Told[] = person === undefined ? [] : [{ kind: 'name', name: person }]
  if (event.account !== undefined) to.push({ kind: 'account', id: event.account })
  return made(event, kind, { other: person }, to)
}

/** Null if the posture has ended by itself, or cannot be read. */
function postureSet(event: AuditEvent): Notice | null {
  const { outcome } = event
  if (outcome === 'ended' || outcome === 'readable' || outcome === 'unreadable') return null
  const ends = Date.parse(text(event.until) ?? '')
  const facts = { what: text(outcome), app: text(event.app), why: text(event.why), other: text(event.operator) }
  return made(event, 'posture-set', Number.isNaN(ends) ? facts : { ...facts, ends }, [operators])
}

/** The id is the same on each gate, so that the operators get one. */
function certificateEnding(event: AuditEvent): Notice {
  const facts = { what: text(event.what), ends: Date.parse(text(event.ends) ?? ''), count: Number(event.left) }
  return {
    ...made(event, 'certificate-ending', facts, [operators]),
    id: `certificate-${event.fingerprint}-${event.days}`
  }
}

function made(event: AuditEvent, kind: NoticeKind, facts: NoticeFacts, to: readonly Told[]): Notice {
  const { at, account, name, address, request } = event
  const factor = event.factor as FactorKind | undefined
  // An operator's address is nobody else's business.
  const from = event.operator === undefined ? address : undefined
  return { id: newId(), kind, at, to, account, name, facts: { factor, address: from, reference: request, ...facts } }
}

function text(value: AuditEvent[string]): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
