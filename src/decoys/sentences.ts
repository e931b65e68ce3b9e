/** What people read about a touch, without the request's address and path. */
import type { Led } from '../metering/led.ts'
import { type Reason, reason } from '../reasons/reason.ts'
import type { Touch } from './touch.ts'

export interface Told {
  readonly touch: Touch
  readonly led: Led | null
  /** Null for a stranger. */
  readonly name: string | null
  readonly program: string | null
  readonly app: string
  readonly text: string
}

export function sentenceOf({ touch, led, name, program, app, text }: Told): string {
  const who = program === null ? name : `The program “${program}” of ${name}`
  const done = doneId(touch, program !== null)
  const decoy = `the decoy ${text} of the app ${app}`
  switch (touch.outcome) {
    case 'stranger':
      return `Somebody who is not signed in asked for ${decoy}.`
    case 'unknown':
      return `Somebody asked for ${decoy}. The store did not answer, so the gate does not know who: look in the lines of this address before and after.`
    case 'half_way':
      return `Somebody with the password of ${name}, but without a second factor, asked for ${decoy}.`
    case 'reported':
      return `${who} opened ${decoy}, which nobody has business touching. Nothing was done, because the app only reports.`
    case 'led':
      return `The browser of ${name} asked for ${decoy}, ${ledInWords[led ?? 'other_site']}${touch.isStopped ? ' So nothing was given, and nothing was done to the account.' : ''}`
    case 'touched':
      return `${who} opened ${decoy}, which nobody has business touching.${done === null ? '' : dones[done]}`
  }
}

/** None where nobody is told. */
export function reasonsOf({ touch, led, program, app, text }: Told): readonly Reason[] {
  const decoy = { decoy: text, app }
  const touched = program === null ? reason('decoy', decoy) : reason('decoyOfProgram', { ...decoy, program })
  switch (touch.outcome) {
    case 'stranger':
    case 'unknown':
      return []
    case 'half_way':
      return [reason('decoyHalfWay', decoy)]
    case 'reported':
      return [touched, reason('decoyReported', {})]
    case 'led':
      return [reason(ledIds[led ?? 'other_site'], decoy), ...(touch.isStopped ? [reason('decoyNothingGiven', {})] : [])]
    case 'touched': {
      const done = doneId(touch, program !== null)
      return done === null ? [touched] : [touched, reason(done, {})]
    }
  }
}

const ledIds = {
  prefetch: 'decoyPrefetch',
  other_site: 'decoyOtherSite',
  embedded: 'decoyEmbedded',
  unknown_link: 'decoyUnknownLink'
} as const

const ledInWords: Readonly<Record<Led, string>> = {
  prefetch: 'but says that it only fetched a link ahead that nobody had clicked.',
  other_site: 'but was led there by a page of another site.',
  embedded: 'but only for a picture or another part of a page.',
  unknown_link: 'but is too old to say whether a page of another site led it there.'
}

function doneId({ steps, isStopped }: Touch, isProgram: boolean): keyof typeof dones | null {
  if (steps.includes('suspend')) return 'decoySuspended'
  if (isProgram) return isStopped ? 'decoyRevoked' : null
  if (steps.includes('cut')) return 'decoyEnded'
  return steps.includes('step-up') ? 'decoyAsked' : null
}

const dones = {
  decoySuspended: ' The account is suspended.',
  decoyRevoked: ' Its token is revoked.',
  decoyEnded: ' This sign-in has ended.',
  decoyAsked: ' A fresh second factor is asked of them.'
} as const
