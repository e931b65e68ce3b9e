/** What the watch saw of each theft, hour by hour and as more was lost, and why it asked or did not: for those who improve it (`THEFTS=1`). */
import { type Signal, scoreOf, signalsOf } from '../../../src/unusual/score.ts'
import type { UnusualVerdict } from '../../../src/unusual/unusual.ts'
import { dayMs, type Event, hourMs } from './events.ts'
import type { SimulatedGates } from './gates.ts'
import { firstDay, type Tally, type TheftState } from './simulate.ts'
import { maxLost } from './summary.ts'
import type { Theft, TheftKind } from './thefts.ts'

/** A line is written when so much of the target is out. */
const sharesShown = [0, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.9]
const signalsShown = 6
const maxDripHours = 72

interface Lines {
  readonly lines: string[]
  shown: number
  hour: number
}

export class TheftLog {
  readonly #gate: SimulatedGates
  readonly #of = new Map<Theft, Lines>()
  readonly falseSteps: string[] = []

  constructor(gate: SimulatedGates) {
    this.#gate = gate
  }

  /** After each piece of a theft. */
  note({ theft, lost }: TheftState, event: Event, answer: string): void {
    let of = this.#of.get(theft)
    if (of === undefined) {
      of = { lines: [], shown: 0, hour: -1 }
      this.#of.set(theft, of)
    }
    const hour = Math.floor(event.at / hourMs)
    const share = lost / theft.target
    const isDue = share >= (sharesShown[of.shown] ?? Number.POSITIVE_INFINITY) || hour !== of.hour
    if (!isDue && answer === 'nothing') return
    of.hour = hour
    while (share >= (sharesShown[of.shown] ?? Number.POSITIVE_INFINITY)) of.shown++
    of.lines.push(`${timeOf(event.at)} ${percent(share)} out, ${this.#seen(event)}${answerText(answer)}`)
  }

  noteFalse(event: Event, answer: string): void {
    const { last } = this.#gate
    if (last === null) return
    this.falseSteps.push(
      `${timeOf(event.at)} ${answer} of ${event.session} at ${event.path}, ${scoreText(last.score, last.signals)}`
    )
  }

  /** The thefts of which too much was lost, or that were found too late. */
  *notMet({ thefts }: Tally): Iterable<string> {
    for (const state of thefts) {
      const { theft, firstAt } = state
      if (firstAt === null || isMet(state)) continue
      yield [`- ${titleOf(state)}`, ...(this.#of.get(theft)?.lines ?? []).map(line => `  - ${line}`)].join('\n')
    }
  }

  #seen(event: Event): string {
    const context = this.#gate.contextOf(event)
    return context === null ? 'not loaded' : scoreText(scoreOf(context), signalsOf(context))
  }
}

function isMet({ theft, lost, actedAt, firstAt }: TheftState): boolean {
  if (theft.kind === 'drip') return actedAt !== null && actedAt - firstAt! <= maxDripHours * hourMs
  return lost / theft.target < maxLost
}

const unitOf = (kind: TheftKind, amount: number) =>
  kind === 'tamper' ? `${Math.round(amount)} objects` : `${(amount / 1e9).toPrecision(3)} GB`

function titleOf({ theft, lost, actedAt, firstAt, isStopped, asked }: TheftState): string {
  const { id, kind, access, style, person, how, target, fileCount, rate, isNear, forgesLeads } = theft
  const acted = actedAt === null ? 'never acted on' : `acted on after ${((actedAt - firstAt!) / 60_000).toFixed(1)} min`
  return `${kind} ${id} (${access}, ${style}, ${how}, ${isNear ? 'near' : 'anywhere'}${forgesLeads ? ', forged leads' : ''}) of ${person.account}, ${person.habit}: ${unitOf(kind, target)} in ${fileCount} files at ${(rate / 1e6).toFixed(0)} MB/s; ${percent(Math.min(1, lost / target))} lost, ${acted}, ${isStopped ? 'stopped' : 'not stopped'}, ${asked} times answered as a guest`
}

const answerText = (answer: string) => (answer === 'nothing' ? '' : `: ${answer}`)

function scoreText(score: number, signals: UnusualVerdict['signals'] | readonly Signal[]): string {
  const text = signals.slice(0, signalsShown).map(({ id, points }) => `${id} ${points}`)
  return `score ${score.toFixed(0)} (${text.join(', ')})`
}

const percent = (share: number) => `${(share * 100).toPrecision(2)} %`

function timeOf(at: number): string {
  return `day ${Math.floor((at - firstDay) / dayMs)} ${new Date(at).toISOString().slice(11, 19)}`
}
