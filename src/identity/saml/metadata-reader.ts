/**
 * A streaming reader of SAML metadata: one entity, or an aggregate of any size, in little memory. It digests the events that it reads, so
 * nothing unsigned counts (THREATS: signature wrapping). Only the root's signature counts.
 */
import { createHash, type Hash, type KeyObject } from 'node:crypto'
import { Canonicaliser } from './canonical.ts'
import { endOf, type IdentityProvider, providerOf, soonest, timeOf } from './metadata-entity.ts'
import { ds, md } from './namespaces.ts'
import { quoted, SamlRefusal } from './refusal.ts'
import { XmlReader, type XmlStart } from './xml-reader.ts'
import { checkValue, readSignature, type XmlSignature } from './xml-signature.ts'
import { TreeBuilder } from './xml-tree.ts'

interface MetadataReaderOptions {
  /** One of these must have signed. Null accepts unsigned metadata, for a file that the operator vouches for. */
  readonly keys: readonly KeyObject[] | null
  /** Without an end, an old copy could be replayed. */
  readonly needsValidUntil: boolean
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly onProvider: (provider: IdentityProvider) => void
}

export interface MetadataSummary {
  /** Milliseconds since the epoch, if given. */
  readonly validUntil: number | null
  readonly cacheSeconds: number | null
}

const maxEntities = 100_000

export class MetadataReader {
  readonly #options: MetadataReaderOptions
  readonly #xml: XmlReader
  #depth = 0
  #root: XmlStart | null = null
  #canonical: Canonicaliser | null = null
  #signature: XmlSignature | null = null
  #hash: Hash | null = null
  /** Few large updates of the hash cost less than many small ones. */
  #unhashed: string[] = []
  /** The text before the signature, which names the algorithms. */
  #early: (XmlStart | string)[] = []
  #isSignatureDue = true
  #signatureTree: TreeBuilder | null = null
  #entityTree: TreeBuilder | null = null
  readonly #entityIds = new Set<string>()
  readonly #listEnds: (number | null)[] = []

  constructor(options: MetadataReaderOptions) {
    this.#options = options
    this.#xml = new XmlReader(
      { start: each => this.#start(each), end: each => this.#end(each), text: each => this.#text(each) },
      { comments: 'skip' }
    )
  }

  /** Throws SamlRefusal. Reported entities count only after `end`. */
  write(chunk: string): void {
    this.#xml.write(chunk)
  }

