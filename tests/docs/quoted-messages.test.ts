/**
 * The messages that pages of docs/ quote in the first column of a table exist: “…” on a page of the portal or the console, or in a mail, `…`
 * in what the program prints.
 */
import t from 'tap'
import { filesIn, textOf } from './documents.ts'

const sentences = ['plugins/portal', 'plugins/console', 'src/notify'].flatMap(room =>
  textsIn(JSON.parse(textOf(`${room}/messages/en.json`)))
)
const sources = filesIn('src', 'plugins', 'config', 'tests/setup')
  .filter(file => /\.(?:ts|tsx|mjs)$/.test(file))
  .map(textOf)
  .join('\n')

const straight = (text: string) => text.replace(/[’]/g, "'")
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Letters that a sentence must have besides its placeholders, otherwise it would fit everything. */
const minLiteralLength = 8

t.test('a quote is found whatever stands in its placeholders, and an invented one is not', async t => {
  for (const [quote, isThere] of [
    ['This invitation does not work any more', true],
    ['Notebooks is not answering', true],
    ['You can try again in …', true],
    ['Your bananas are ripe', false],
    ['This invitation does not work any mo', true],
    ['This invitation does not work today', false]
  ] as const)
    t.equal(isSentence(quote), isThere, quote)
  t.ok(isPrinted('nothing answers at …'))
  t.notOk(isPrinted('nothing answers at all times'))
})

t.test('every quoted message exists', async t => {
  const cells = filesIn('docs')
    .filter(file => file.endsWith('.md') && !/THREATS|FIELD/.test(file))
    .flatMap(file => firstCells(textOf(file)).map(cell => ({ file, cell })))
  const quotes = cells.flatMap(({ file, cell }) =>
    [...cell.matchAll(/“([^”]+)”/g)].map(match => ({ file, text: match[1]! }))
  )
  // A single word is a key, a code or a command.
  // Pages about institutions also quote their libraries.
  const ours = cells.filter(({ file }) => !file.startsWith('docs/institutions/'))
  const printed = ours.flatMap(({ file, cell }) =>
    [...cell.matchAll(/`([^`]+ [^`]+)`/g)].map(match => ({ file, text: match[1]! }))
  )
  t.ok(quotes.length > 8 && printed.length > 10, `${quotes.length} of pages, ${printed.length} of the program`)
  t.same(
    [
      ...quotes.filter(({ text }) => !isSentence(text)),
      ...printed.filter(({ text }) => !isCommand(text) && !isPrinted(text))
    ],
    []
  )
})

/** Of tables about what people may meet; other tables have what callers say. */
function firstCells(markdown: string): string[] {
  return [...markdown.matchAll(/^## (?:What may go wrong|Messages)[^\n]*\n([\s\S]*?)(?=^## |(?![\s\S]))/gm)].flatMap(
    ([, body]) =>
      body!
        .split('\n')
        .filter(line => line.startsWith('|'))
        .map(line => line.split('|')[1] ?? '')
  )
}

const isCommand = (text: string) => /^(?:factorgate|user|journal|check|key|session|npm|notify) /.test(text)

/** `…` in a quote stands for whatever a placeholder says, or for the rest. */
function isSentence(quote: string): boolean {
  const plain = straight(quote).replace(/\s*…$/, '')
  const pieces = plain.split('…').map(piece => piece.trim())
  return sentences.some(sentence => {
    const parts = literalParts(straight(sentence))
    if (parts.join('').trim().length < minLiteralLength) return false
    const isPart = pieces.every(piece => parts.some(part => part.includes(piece)))
    return isPart || new RegExp(`^${parts.map(escaped).join('.+')}$`, 's').test(plain)
  })
}

/** The program's texts are in its sources, where `…` may be anything. */
function isPrinted(quote: string): boolean {
  return quote
    .split('…')
    .map(part => part.trim().replace(/^, /, ''))
    .filter(part => part !== '')
    .every(part => sources.includes(part))
}

/** A message of ICU without its placeholders and marks. */
function literalParts(message: string): string[] {
  const parts = ['']
  let depth = 0
  for (const sign of message.replace(/<[^>]*>/g, '')) {
    if (sign === '{' && depth++ === 0) parts.push('')
    else if (sign === '}') depth--
    else if (depth === 0) parts[parts.length - 1] += sign
  }
  return parts
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}
