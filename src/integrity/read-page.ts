/** Reads one HTML page by parse5, which sees broken pages as browsers do. Memory and time are bounded, and the rest of a page is not read. */
import { hash } from 'node:crypto'
import { type EndTag, SAXParser, type StartTag, type Text } from 'parse5-sax-parser'
import { codeShape } from './code-shape.ts'
import { asksPassword, type Mark, type MarkKind, markValue } from './mark.ts'
import { OwnAddresses, type PageAddress } from './own-addresses.ts'
import { percentDecoded } from './path-shape.ts'

export interface PageReading {
  readonly marks: readonly Mark[]
  readonly links: readonly string[]
  readonly skeleton: string
  /** Null for too few elements. */
  readonly structure: string | null
  /** Hashes of the kinds of elements. */
  readonly elements: readonly string[]
  /** `<meta name=generator>`. */
  readonly generator: string | null
}

const maxMarks = 2048
const maxLinks = 256
const maxElements = 512
const maxTextLength = 512 * 1024
/** Time of the reading thread for one page. */
const maxMs = 400
const step = 8192
/** With fewer, different pages look alike. */
const minKinds = 6
const framesDeep = 2

const jsTypes =
  /^(?:|module|(?:text|application)\/(?:x-)?(?:java|ecma|live|j)script(?:1\.\d)?|text\/(?:babel|jsx|typescript)|application\/(?:x-)?typescript)$/

/** Never throws. With `isWhole` false, the page goes on. */
export function readPage(
  html: string,
  address: PageAddress,
  isWhole = true,
  now: () => number = () => performance.now()
): PageReading {
  const reader = new MarkupReader(new OwnAddresses(address), 0)
  reader.read(html, now() + maxMs, now, isWhole)
  return reader.reading()
}

interface Form {
  readonly id: string | null
  target: string | null
  hasPassword: boolean
}

class MarkupReader {
  readonly #own: OwnAddresses
  readonly #depth: number
  readonly #marks = new Map<string, Mark>()
  readonly #links = new Set<string>()
  readonly #elements = new Set<string>()
  readonly #forms: Form[] = []
  /** By `form` attribute: such a field may stand before its form. */
  readonly #passwordsOf = new Set<string>()
  #openForm: Form | null = null
  #script: { readonly type: string; text: string } | null = null
  #generator: string | null = null
  #isWhole = true

  constructor(own: OwnAddresses, depth: number) {
    this.#own = own
    this.#depth = depth
  }

