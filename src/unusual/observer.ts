/** Turns what the gate tells of its exchanges into observations. */
import { isPartOfPage } from '../metering/led.ts'
import type { Observation as Told } from '../metering/observation.ts'
import type { UsageObservation } from './observation.ts'

/** These refusals say what a person may not open, or looks for in vain. Others say nothing about the person. */
const tellingRefusals = new Set(['not_allowed', 'not_found'])

/** Reused at each request. */
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
 * Null for strangers, and for what says nothing. A request counts at its first bytes or its end, so a short one costs one observation; a WebSocket at
 * its start. The result is valid until the next call.
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
  // Firefox describes a socket like a part of a page.
  observation.isLed = exchange.isLed || (!isSocket && isPartOfPage(client))
  return observation
}
