/** The evidence of a suspension: the sentence, the numbers, the journal around it, and the operator's decision. */
import type { FastifyReply } from 'fastify'
import type { JournalEntry } from '../../src/administration/journal-search.ts'
import { type ActionOutcome, versionOf } from '../../src/administration/operator-actions.ts'
import { readReason } from '../../src/administration/person-input.ts'
import { bytesInWords, spanInWords } from '../../src/budgets/sentences.ts'
import { Table } from '../../src/charts/table.tsx'
import { hourMs } from '../../src/clock.ts'
import type { Account } from '../../src/identity/account.ts'
import {
  causeOf,
  isByWatch,
  type ResumeRule,
  resumeAskMs,
  type Suspension,
  watchWordOf,
  wordsOf
} from '../../src/identity/suspension.ts'
import { utcMinute } from '../../src/messages/utc-minute.ts'
import { inLines } from '../../src/reasons/in-words.ts'
import { causesOf, type Words } from '../../src/reasons/reason.ts'
import { requireForm } from '../portal/forms.ts'
import { FormProblem, Notice, Reasons, Said, Token } from '../portal/layout.tsx'
import { goTo, sendPage } from '../portal/page-context.ts'
import {
  accountOf,
  actingOf,
  type ConsoleFrame,
  type ConsolePage,
  consoleFrame,
  consolePage,
  noteDone
} from './console-page.ts'
import { Reason } from './fields.tsx'
import { cellsOf } from './journal.tsx'
import { base, Sheet, watchPathOf } from './layout.tsx'
import type { ConsoleOptions } from './options.ts'
import type { PageScope } from './page-scope.ts'
import { pathOf, suspensionPathOf } from './person.tsx'

interface SuspensionView {
  readonly account: Account
  readonly version: string
  readonly resumeRule: ResumeRule
  /** Lines of the watch from shortly before, newest first. */
  readonly noticed: readonly JournalEntry[]
  /** The person's lines around it, newest first. */
  readonly around: readonly JournalEntry[]
  readonly reason: string
  readonly now: number
  readonly problem: string | null
}

const beforeMs = hourMs
const afterMs = 10 * 60_000
const maxLines = 40

/** A later reason by an operator does not change it. */
function beganAt(suspended: Suspension): number {
  return watchWordOf(suspended)?.at ?? suspended.at
}

function SuspensionPage({ frame, view }: { frame: ConsoleFrame; view: SuspensionView }) {
  const say = frame.say.suspension
  const { account, around, problem } = view
  const { suspended } = account
  if (suspended === null)
    return (
      <Sheet frame={frame} title={say.title({ name: account.displayName })} at="people" narrow>
        {problem !== null && <Notice alert>{problem}</Notice>}
        <p>{say.notSuspended}</p>
        <p>
          <a href={pathOf(account.id)}>{say.account}</a>
        </p>
      </Sheet>
    )
  const query = new URLSearchParams({
    person: account.name,
    from: utcMinute(beganAt(suspended) - beforeMs).slice(0, 16),
    to: utcMinute(beganAt(suspended) + afterMs).slice(0, 16)
  })
  return (
    <Sheet frame={frame} title={say.title({ name: account.displayName })} at="people">
      <p class="pages">
        <a href={pathOf(account.id)}>{say.account}</a>
        <a href={watchPathOf(account.id)}>{say.watch}</a>
      </p>
      <Statement frame={frame} view={view} />
      <div class="sides">
        <Noticed frame={frame} view={view} />
        <section aria-labelledby="decide">
          <h2 id="decide">{say.decide}</h2>
          <p>{say.decideLead}</p>
          <form class="fields" method="post" action={suspensionPathOf(account.id)}>
            <Token frame={frame.frame} />
            <input type="hidden" name="version" value={view.version} />
            <FormProblem text={problem} takesFocus />
            <Reason frame={frame} value={view.reason} reasons={say.reasons} hasProblem={problem !== null} />
            {/* First, so that the Enter key lets nobody in. */}
            <button type="submit" name="do" value="confirm">
              {say.confirm}
            </button>
            <button type="submit" name="do" value="resume" class="second">
              {say.resume}
            </button>
          </form>
        </section>
      </div>
      <section aria-labelledby="around">
        <h2 id="around">{say.around}</h2>
        <p>{say.aroundLead}</p>
        {around.length === 0 ? (
          <p>{frame.say.journal.none}</p>
        ) : (
          <Table
            caption={say.around}
            columns={(['at', 'what', 'who', 'where', 'result'] as const).map(name => frame.say.journal[name])}
            rows={around.map((entry, at) => ({ key: `${entry.seq ?? at}`, cells: cellsOf(entry, frame) }))}
          />
        )}
        <p>
          <a href={`${base}/journal?${query}`}>{say.more}</a>
        </p>
      </section>
    </Sheet>
  )
}

