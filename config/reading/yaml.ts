/** YAML text as nodes with places. The messages are the gate's own, since the YAML library quotes the text, and secrets in it. */
import { type Document, type ErrorCode, LineCounter, parseDocument, visit, type YAMLError } from 'yaml'
import type { Place, Problem } from './diagnostics.ts'

export interface YamlText {
  readonly document: Document.Parsed
  /** The place of an offset in the text. */
  at(offset: number): Place
  /** If there are any, the nodes are unreliable. */
  readonly problems: readonly Problem[]
}

const sentences: Partial<Record<ErrorCode, string>> = {
  BAD_ALIAS: 'this alias (*name) has no anchor (&name) before it',
  BAD_DQ_ESCAPE: "unknown escape in double quotes; write '\\\\' for a backslash, or use single quotes",
  BAD_INDENT: 'wrong indentation: keys of one block must begin in the same column',
  BAD_SCALAR_START: 'a value cannot begin with this character; put quotes around it',
  BLOCK_AS_IMPLICIT_KEY:
    "a second ':' in one value: indent the line below as the one above, or put quotes around the text",
  BLOCK_IN_FLOW: "inside { … } and [ … ] commas stand between entries: is one missing here, or a '-' too many?",
  MISSING_CHAR:
    "something is missing here: a closing bracket or quote, a comma, or a ': ' after a key (with the blank)",
  MULTILINE_IMPLICIT_KEY: "a key must stand on one line; is a ':' missing?",
  MULTIPLE_DOCS: "only one document is read; remove what follows '---'",
  TAB_AS_INDENT: 'a tab is used for indentation; YAML takes spaces only',
  TAG_RESOLVE_FAILED: 'tags (!name) are not understood here; in front of text, put quotes around it',
  UNEXPECTED_TOKEN: 'unexpected here; are quotes, a comma or a line break missing before it?'
}

/** YAML 1.2. Never throws. */
export function readYaml(text: string, file: string): YamlText {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false, logLevel: 'error' })
  const at = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const lines = text.split('\n')
  const faulty = new Set(document.errors.map(error => at(error.pos[0]).line))
  const odd = oddBlanks(lines, laterLinesOfTexts(document, at), faulty)
  const problems: Problem[] = odd.map(place => ({ file, ...place, path: '', message: oddBlank }))
  // YAML complains of the same line, or of the one below.
  const explained = new Set(odd.flatMap(({ line }) => [line, line + 1]))
  let isLost = false
  for (const error of [...document.errors, ...document.warnings] as YAMLError[]) {
    const place = at(error.pos[0])
    // One mistake often breaks the rest of its line.
    if (explained.has(place.line) || problems.some(problem => problem.line === place.line)) continue
    // A wrong bracket, brace, quote or comma changes the meaning of all following text, which gets no messages.
    if (problems.length > 0 && isLost) continue
    const line = lines[place.line - 1] ?? ''
    const missing = blankAfterDash(line)
    isLost ||= missing !== null || breaksTheRest(error)
    const message = missing ?? substitutionInFlow(line) ?? sentenceOf(error)
    problems.push({ file, ...place, path: '', message })
  }
  if (problems.length === 0) {
    const alias = unboundAlias(document)
    if (alias !== null) problems.push({ file, ...at(alias), path: '', message: sentences.BAD_ALIAS! })
  }
  return { document, at, problems }
}

function breaksTheRest({ code, message }: YAMLError): boolean {
  const codes: readonly ErrorCode[] = ['BLOCK_IN_FLOW', 'MISSING_CHAR', 'UNEXPECTED_TOKEN', 'BAD_SCALAR_START']
  return codes.includes(code) || message.startsWith('Flow ') || message.startsWith('Missing closing')
}

function sentenceOf({ code, message }: YAMLError): string {
  if (message.startsWith('Flow ')) return 'a [ or { that was opened before is not closed here'
  if (message.startsWith('Sequence item'))
    return "wrong indentation: this line is neither part of the item above nor begins with '- '"
  if (message.startsWith('Missing closing')) return 'a quote that was opened before is never closed'
  return sentences[code] ?? 'this is not valid YAML'
}

const oddBlank = 'a no-break space stands here, as in text that is copied from a web page; write plain spaces'

const oddLetters = '\\u00a0\\u2000-\\u200b\\u202f\\u3000'
const oddIndentation = new RegExp(`^ *(?=[${oddLetters}][${oddLetters} ]*(?:- |[\\w-]+ *:(?:\\s|$)))`)
const oddAfterKey = new RegExp(`^ *(?:- +)?[\\w-]+:(?=[${oddLetters}]+\\S)`)

/**
 * A key's indentation, or the character after its colon, is a blank that YAML takes for a letter. Behind a colon it may belong to a text,
 * so it counts only if YAML complains of that line or the next (`faulty`).
 */
function oddBlanks(lines: readonly string[], ofTexts: ReadonlySet<number>, faulty: ReadonlySet<number>): Place[] {
  return lines.flatMap((text, index) => {
    const line = index + 1
    if (ofTexts.has(line)) return []
    const isFaulty = faulty.has(line) || faulty.has(line + 1)
    const found = oddIndentation.exec(text) ?? (isFaulty ? oddAfterKey.exec(text) : null)
    return found === null ? [] : [{ line, column: found[0].length + 1 }]
  })
}

/** The lines of texts of several lines, without the first of each: every character may stand there. */
function laterLinesOfTexts(document: Document.Parsed, at: (offset: number) => Place): Set<number> {
  const found = new Set<number>()
  visit(document, {
    Scalar(_, { range }) {
      if (range == null) return
      for (let line = at(range[0]).line + 1; line <= at(range[1] - 1).line; line++) found.add(line)
    }
  })
  return found
}

/** `-id: x` is a key for YAML, and it complains of the lines below. */
function blankAfterDash(line: string): string | null {
  const [, key] = /^ *-([A-Za-z][\w-]*):(?:\s|$)/.exec(line) ?? []
  return key === undefined ? null : `a blank is missing after '-': write '- ${key}:'`
}

/** In `{ password: ${NAME} }` the braces end the map, and YAML's message does not help. */
function substitutionInFlow(line: string): string | null {
  const [, name] = /[{[].*[^"'\w]\$\{(\w+)\}/.exec(line) ?? []
  return name === undefined ? null : `inside { … } and [ … ] put quotes around it: "\${${name}}"`
}

function unboundAlias(document: Document.Parsed): number | null {
  let found: number | null = null
  visit(document, {
    Alias(_, node) {
      if (node.resolve(document) !== undefined) return undefined
      found = node.range?.[0] ?? 0
      return visit.BREAK
    }
  })
  return found
}
