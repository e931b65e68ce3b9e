/** What happened to a budget, in one plain sentence with its numbers, for the journal, the operators and the person. */
import type { Budget } from './budget.ts'
import type { Happening, Reading } from './ledger.ts'

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** `1.5 MiB`. */
export function bytesInWords(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** `10 minutes`. */
export function spanInWords(seconds: number): string {
  for (const [size, name] of [
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute']
  ] as const)
    if (seconds >= size && seconds % size === 0) return seconds === size ? `1 ${name}` : `${seconds / size} ${name}s`
  return `${seconds} seconds`
}

export function amountInWords({ counted }: Pick<Budget, 'counted'>, amount: number): string {
  if (counted === 'bytes') return bytesInWords(amount)
  return `${amount} ${counted === 'requests' ? 'requests' : 'different pages'}`
}

/** `who`: a person's name, or what stands for it. */
export function sentenceOf(
  budget: Budget,
  { spent, limit }: Pick<Reading, 'spent' | 'limit'>,
  happening: Happening,
  who: string
): string {
  const { app, direction, counted, id, windowSeconds } = budget
  const did = counted === 'bytes' && direction === 'in' ? 'sent' : counted === 'bytes' ? 'fetched' : 'asked for'
  const place = app === null ? '' : counted === 'bytes' && direction === 'in' ? ` to ${app}` : ` from ${app}`
  const much = `${amountInWords(budget, spent)}${place} within ${spanInWords(windowSeconds)}`
  const allowed = `the budget '${id}' allows ${amountInWords(budget, limit)}`
  if (happening === 'bought') return `${who} has confirmed it with a second factor, and may go on: ${much}; ${allowed}.`
  if (happening === 'unanswered')
    return `${who} has ${did} ${much}; ${allowed}. Nobody has confirmed it with a second factor within a minute.`
  return `${who} has ${did} ${much}; ${allowed}.`
}
