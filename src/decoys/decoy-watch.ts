/** The watch on decoys: it judges touches, and acts before anything is forwarded. */
import type { IncomingHttpHeaders } from 'node:http'
import type { AuditEvent } from '../audit/event.ts'
import type { Clock } from '../clock.ts'
import type { Proof } from '../factor/proof.ts'
import type { Keyring } from '../keyring/keyring.ts'
import { isLinkedHere, type Led, type LedTo, ledBy } from '../metering/led.ts'
import type { Reason, Words } from '../reasons/reason.ts'
import type { Decoy, Decoys } from './decoys.ts'
import { wordsOf } from './marks.ts'
import { Repeats } from './repeats.ts'
import { rowCount } from './rows.ts'
import { reasonsOf, sentenceOf } from './sentences.ts'
import { type ServedFile, servedFile } from './served-file.ts'
import { isStopping } from './steps.ts'
import { isJustProved, judgeTouch, type Touch, type TouchOutcome } from './touch.ts'
import { planFor, type TouchDeed } from './touch-plan.ts'

export interface DecoyRequest {
  readonly decoy: Decoy
  readonly app: { readonly id: string; readonly isReportOnly?: boolean; readonly decoys?: Decoys | null }
  readonly site: LedTo
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly address: string
  readonly reference: string
  readonly path: string
  readonly who: TouchingPerson | null
  /** True if the store did not say who asks. */
  readonly isUnknown: boolean
}

export interface TouchingPerson {
  readonly account: { readonly id: string; readonly name: string; readonly groups: readonly string[] }
  /** Null for a program. */
  readonly session: { readonly id: string } | null
  /** Null for a person. */
  readonly token: { readonly id: string; readonly name: string } | null
  readonly proofs: readonly Proof[]
  readonly isFullySignedIn: boolean
}

export interface DecoyAnswer {
  /** Null if the rules decide. */
  readonly refusal: DecoyRefusal | null
  /** A proof is asked, so the request must be judged again. */
  readonly isAsked: boolean
  /** The file replaces the app's answer. */
  readonly file: ServedFile | null
}

interface DecoyRefusal {
  readonly code: 'account_suspended' | 'not_allowed' | 'store_unreachable' | 'bad_request'
  /** The person reads them. */
  readonly words?: readonly Words[]
  readonly retryAfterSeconds?: number
}

interface DecoyWatchOptions {
  readonly clock: Clock
  readonly keyring: () => Pick<Keyring, 'mac'>
  /** `isLimited`: strangers could fill the journal. */
  readonly record: (event: AuditEvent, isLimited: boolean, reasons: readonly Reason[]) => void
  readonly count: (app: string, outcome: TouchOutcome) => void
  /** `suspend`, `cut`, `revoke` and `ask` reject if the store cannot write. */
  readonly suspend: (account: string, words: Words, at: number) => Promise<unknown>
  readonly cut: (session: string, words: Words, account: string) => Promise<unknown>
  readonly revoke: (token: string, why: string) => Promise<unknown>
  /** Each session must show a proof that is newer than `at`. */
  readonly ask: (account: string, at: number) => Promise<unknown>
  /** True for the first links of a day. Rejects if the store cannot say it. */
  readonly isFirstLinks: (account: string) => Promise<boolean>
  readonly onProblem: (error: unknown, account: string) => void
}

const retryAfterSeconds = 2
/** If the steps cannot act, nothing is forwarded. */
const unwritten: DecoyAnswer = {
  refusal: { code: 'store_unreachable', retryAfterSeconds },
  isAsked: false,
  file: null
}

export class DecoyWatch {
  readonly #options: DecoyWatchOptions
  readonly #repeats: Repeats
  /** Parallel requests wait for the same deed. */
  readonly #acting = new Map<string, Promise<boolean>>()

  constructor(options: DecoyWatchOptions) {
    this.#options = options
    this.#repeats = new Repeats(options.clock)
  }

