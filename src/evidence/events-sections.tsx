/** Sign-ins, refusals, suspensions and changes, with charts and the newest lines of each. */
import type { Entry } from '../audit/journal-files.ts'
import { Chart } from '../charts/chart.tsx'
import { dayMs } from '../clock.ts'
import { describeError, type ErrorCode, errorCodes } from '../errors.ts'
import { visible } from '../messages/visible.ts'
import type { EventList } from './event-lists.ts'
import { reasonOf } from './event-lists.ts'
import type { Evidence } from './evidence.ts'
import type { StepFigures } from './journal-figures.ts'
import { Figure, Foreign, Table } from './table.tsx'
import { bytesText, numberText } from './words.ts'

const maxReasons = 20
const stepWords: Readonly<Record<string, string>> = {
  login: 'First factor',
  proof: 'Second factor',
  throttle: 'Had to wait'
}
const factorWords: Readonly<Record<string, string>> = {
  webauthn: 'passkey or security key',
  totp: 'authenticator app',
  recovery: 'recovery code',
  directory: 'institution or directory',
  'only counted': 'not recorded, only counted'
}

export function SignInsSection({ evidence }: { evidence: Evidence }) {
  const { figures } = evidence
  const rows = [...figures.factors].sort(([a], [b]) => (a < b ? -1 : 1))
  return (
    <section aria-labelledby="sign-ins">
      <h2 id="sign-ins">Sign-ins</h2>
      <div class="charts">
        <Chart
          {...timesOf(evidence)}
          id="sign-ins-chart"
          title={`Sign-ins by ${evidence.times.word}`}
          summary={`Sign-ins: ${numberText(figures.signIns.accepted)} accepted, ${numberText(figures.signIns.refused)} refused.`}
          series={[
            series(evidence, 'accepted', step => step.signIns),
            series(evidence, 'refused', step => step.refusedSignIns)
          ]}
          format={numberText}
        />
      </div>
      <Table
        caption="Attempts by factor. Attempts that had to wait are counted apart"
        columns={['Step', 'Factor', 'Accepted', 'Refused']}
        rows={rows.map(([key, { accepted, refused }]) => {
          const [kind = '', factor = ''] = key.split(/ (.*)/s)
          return [
            stepWords[kind] ?? kind,
            factorOf(factor),
            <Figure>{numberText(accepted)}</Figure>,
            <Figure>{numberText(refused)}</Figure>
          ]
        })}
      />
      <Events evidence={evidence} list="sign-ins" columns={['Time', 'Person', 'Step', 'Factor', 'Outcome', 'Address']}>
        {entry => [
          time(entry),
          person(entry),
          stepOf(entry),
          factorOf(entry.factor),
          text(entry.outcome),
          text(entry.address)
        ]}
      </Events>
    </section>
  )
}

export function RefusalsSection({ evidence }: { evidence: Evidence }) {
  const { figures } = evidence
  const reasons = [...figures.reasons].sort(([, a], [, b]) => b - a)
  const apps = [...figures.apps].sort(([a], [b]) => (a < b ? -1 : 1))
  return (
    <section aria-labelledby="refusals">
      <h2 id="refusals">Requests and refusals</h2>
      <div class="charts">
        <Chart
          {...timesOf(evidence)}
          id="refusals-chart"
          title={`Refused requests by ${evidence.times.word}`}
          summary={`Refused requests: ${numberText(figures.requests.refused)}.`}
          series={[series(evidence, 'refused', step => step.refusals)]}
          format={numberText}
        />
        <Chart
          {...timesOf(evidence)}
          id="bytes-chart"
          title={`Data to people by ${evidence.times.word}`}
          summary={`Data to people: ${bytesText(figures.requests.bytesOut)}.`}
          series={[series(evidence, 'bytes', step => step.bytesOut)]}
          format={bytesText}
        />
      </div>
      <Table
        caption={reasons.length > maxReasons ? `The ${maxReasons} most frequent reasons` : 'Reasons of refusals'}
        columns={['Reason', 'What the page says', 'Requests']}
        rows={reasons
          .slice(0, maxReasons)
          .map(([reason, count]) => [
            <code class="short">{visible(reason)}</code>,
            sentenceOf(reason),
            <Figure>{numberText(count)}</Figure>
          ])}
      />
      <Table
        caption="Use of the apps"
        columns={['App', 'People', 'Forwarded', 'Refused', 'Rules would stop', 'Data to people']}
        rows={apps.map(([id, app]) => [
          <Foreign text={id} />,
          <Figure>{numberText(app.people.size)}</Figure>,
          <Figure>{numberText(app.forwarded)}</Figure>,
          <Figure>{numberText(app.refused)}</Figure>,
          <Figure>{numberText(app.wouldStop)}</Figure>,
          <Figure>{bytesText(app.bytesOut)}</Figure>
        ])}
      />
      <Events
        evidence={evidence}
        list="refusals"
        columns={['Time', 'Person', 'What', 'Reason', 'App', 'Address', 'Count']}
      >
        {entry => [
          time(entry),
          person(entry),
          entry.kind === 'exchange' ? text([entry.method, entry.path].filter(Boolean).join(' ')) : text(entry.kind),
          text(entry.kind === 'exchange.repeated' ? entry.outcomes : reasonOf(entry)),
          text(entry.app),
          text(entry.address),
          <Figure>{numberText(typeof entry.count === 'number' ? entry.count : 1)}</Figure>
        ]}
      </Events>
    </section>
  )
}

