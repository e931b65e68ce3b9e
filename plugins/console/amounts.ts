/** Amounts of bytes in words: "3.2 MB". */

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

const formats = new Map<string, Intl.NumberFormat>()

/** Powers of 1000. */
export function formatBytes(bytes: number, language: string): string {
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  const unit = units[power] as (typeof units)[number]
  const value = bytes / 1000 ** power
  const key = `${language} ${unit}`
  let format = formats.get(key)
  if (format === undefined) {
    format = new Intl.NumberFormat(language, {
      style: 'unit',
      unit,
      unitDisplay: power === 0 ? 'long' : 'short',
      maximumSignificantDigits: 3
    })
    formats.set(key, format)
  }
  return format.format(value)
}