  /** Throws SamlRefusal. */
  end(): MetadataSummary {
    this.#xml.end()
    const root = this.#root!
    if (this.#options.keys !== null) {
      if (this.#signature === null) throw new SamlRefusal('the metadata is not signed')
      this.#flush()
      if (!this.#hash!.digest().equals(this.#signature.digest))
        throw new SamlRefusal('the metadata was changed after it was signed')
    }
    return { validUntil: this.#validUntil(root), cacheSeconds: durationOf(valueIn(root, 'cacheDuration')) }
  }

  #validUntil(root: XmlStart): number | null {
    const text = valueIn(root, 'validUntil')
    const at = timeOf(text)
    if (text !== null && at === null)
      throw new SamlRefusal(`the metadata is valid until ${quoted(text)}, which is no time`)
    if (at === null && this.#options.needsValidUntil)
      throw new SamlRefusal('the metadata does not say how long it is valid (validUntil): it may be an old copy')
    if (at !== null && at <= this.#options.now)
      throw new SamlRefusal(`the metadata expired at ${new Date(at).toISOString()}`)
    return at
  }

  #start(element: XmlStart): void {
    this.#depth++
    if (this.#depth === 1) this.#begin(element)
    if (this.#depth === 2) this.#child(element)
    if (this.#signatureTree !== null) return this.#signatureTree.start(element)
    if (this.#entityTree === null && element.namespace === md && element.local === 'EntityDescriptor')
      this.#entityTree = new TreeBuilder()
    if (this.#entityTree === null && this.#depth > 1 && isList(element)) this.#listEnds.push(endOf(element))
    this.#entityTree?.start(element)
    this.#toCanonical(element)
  }

  /** The signature is the root's first child (SAML Metadata §2.3). */
  #child(element: XmlStart): void {
    const isSignature = element.namespace === ds && element.local === 'Signature'
    if (isSignature && !this.#isSignatureDue) throw new SamlRefusal('the metadata has a signature where none belongs')
    if (isSignature) this.#signatureTree = new TreeBuilder()
    else if (this.#isSignatureDue) this.#withoutSignature()
    this.#isSignatureDue = false
  }

  #begin(element: XmlStart): void {
    const isMetadata = element.namespace === md && ['EntitiesDescriptor', 'EntityDescriptor'].includes(element.local)
    if (!isMetadata) throw new SamlRefusal(`this is no SAML metadata: its root is ${quoted(element.local)}`)
    this.#root = element
  }

  #withoutSignature(): void {
    this.#early = []
    if (this.#options.keys !== null) throw new SamlRefusal('the metadata is not signed')
  }

  #end(element: XmlStart): void {
    this.#depth--
    if (this.#entityTree === null && this.#depth > 0 && isList(element)) this.#listEnds.pop()
    const signature = this.#signatureTree
    if (signature !== null) {
      signature.end()
      if (signature.isOpen) return
      this.#signatureTree = null
      return this.#beginSigned(signature)
    }
    this.#canonical?.end(element)
    const entity = this.#entityTree
    entity?.end()
    if (entity === null || entity.isOpen) return
    this.#entityTree = null
    this.#entity(entity)
  }

  #text(text: string): void {
    if (this.#signatureTree !== null) return this.#signatureTree.text(text)
    this.#entityTree?.text(text)
    this.#toCanonical(text)
  }

  #toCanonical(event: XmlStart | string): void {
    if (this.#canonical === null) {
      if (this.#isSignatureDue) this.#early.push(event)
      return
    }
    if (typeof event === 'string') this.#canonical.text(event)
    else this.#canonical.start(event)
  }

  /** The algorithms are known now. The value is checked before a large file is read in vain. */
  #beginSigned({ root }: TreeBuilder): void {
    const { keys } = this.#options
    const early = this.#early
    this.#early = []
    if (keys === null) return
    const signature = readSignature(root!)
    const id = valueIn(this.#root!, 'ID')
    // An empty reference means the whole document.
    if (signature.reference !== '' && signature.reference !== id)
      throw new SamlRefusal('the signature of the metadata is about another element')
    checkValue(signature, keys)
    this.#signature = signature
    this.#hash = createHash(signature.digestHash)
    this.#canonical = new Canonicaliser(text => {
      if (this.#unhashed.push(text) >= 4096) this.#flush()
    }, signature.inclusive)
    for (const event of early) this.#toCanonical(event)
  }

  #flush(): void {
    this.#hash!.update(this.#unhashed.join(''))
    this.#unhashed = []
  }

  #entity({ root }: TreeBuilder): void {
    const entityId = valueIn(root!.start, 'entityID') ?? ''
    if (this.#entityIds.has(entityId)) throw new SamlRefusal(`the metadata describes ${quoted(entityId)} twice`)
    this.#entityIds.add(entityId)
    if (this.#entityIds.size > maxEntities)
      throw new SamlRefusal(`the metadata describes more than ${maxEntities} entities`)
    const provider = providerOf(root!)
    if (provider === null) return
    const validUntil = soonest([provider.validUntil, ...this.#listEnds])
    if (validUntil === null || validUntil > this.#options.now) this.#options.onProvider({ ...provider, validUntil })
  }
}

function isList({ namespace, local }: XmlStart): boolean {
  return namespace === md && local === 'EntitiesDescriptor'
}

function valueIn({ attributes }: XmlStart, name: string): string | null {
  return attributes.find(({ local, namespace }) => local === name && namespace === '')?.value ?? null
}

/** An `xs:duration` in seconds, or null. Months have 30 days. */
function durationOf(text: string | null): number | null {
  const [whole, years, months, days, hours, minutes, seconds] =
    /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?$/.exec(text ?? '') ?? []
  if (whole === undefined) return null
  const count = (part: string | undefined) => Number(part ?? 0)
  return (
    (count(years) * 365 + count(months) * 30 + count(days)) * 86_400 +
    count(hours) * 3600 +
    count(minutes) * 60 +
    count(seconds)
  )
}
