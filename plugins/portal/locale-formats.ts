/** Times, spans, lists and plurals as a language writes them, by `Intl`. */

export type SpanUnit = 'second' | 'minute' | 'hour'

/** Each formatter is made when it is first used: the tables behind one take up to 20 ms and 8 MB, which a start does not need. */
export function localeFormats(locale: string) {
  const relative = once(() => new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }))
  const plurals = once(() => new Intl.PluralRules(locale))
  const choice = once(() => new Intl.ListFormat(locale, { type: 'disjunction' }))
  const date = once(() => new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }))
  const span = (unit: SpanUnit) =>
    once(() => new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long', useGrouping: false }))
  const spans = { second: span('second'), minute: span('minute'), hour: span('hour') }
  return {
    /** "5 minutes ago", "yesterday". */
    ago: (n: number, unit: Intl.RelativeTimeFormatUnit) => relative().format(-n, unit),
    /** "25 seconds". */
    span: (n: number, unit: SpanUnit) => spans[unit]().format(n),
    /** The day in UTC: nobody's time zone is known. */
    date: (at: number) => date().format(at),
    /** "this, this or that". */
    anyOf: (choices: readonly string[]) => choice().format(choices),
    /** The form for this number, with the number in place of `#`. */
    count: (n: number, forms: { readonly other: string } & Partial<Record<Intl.LDMLPluralRule, string>>) =>
      (forms[plurals().select(n)] ?? forms.other).replace('#', String(n))
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
