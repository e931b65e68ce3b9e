/** The sentences of signals, and the same as reasons in people's languages. */
import { type Reason, reason } from '../reasons/reason.ts'
import { at, features, fromScale } from './features.ts'
import type { Usual } from './group.ts'

export interface Said {
  readonly id: string
  readonly sentence: string
  readonly reasons: readonly Reason[]
}

type Say = (amount: string, usual: string, busy: string) => string

const sayings: Readonly<Record<(typeof features)[number]['id'], Say>> = {
  bytes: (amount, usual, busy) => `${amount} left today; ${usual} is usual for this person, and ${busy} on a busy day.`,
  objects: (amount, usual, busy) =>
    `${amount} different addresses today; ${usual} is usual for this person, and ${busy} on a busy day.`,
  newObjects: (amount, usual, busy) =>
    `${amount} addresses that this person had not opened before; ${usual} is usual for a day, and ${busy} on a busy one.`,
  foreignObjects: (amount, usual, busy) =>
    `${amount} addresses in areas that neither this person nor their group works in; ${usual} is usual for a day, and ${busy} at most.`,
  changes: (amount, usual, busy) =>
    `${amount} requests that change something; ${usual} is usual for a day of this person, and ${busy} on a busy one.`,
  deletions: (amount, usual, busy) =>
    `${amount} things deleted or moved away; ${usual} is usual for a day of this person, and ${busy} on a busy one.`,
  peakWrites: (amount, usual, busy) =>
    `${amount} changes and deletions within ten minutes; ${usual} is the usual peak of a day for this person, and ${busy} on a busy day.`,
  foreignBytes: (amount, usual, busy) =>
    `${amount} left from areas that neither this person nor their group works in; ${usual} is usual for a day, and ${busy} at most.`,
  newAreas: (amount, usual, busy) =>
    `${amount} areas of the app that are new to this person; ${usual} is usual for a day, and ${busy} on a busy one.`,
  peakBytes: (amount, usual, busy) =>
    `${amount} within ten minutes; ${usual} is the usual peak of a day for this person, and ${busy} on a busy day.`,
  peakObjects: (amount, usual, busy) =>
    `${amount} new addresses within ten minutes; ${usual} is the usual peak of a day for this person, and ${busy} on a busy day.`,
  refusals: (amount, usual, busy) =>
    `${amount} requests were refused or found nothing; ${usual} is usual for a day of this person, and ${busy} on a bad one.`,
  run: (amount, usual, busy) =>
    `${amount} records one after the other by their number; the usual longest row of a day is ${usual}, and ${busy} on a busy day.`,
  bare: (amount, usual, busy) =>
    `${amount} requests without the headers that browsers send; ${usual} is usual for this person, and ${busy} on a busy day.`,
  regular: (amount, usual, busy) =>
    `${amount} requests at intervals as even as a program's; ${usual} is usual for this person, and ${busy} on a busy day.`,
  haul: (amount, usual, busy) =>
    `Files were fetched one after the other without a pause in the session of a browser. Weighted by their size they count as ${amount}; ${usual} is usual for this person, and ${busy} on a busy day.`,
  lonely: (amount, usual, busy) =>
    `${amount} pages without the scripts, styles and images that a browser loads with them; ${usual} is usual, and ${busy} on a busy day.`
}

export function sayFeature(feature: number, amount: number, { middle, spread }: Usual): Said {
  const { id } = features[feature] as (typeof features)[number]
  const isBytes = id === 'bytes' || id === 'peakBytes' || id === 'foreignBytes'
  const say = isBytes ? sayBytes : sayCount
  const busy = fromScale(feature, middle[feature]! + 1.64 * spread[feature]!)
  const usual = Math.max(0, fromScale(feature, middle[feature]!))
  return {
    id,
    sentence: sayings[id](say(amount), say(usual), say(busy)),
    reasons: [reason(id, { amount: Math.round(amount), usual: Math.round(usual), busy: Math.round(busy) })]
  }
}

