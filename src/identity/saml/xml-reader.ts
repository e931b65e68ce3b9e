/**
 * A strict streaming XML reader (XML 1.0, Namespaces 1.0, UTF-8). It knows no DTD, so it expands and fetches no entities. It refuses inner
 * processing instructions and anything not well-formed (THREATS: XXE, entity bombs, parser differentials).
 */
import { xml as xmlNamespace } from './namespaces.ts'
import { quoted, SamlRefusal } from './refusal.ts'

export type Scope = ReadonlyMap<string, string>

export interface XmlAttribute {
  readonly prefix: string
  readonly local: string
  readonly namespace: string
  readonly value: string
}

export interface XmlStart {
  /** With its prefix, as written. */
  readonly name: string
  readonly prefix: string
  readonly local: string
  readonly namespace: string
  readonly attributes: readonly XmlAttribute[]
  /** `''` is the default. */
  readonly scope: Scope
}

/** Comments are not reported; CDATA is text, as in canonical XML. One text may come in pieces. */
export interface XmlHandler {
  start(element: XmlStart): void
  end(element: XmlStart): void
  text(text: string): void
}

interface XmlReaderOptions {
  /** Comments split texts for readers of the first piece (CVE-2017-11427). */
  readonly comments: 'skip' | 'refuse'
}

const maxDepth = 64
const maxAttributes = 200
/** Real messages have ten prefixes. Each declaration copies all in scope, so a message of a megabyte could take minutes. */
const maxPrefixes = 32
const maxTagLength = 256 * 1024
const maxTextLength = 8 * 1024 * 1024

