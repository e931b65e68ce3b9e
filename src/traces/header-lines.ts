/** A file of request headers for a collector: lines of `Name: value`, blank lines, and comments after `#`. */

type HeaderLines =
  | { readonly headers: Readonly<Record<string, string>> }
  /** The end of a sentence, which quotes no value. */
  | { readonly problem: string }

/** The request itself sets these. */
const taken: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'transfer-encoding',
  'connection',
  'host'
])

export function readHeaderLines(text: string): HeaderLines {
  const headers: Record<string, string> = {}
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const [, name, value] = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e]+)$/.exec(trimmed) ?? []
    if (name === undefined || value === undefined)
      return { problem: `has no header such as 'Authorization: Bearer …' in line ${index + 1}` }
    if (taken.has(name.toLowerCase())) return { problem: `must not set ${name}, in line ${index + 1}` }
    headers[name.toLowerCase()] = value
  }
  return { headers }
}