  read(html: string, until: number, now: () => number, isWhole: boolean): void {
    const parser = new SAXParser()
    parser.on('startTag', (tag: StartTag) => this.#start(tag, until, now))
    parser.on('endTag', (tag: EndTag) => this.#end(tag.tagName))
    parser.on('text', ({ text }: Text) => {
      const script = this.#script
      if (script !== null && script.text.length < maxTextLength) script.text += text
    })
    parser.on('error', () => {})
    parser.resume()
    try {
      // In small steps: a tag with a hundred thousand attributes takes the parser minutes.
      for (let at = 0; at < html.length && now() < until; at += step) parser.write(html.slice(at, at + step))
      parser.end()
    } catch {
      // What was read until then counts.
    }
    // Browsers run no script without an end. An open form may have its password later.
    this.#isWhole = isWhole && now() < until
    for (const form of this.#forms) if (this.#isWhole || form !== this.#openForm) this.#addForm(form)
  }

  reading(): PageReading {
    const marks = [...this.#marks.values()]
    const names = marks.map(({ kind, value }) => `${kind} ${value}`).sort()
    const kinds = [...this.#elements].sort()
    return {
      marks,
      links: [...this.#links],
      skeleton: names.length === 0 || !this.#isWhole ? '' : digest(names.join('\n')),
      structure: kinds.length < minKinds || !this.#isWhole ? null : digest([...names, ...kinds].join('\n')),
      elements: kinds.map(digest).map(text => text.slice(0, 6)),
      generator: this.#generator
    }
  }

  #add(kind: MarkKind, value: string | null): void {
    if (value === null || this.#marks.size >= maxMarks) return
    const mark: Mark = { kind, value: markValue(value) }
    this.#marks.set(`${kind} ${mark.value}`, mark)
  }

  #code(source: string): void {
    const { statements, origins } = codeShape(source)
    for (const each of statements) this.#add('code', each)
    for (const each of origins) if (!this.#own.isOwn(each)) this.#add('names', each)
  }

  #start({ tagName, attrs }: StartTag, until: number, now: () => number): void {
    const attributes = new Map<string, string>()
    for (const { name, value, prefix } of attrs)
      attributes.set(prefix === undefined || prefix === '' ? name : `${prefix}:${name}`, value)
    if (this.#elements.size < maxElements)
      this.#elements.add(markValue(`${tagName} ${[...attributes.keys()].sort().join(' ')}`))
    for (const [name, value] of attributes) {
      if (/^on[a-z]/.test(name)) this.#code(value)
      else if (/^\s*javascript:/i.test(value)) this.#code(value.replace(/^\s*javascript:/i, ''))
    }
    const source = (name: string) => attributes.get(name) ?? null
    switch (tagName) {
      case 'base':
        this.#base(source('href'))
        break
      case 'script':
        this.#scriptTag(attributes)
        break
      case 'a':
      case 'area':
        this.#link(source('href') ?? source('xlink:href'))
        break
      case 'link':
        this.#linkTag(source('rel'), source('href'), source('as'))
        break
      case 'iframe':
      case 'frame':
        this.#frame(source('src'))
        this.#inner(source('srcdoc'), until, now)
        break
      case 'object':
        this.#frame(source('data'))
        break
      case 'embed':
      case 'applet':
        this.#frame(source('src') ?? source('archive') ?? source('code'))
        break
      case 'form':
        this.#form(attributes)
        break
      case 'input':
      case 'button':
        this.#field(attributes)
        break
      case 'use':
        this.#add('frame', foreignOf(this.#own, source('href') ?? source('xlink:href')))
        break
      case 'meta':
        this.#meta(attributes)
        break
    }
  }

  #end(tagName: string): void {
    if (tagName === 'form') this.#openForm = null
    if (tagName !== 'script' || this.#script === null) return
    const { type, text } = this.#script
    this.#script = null
    if (type === 'importmap' || type === 'speculationrules') this.#addressesIn(text)
    else if (jsTypes.test(type)) this.#code(text)
  }

  #scriptTag(attributes: ReadonlyMap<string, string>): void {
    const type = (attributes.get('type') ?? attributes.get('language') ?? '').trim().toLowerCase().replace(/;.*/s, '')
    const address = attributes.get('src') ?? attributes.get('href') ?? attributes.get('xlink:href')
    if (address === undefined) this.#script = { type, text: '' }
    else if (jsTypes.test(type)) this.#loads(address)
  }

  #loads(address: string): void {
    const inline = dataText(address)
    if (inline !== null) {
      this.#add('script', 'data:')
      this.#code(inline.text)
    } else this.#add('script', this.#own.script(address))
  }

  #addressesIn(json: string): void {
    let map: unknown
    try {
      map = JSON.parse(json)
    } catch {
      return
    }
    const visit = (value: unknown, depth: number): void => {
      if (typeof value === 'string' && /^(?:\.{0,2}\/|[a-z][a-z0-9+.-]*:)/i.test(value)) this.#loads(value)
      else if (typeof value === 'object' && value !== null && depth < 6)
        for (const each of Object.values(value)) visit(each, depth + 1)
    }
    if (typeof map === 'object' && map !== null) {
      const { imports, scopes } = map as { imports?: unknown; scopes?: unknown }
      visit([imports, scopes], 0)
    }
  }

  #base(href: string | null): void {
    const value = href === null ? null : this.#own.setBase(href)
    this.#add('base', value)
  }

  #link(href: string | null): void {
    const path = href === null ? null : this.#own.path(href)
    if (path !== null && this.#links.size < maxLinks) this.#links.add(path)
  }

  #linkTag(rel: string | null, href: string | null, as: string | null): void {
    if (href === null) return
    const words = (rel ?? '').toLowerCase().split(/\s+/)
    if (words.includes('modulepreload') || (words.includes('preload') && as?.toLowerCase() === 'script'))
      this.#loads(href)
    else if (words.includes('import')) this.#loads(href)
    else if (words.includes('stylesheet')) this.#add('style', foreignOf(this.#own, href))
    else this.#link(href)
  }

  #frame(address: string | null): void {
    if (address === null || address.trim() === '' || /^\s*(?:javascript|about):/i.test(address)) return
    const inline = dataText(address)
    if (inline === null) this.#add('frame', this.#own.frame(address))
    else this.#add('frame', `data:${inline.type}`)
  }

