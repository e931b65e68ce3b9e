/**
 * The shape of JavaScript: hashes of its statements without literals, and the origins in its texts. Other values, order or repetitions make no new
 * statement. Data of any length is one token, and what it names does not count.
 */
import { hash } from 'node:crypto'
import { hostShape } from './path-shape.ts'

interface CodeShape {
  /** Eight characters of base64url each. */
  readonly statements: ReadonlySet<string>
  /** `https://host`. */
  readonly origins: ReadonlySet<string>
}

const maxCodeLength = 512 * 1024
const maxStatements = 4096
const maxOrigins = 64
/** Hostile text may hold many beginnings without an end. */
const maxExpressionLength = 2048
const maxSearched = 256 * 1024
const literal = '"'
const lineEnd = '\n'

const identifier = /[\p{ID_Start}$_\\#@][\p{ID_Continue}$\\]*/uy
const number = /(?:0[xob][\da-f_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d+)?)n?/iy
const values = new Set(['true', 'false', 'null', 'undefined', 'NaN', 'Infinity'])
/** A slash then begins a regular expression. */
const beforeExpression = new Set(
  'return typeof instanceof in of new delete void throw case do else yield await'.split(' ')
)
/** Their texts are code. */
const runners = new Set(['eval', 'Function', 'setTimeout', 'setInterval', 'execScript'])

interface Frame {
  readonly open: string
  readonly start: number
  isData: boolean
  /** After a name in data a colon must follow. */
  hasKey: boolean
  /** First tokens of the current element of a list, and of the one before. */
  element: number
  before: number
}

/** Never throws; any text has a shape. */
export function codeShape(source: string, depth = 0): CodeShape {
  const reader = new Reader(source.length > maxCodeLength ? source.slice(0, maxCodeLength) : source, depth)
  reader.read()
  return reader
}

class Reader implements CodeShape {
  readonly statements = new Set<string>()
  readonly origins = new Set<string>()
  readonly #source: string
  readonly #depth: number
  readonly #tokens: string[] = []
  readonly #frames: Frame[] = []
  #named: { readonly at: number; readonly origin: string }[] = []
  /** Characters in which no end of an expression was found. */
  #searched = 0
  readonly #early = new Set<string>()
  #nested: { readonly at: number; readonly shape: CodeShape }[] = []

  constructor(source: string, depth: number) {
    this.#source = source
    this.#depth = depth
  }

  read(): void {
    const source = this.#source
    let at = 0
    while (at < source.length) at = this.#token(source, at)
    this.#flush()
  }

  #token(source: string, at: number): number {
    const char = source[at]!
    if (char === '\n' || char === '\r' || char === '\u2028') {
      const top = this.#frames.at(-1)
      if (top === undefined || top.open === '{') this.#endLine()
      return at + 1
    }
    if (char <= ' ' || char === '\u00a0' || char === '\ufeff') return at + 1
    if (char === '/' || (char === '<' && source.startsWith('<!--', at))) {
      const end = commentEnd(source, at)
      if (end > at) return end
      if (char === '/' && this.#searched < maxSearched && this.#mayBeginExpression()) {
        const after = expressionEnd(source, at)
        if (after > at) return this.#literal('', after)
        this.#searched += maxExpressionLength
      }
    }
    if (char === '"' || char === "'") {
      const end = textEnd(source, at, char)
      return this.#text(source.slice(at + 1, end), end + 1)
    }
    if (char === '`') return this.#template(source, at)
    if ((char >= '0' && char <= '9') || (char === '.' && /\d/.test(source[at + 1] ?? ''))) {
      number.lastIndex = at
      const found = number.exec(source)?.[0].length ?? 1
      return this.#literal('', at + Math.max(1, found))
    }
    identifier.lastIndex = at
    const name = identifier.exec(source)?.[0]
    if (name !== undefined) {
      if (values.has(name)) return this.#literal('', at + name.length)
      this.#push(nameShape(name), true)
      return at + name.length
    }
    if (char === '(' || char === '[' || char === '{') this.#open(char)
    else if (char === ')' || char === ']' || char === '}') this.#close(char)
    else this.#push(char, false)
    return at + 1
  }

  #open(char: string): void {
    const parent = this.#frames.at(-1)
    if (parent !== undefined && (char === '(' || parent.hasKey)) parent.isData = false
    const start = this.#tokens.length
    this.#frames.push({ open: char, start, isData: char !== '(', hasKey: false, element: start + 1, before: -1 })
    // Broken text may open without end.
    if (this.#frames.length > 512) this.#frames.shift()
    this.#tokens.push(char)
  }

  #close(char: string): void {
    const frame = this.#frames.at(-1)
    const isPair = frame !== undefined && { '(': ')', '[': ']', '{': '}' }[frame.open] === char
    if (!isPair) {
      this.#tokens.push(char)
      return
    }
    this.#frames.pop()
    if (frame.isData && !frame.hasKey && frame.start < this.#tokens.length) {
      this.#tokens.length = frame.start
      while ((this.#named.at(-1)?.at ?? -1) >= frame.start) this.#named.pop()
      this.#literal('', 0)
      return
    }
    const parent = this.#frames.at(-1)
    if (parent !== undefined) parent.isData = false
    if (char !== '}') this.#endElement(frame)
    this.#tokens.push(char)
  }

  /** Equal elements are one: `[[new Date(1), 2], [new Date(3), 4]]`. */
  #endElement(frame: Frame): void {
    const tokens = this.#tokens
    const { element, before } = frame
    const length = tokens.length - element
    const isSame = before >= 0 && length > 0 && element - 1 - before === length
    if (isSame && tokens.slice(before, before + length).every((token, i) => token === tokens[element + i])) {
      tokens.length = element - 1
      while ((this.#named.at(-1)?.at ?? -1) >= tokens.length) {
        const { origin } = this.#named.pop() as { readonly origin: string }
        this.#early.add(origin)
      }
    } else frame.before = element
    frame.element = tokens.length + 1
  }

  #push(token: string, isName: boolean): void {
    const frame = this.#frames.at(-1)
    if (frame !== undefined) {
      if (frame.hasKey && token !== ':') frame.isData = false
      if (!isName && token !== ':' && token !== ',' && token !== '-' && token !== '+') frame.isData = false
      frame.hasKey = isName
      if (token === ',' && frame.open !== '{') this.#endElement(frame)
    }
    this.#tokens.push(token)
  }

  /** Literals in a list or a sum are one. */
  #literal(text: string, next: number): number {
    const tokens = this.#tokens
    const frame = this.#frames.at(-1)
    if (frame?.hasKey) frame.isData = false
    const [before, joint] = [tokens.at(-2), tokens.at(-1)]
    if (before === literal && (joint === ',' || joint === '+')) {
      tokens.pop()
      if (joint === ',' && frame !== undefined && frame.before >= 0) {
        frame.element = frame.before
        frame.before = -1
      }
    } else if ((joint === '-' || joint === '+') && !isOperand(before)) tokens[tokens.length - 1] = literal
    else tokens.push(literal)
    if (text !== '') this.#name(text)
    return next
  }

  #text(raw: string, next: number): number {
    const text = raw.includes('\\') ? unescaped(raw) : raw
    const [runner, opening] = [this.#tokens.at(-2), this.#tokens.at(-1)]
    if (opening === '(' && this.#depth < 3) {
      if (runner !== undefined && runners.has(runner))
        this.#nested.push({ at: this.#tokens.length, shape: codeShape(text, this.#depth + 1) })
      else if (runner === 'atob') this.#name(Buffer.from(text.slice(0, 4096), 'base64').toString('latin1'))
    }
    return this.#literal(text, next)
  }

  #name(text: string): void {
    for (const origin of originsIn(text)) this.#named.push({ at: this.#tokens.length - 1, origin })
  }

  #template(source: string, start: number): number {
    let at = start + 1
    let text = ''
    while (at < source.length && source[at] !== '`') {
      if (source[at] === '\\') at += 2
      else if (source[at] === '$' && source[at + 1] === '{') {
        const end = bracesEnd(source, at + 2)
        if (this.#depth < 3)
          this.#nested.push({ at: this.#tokens.length, shape: codeShape(source.slice(at + 2, end), this.#depth + 1) })
        at = end + 1
      } else text += source[at++]
    }
    return this.#literal(text, at + 1)
  }

  #mayBeginExpression(): boolean {
    const last = this.#tokens.at(-1)
    if (last === undefined || last === lineEnd) return true
    if (last === literal || last === ')' || last === ']' || last === '}') return false
    return beforeExpression.has(last) || !/^[\p{ID_Start}$_#]/u.test(last)
  }

  #endLine(): void {
    if (this.#tokens.length > 0 && this.#tokens.at(-1) !== lineEnd) this.#tokens.push(lineEnd)
    if (this.#frames.length === 0) this.#flush()
  }

  #flush(): void {
    let from = 0
    const tokens = this.#tokens
    for (let at = 0; at <= tokens.length; at++) {
      const token = tokens[at]
      if (at < tokens.length && token !== ';' && token !== '{' && token !== '}' && token !== lineEnd) continue
      this.#statement(tokens.slice(from, at))
      from = at + 1
    }
    for (const origin of this.#early) if (this.origins.size < maxOrigins) this.origins.add(origin)
    for (const { origin } of this.#named) if (this.origins.size < maxOrigins) this.origins.add(origin)
    for (const { shape } of this.#nested) {
      for (const each of shape.statements) this.#add(each)
      for (const each of shape.origins) if (this.origins.size < maxOrigins) this.origins.add(each)
    }
    this.#named = []
    this.#nested = []
    tokens.length = 0
    // The open frames count their tokens from here.
    this.#frames.length = 0
  }

  #statement(tokens: readonly string[]): void {
    const first = tokens.findIndex(token => token !== ',')
    const last = tokens.findLastIndex(token => token !== ',')
    const kept = first < 0 ? [] : tokens.slice(first, last + 1)
    if (!kept.some(token => /[\p{L}$_#]/u.test(token))) return
    this.#add(hash('sha1', kept.join(' '), 'base64url').slice(0, 8))
  }

  #add(statement: string): void {
    if (this.statements.size < maxStatements) this.statements.add(statement)
  }
}

/** Names of XML languages are no addresses. */
function originsIn(text: string): string[] {
  if (!text.includes('//') || text.length > 65_536) return []
  const found: string[] = []
  // `a // b` is a comment.
  const mayLackScheme = /^\s*\/\//.test(text)
  for (const [, scheme = '', host = '', port = ''] of text.matchAll(
    /(?:^\s*|(?<=["'=(,\s]))?((?:https?|wss?):)?\/\/([a-z0-9][a-z0-9.-]{0,250}\.[a-z][a-z0-9-]{0,62}|localhost|\d{1,3}(?:\.\d{1,3}){3})(:\d{1,5})?(?=[/?#"'\s\\);,<>&|]|$)/gi
  )) {
    if (scheme === '' && !mayLackScheme) continue
    const plain = host.toLowerCase()
    if (plain === 'www.w3.org' || plain === 'w3.org') continue
    const secure = scheme === '' || /^(?:https|wss):$/i.test(scheme)
    found.push(`${secure ? 'https' : 'http'}://${hostShape(plain)}${port === (secure ? ':443' : ':80') ? '' : port}`)
  }
  return found
}

const shortWords = new Set(['if', 'in', 'do', 'of', 'as', 'on', 'id', 'go'])

/** Builds give out minified names and numbers anew. */
function nameShape(name: string): string {
  if (name.length <= 2 && !shortWords.has(name)) return 'i'
  return /\d/.test(name) ? name.replace(/[\da-f]+/gi, run => (/\d/.test(run) ? '#' : run)) : name
}

function isOperand(token: string | undefined): boolean {
  return token !== undefined && (token === literal || token === ')' || token === ']' || /[\p{L}$_#]$/u.test(token))
}

function commentEnd(source: string, at: number): number {
  if (source[at] === '<' || source[at + 1] === '/') {
    const end = source.indexOf('\n', at)
    return end < 0 ? source.length : end
  }
  if (source[at + 1] !== '*') return at
  const end = source.indexOf('*/', at + 2)
  return end < 0 ? source.length : end + 2
}

/** The start if the line does not end the expression. */
function expressionEnd(source: string, start: number): number {
  let inClass = false
  const most = Math.min(source.length, start + maxExpressionLength)
  for (let at = start + 1; at < most; at++) {
    const char = source[at]
    if (char === '\n') return start
    if (char === '\\') at++
    else if (char === '[') inClass = true
    else if (char === ']') inClass = false
    else if (char === '/' && !inClass) {
      at++
      while (/[a-z]/i.test(source[at] ?? '')) at++
      return at
    }
  }
  return start
}

/** The closing quote, or the end of the line or source. */
function textEnd(source: string, start: number, quote: string): number {
  for (let at = start + 1; at < source.length; at++) {
    const char = source[at]
    if (char === '\\') at++
    else if (char === quote || char === '\n') return at
  }
  return source.length
}

function bracesEnd(source: string, start: number): number {
  let open = 1
  for (let at = start; at < source.length; at++) {
    const char = source[at]!
    if (char === '{') open++
    else if (char === '}' && --open === 0) return at
    else if (char === '"' || char === "'") at = textEnd(source, at, char)
  }
  return source.length
}

function unescaped(text: string): string {
  return text.replace(/\\(?:x([\da-f]{2})|u([\da-f]{4})|u\{([\da-f]{1,6})\}|(.))/gis, (_, x, u, braced, char) => {
    const code = Number.parseInt(x ?? u ?? braced ?? '', 16)
    return Number.isNaN(code)
      ? char === 'n'
        ? '\n'
        : (char ?? '')
      : code <= 0x10ffff
        ? String.fromCodePoint(code)
        : ''
  })
}
