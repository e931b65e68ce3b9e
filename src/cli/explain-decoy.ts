/** What `factorgate explain` says of an address that is a decoy. */
import type { AppMatch } from '../apps/authorize.ts'
import { methodsInQuery } from '../apps/method-override.ts'
import type { Decoy } from '../decoys/decoys.ts'
import { stoppingSteps } from '../decoys/steps.ts'
import { isQuestion } from '../decoys/touch.ts'
import type { Subject } from '../identity/subject.ts'

export interface DecoyExplanation {
  /** As in the configuration; null where the query has too many readings to tell which decoy it would touch. */
  readonly path: string | null
  readonly serve: string | null
  readonly steps: readonly string[]
  readonly isExempt: boolean
  /** False for a question that is no touch (OPTIONS, PROPFIND). */
  readonly isTouch: boolean
  readonly why: string
}

/** Null for an ordinary address. `readings`: those of a WebDAV destination too. */
export function describeDecoy(
  { app }: AppMatch,
  readings: readonly string[],
  query: string,
  method: string,
  subject: Subject | null,
  address: string
): DecoyExplanation | null {
  const decoy = app.decoys?.at(readings, query) ?? null
  if (decoy === null) return null
  const isTouch = !isQuestion(method, () => methodsInQuery('POST', query))
  const isExempt = app.decoys?.exempt.has(address, subject) === true
  if (decoy === 'unreadable') {
    const why = `The query has too many readings to tell whether it touches a decoy of this path. ${unreadable(app.isReportOnly === true, method, { isTouch, isExempt })}`
    return { path: null, serve: null, steps: [], isExempt, isTouch, why }
  }
  return {
    path: decoy.text,
    serve: decoy.serve,
    steps: decoy.steps,
    isExempt,
    isTouch,
    why: `This address is a decoy (${decoy.text}). ${whatHappens(decoy, app.isReportOnly === true, method, { isTouch, isExempt, subject })}`
  }
}

/** As `touchDecoy` in plugins/decoys.ts. */
function unreadable(
  isReportOnly: boolean,
  method: string,
  { isTouch, isExempt }: Pick<DecoyExplanation, 'isTouch' | 'isExempt'>
): string {
  if (!isTouch) return `${method} only asks about it, so the rules decide alone.`
  if (isExempt) return 'This request is exempt, so the rules decide alone.'
  if (isReportOnly) return 'The app only reports, so the rules decide alone.'
  return 'Whatever the rules say, the gate refuses it with 400, and suspends nobody.'
}

function whatHappens(
  { steps, serve }: Decoy,
  isReportOnly: boolean,
  method: string,
  { isTouch, isExempt, subject }: { isTouch: boolean; isExempt: boolean; subject: Subject | null }
): string {
  const file = serve === null ? '' : ` The gate serves a made-up ${serve} file where the rules forward the request.`
  if (!isTouch) return `${method} only asks about it, and is no touch.`
  if (isExempt) return `This request is exempt, so nothing happens.${file}`
  if (subject === null) return `Nobody is signed in, so the touch is only written to the journal.${file}`
  if (isReportOnly) return `The app only reports, so the touch is written down and told, and nobody is stopped.${file}`
  const isStopped = stoppingSteps.some(step => steps.includes(step))
  const rest = isStopped && serve === null ? ', and the app sees nothing' : ''
  return `A touch by ${subject.name} causes: ${steps.join(', ')}${rest}.${file}`
}