  /** It has the rights of this page. */
  #inner(html: string | null, until: number, now: () => number): void {
    if (html === null || this.#depth >= framesDeep) return
    const inner = new MarkupReader(this.#own, this.#depth + 1)
    inner.read(html, until, now, true)
    for (const { kind, value } of inner.#marks.values()) this.#add(kind, value)
  }

  #form(attributes: ReadonlyMap<string, string>): void {
    if ((attributes.get('method') ?? '').trim().toLowerCase() === 'dialog') return
    const action = attributes.get('action')
    const form: Form = {
      id: attributes.get('id') ?? null,
      target: action === undefined || /^\s*javascript:/i.test(action) ? '.' : this.#own.target(action),
      hasPassword: false
    }
    this.#openForm = form
    if (this.#forms.length < 256) this.#forms.push(form)
  }

  #field(attributes: ReadonlyMap<string, string>): void {
    const isPassword = (attributes.get('type') ?? '').trim().toLowerCase() === 'password'
    const owner = attributes.get('form')
    if (isPassword && owner !== undefined) this.#passwordsOf.add(owner)
    else if (isPassword && this.#openForm !== null) this.#openForm.hasPassword = true
    const action = attributes.get('formaction')
    if (action !== undefined && !/^\s*javascript:/i.test(action)) this.#add('form', this.#own.target(action))
  }

  #addForm({ id, target, hasPassword }: Form): void {
    if (target === null) return
    const asks = hasPassword || (id !== null && this.#passwordsOf.has(id))
    this.#add('form', asks ? markValue(target.slice(0, 180)) + asksPassword : target)
  }

  #meta(attributes: ReadonlyMap<string, string>): void {
    if ((attributes.get('name') ?? '').toLowerCase() === 'generator')
      this.#generator = markValue(attributes.get('content') ?? '')
    if ((attributes.get('http-equiv') ?? '').trim().toLowerCase() !== 'refresh') return
    const address = /^\s*[\d.]*\s*[;,\s]\s*(?:url\s*=\s*)?['"]?([^'"]+)/i.exec(attributes.get('content') ?? '')?.[1]
    if (address === undefined || /^\s*javascript:/i.test(address)) return
    this.#add('refresh', foreignOf(this.#own, address))
  }
}

function foreignOf(own: OwnAddresses, address: string | null): string | null {
  const value = address === null ? null : own.frame(address)
  return value === null || value.startsWith('/') || value.startsWith('.') ? null : value
}

function digest(text: string): string {
  return hash('sha1', text, 'base64url').slice(0, 8)
}

function dataText(address: string): { readonly type: string; readonly text: string } | null {
  const start = /^\s*data:/i.exec(address)?.[0].length
  const comma = start === undefined ? -1 : address.indexOf(',', start)
  if (comma < 0 || comma >= maxTextLength) return null
  const [type = '', ...options] = address.slice(start, comma).split(';')
  const content = percentDecoded(address.slice(comma + 1, maxTextLength))
  const isBase64 = options.at(-1)?.trim().toLowerCase() === 'base64'
  const text = isBase64 ? Buffer.from(content, 'base64').toString('utf8') : content
  return { type: type.trim().toLowerCase() || 'text/plain', text }
}
