/** Turns what the gate tells of its exchanges into observations of people. */
import type { Observation as Told } from '../metering/observation.ts'
import type { Observation } from './observation.ts'

/** The refusals that say something about the person: what they may not open, and what is not there. */
const tellingRefusals = new Set(['not_allowed', 'not_found'])

/**
 * Null for strangers, and for what says nothing. A request counts when its first bytes or its end are told, so that a short one costs one
 * observation; a WebSocket counts at its start.
 */
export function observationOf(told: Told): Observation | null {
  const { exchange, phase, at, bytesOut, status } = told
  const { person, client, isSocket } = exchange
  if (person === null || person.token != null || (phase === 'start' && !isSocket)) return null
  if (phase === 'refused' && !tellingRefusals.has(told.reason ?? '')) return null
  const { userAgent, fetchDest, rawHeaders } = client
  return {
    at,
    account: person.account,
    groups: person.groups,
    session: person.session,
    sessionStartedAt: person.sessionStartedAt,
    app: exchange.app,
    method: exchange.method,
    path: exchange.query === '' ? exchange.path : exchange.path + exchange.query,
    address: exchange.address,
    userAgent,
    rawHeaders,
    signedInWith: person.signedInWith,
    isSocket,
    fetchDest: fetchDest === '' ? undefined : fetchDest,
    status: phase === 'end' || phase === 'refused' ? status : null,
    bytes: bytesOut,
    isFirst: isSocket ? phase === 'start' || phase === 'refused' : told.isFirst,
    isLed: exchange.isLed
  }
}
