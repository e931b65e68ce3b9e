/** Amounts of bytes in words: "3.2 MiB", in the units of the configuration. */

const units = ['KiB', 'MiB', 'GiB', 'TiB'] as const

const formats = new Map<string, Intl.NumberFormat>()

/** Powers of 1024. From 1,000 on the next unit is used, so that three digits are enough. */
export function formatBytes(bytes: number, language: string): string {
  if (bytes < 1000) return formatOf(language, true).format(bytes)
  let value = bytes
  let unit = -1
  while (unit < 0 || (value >= 1000 && unit < units.length - 1)) {
    value /= 1024
    unit++
  }
  return `${formatOf(language, false).format(value)} ${units[unit]}`
}

function formatOf(language: string, isInBytes: boolean): Intl.NumberFormat {
  const key = `${language} ${isInBytes}`
  let format = formats.get(key)
  if (format === undefined) {
    // Intl has no names of the units of 1024.
    const bytes = isInBytes ? ({ style: 'unit', unit: 'byte', unitDisplay: 'long' } as const) : {}
    format = new Intl.NumberFormat(language, { ...bytes, maximumSignificantDigits: 3 })
    formats.set(key, format)
  }
  return format
}