const ncName = '[A-Za-z_\\u0080-\\uffff][-.\\w\\u0080-\\uffff]*'
const qName = `${ncName}(?::${ncName})?`
const value = `"[^"<]*"|'[^'<]*'`
const tagPattern = new RegExp(
  `<(/?)(${qName})((?:[ \\t\\n]+${qName}[ \\t\\n]*=[ \\t\\n]*(?:${value}))*)[ \\t\\n]*(/?)>`,
  'y'
)
const attributePattern = new RegExp(`(${qName})[ \\t\\n]*=[ \\t\\n]*(${value})`, 'g')
const declaration = /^<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*["']1\.[0-9]["']([^?]*)\?>/
const illegal = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/
const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

export class XmlReader {
  readonly #handler: XmlHandler
  readonly #comments: XmlReaderOptions['comments']
  readonly #open: XmlStart[] = []
  /** The unread rest is at most an unfinished token. */
  #rest = ''
  #isAtStart = true
  #hasRoot = false
  #heldReturn = false

  constructor(handler: XmlHandler, { comments }: XmlReaderOptions) {
    this.#handler = handler
    this.#comments = comments
  }

  /** Throws SamlRefusal. */
  write(chunk: string): void {
    let text = this.#heldReturn ? `\r${chunk}` : chunk
    this.#heldReturn = text.endsWith('\r')
    if (this.#heldReturn) text = text.slice(0, -1)
    // XML 1.0 §2.11: every line end is one line feed.
    this.#read(this.#rest + (text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text), false)
  }

  /** Throws SamlRefusal if something is missing. */
  end(): void {
    this.#read(this.#rest + (this.#heldReturn ? '\n' : ''), true)
    if (!this.#hasRoot) throw new SamlRefusal('the XML is empty')
    if (this.#open.length > 0) throw new SamlRefusal(`the XML ends in the middle of <${this.#open.at(-1)!.name}>`)
  }

  #read(text: string, isLast: boolean): void {
    let at = 0
    while (at < text.length) {
      const next = text.charCodeAt(at) === 0x3c ? this.#markup(text, at, isLast) : this.#characters(text, at, isLast)
      if (next === null) break
      at = next
    }
    this.#rest = text.slice(at)
    if (isLast && this.#rest !== '') throw new SamlRefusal('the XML ends in the middle of a tag')
  }

  /** The end of the token at `at`; null if it is incomplete. */
  #markup(text: string, at: number, isLast: boolean): number | null {
    const kind = text.slice(at, at + 9)
    if (kind.startsWith('<?')) return this.#instruction(text, at)
    if (kind.startsWith('<!')) {
      if (kind.length < 9 && !isLast) return null
      if (kind.startsWith('<!--')) return this.#comment(text, at)
      if (kind === '<![CDATA[') return this.#cdata(text, at)
      throw new SamlRefusal(
        kind.toUpperCase() === '<!DOCTYPE'
          ? 'the XML has a DOCTYPE, which is never accepted'
          : 'the XML is not well-formed'
      )
    }
    this.#isAtStart = false
    tagPattern.lastIndex = at
    const tag = tagPattern.exec(text)
    if (tag === null) {
      if (isLast || text.length - at > maxTagLength)
        throw new SamlRefusal(`the XML is not well-formed at ${quoted(text.slice(at, at + 40))}`)
      return null
    }
    const [whole, slash, name, attributes, isEmpty] = tag as unknown as [string, string, string, string, string]
    if (slash === '/') {
      if (attributes !== '' || isEmpty !== '') throw new SamlRefusal(`the XML is not well-formed at </${name}>`)
      this.#close(name)
    } else {
      this.#begin(name, attributes)
      if (isEmpty === '/') this.#close(name)
    }
    return at + whole.length
  }

  #instruction(text: string, at: number): number | null {
    const end = text.indexOf('?>', at)
    if (end < 0) return this.#wait(text, at)
    if (this.#open.length > 0) throw new SamlRefusal('the XML has a processing instruction inside')
    const whole = text.slice(at, end + 2)
    if (/^<\?xml[ \t\n?]/i.test(whole)) {
      const rest = declaration.exec(whole)?.[1]
      if (!this.#isAtStart || rest === undefined) throw new SamlRefusal('the XML declaration is not well-formed')
      const encoding = /encoding[ \t\n]*=[ \t\n]*["']([^"']*)["']/.exec(rest)?.[1] ?? 'UTF-8'
      if (!/^(utf-?8|us-ascii)$/i.test(encoding))
        throw new SamlRefusal(`the XML is in ${quoted(encoding)}; only UTF-8 is read`)
    }
    this.#isAtStart = false
    return end + 2
  }

  #comment(text: string, at: number): number | null {
    if (this.#comments === 'refuse') throw new SamlRefusal('the message has an XML comment, which is never accepted')
    const end = text.indexOf('--', at + 4)
    if (end < 0 || end + 2 >= text.length) return this.#wait(text, at)
    if (text[end + 2] !== '>') throw new SamlRefusal('the XML has a comment that is not well-formed')
    this.#isAtStart = false
    return end + 3
  }

  #cdata(text: string, at: number): number | null {
    const end = text.indexOf(']]>', at)
    if (end < 0) return this.#wait(text, at)
    if (this.#open.length === 0) throw new SamlRefusal('the XML has text outside its root')
    const inside = text.slice(at + 9, end)
    if (illegal.test(inside)) throw new SamlRefusal('the XML holds a control character')
    if (inside !== '') this.#handler.text(inside)
    return end + 3
  }

  #characters(text: string, at: number, isLast: boolean): number | null {
    const open = text.indexOf('<', at)
    if (open < 0 && !isLast) return this.#wait(text, at)
    const end = open < 0 ? text.length : open
    const raw = text.slice(at, end)
    this.#isAtStart = false
    if (this.#open.length === 0) {
      if (/[^ \t\n]/.test(raw)) throw new SamlRefusal('the XML has text outside its root')
      return end
    }
    if (raw.includes(']]>')) throw new SamlRefusal('the XML is not well-formed: ]]> in text')
    this.#handler.text(decoded(raw))
    return end
  }

  #wait(text: string, at: number): null {
    if (text.length - at > maxTextLength) throw new SamlRefusal('the XML holds a text that is too long')
    return null
  }

  #begin(name: string, source: string): void {
    if (this.#open.length === 0 && this.#hasRoot) throw new SamlRefusal('the XML has a second root')
    if (this.#open.length >= maxDepth) throw new SamlRefusal(`the XML is nested more than ${maxDepth} deep`)
    this.#hasRoot = true
    const element = elementOf(name, source, this.#open.at(-1)?.scope ?? noScope)
    this.#open.push(element)
    this.#handler.start(element)
  }

  #close(name: string): void {
    const element = this.#open.pop()
    if (element?.name !== name) throw new SamlRefusal(`the XML is not well-formed at </${name.slice(0, 60)}>`)
    this.#handler.end(element)
  }
}

const noScope: Scope = new Map([['xml', xmlNamespace]])

function elementOf(name: string, source: string, outer: Scope): XmlStart {
  const [prefix, local] = split(name)
  if (source === '') return { name, prefix, local, namespace: bound(prefix, outer, true), attributes: [], scope: outer }
  const given: [name: string, value: string][] = []
  let scope = outer as Map<string, string>
  const seen = new Set<string>()
  for (const [, key, inQuotes] of source.matchAll(attributePattern) as Iterable<RegExpExecArray>) {
    const text = decoded(inQuotes!.slice(1, -1).replace(/[\t\n]/g, ' '))
    if (seen.has(key!) || seen.size >= maxAttributes) throw new SamlRefusal(`the XML is not well-formed at <${name}>`)
    seen.add(key!)
    const declared = key === 'xmlns' ? '' : key!.startsWith('xmlns:') ? key!.slice(6) : null
    if (declared === null) given.push([key!, text])
    else {
      if (scope === outer) scope = new Map(outer)
      declare(scope, declared, text)
    }
  }
  const names = new Set<string>()
  const attributes = given.map(([key, text]) => {
    const [prefix, local] = split(key)
    const namespace = bound(prefix, scope, false)
    if (names.has(`${namespace} ${local}`)) throw new SamlRefusal(`the XML is not well-formed at <${name}>`)
    names.add(`${namespace} ${local}`)
    return { prefix, local, namespace, value: text }
  })
  return { name, prefix, local, namespace: bound(prefix, scope, true), attributes, scope }
}

/** Namespaces in XML 1.0 §3 and §5. */
function declare(scope: Map<string, string>, prefix: string, uri: string): void {
  const isXml = prefix === 'xml' || uri === xmlNamespace
  const isLegal = isXml ? prefix === 'xml' && uri === xmlNamespace : prefix === '' || uri !== ''
  if (prefix === 'xmlns' || !isLegal || uri === 'http://www.w3.org/2000/xmlns/')
    throw new SamlRefusal('the XML declares a namespace that may not be declared')
  scope.set(prefix, uri)
  if (scope.size > maxPrefixes) throw new SamlRefusal(`the XML declares more than ${maxPrefixes} prefixes`)
}

function bound(prefix: string, scope: Scope, isElement: boolean): string {
  if (prefix === '') return isElement ? (scope.get('') ?? '') : ''
  const uri = scope.get(prefix)
  if (uri === undefined) throw new SamlRefusal(`the XML uses the prefix ${quoted(prefix)} without declaring it`)
  return uri
}

function split(name: string): [prefix: string, local: string] {
  const colon = name.indexOf(':')
  return colon < 0 ? ['', name] : [name.slice(0, colon), name.slice(colon + 1)]
}

function decoded(text: string): string {
  if (illegal.test(text)) throw new SamlRefusal('the XML holds a control character')
  if (!text.includes('&')) return text
  return text.replace(
    /&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot|apos));|&/g,
    (_whole, hex, decimal, name) => {
      if (name !== undefined) return named[name]!
      const code = hex === undefined ? Number.parseInt(decimal, 10) : Number.parseInt(hex, 16)
      const isCharacter = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
      const character = isCharacter ? String.fromCodePoint(code) : '\0'
      if (illegal.test(character))
        throw new SamlRefusal('the XML has a reference to an entity or a character that is not allowed')
      return character
    }
  )
}