  /** Resolves when the steps have acted. It never rejects. */
  async touched(request: DecoyRequest): Promise<DecoyAnswer> {
    const { decoy, app, who, address, headers, site, isUnknown } = request
    const isWhole = who?.isFullySignedIn === true
    if (app.decoys?.exempt.has(address, isWhole ? who.account : null) === true)
      return { refusal: null, isAsked: false, file: this.#fileFor(request) }
    const led = ledBy(headers, site)
    const isLinked = isWhole && led === null && who.session !== null && isLinkedHere(headers, site)
    const isSpared =
      isLinked && app.isReportOnly !== true && isStopping(decoy.steps)
        ? await this.#isFirstLinks(who.account.id)
        : false
    const touch = judgeTouch({
      signedIn: who === null ? (isUnknown ? 'unknown' : 'nobody') : isWhole ? 'fully' : 'half',
      led,
      isReportOnly: app.isReportOnly === true,
      steps: decoy.steps,
      isLinked: isSpared,
      isJustProved: who !== null && isJustProved(who.proofs, this.#options.clock())
    })
    const told = {
      touch,
      led,
      name: who?.account.name ?? null,
      program: who?.token?.name ?? null,
      app: app.id,
      text: decoy.text
    }
    const words = { why: sentenceOf(told), reasons: reasonsOf(told) }
    this.#options.count(app.id, touch.outcome)
    this.#record(request, touch, isLinked ? 'app_link' : led, words)
    const { deed, refusal, givesFile } = planFor(
      touch,
      decoy.serve !== null,
      who?.session === null ? 'program' : 'person'
    )
    const file = givesFile ? this.#fileFor(request) : null
    const answer = { refusal: refusalOf(refusal, words), isAsked: deed === 'ask', file }
    if (deed === null || who === null) return answer
    return (await this.#actOnce(who, deed, words)) ? answer : unwritten
  }

  /** Without the store nobody is suspended for a link, and nothing is forwarded. */
  async #isFirstLinks(account: string): Promise<boolean> {
    try {
      return await this.#options.isFirstLinks(account)
    } catch (error) {
      this.#options.onProblem(error, account)
      return true
    }
  }

  /** False if the store did not take it. */
  #actOnce(who: TouchingPerson, deed: TouchDeed, words: Words): Promise<boolean> {
    const key = `${deed} ${deed === 'suspend' ? who.account.id : heldBy(who)}`
    const running = this.#acting.get(key)
    if (running !== undefined) return running
    const acting = this.#act(who, deed, words).finally(() => this.#acting.delete(key))
    this.#acting.set(key, acting)
    return acting
  }

  async #act({ account, session, token }: TouchingPerson, deed: TouchDeed, words: Words): Promise<boolean> {
    const { suspend, cut, revoke, ask, clock, onProblem } = this.#options
    try {
      if (deed === 'suspend') await suspend(account.id, words, clock())
      else if (deed === 'ask') await ask(account.id, clock())
      else if (deed === 'cut' && session !== null) await cut(session.id, words, account.id)
      else if (token !== null) await revoke(token.id, words.why)
      return true
    } catch (error) {
      onProblem(error, account.id)
      return false
    }
  }

  #fileFor({ decoy: { serve, content, path }, app, who, address }: DecoyRequest): ServedFile | null {
    if (serve === null) return null
    const marked = { whose: who?.account.id ?? `address:${address}`, app: app.id, path }
    return servedFile(serve, content, wordsOf(this.#options.keyring(), marked, rowCount))
  }

  #record(request: DecoyRequest, touch: Touch, led: Led | 'app_link' | null, words: Words): void {
    const { decoy, app, who, address, reference, method, path } = request
    const repeated = this.#repeats.take(
      [who === null ? address : heldBy(who), app.id, decoy.text, touch.outcome, touch.steps.join()].join(' ')
    )
    if (repeated === null) return
    const marked = { whose: who?.account.id ?? `address:${address}`, app: app.id, path: decoy.path }
    const event: AuditEvent = {
      kind: 'watch.decoy',
      at: this.#options.clock(),
      request: reference,
      account: who?.account.id,
      name: who?.account.name,
      session: who?.session?.id,
      token: who?.token?.id,
      address,
      app: app.id,
      outcome: touch.outcome,
      decoy: decoy.text,
      method,
      path,
      led: led ?? undefined,
      steps: touch.steps.join(','),
      isTold: touch.steps.includes('notify'),
      // A search finds this line by it.
      mark: decoy.serve === null ? undefined : wordsOf(this.#options.keyring(), marked, 1)[0],
      repeated: repeated === 0 ? undefined : repeated,
      why: words.why
    }
    this.#options.record(event, who?.isFullySignedIn !== true, words.reasons ?? [])
  }
}

function refusalOf(code: 'account_suspended' | 'not_allowed' | null, words: Words): DecoyRefusal | null {
  if (code === null) return null
  return code === 'account_suspended' ? { code, words: [words] } : { code }
}

/** A touch counts for one sign-in, or one token. */
function heldBy({ session, token, account }: TouchingPerson): string {
  return session?.id ?? token?.id ?? account.id
}
