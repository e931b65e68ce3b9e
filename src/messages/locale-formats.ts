/** Times, durations, numbers and lists in a language. */

type SpanUnit = 'second' | 'minute' | 'hour' | 'day'

export type LocaleFormats = ReturnType<typeof localeFormats>

/** Each formatter is made at its first use, since it takes up to 20 ms and 8 MB. */
export function localeFormats(locale: string) {
  const relative = once(() => new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }))
  const choice = once(() => new Intl.ListFormat(locale, { type: 'disjunction' }))
  const date = once(() => new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }))
  const shortDay = once(() => new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' }))
  const number = once(() => new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }))
  const distance = once(
    () => new Intl.NumberFormat(locale, { style: 'unit', unit: 'kilometer', maximumFractionDigits: 0 })
  )
  const country = once(() => new Intl.DisplayNames(locale, { type: 'region' }))
  const span = (unit: SpanUnit) =>
    once(() => new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long', useGrouping: false }))
  const spans = { second: span('second'), minute: span('minute'), hour: span('hour'), day: span('day') }
  return {
    /** "5 minutes ago", "yesterday". */
    ago: (n: number, unit: Intl.RelativeTimeFormatUnit) => relative().format(-n, unit),
    /** "15 Nov", in UTC. */
    shortDay: (at: number) => shortDay().format(at),
    /** "25 seconds". */
    span: (n: number, unit: SpanUnit) => spans[unit]().format(n),
    /** "1,234.5". */
    number: (n: number) => number().format(n),
    /** "1,234 km". */
    distance: (km: number) => distance().format(km),
    /** ISO 3166-1 alpha-2; other text stays as it is. */
    country: (code: string) => (/^[A-Z]{2}$/.test(code) ? (country().of(code) ?? code) : code),
    /** The day in UTC, since the gate knows nobody's time zone. */
    date: (at: number) => date().format(at),
    /** "this, this or that". */
    anyOf: (choices: readonly string[]) => choice().format(choices)
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