export function sayHaul(
  amount: number,
  usual: Usual,
  found: { readonly files: number; readonly bytes: number } | null
): Said {
  const said = sayFeature(at.haul, amount, usual)
  if (found === null) return said
  const { files, bytes } = found
  return {
    ...said,
    sentence: `The longest row is ${files === 1 ? 'one file' : `${files} files`} with ${sayBytes(bytes)}. ${said.sentence}`,
    reasons: [reason('haulRow', { files, bytes: Math.round(bytes) }), ...said.reasons]
  }
}

const sumNames = {
  bytes: 'The amount',
  foreignBytes: 'The amount from areas of others',
  newObjects: 'The number of new addresses',
  foreignObjects: 'The number of addresses in areas of others'
} as const

export function saySum(summed: keyof typeof sumNames, sum: number, { middle, spread }: Usual): Said {
  const feature = at[summed]
  const what = sumNames[summed]
  const usual = Math.exp(spread[feature]!)
  const above = `has been above the usual for days: together ${sum.toFixed(1)} standard days, where one such day is ${usual.toFixed(1)} times the usual`
  const amount = Math.max(0, fromScale(feature, middle[feature]!))
  const middleText = (summed === 'bytes' || summed === 'foreignBytes' ? sayBytes : sayCount)(amount)
  return {
    id: `${summed}Sum`,
    sentence: `${what} ${above} of ${middleText}.`,
    reasons: [reason(`${summed}Sum`, { usual: Math.round(amount) })]
  }
}

export function sayRecord(id: 'bytes' | 'objects', amount: number, busiest: number): Said {
  const most = fromScale(at[id], busiest)
  const say = id === 'bytes' ? sayBytes : sayCount
  const what = id === 'bytes' ? 'left today' : 'different addresses today'
  return {
    id: `${id}Record`,
    sentence: `${say(amount)} ${what}, which is more than anybody here on 999 of 1,000 days: ${say(most)}.`,
    reasons: [reason(`${id}Record`, { amount: Math.round(amount), most: Math.round(most) })]
  }
}

export function sayRepeat(count: number, days: number): Said {
  return {
    id: 'repeat',
    sentence: `${count === 1 ? 'One' : count} of the last ${days} days of this person ${count === 1 ? 'was' : 'were'} unusual too.`,
    reasons: [reason('repeat', { count, days })]
  }
}

export function sayLed(objects: number, bytes: number): string {
  return `Another site, a prefetch, or pictures and other parts of pages may have led the browser to ${sayCount(objects)} of these addresses, and to ${sayBytes(bytes)}; nobody is suspended for that part.`
}

export function sayLedElse(isToday: boolean): string {
  return isToday
    ? 'Without that part it is not extreme, so the account is not suspended for it.'
    : 'Without what another site, a prefetch, or parts of pages may have led to on earlier days it is not extreme, so the account is not suspended for it.'
}

export function sayHour(hour: number, chance: number, isRest: boolean): Said {
  const share = chance < 0.01 ? 0 : Math.max(1, Math.round(chance * 100))
  return {
    id: 'hours',
    sentence: `Active between ${hour}:00 and ${(hour + 1) % 24}:00 UTC; this person is on ${share === 0 ? 'fewer than 1' : share} of 100 ${isRest ? 'days of a weekend' : 'workdays'}.`,
    reasons: [reason('hours', { hour, share, isRest: isRest ? 1 : 0 })]
  }
}

function sayBytes(amount: number): string {
  if (amount < 1024) return `${Math.round(amount)} bytes`
  let value = amount
  for (const unit of ['KiB', 'MiB', 'GiB', 'TiB', 'PiB']) {
    value /= 1024
    if (value < 1024 || unit === 'PiB') return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`
  }
  return ''
}

function sayCount(amount: number): string {
  return String(Math.round(amount))
}
