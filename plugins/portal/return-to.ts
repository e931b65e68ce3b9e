/**
 * The target after the gate's pages, in the queries of all of them as `rd` and `state`. Both are validated at every use (THREATS R1-R8); an
 * invalid address counts as none.
 */
import { parseStopped, type StoppedRequest, stoppedText } from '../../src/apps/return-to.ts'
import type { ReturnTo as SignInReturnTo } from '../../src/sign-in/next-step.ts'
import { maxAddressLength, queryOf, unpacked } from '../return-address.ts'

export interface ReturnTo extends SignInReturnTo {
  /** When a failed hand-over started again, in seconds since the epoch, base 36. It must not repeat for ever. */
  readonly again?: string
}

export const noReturn: ReturnTo = { rd: null, state: null }

const stateShape = /^[A-Za-z0-9_-]{43}$/
const printable = /^[\x21-\x7e]+$/

/** A parameter sent twice counts as absent. */
export function returnToOf(query: unknown, returnTargets: (url: string) => string | null): ReturnTo {
  const { rd, state, ask, again } = (query ?? {}) as Record<string, unknown>
  const target = typeof rd === 'string' ? validTarget(unpacked(rd), returnTargets) : null
  if (target === null) return noReturn
  const refused = typeof ask === 'string' ? askOf(ask, returnTargets) : null
  return {
    rd: target,
    state: typeof state === 'string' && stateShape.test(state) ? state : null,
    ...(refused === null ? {} : { ask: refused }),
    ...(typeof again === 'string' && /^[0-9a-z]{1,10}$/.test(again) ? { again } : {})
  }
}

function askOf(text: string, returnTargets: (url: string) => string | null): StoppedRequest | null {
  const stopped = parseStopped(text)
  return stopped === null || validTarget(stopped.url, returnTargets) === null ? null : stopped
}

/** The result may be in a `Location`. */
export function validTarget(url: string, returnTargets: (url: string) => string | null): string | null {
  if (url.length > maxAddressLength || !printable.test(url) || !/^https?:\/\//.test(url)) return null
  const target = returnTargets(url)
  return target !== null && printable.test(target) ? target : null
}

/** `path` with the return address in its query. */
export function withReturnTo(path: string, returnTo: ReturnTo, more: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(more)
  if (returnTo.rd !== null) query.set('rd', returnTo.rd)
  if (returnTo.state !== null) query.set('state', returnTo.state)
  if (returnTo.ask) query.set('ask', stoppedText(returnTo.ask))
  if (returnTo.again) query.set('again', returnTo.again)
  const text = queryOf(query)
  return text === '' ? path : `${path}?${text}`
}
