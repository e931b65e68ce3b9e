/** Charts of the last hours or the last day: sign-ins, refusals, bytes to people, and how long requests took. */
import { Chart } from '../../src/charts/chart.tsx'
import { Table } from '../../src/charts/table.tsx'
import { dayMs, hourMs } from '../../src/clock.ts'
import { durationBuckets } from '../../src/metrics/declarations.ts'
import { mergeSteps, quantile, type Step, stepMs } from '../../src/metrics/history.ts'
import { sendPage } from '../portal/page-context.ts'
import { formatBytes } from './amounts.ts'
import { type ConsoleFrame, consoleFrame, consolePage } from './console-page.ts'
import { base, Sheet } from './layout.tsx'
import type { ConsoleOptions } from './options.ts'
import type { PageScope } from './page-scope.ts'

interface NumbersView {
  readonly span: 'hours' | 'day'
  readonly steps: readonly Step[]
  /** Milliseconds. */
  readonly width: number
  readonly processes: number
}

const path = `${base}/numbers`
const spans = {
  hours: { milliseconds: 3 * hourMs, width: stepMs },
  day: { milliseconds: dayMs, width: 6 * stepMs }
} as const

function NumbersPage({ frame, view }: { frame: ConsoleFrame; view: NumbersView }) {
  const say = frame.say.numbers
  const { span } = view
  return (
    <Sheet frame={frame} title={say.title} at="numbers">
      <p class="pages">
        {(['hours', 'day'] as const).map(one => (
          <a key={one} href={`${path}?span=${one}`} aria-current={one === span ? 'true' : undefined}>
            {say[one]}
          </a>
        ))}
      </p>
      <Charts frame={frame} view={view} />
      <StepTable frame={frame} view={view} />
      <p class="soft">
        {say.covers({ processes: view.processes, minutes: String(view.width / 60_000) })}{' '}
        <a href={`${path}?span=${span}`}>{frame.say.frame.refresh}</a>
      </p>
    </Sheet>
  )
}

const longestBucketSeconds = durationBuckets.at(-1) as number

/** Numbers in the language of the page. */
function formatsOf({ frame, say }: ConsoleFrame) {
  const { tag } = frame.say.entry
  const number = new Intl.NumberFormat(tag)
  const secondsText = (value: number) =>
    new Intl.NumberFormat(tag, {
      style: 'unit',
      unit: value < 1 ? 'millisecond' : 'second',
      maximumSignificantDigits: 2
    }).format(value < 1 ? value * 1000 : value)
  return {
    number: (value: number) => number.format(value),
    bytes: (value: number) => formatBytes(value, tag),
    seconds: (value: number | null) => {
      if (value === null) return ''
      if (!Number.isFinite(value)) return say.numbers.above({ limit: secondsText(longestBucketSeconds) })
      return secondsText(value)
    }
  }
}

const medianOf = ({ durations }: Step) => quantile(durations, 0.5)
const slowestOf = ({ durations }: Step) => quantile(durations, 0.99)

/** A duration that fits the chart. */
const flat = (value: number | null) => Math.min(value ?? 0, longestBucketSeconds)

function Charts({ frame, view: { steps } }: { frame: ConsoleFrame; view: NumbersView }) {
  const say = frame.say.numbers
  const { number, bytes, seconds } = formatsOf(frame)
  const times = [steps[0], steps[steps.length >> 1], steps.at(-1)].map(step => clock(step?.at ?? 0)) as [
    string,
    string,
    string
  ]
  const total = (of: (step: Step) => number) => steps.reduce((sum, step) => sum + of(step), 0)
  const measured = total(({ durations }) => durations.reduce((sum, value) => sum + value, 0))
  const most = Math.max(...steps.map(step => slowestOf(step) ?? 0))
  return (
    <div class="charts">
      <Chart
        times={times}
        id="sign-ins"
        title={say.signIns}
        summary={say.summary({
          title: say.signIns,
          what: `${number(total(step => step.signIns))} ${say.accepted}, ${number(total(step => step.refusedSignIns))} ${say.refused}`
        })}
        series={[
          { name: say.accepted, values: steps.map(({ signIns }) => signIns) },
          { name: say.refused, values: steps.map(({ refusedSignIns }) => refusedSignIns) }
        ]}
        format={number}
      />
      <Chart
        times={times}
        id="refusals"
        title={say.refusals}
        summary={say.summary({
          title: say.refusals,
          what: say.total({ total: number(total(step => step.refusals)) })
        })}
        series={[{ name: say.refusals, values: steps.map(({ refusals }) => refusals) }]}
        format={number}
      />
      <Chart
        times={times}
        id="bytes"
        title={say.bytes}
        summary={say.summary({ title: say.bytes, what: say.total({ total: bytes(total(step => step.bytesOut)) }) })}
        series={[{ name: say.bytes, values: steps.map(({ bytesOut }) => bytesOut) }]}
        format={bytes}
      />
      <Chart
        times={times}
        id="durations"
        title={say.durations}
        summary={say.summary({
          title: say.durations,
          what: measured === 0 ? say.nothing : say.most({ most: seconds(most) })
        })}
        // It is drawn on top of the first, so it is given as the difference.
        series={[
          { name: say.median, values: steps.map(step => flat(medianOf(step))) },
          { name: say.slowest, values: steps.map(step => flat(slowestOf(step)) - flat(medianOf(step))) }
        ]}
        format={seconds}
      />
    </div>
  )
}

/** The same numbers, without the steps in which nothing happened. */
function StepTable({ frame, view: { steps } }: { frame: ConsoleFrame; view: NumbersView }) {
  const say = frame.say.numbers
  const { number, bytes, seconds } = formatsOf(frame)
  const isBusy = (step: Step) =>
    step.signIns + step.refusedSignIns + step.refusals + step.bytesOut > 0 || medianOf(step) !== null
  return (
    <details>
      <summary>{say.table}</summary>
      <Table
        caption={say.table}
        columns={[say.time, say.accepted, say.refused, say.refusals, say.bytes, say.median, say.slowest]}
        rows={steps.filter(isBusy).map(step => ({
          key: String(step.at),
          cells: [
            clock(step.at),
            number(step.signIns),
            number(step.refusedSignIns),
            number(step.refusals),
            bytes(step.bytesOut),
            seconds(medianOf(step)),
            seconds(slowestOf(step))
          ].map(text => <span class="figures">{text}</span>)
        }))}
      />
    </details>
  )
}

/** In UTC. */
function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 16)
}

export function registerNumbers(scope: PageScope, options: ConsoleOptions): void {
  scope.get(path, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const span = new URLSearchParams(page.request.exchange.target.query).get('span') === 'day' ? 'day' : 'hours'
    const { milliseconds, width } = spans[span]
    const reports = await options.reports.all()
    const steps = mergeSteps(
      reports.map(report => report.steps),
      page.now - milliseconds + width,
      page.now,
      width
    )
    const view = { span, steps, width, processes: reports.length } as const
    return sendPage(page, 200, <NumbersPage frame={consoleFrame(page)} view={view} />)
  })
}
