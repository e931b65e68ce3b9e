/** Turns what the gate tells of its exchanges into observations of people. */
import { isPartOfPage } from '../metering/led.ts'
import type { Observation as Told } from '../metering/observation.ts'
import type { UsageObservation } from './observation.ts'

/** The refusals that say something about the person: what they may not open, and what is not there. */
const tellingRefusals = new Set(['not_allowed', 'not_found'])

/** Written anew at each call, because this runs at every request. */
const observation: { -readonly [Key in keyof UsageObservation]: UsageObservation[Key] } = {
  at: 0,
  account: null,
  groups: [],
  session: '',
  sessionStartedAt: 0,
  app: '',
  method: '',
  path: '',
  destination: '',
  address: '',
  userAgent: undefined,
  rawHeaders: [],
  signedInWith: null,
  isSocket: false,
  fetchDest: undefined,
  status: null,
  bytes: 0,
  isFirst: false,
  isLed: false
}

/**
 * Null for strangers, and for what says nothing. A request counts when its first bytes or its end are told, so that a short one costs one
 * observation; a WebSocket counts at its start. The result is valid until the next call.
 */
export function observationOf(told: Told): UsageObservation | null {
  const { exchange, phase, at, bytesOut, status } = told
  const { person, client, isSocket } = exchange
  if (person === null || person.token != null || (phase === 'start' && !isSocket)) return null
  if (phase === 'refused' && !tellingRefusals.has(told.reason ?? '')) return null
  const { fetchDest } = client
  observation.at = at
  observation.account = person.account
  observation.groups = person.groups
  observation.session = person.session
  observation.sessionStartedAt = person.sessionStartedAt
  observation.app = exchange.app
  observation.method = exchange.method
  observation.path = exchange.query === '' ? exchange.path : exchange.path + exchange.query
  observation.destination = exchange.destination
  observation.address = exchange.address
  observation.userAgent = client.userAgent
  observation.rawHeaders = client.rawHeaders
  observation.signedInWith = person.signedInWith
  observation.isSocket = isSocket
  observation.fetchDest = fetchDest === '' ? undefined : fetchDest
  observation.status = phase === 'end' || phase === 'refused' ? status : null
  observation.bytes = bytesOut
  observation.isFirst = isSocket ? phase === 'start' || phase === 'refused' : told.isFirst
  // Firefox names a socket as it names parts of pages.
  observation.isLed = exchange.isLed || (!isSocket && isPartOfPage(client))
  return observation
}
