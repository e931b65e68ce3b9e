/**
 * The RelayState of a SAML request. The provider's form comes without our cookies, so the gate recognises its own requests by a MAC in this
 * text, before it reads the answer.
 */
import { isCurrent } from '../../../src/clock.ts'
import { newId } from '../../../src/ids.ts'
import type { PageContext } from '../page-context.ts'
import { begunSeconds } from './begun-login.ts'

/** SAML Bindings §3.4.3 allows 80 bytes: this has 74. */
const shape = /^([A-Za-z0-9_-]{22})\.([0-9a-z]{1,8})\.([A-Za-z0-9_-]{43})$/
const purpose = 'saml-relay-state'
const requestPurpose = 'saml-request'

interface NewRequest {
  readonly relayState: string
  /** The ID of the message belongs to this RelayState alone. */
  readonly id: string
}

export function newRequest({ portal, now }: PageContext, institution: string): NewRequest {
  const [random, end] = [newId(), Math.ceil(now / 1000 + begunSeconds).toString(36)]
  const relayState = `${random}.${end}.${portal.keyring().mac(purpose, `${institution}:${random}.${end}`)}`
  return { relayState, id: `_${portal.keyring().mac(requestPurpose, relayState)}` }
}

/** This gate has begun a request of this institution with it, not too long ago. */
export function isOurRelayState({ portal, now }: PageContext, institution: string, text: string): boolean {
  const [, random, end, mac] = shape.exec(text) ?? []
  if (random === undefined || end === undefined || mac === undefined) return false
  return (
    portal.keyring().verifyMac(purpose, `${institution}:${random}.${end}`, mac) &&
    isCurrent(Number.parseInt(end, 36) * 1000, (begunSeconds + 1) * 1000, now)
  )
}

/** The ID of the request that went out with this RelayState. */
export function isRequestOf({ portal }: PageContext, relayState: string, id: string): boolean {
  return id.startsWith('_') && portal.keyring().verifyMac(requestPurpose, relayState, id.slice(1))
}
