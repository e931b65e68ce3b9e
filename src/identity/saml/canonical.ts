/** Exclusive XML Canonicalization 1.0 without comments, as a writer of the reader's events. */
import type { Scope, XmlAttribute, XmlStart } from './xml-reader.ts'

export class Canonicaliser {
  readonly #write: (text: string) => void
  readonly #inclusive: ReadonlySet<string>
  /** Namespaces declared in the output, for each open element. */
  readonly #rendered: Scope[] = [new Map()]

  /** `inclusive`: the prefixes of `InclusiveNamespaces`; `''` stands for `#default`. */
  constructor(write: (text: string) => void, inclusive: ReadonlySet<string> = new Set()) {
    this.#write = write
    this.#inclusive = inclusive
  }

  start({ name, prefix, attributes, scope }: XmlStart): void {
    const outer = this.#rendered.at(-1)!
    let rendered = outer as Map<string, string>
    let text = `<${name}`
    for (const each of this.#visible(prefix, attributes, scope)) {
      const uri = scope.get(each) ?? ''
      if ((outer.get(each) ?? '') === uri) continue
      if (rendered === outer) rendered = new Map(outer)
      rendered.set(each, uri)
      text += ` ${each === '' ? 'xmlns' : `xmlns:${each}`}="${escapeValue(uri)}"`
    }
    for (const attribute of attributes.length < 2 ? attributes : attributes.toSorted(inOrder))
      text += ` ${attribute.prefix === '' ? '' : `${attribute.prefix}:`}${attribute.local}="${escapeValue(attribute.value)}"`
    this.#rendered.push(rendered)
    this.#write(`${text}>`)
  }

  end({ name }: XmlStart): void {
    this.#rendered.pop()
    this.#write(`</${name}>`)
  }

  text(text: string): void {
    this.#write(/[&<>\r]/.test(text) ? text.replace(/[&<>\r]/g, escaped) : text)
  }

  #visible(own: string, attributes: readonly XmlAttribute[], scope: Scope): Iterable<string> {
    if (attributes.every(({ prefix }) => prefix === '') && this.#inclusive.size === 0) return own === 'xml' ? [] : [own]
    const prefixes = new Set([own])
    for (const { prefix } of attributes) if (prefix !== '') prefixes.add(prefix)
    for (const prefix of this.#inclusive) if (scope.has(prefix)) prefixes.add(prefix)
    prefixes.delete('xml')
    return [...prefixes].sort()
  }
}

/** Attributes without a namespace come first, then by namespace and name (Canonical XML 1.0 §2.2). */
function inOrder(one: XmlAttribute, other: XmlAttribute): number {
  if (one.namespace !== other.namespace) return one.namespace < other.namespace ? -1 : 1
  return one.local < other.local ? -1 : 1
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;'
}
const escaped = (char: string) => escapes[char]!

function escapeValue(text: string): string {
  return /[&<"\t\n\r]/.test(text) ? text.replace(/[&<"\t\n\r]/g, escaped) : text
}
