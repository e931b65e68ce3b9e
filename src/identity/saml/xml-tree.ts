/** A small tree of the XML reader's events, for messages and single entities. */
import { Canonicaliser } from './canonical.ts'
import { SamlRefusal } from './refusal.ts'
import { type XmlHandler, XmlReader, type XmlStart } from './xml-reader.ts'

export interface XmlNode {
  readonly start: XmlStart
  readonly children: (XmlNode | string)[]
}

/** Elements and attributes together; an assertion with ten thousand groups has half of it. */
const maxParts = 40_000

export class TreeBuilder implements XmlHandler {
  root: XmlNode | null = null
  readonly #open: XmlNode[] = []
  #count = 0

  /** Throws SamlRefusal for too many elements. */
  start(start: XmlStart): void {
    this.#count += 1 + start.attributes.length
    if (this.#count > maxParts) throw new SamlRefusal(`the XML has more than ${maxParts} elements and attributes`)
    const node: XmlNode = { start, children: [] }
    if (this.#open.length === 0) this.root = node
    else this.#open.at(-1)!.children.push(node)
    this.#open.push(node)
  }

  end(): void {
    this.#open.pop()
  }

  text(text: string): void {
    this.#open.at(-1)?.children.push(text)
  }

  get isOpen(): boolean {
    return this.#open.length > 0
  }
}

/** Throws SamlRefusal, also for comments and for duplicate ids. */
export function treeOf(text: string): XmlNode {
  const builder = new TreeBuilder()
  const reader = new XmlReader(builder, { comments: 'refuse' })
  reader.write(text)
  reader.end()
  const ids = new Set<string>()
  for (const node of everyElement(builder.root!))
    for (const { local, value } of node.start.attributes) {
      if (local.toLowerCase() !== 'id') continue
      if (ids.has(value)) throw new SamlRefusal('the message has two elements of one id')
      ids.add(value)
    }
  return builder.root!
}

export function* everyElement(node: XmlNode): Iterable<XmlNode> {
  yield node
  for (const child of node.children) if (typeof child !== 'string') yield* everyElement(child)
}

export function elements(node: XmlNode, namespace?: string, local?: string): XmlNode[] {
  return node.children.filter(
    (child): child is XmlNode =>
      typeof child !== 'string' && (namespace === undefined || isNamed(child, namespace, local as string))
  )
}

export function isNamed({ start }: XmlNode, namespace: string, local: string): boolean {
  return start.local === local && start.namespace === namespace
}

/** Null for none. Throws SamlRefusal for several. */
export function atMostOne(node: XmlNode, namespace: string, local: string): XmlNode | null {
  const found = elements(node, namespace, local)
  if (found.length > 1) throw new SamlRefusal(`${node.start.local} has ${found.length} ${local} where there is one`)
  return found[0] ?? null
}

/** Throws SamlRefusal for none or several. */
export function exactlyOne(node: XmlNode, namespace: string, local: string): XmlNode {
  const found = atMostOne(node, namespace, local)
  if (found === null) throw new SamlRefusal(`${node.start.local} has no ${local}`)
  return found
}

/** An attribute without a namespace; null for none. */
export function attribute({ start }: XmlNode, name: string): string | null {
  return start.attributes.find(({ local, namespace }) => local === name && namespace === '')?.value ?? null
}

/** Throws SamlRefusal for an element inside. */
export function textOf(node: XmlNode): string {
  if (node.children.some(child => typeof child !== 'string'))
    throw new SamlRefusal(`${node.start.local} has elements where a text belongs`)
  return node.children.join('')
}

/** The canonical form of an element without its child `omitted`. */
export function canonicalOf(node: XmlNode, inclusive: ReadonlySet<string>, omitted: XmlNode | null): string {
  const pieces: string[] = []
  const canonicaliser = new Canonicaliser(text => pieces.push(text), inclusive)
  const walk = (each: XmlNode) => {
    canonicaliser.start(each.start)
    for (const child of each.children)
      if (typeof child === 'string') canonicaliser.text(child)
      else if (child !== omitted) walk(child)
    canonicaliser.end(each.start)
  }
  walk(node)
  return pieces.join('')
}
