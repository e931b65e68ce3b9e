/** What an evidence folder does not show, and protections that are not in force: one sentence each. */
import { lineInWords } from '../audit/file-lines.ts'
import { dayMs } from '../clock.ts'
import { utcMinute } from '../messages/utc-minute.ts'
import type { Policy } from '../policy/policy.ts'
import type { Evidence, Gap } from './evidence.ts'
import { numberText, plural } from './words.ts'

interface GapInput extends Omit<Evidence, 'gaps' | 'newest' | 'signer' | 'times'> {
  /** The beginning as asked for; null for that of the journal. */
  readonly askedFrom: number | null
  /** The end as asked for; null for now. */
  readonly askedTo: number | null
  /** The time of the first line, in milliseconds since the epoch; null without one. */
  readonly journalFrom: number | null
  /** The end in the store is not signed with a key of the gate. */
  readonly isAnchorForeign: boolean
  /** Lines that are no entries. */
  readonly unread: number
  /** `unsafeHttp`, `apps[notebooks].tls.unsafeAnyCertificate` */
  readonly unsafeKeys: readonly string[]
  /** Several gates may use the store. */
  readonly isShared: boolean
  /** About this release of Node.js. */
  readonly nodeWarning: string | null
}

const maxNames = 20
const oldAdvisoriesMs = 14 * dayMs

export function gapsOf(input: GapInput): Gap[] {
  const gaps = [
    ...journalGaps(input),
    ...appGaps(input),
    ...peopleGaps(input),
    ...configurationGaps(input),
    ...softwareGaps(input),
    ...rangeGaps(input)
  ]
  return [...gaps.filter(({ isSerious }) => isSerious), ...gaps.filter(({ isSerious }) => !isSerious)]
}

function* journalGaps(input: GapInput): Generator<Gap> {
  const { askedFrom, askedTo, journalFrom, madeAt, proof, figures, unread } = input
  const gap = (text: string, isSerious = false): Gap => ({ topic: 'journal', isSerious, text })
  const { fault } = proof
  if (fault !== null && (journalFrom !== null || fault.kind !== 'no_chain'))
    yield gap(
      `The journal is not whole: ${fault.place === null ? '' : `${lineInWords(fault.place)}: `}${fault.text}.`,
      true
    )
  if (input.isAnchorForeign)
    yield gap(
      'What the store remembers of the end of the journal is not signed with the key of the gate, so it does not count.',
      true
    )
  if (journalFrom === null) yield gap('There is no journal, so nothing here is known of what happened.', true)
  else if (askedFrom !== null && journalFrom > askedFrom)
    yield gap(`The journal begins at ${utcMinute(journalFrom)}. Nothing is known of the time before.`)
  if (askedTo !== null && askedTo > madeAt)
    yield gap(`The range ends in the future. This is the evidence until ${utcMinute(madeAt)}.`)
  if (fault === null && proof.checkpoints === 0)
    yield gap(
      'No checkpoint of the journal is signed, so whoever can write its files could have written all of it.',
      true
    )
  else if (fault === null && proof.signedTo < proof.end.seq)
    yield gap(
      `${plural(proof.end.seq - proof.signedTo, 'line')} of the journal, after the last checkpoint, are chained and not signed yet.`
    )
  if (proof.before > 0) yield gap(`${plural(proof.before, 'line')} of an older release are in no chain.`)
  if (proof.first > 1 && fault === null)
    yield gap(
      `Lines 1 to ${numberText(proof.first - 1)} of the journal were removed when their time was over; a line of the journal says so.`
    )
  if (figures.lostLines > 0)
    yield gap(
      `${plural(figures.lostLines, 'line')} of the journal were lost, because the disk was full or failed.`,
      true
    )
  // The proof says whether they are the rest of a crash, or still being written.
  if (unread > 0)
    yield gap(`${plural(unread, 'line')} of the journal are no valid entries and are left out here.`, fault !== null)
  const { onlyCounted } = figures.requests
  if (onlyCounted > 0)
    yield gap(
      `${plural(onlyCounted, 'request')} of strangers were more than the journal's limit: they are counted and have no line of their own.`
    )
  if (input.hidden.length > 0)
    yield gap(
      `These are pseudonyms here: ${input.hidden.map(kind => hiddenWords[kind]).join(', ')}. The gate alone can tell whom they mean.`
    )
  if (input.isShared)
    yield gap(
      'Several gates may use this store. Each keeps a journal of its own, and this folder has that of one gate alone.'
    )
}

const hiddenWords = { user: 'names of people', client: 'addresses', path: 'paths' } as const

