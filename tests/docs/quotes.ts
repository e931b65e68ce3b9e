/**
 * The ids of docs/THREATS.md and docs/FIELD.md in a text, and those that a test has in its name. FIELD ids have a prefix: `FIELD F1`,
 * `FIELD 3`. THREATS ids have none: `W16`, `0.12`.
 */

/** The letters that begin an id: of THREATS.md, and of either document. */
const threats = 'HPRMWSFDITUNKBEO'
const both = `${threats}GAN`

const id = '(?:[A-Z]\\d{1,2}|0\\.\\d{1,2}|3)\\b(?![.%]\\w)'
const between = '\\s*(?:,\\s*and|,|and|to|–|-)?\\s*'
const quote = new RegExp(`\\b(THREATS|FIELD)\\b(?=\\s)((?:${between}${id})+)`, 'g')

/** The ids of a list, ranges written out: `R1-R3, M2 and M4 to M6`. */
function idsOf(text: string): string[] {
  const ids: string[] = []
  let isRange = false
  for (const [word] of text.matchAll(/[A-Z]\d{1,2}|0\.\d{1,2}|3|to|–|-/g)) {
    if (/^(?:to|–|-)$/.test(word)) isRange = true
    else {
      const [, kind, from] = /^(0\.|[A-Z])(\d+)$/.exec(ids.at(-1) ?? '') ?? []
      if (isRange && kind !== undefined && word.startsWith(kind))
        for (let n = Number(from) + 1; n < Number(word.slice(kind.length)); n++) ids.push(`${kind}${n}`)
      ids.push(word)
      isRange = false
    }
  }
  return ids
}

/** A comment or a paragraph that goes on over several lines, as one. */
const unfolded = (text: string) => text.replace(/\s*\n\s*(?:\*(?!\/)|\/\/)?\s*/g, ' ')

/** Every id that stands behind `THREATS` or `FIELD`. */
export function quotedIn(text: string): string[] {
  return [...unfolded(text).matchAll(quote)].flatMap(([, word, ids]) =>
    idsOf(ids!).map(one => (word === 'FIELD' ? `FIELD ${one}` : one))
  )
}

const bare = new RegExp(`(?<![\\w§.%/-]|§\\d |[A-Z] )[${both}]\\d{1,2}(?![\\w.%-]*\\w)`, 'g')

/** Ids in comments or paragraphs that do not say which document they belong to. */
export function bareIn(text: string): string[] {
  return (
    unfolded(text)
      .replace(quote, ' ')
      .replace(/`[^`]*`/g, ' ')
      .match(bare) ?? []
  )
}

/** The comments of a program that have lines of their own. */
export function commentsOf(source: string): string {
  return (source.match(/^\s*\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm) ?? []).join('\n')
}

const list = `[${threats}]\\d{1,2}(?:(?:, ?|-| )[${threats}]\\d{1,2})*`
const name = /\btest\(\s*(['"`])(.*?)\1/g
/** `H3 …` and `M13, M14: …` at the beginning of a text. */
const begins = new RegExp(`['"\`](${list})(?=[ :])`, 'g')
/** `['P3', '/x']`, `id: 'H3'`: the title of a row of a table. */
const titles = new RegExp(`(?:\\[\\s*|\\bid: )['"\`]([${threats}]\\d{1,2})['"\`](?=\\s*[,\\n])`, 'g')
/** `… (R11, R12)` inside a test's name. */
const behind = new RegExp(`\\((${list})\\)`, 'g')
const fact = /['"`]((?:0\.\d{1,2} )+)/g
const field = /['"`](FIELD [^'"`]*)/g

/** The ids that names of tests, titles of rows, messages of assertions and the first comment of a test file carry. */
export function carriedIn(file: string, source: string): string[] {
  const groups = (pattern: RegExp) => [...source.matchAll(pattern)].map(match => match[1]!)
  const names = [...source.matchAll(name)].map(match => match[2]!)
  const head = file.endsWith('.test.ts') ? (/^\/\*\*[\s\S]*?\*\//.exec(source)?.[0] ?? '') : ''
  return [
    ...groups(begins).flatMap(idsOf),
    ...groups(titles),
    ...names.flatMap(text => [...text.matchAll(behind)]).flatMap(match => idsOf(match[1]!)),
    ...groups(fact).flatMap(idsOf),
    ...groups(field).flatMap(quotedIn),
    ...quotedIn(head)
  ]
}