export function SuspensionsSection({ evidence }: { evidence: Evidence }) {
  return (
    <section aria-labelledby="suspensions">
      <h2 id="suspensions">Suspensions</h2>
      <Events evidence={evidence} list="suspensions" columns={['Time', 'Person', 'What', 'Reason', 'Operator']}>
        {entry => [time(entry), person(entry), text(entry.outcome), text(entry.why), text(entry.operator ?? entry.by)]}
      </Events>
    </section>
  )
}

export function WarningsSection({ evidence }: { evidence: Evidence }) {
  return (
    <section aria-labelledby="warnings">
      <h2 id="warnings">What the gate noticed</h2>
      <Events evidence={evidence} list="warnings" columns={['Time', 'What', 'Person', 'App', 'Outcome', 'Says']}>
        {entry => [
          time(entry),
          <code class="short">{visible(entry.kind)}</code>,
          person(entry),
          text(entry.app),
          text(entry.outcome),
          text(entry.why ?? entry.cause ?? entry.what)
        ]}
      </Events>
    </section>
  )
}

export function ChangesSection({ evidence }: { evidence: Evidence }) {
  return (
    <section aria-labelledby="changes">
      <h2 id="changes">Changes</h2>
      <Events evidence={evidence} list="changes" columns={['Time', 'What', 'Person', 'Outcome', 'More', 'Operator']}>
        {entry => [
          time(entry),
          <code class="short">{visible(entry.kind)}</code>,
          person(entry),
          text(entry.outcome),
          text(
            [entry.factor, entry.fields, entry.groups, entry.why].filter(value => typeof value === 'string').join(' · ')
          ),
          text(entry.operator ?? entry.by)
        ]}
      </Events>
    </section>
  )
}

interface EventsProps {
  evidence: Evidence
  list: EventList
  columns: readonly string[]
  children: (entry: Entry) => Parameters<typeof Table>[0]['rows'][number]
}

/** Newest first. */
function Events({ evidence: { newest }, list, columns, children }: EventsProps) {
  const { entries, total } = newest[list]
  if (total === 0) return <p>None in this range.</p>
  const caption =
    entries.length < total
      ? `The newest ${numberText(entries.length)} of ${numberText(total)}; ${list}.csv has all`
      : `All ${numberText(total)}, the newest first, as in ${list}.csv`
  return <Table caption={caption} columns={columns} rows={entries.toReversed().map(children)} />
}

function time({ at }: Entry) {
  return <Figure>{visible(at.slice(0, 19).replace('T', ' '))}</Figure>
}

function person({ name, account }: Entry) {
  return text(name ?? account)
}

function text(value: unknown) {
  return <Foreign text={typeof value === 'string' ? value : undefined} />
}

function sentenceOf(reason: string): string {
  return (errorCodes as readonly string[]).includes(reason) ? describeError(reason as ErrorCode).sentence : ''
}

function factorOf(factor: unknown) {
  return typeof factor === 'string' ? (factorWords[factor] ?? text(factor)) : null
}

function stepOf({ kind }: Entry): string {
  return stepWords[kind] ?? kind
}

function series({ figures }: Evidence, name: string, of: (step: StepFigures) => number) {
  return { name, values: figures.steps.map(of) }
}

function timesOf({ times }: Evidence): { times: readonly [string, string, string] } {
  const at = (step: number) => {
    const iso = new Date(times.start + step * times.width).toISOString()
    return times.width < dayMs ? iso.slice(0, 16).replace('T', ' ') : iso.slice(0, 10)
  }
  return { times: [at(0), at((times.count - 1) >> 1), at(times.count - 1)] }
}