function* appGaps({ apps, figures, budgets, unusual }: GapInput): Generator<Gap> {
  const gap = (text: string, isSerious = false): Gap => ({ topic: 'apps', isSerious, text })
  for (const { id, policy, isReportOnly } of apps) {
    if (isReportOnly) {
      const stopped = figures.apps.get(id)?.wouldStop ?? 0
      yield gap(
        `The rules of the app ${id} are only reported (enforce: report): the gate lets everybody in. In this range they would have stopped ${plural(stopped, 'request')}.`,
        true
      )
    }
    const open = policy.rules.flatMap(({ outcome, groups, users }, i) =>
      outcome.access === 'public' && groups === undefined && users === undefined ? [i + 1] : []
    )
    if (open.length > 0)
      yield gap(
        `Parts of the app ${id} are open to everybody without a sign-in: ${open.length === 1 ? 'rule' : 'rules'} ${open.join(', ')} of its policy.`
      )
  }
  if (apps.length > 0 && budgets.length === 0 && apps.every(({ policy }) => policy.rules.every(isUnbounded)))
    yield gap(
      `No budget limits how much a person may fetch from the apps${unusual === null ? ', and nothing looks for use that is unusual' : ''} (watch).`
    )
  const gone = [...figures.apps.keys()].filter(id => !apps.some(app => app.id === id))
  if (gone.length > 0)
    yield gap(
      `The journal names apps that the configuration does not have now: ${someOf(gone)}. Their rules are not in this folder.`
    )
}

function isUnbounded({ outcome }: Policy['rules'][number]): boolean {
  return outcome.access !== 'mfa' || outcome.freshFor === undefined
}

function* peopleGaps({ people, figures }: GapInput): Generator<Gap> {
  const accounts = new Set(people.map(({ account }) => account))
  const gone = [...figures.people].filter(([account]) => !accounts.has(account))
  if (gone.length > 0)
    yield {
      topic: 'people',
      isSerious: false,
      text: `${plural(gone.length, 'person', 'people')} of the journal ${gone.length === 1 ? 'has' : 'have'} no account any more: ${someOf(gone.map(([account, { name }]) => name ?? account))}. Their lines are in the lists, and people.csv does not have them.`
    }
  const without = people.filter(({ status }) => status === 'not enrolled')
  if (without.length > 0)
    yield {
      topic: 'people',
      isSerious: false,
      text: `${plural(without.length, 'person has', 'people have')} no usable second factor, and cannot reach what asks for one: ${someOf(without.map(({ name }) => name))}.`
    }
}

function* configurationGaps({ configuration, madeAt, figures, unsafeKeys }: GapInput): Generator<Gap> {
  const gap = (text: string, isSerious = false): Gap => ({ topic: 'configuration', isSerious, text })
  for (const key of unsafeKeys)
    yield gap(`${key} is set: ${unsafeWords[lastOf(key)] ?? 'it switches a protection off'}.`, true)
  const loads = figures.kinds.get('gate.reload') ?? 0
  const changed =
    loads === 0
      ? 'The gate did not load another one in this range'
      : `In this range the gate loaded or refused a changed one ${plural(loads, 'time')}`
  yield gap(
    `The policy is that of ${configuration.file === null ? 'the command line' : 'the configuration file'} at ${utcMinute(madeAt)}, and people and factors are those of that moment. ${changed}, as far as the journal of the range says.`
  )
}

function* softwareGaps({ advisories, components, madeAt, nodeWarning }: GapInput): Generator<Gap> {
  const gap = (text: string, isSerious = false): Gap => ({ topic: 'software', isSerious, text })
  if (nodeWarning !== null) yield gap(`${nodeWarning}.`, true)
  if (components === null)
    yield gap('There is no bill of materials (SBOM) in this installation, so nothing is known of its packages.', true)
  if (advisories === null)
    return yield gap(
      'No file of advisories was given (--advisories), so this says nothing about known faults of the packages.'
    )
  const certain = advisories.found.filter(({ isCertain }) => isCertain).length
  const maybe = advisories.found.length - certain
  if (certain > 0)
    yield gap(`${plural(certain, 'known fault affects', 'known faults affect')} packages of this installation.`, true)
  if (maybe > 0)
    yield gap(
      `${plural(maybe, 'known fault')} may affect packages of this installation: the file does not say which versions in a way that can be read.`,
      true
    )
  if (madeAt - advisories.changedAt > oldAdvisoriesMs)
    yield gap(
      `The file of advisories is of ${utcMinute(advisories.changedAt)}. Faults that became known since are not in it.`
    )
}

function* rangeGaps({ figures, journalFrom, from, to }: GapInput): Generator<Gap> {
  if (figures.lines === 0 && journalFrom !== null)
    yield {
      topic: 'range',
      isSerious: true,
      text: `The journal has no line between ${utcMinute(from)} and ${utcMinute(to)}.`
    }
}

const unsafeWords: Readonly<Record<string, string>> = {
  unsafeHttp: 'people may sign in over plain http, where others on the network can read passwords and steal sessions',
  unsafeVolatileStore: 'the store may lose its data, and people their factors, without warning',
  unsafeAnyCertificate: 'the gate does not check who answers in place of the app',
  unsafePlain: 'messages leave this machine without encryption'
}

function lastOf(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1)
}

function someOf(names: readonly string[]): string {
  const more = names.length - maxNames
  return `${names.slice(0, maxNames).join(', ')}${more > 0 ? ` and ${numberText(more)} more` : ''}`
}
