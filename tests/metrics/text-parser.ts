/** A strict parser of Prometheus' text format 0.0.4, for tests. */

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Family {
  readonly help: string
  readonly type: string
  readonly samples: readonly Sample[]
}

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const labelPair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y

interface OpenFamily {
  readonly name: string
  readonly help: string
  type: string
  readonly samples: Sample[]
}

/** Throws at anything that the format does not allow. */
export function parseText(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const families = new Map<string, OpenFamily>()
  let family: OpenFamily | undefined
  const seen = new Set<string>()
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue
    const head = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line)
    if (head?.[1] === 'HELP') {
      if (families.has(head[2]!)) throw new Error(`${head[2]} stands twice`)
      family = { name: head[2]!, help: head[3]!, type: '', samples: [] }
      families.set(head[2]!, family)
    } else if (head?.[1] === 'TYPE') {
      if (family === undefined || family.name !== head[2] || family.samples.length > 0)
        throw new Error(`TYPE out of place: ${line}`)
      if (!/^(?:counter|gauge|histogram)$/.test(head[3]!)) throw new Error(`unknown type: ${line}`)
      family.type = head[3]!
    } else {
      const sample = parseSample(line)
      const base = family?.type === 'histogram' ? sample.name.replace(/_(?:bucket|sum|count)$/, '') : sample.name
      if (family === undefined || base !== family.name) throw new Error(`a sample without its family: ${line}`)
      const id = line.slice(0, line.lastIndexOf(' '))
      if (seen.has(id)) throw new Error(`a sample stands twice: ${line}`)
      seen.add(id)
      family.samples.push(sample)
    }
  }
  return families
}

function parseSample(line: string): Sample {
  const found = sampleLine.exec(line)
  if (found === null) throw new Error(`no sample: ${line}`)
  const labels: Record<string, string> = {}
  const text = found[2] ?? ''
  labelPair.lastIndex = 0
  while (labelPair.lastIndex < text.length) {
    const pair = labelPair.exec(text)
    if (pair === null || pair[1]! in labels) throw new Error(`bad labels: ${line}`)
    labels[pair[1]!] = pair[2]!.replace(/\\(.)/g, (_, sign) => (sign === 'n' ? '\n' : sign))
  }
  const value = found[3] === '+Inf' ? Infinity : Number(found[3])
  if (Number.isNaN(value) && found[3] !== 'NaN') throw new Error(`no number: ${line}`)
  return { name: found[1]!, labels, value }
}