function Statement({ frame: { say: words }, view }: { frame: ConsoleFrame; view: SuspensionView }) {
  const say = words.suspension
  const { account, now, resumeRule } = view
  const { suspended } = account
  if (suspended === null) return null
  const { watchWord, ...besides } = suspended
  const { at, confirmed, resumeAsked } = besides
  const isAsked = resumeAsked !== undefined && now - resumeAsked.at < resumeAskMs
  const cause = causeOf(suspended)
  return (
    <>
      <p>{say.lead({ who: say.who[cause], when: utcMinute(at) })}</p>
      <p class="soft">{say.reads}</p>
      <Quoted words={wordsOf(besides)} />
      {watchWord !== undefined && (
        <>
          <p class="soft">{say.watchSaid({ when: utcMinute(watchWord.at) })}</p>
          <Quoted words={[watchWord]} />
        </>
      )}
      {confirmed !== undefined && (
        <Notice>{say.confirmed({ name: confirmed.name, when: utcMinute(confirmed.at), why: confirmed.why })}</Notice>
      )}
      {isAsked && (
        <Notice>{say.asked({ name: resumeAsked.name, when: utcMinute(resumeAsked.at), why: resumeAsked.why })}</Notice>
      )}
      {cause === 'decoy' && resumeRule === 'two-operators' && !isAsked && <p>{say.twoOperators}</p>}
    </>
  )
}

/** The words as the person reads them in English: several reasons are a list. */
function Quoted({ words }: { words: readonly Words[] }) {
  const lines = inLines(causesOf(words), 'en')
  return <blockquote>{lines.length > 1 ? <Reasons lines={lines} /> : <bdi>{lines[0]}</bdi>}</blockquote>
}

function Noticed({ frame, view: { noticed } }: { frame: ConsoleFrame; view: SuspensionView }) {
  const say = frame.say.suspension
  return (
    <section aria-labelledby="noticed">
      <h2 id="noticed">{say.facts}</h2>
      {noticed.length === 0 ? (
        <p>{say.noFacts}</p>
      ) : (
        <ul class="list">
          {noticed.map((entry, at) => (
            <li key={`${entry.seq ?? at}`}>
              <Sentences text={String(entry.why ?? entry.kind)} />
              <p class="soft">
                {[utcMinute(Date.parse(entry.at)), entry.app, numbersOf(entry, frame)].filter(Boolean).join(' · ')}
              </p>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

/** More than two sentences are a list, otherwise they are hard to tell apart. */
function Sentences({ text }: { text: string }) {
  const all = Array.from(inSentences.segment(text), ({ segment }) => segment.trim())
  if (all.length > 2) return <Reasons lines={all} />
  return (
    <p>
      <Said text={text} />
    </p>
  )
}

const inSentences = new Intl.Segmenter('en', { granularity: 'sentence' })

function numbersOf(entry: JournalEntry, { say }: ConsoleFrame): string {
  const words = say.suspension
  const { used, limit, window, score, signals, steps, counted } = entry as Readonly<Record<string, unknown>>
  const amount = (value: number) => (counted === 'bytes' ? bytesInWords(value) : String(value))
  const parts: string[] = []
  if (typeof used === 'number' && typeof limit === 'number' && typeof window === 'number')
    parts.push(words.used({ used: amount(used), limit: amount(limit), window: spanInWords(window) }))
  if (typeof score === 'number') parts.push(words.score({ score, signals: String(signals ?? '') }))
  if (typeof steps === 'string' && steps !== '') parts.push(words.steps({ steps: steps.replaceAll(',', ', ') }))
  return parts.join('; ')
}

export function registerSuspension(scope: PageScope, options: ConsoleOptions): void {
  const path = suspensionPathOf(':id')

  scope.get(path, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    return show(page, await accountOf(page, options.accounts), 200, '', null)
  })

  scope.post(path, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const form = requireForm(page)
    const account = await accountOf(page, options.accounts)
    const reason = readReason(form.field('reason'))
    const again = (problem: string) => show(page, account, 403, form.field('reason'), problem)
    if ('rule' in reason) return again(page.words.action.reasonMissing)
    const by = actingOf(page, reason.value)
    const seen = { id: account.id, version: form.field('version') }
    const isConfirming = form.field('do') === 'confirm'
    const outcome: ActionOutcome<{ readonly isAsked?: boolean }> = isConfirming
      ? await options.actions.confirm(by, seen)
      : await options.actions.resume(by, seen)
    if (outcome.kind === 'refused') return again(page.words.action.refused[outcome.why])
    const action = isConfirming ? 'confirm' : outcome.isAsked ? 'resumeAsked' : 'resume'
    noteDone(page, { action, id: account.id, name: account.displayName, ended: 0 })
    return goTo(page, pathOf(account.id))
  })

  async function show(
    page: ConsolePage,
    account: Account,
    status: number,
    reason: string,
    problem: string | null
  ): Promise<FastifyReply> {
    const { suspended } = account
    const around = suspended === null ? [] : await linesAround(account, beganAt(suspended))
    const isOfWatch = ({ kind }: JournalEntry) => kind.startsWith('watch.')
    const view: SuspensionView = {
      account,
      version: versionOf(account),
      resumeRule: options.resumeRule,
      noticed: suspended !== null && isByWatch(suspended) ? around.filter(isOfWatch) : [],
      around,
      reason,
      now: page.now,
      problem
    }
    return sendPage(page, status, <SuspensionPage frame={consoleFrame(page)} view={view} />)
  }

  async function linesAround({ id, name }: Account, at: number): Promise<readonly JournalEntry[]> {
    const query = { reference: null, person: [name, id], app: null, kind: null, from: at - beforeMs, to: at + afterMs }
    return (await options.journal.search(query, null, maxLines)).entries
  }
}
