/**
 * The identity providers of a metadata file, packed into one buffer and unpacked one by one: ten thousand objects would stop the event loop
 * at arrival and at each garbage collection.
 */
import type { IdentityProvider } from './metadata-entity.ts'
import type { MetadataSummary } from './metadata-reader.ts'

/** Texts in a row, in UTF-8. */
interface PackedTexts {
  readonly bytes: Uint8Array
  /** The start of each, and the end of the last. */
  readonly offsets: Uint32Array
}

/** The reading thread's result, transferred without a copy. */
export interface PackedProviders extends MetadataSummary {
  /** JSON of each provider. */
  readonly records: PackedTexts
  /** Entity ids between line feeds. */
  readonly ids: PackedTexts
  /** The searchable text with a line feed at its end; empty if the provider is not offered. */
  readonly lines: PackedTexts
}

/** For example `['de-AT', 'en']`, best first. */
type Languages = readonly string[]

export class Aggregate {
  readonly summary: MetadataSummary
  readonly size: number
  readonly #records: Texts
  readonly #ids: Texts
  readonly #lines: Texts

  constructor({ records, ids, lines, validUntil, cacheSeconds }: PackedProviders) {
    this.summary = { validUntil, cacheSeconds }
    this.size = records.offsets.length - 1
    this.#records = new Texts(records)
    this.#ids = new Texts(ids)
    this.#lines = new Texts(lines)
  }

  find(entityId: string): IdentityProvider | null {
    if (entityId.includes('\n')) return null
    const [place] = this.#ids.holding([`\n${entityId}\n`])
    return place === undefined ? null : this.#at(place)
  }

  /** The first `limit` offered providers with all words of `query`, and the total. */
  search(query: string, limit: number): { readonly found: readonly IdentityProvider[]; readonly total: number } {
    const words = searchable(query)
      .split(' ')
      .filter(word => word !== '')
    const places = [...this.#lines.holding(words.length === 0 ? ['\n'] : words)]
    // Names that begin with the typed text come first.
    const first = Buffer.from(words[0] ?? '')
    const begins = words.length === 0 ? places : places.filter(place => this.#lines.begins(place, first))
    const isFirst = new Set(begins.slice(0, limit))
    const others = places.slice(0, 2 * limit).filter(place => !isFirst.has(place))
    const found = [...isFirst, ...others].slice(0, limit).map(place => this.#at(place))
    return { found, total: places.length }
  }

  #at(place: number): IdentityProvider {
    return JSON.parse(this.#records.text(place)) as IdentityProvider
  }
}

/** Texts searched as bytes, so that only matches become text. */
class Texts {
  readonly #bytes: Buffer
  readonly #offsets: Uint32Array

  constructor({ bytes, offsets }: PackedTexts) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#offsets = offsets
  }

  text(place: number): string {
    return this.#bytes.toString('utf8', this.#offsets[place], this.#offsets[place + 1])
  }

  begins(place: number, word: Buffer): boolean {
    const from = this.#offsets[place]!
    return this.#bytes.compare(word, 0, word.length, from, Math.min(from + word.length, this.#bytes.length)) === 0
  }

  *holding(words: readonly string[]): Iterable<number> {
    // The longest word is the rarest.
    const [first, ...others] = words.map(word => Buffer.from(word)).sort((one, other) => other.length - one.length)
    const offsets = this.#offsets
    let place = 0
    let at = this.#bytes.indexOf(first!)
    while (at >= 0) {
      while (offsets[place + 1]! <= at) place++
      const end = offsets[place + 1]!
      if (others.length === 0 || this.#holdsAll(place, others)) yield place
      at = this.#bytes.indexOf(first!, end)
    }
  }

  #holdsAll(place: number, words: readonly Buffer[]): boolean {
    const text = this.#bytes.subarray(this.#offsets[place], this.#offsets[place + 1])
    return words.every(word => text.includes(word))
  }
}

export function pack(providers: readonly IdentityProvider[], summary: MetadataSummary): PackedProviders {
  const collator = new Intl.Collator('en')
  const named = providers.map(provider => ({ provider, name: nameFor(provider, []) }))
  named.sort((one, other) => collator.compare(one.name, other.name))
  return {
    ...summary,
    records: packTexts(named.map(({ provider }) => JSON.stringify(provider))),
    ids: packTexts(named.map(({ provider }) => `\n${provider.entityId}\n`)),
    lines: packTexts(named.map(({ provider, name }) => (provider.isHidden ? '' : `${lineOf(provider, name)}\n`)))
  }
}

/** The buffers for a transfer to another thread. */
export function buffersOf({ records, ids, lines }: PackedProviders): ArrayBuffer[] {
  return [records, ids, lines].flatMap(({ bytes, offsets }) => [bytes.buffer, offsets.buffer] as ArrayBuffer[])
}

function packTexts(texts: readonly string[]): PackedTexts {
  const pieces = texts.map(text => Buffer.from(text))
  const offsets = new Uint32Array(pieces.length + 1)
  for (const [index, piece] of pieces.entries()) offsets[index + 1] = offsets[index]! + piece.length
  return { bytes: new Uint8Array(Buffer.concat(pieces)), offsets }
}

function lineOf({ entityId, names, keywords, scopes }: IdentityProvider, name: string): string {
  const all = [name, ...Object.values(names), ...keywords, ...scopes.map(({ value }) => value), entityId]
  return searchable([...new Set(all)].join(' '))
}

/** Lower case, without accents, one blank between words: `Universität Köln` equals `universitat koln`. */
function searchable(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .replace(/\s+/g, ' ')
    .trim()
}

/** The name for a reader of these languages; otherwise the host of the entity id. */
export function nameFor(
  { names, entityId }: Pick<IdentityProvider, 'names' | 'entityId'>,
  languages: Languages
): string {
  for (const language of [...languages, 'en']) {
    const tag = language.toLowerCase()
    const name = names[tag] ?? names[tag.split('-')[0]!]
    if (name !== undefined) return name
  }
  const [any] = Object.values(names)
  return any ?? (URL.canParse(entityId) ? new URL(entityId).hostname || entityId : entityId)
}
