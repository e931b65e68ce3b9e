/**
 * The identity providers of a metadata file, packed: they stay in one buffer and are unpacked one by one, because ten thousand objects would stop the event loop when they
 * arrive and each time the garbage collector passes.
 */
import type { IdentityProvider } from './metadata-entity.ts'
import type { MetadataSummary } from './metadata-reader.ts'

/** What the reading thread hands over. */
export interface PackedProviders extends MetadataSummary {
  /** JSON of each provider, one after the other. */
  readonly records: Uint8Array
  /** Where each begins, and where the last ends. */
  readonly offsets: Uint32Array
  /** A line for each: its entity id. */
  readonly ids: string
  /** A line for each: what a search looks at. Empty where it is not offered. */
  readonly haystack: string
}

/** The texts of one language setting, such as `['de-AT', 'en']`, best first. */
export type Languages = readonly string[]

export class Aggregate {
  readonly summary: MetadataSummary
  readonly #records: Buffer
  readonly #offsets: Uint32Array
  readonly #places = new Map<string, number>()
  readonly #haystack: readonly string[]

  constructor({ records, offsets, ids, haystack, validUntil, cacheSeconds }: PackedProviders) {
    this.summary = { validUntil, cacheSeconds }
    this.#records = Buffer.from(records.buffer, records.byteOffset, records.byteLength)
    this.#offsets = offsets
    this.#haystack = haystack.split('\n')
    if (ids !== '') for (const [place, id] of ids.split('\n').entries()) this.#places.set(id, place)
  }

  get size(): number {
    return this.#places.size
  }

  find(entityId: string): IdentityProvider | null {
    const place = this.#places.get(entityId)
    return place === undefined ? null : this.#at(place)
  }

  /** The first `limit` of those that are offered and hold all words of `query`, and how many there are. */
  search(query: string, limit: number): { readonly found: readonly IdentityProvider[]; readonly total: number } {
    const words = searchable(query)
      .split(' ')
      .filter(word => word !== '')
    const places: number[] = []
    for (const [place, line] of this.#haystack.entries())
      if (line !== '' && words.every(word => line.includes(word))) places.push(place)
    // A name that begins with what was typed is meant more often than one that holds it.
    const [first = ''] = words
    const begins = first === '' ? places : places.filter(place => this.#haystack[place]!.startsWith(first))
    const others = first === '' ? [] : places.filter(place => !this.#haystack[place]!.startsWith(first))
    return { found: [...begins, ...others].slice(0, limit).map(place => this.#at(place)), total: places.length }
  }

  #at(place: number): IdentityProvider {
    return JSON.parse(
      this.#records.toString('utf8', this.#offsets[place], this.#offsets[place + 1])
    ) as IdentityProvider
  }
}

/** Packs the providers in the order of their names. */
export function pack(providers: readonly IdentityProvider[], summary: MetadataSummary): PackedProviders {
  const collator = new Intl.Collator('en')
  const named = providers.map(provider => ({ provider, name: nameFor(provider, []) }))
  named.sort((one, other) => collator.compare(one.name, other.name))
  const pieces = named.map(({ provider }) => Buffer.from(JSON.stringify(provider)))
  const offsets = new Uint32Array(pieces.length + 1)
  for (const [index, piece] of pieces.entries()) offsets[index + 1] = offsets[index]! + piece.length
  const lines = named.map(({ provider, name }) => (provider.isHidden ? '' : lineOf(provider, name)))
  return {
    ...summary,
    records: new Uint8Array(Buffer.concat(pieces)),
    offsets,
    ids: named.map(({ provider }) => provider.entityId).join('\n'),
    haystack: lines.join('\n')
  }
}

function lineOf({ entityId, names, keywords, scopes }: IdentityProvider, name: string): string {
  const all = [name, ...Object.values(names), ...keywords, ...scopes.map(({ value }) => value), entityId]
  return searchable([...new Set(all)].join(' '))
}

/** Lower case, without accents, words with one blank between: `Universität Köln` and `universitat koln` are the same. */
export function searchable(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .replace(/\s+/g, ' ')
    .trim()
}

/** The name for a person who reads these languages; the entity id's host where it has none. */
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
