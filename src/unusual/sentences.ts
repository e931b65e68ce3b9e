/** The sentences of the signals, with their numbers, for the journal, for notices and for the command line. */
import { at, features, fromScale } from './features.ts'
import type { Usual } from './group.ts'

interface Said {
  readonly id: string
  readonly sentence: string
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
  return { id, sentence: sayings[id](say(amount), say(Math.max(0, fromScale(feature, middle[feature]!))), say(busy)) }
}

/** `found`: the files and bytes of the row, where they are known. */
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
    sentence: `The longest row is ${files === 1 ? 'one file' : `${files} files`} with ${sayBytes(bytes)}. ${said.sentence}`
  }
}

const sumNames: Readonly<Partial<Record<string, string>>> = {
  bytes: 'The amount',
  foreignBytes: 'The amount from areas of others',
  newObjects: 'The number of new addresses'
}

export function saySum(feature: number, sum: number, { middle, spread }: Usual): Said {
  const { id } = features[feature]!
  const what = sumNames[id] ?? 'The number of addresses in areas of others'
  const usual = Math.exp(spread[feature]!)
  const above = `has been above the usual for days: together ${sum.toFixed(1)} standard days, where one such day is ${usual.toFixed(1)} times the usual`
  const middleText = (id === 'bytes' || id === 'foreignBytes' ? sayBytes : sayCount)(
    Math.max(0, fromScale(feature, middle[feature]!))
  )
  return {
    id: `${id}Sum`,
    sentence: `${what} ${above} of ${middleText}.`
  }
}

export function sayRecord(feature: number, amount: number, busiest: number): Said {
  const { id } = features[feature]!
  const say = id === 'bytes' ? sayBytes : sayCount
  const what = id === 'bytes' ? 'left today' : 'different addresses today'
  return {
    id: `${id}Record`,
    sentence: `${say(amount)} ${what}, which is more than anybody here on 999 of 1,000 days: ${say(fromScale(feature, busiest))}.`
  }
}

export function sayRepeat(count: number, days: number): string {
  return `${count === 1 ? 'One' : count} of the last ${days} days of this person ${count === 1 ? 'was' : 'were'} unusual too.`
}

export function sayLed(objects: number, bytes: number): string {
  return `Another site or a prefetch may have led the browser to ${sayCount(objects)} of these addresses, and to ${sayBytes(bytes)}; nobody is suspended for that part.`
}

/** Why nobody is suspended, although it is extreme. */
export function sayLedElse(isToday: boolean): string {
  return isToday
    ? 'Without that part it is not extreme, so the account is not suspended for it.'
    : 'Without what another site or a prefetch may have led to on earlier days it is not extreme, so the account is not suspended for it.'
}

export function sayHour(hour: number, chance: number, isRest: boolean): string {
  const share = Math.max(1, Math.round(chance * 100))
  return `Active between ${hour}:00 and ${(hour + 1) % 24}:00 UTC; this person is on ${chance < 0.01 ? 'fewer than 1' : share} of 100 ${isRest ? 'days of a weekend' : 'workdays'}.`
}

export function sayBytes(amount: number): string {
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
