/** The identity providers of one source: an aggregate that is refreshed, or an MDQ server that is asked for each. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Clock } from '../../clock.ts'
import { GateError } from '../../errors.ts'
import { digestOf } from '../../ids.ts'
import { Aggregate, type PackedProviders } from './aggregate.ts'
import { type IdentityProvider, soonest } from './metadata-entity.ts'
import { loadMetadata } from './metadata-load.ts'
import type { MetadataTask } from './metadata-thread.ts'

export interface SearchResult {
  readonly found: readonly IdentityProvider[]
  readonly total: number
}

export interface MetadataSource {
  /** Null for an unknown entity. Rejects with GateError `institution_unreachable` if the metadata is unavailable. */
  find(entityId: string): Promise<IdentityProvider | null>
  search(query: string, limit: number): Promise<SearchResult>
  /** Null if unknown (MDQ). Rejects as `find` does. */
  size(): Promise<number | null>
  /** Why the last reading failed; null if it did not, and for MDQ. */
  readonly problem: string | null
  close(): void
}

/** Outlives a reload, in case the metadata's server is down then. */
export type KeptMetadata = Map<string, { readonly aggregate: Aggregate; readonly etag: string | null }>

export interface SourceOptions {
  readonly from: { readonly kind: 'file' | 'url' | 'mdq'; readonly address: string }
  /** PEM; null accepts unsigned metadata. */
  readonly certificate: string | null
  readonly ca: string | null
  /** The accepted entity ids; null for all. */
  readonly only: readonly string[] | null
  readonly refreshSeconds: number
  readonly clock: Clock
  readonly kept: KeptMetadata
  /** The folder for copies of answers; null keeps none. */
  readonly copies: string | null
  readonly onChange: (
    state:
      | { readonly problem: string }
      | { readonly size: number; readonly isCopy: boolean }
      | { readonly unkept: string }
  ) => void
}

const retryMs = 60_000
/** The longest wait of a sign-in for metadata. */
const patienceMs = 10_000

export function metadataSource(options: SourceOptions): MetadataSource {
  return options.from.kind === 'mdq' ? new MdqSource(options) : new AggregateSource(options)
}

class AggregateSource implements MetadataSource {
  readonly #options: SourceOptions
  readonly #key: string
  readonly #ending = new AbortController()
  readonly #copy: string | null
  readonly #starting: Promise<void>
  #reading: Promise<void>
  #timer: NodeJS.Timeout | undefined
  #problem: string | null = null

  constructor(options: SourceOptions) {
    this.#options = options
    const { from, certificate, only } = options
    this.#key = digestOf(JSON.stringify([from, certificate, only]))
    this.#copy = from.kind === 'file' ? null : copyOf(options, '')
    this.#starting = options.kept.has(this.#key) ? Promise.resolve() : this.#readCopy()
    this.#reading = this.#starting.then(() => this.#read())
  }

  async find(entityId: string): Promise<IdentityProvider | null> {
    const provider = (await this.#aggregate()).find(entityId)
    return provider?.validUntil != null && provider.validUntil <= this.#options.clock() ? null : provider
  }

  async search(query: string, limit: number): Promise<SearchResult> {
    return (await this.#aggregate()).search(query, limit)
  }

  async size(): Promise<number> {
    return (await this.#aggregate()).size
  }

  get problem(): string | null {
    return this.#problem
  }

  close(): void {
    this.#ending.abort()
    clearTimeout(this.#timer)
  }

  async #aggregate(): Promise<Aggregate> {
    const usable = () => {
      const aggregate = this.#options.kept.get(this.#key)?.aggregate
      const end = aggregate?.summary.validUntil ?? null
      return end !== null && end <= this.#options.clock() ? undefined : aggregate
    }
    if (usable() === undefined) await within(this.#starting, patienceMs)
    if (usable() === undefined) await within(this.#reading, patienceMs)
    const aggregate = usable()
    if (aggregate !== undefined) return aggregate
    const known = this.#options.kept.get(this.#key)
    const why = this.#problem ?? (known === undefined ? 'it is still being read' : 'it has expired')
    throw new GateError('institution_unreachable', { cause: new Error(`the metadata cannot be used: ${why}`) })
  }

  async #read(): Promise<void> {
    const { from, certificate, ca, only, clock, kept, refreshSeconds, onChange } = this.#options
    const known = kept.get(this.#key)
    const now = clock()
    const isFile = from.kind === 'file'
    const end = known?.aggregate.summary.validUntil ?? null
    const task: MetadataTask = {
      from: isFile ? { kind: 'file', file: from.address } : { kind: 'url', url: from.address },
      certificate,
      ca,
      only,
      copy: this.#copy,
      etag: end !== null && end <= now ? null : (known?.etag ?? null),
      needsValidUntil: !isFile,
      now
    }
    const outcome = await loadMetadata(task, this.#ending.signal)
    if (this.#ending.signal.aborted) return
    if (outcome.kind === 'refused') this.#failed(outcome.problem)
    else {
      if (outcome.kind === 'read') kept.set(this.#key, { aggregate: new Aggregate(outcome.packed), etag: outcome.etag })
      const { size, summary } = kept.get(this.#key)!.aggregate
      if (outcome.kind === 'read' || this.#problem !== null) onChange({ size, isCopy: false })
      if (outcome.kind === 'read' && outcome.unkept !== null) onChange({ unkept: outcome.unkept })
      this.#problem = null
      // A reload rereads a changed file.
      if (!isFile) this.#again(Math.min(refreshSeconds, Math.max(60, summary.cacheSeconds ?? refreshSeconds)) * 1000)
    }
  }

  /** An older copy serves until the server answers. */
  async #readCopy(): Promise<void> {
    const { kept, onChange } = this.#options
    const outcome = await loadCopy(this.#options, this.#copy, this.#options.only, this.#ending.signal)
    if (outcome === null || this.#ending.signal.aborted) return
    const aggregate = new Aggregate(outcome)
    kept.set(this.#key, { aggregate, etag: null })
    onChange({ size: aggregate.size, isCopy: true })
  }

  #failed(problem: string): void {
    if (problem !== this.#problem) this.#options.onChange({ problem })
    this.#problem = problem
    if (this.#options.from.kind !== 'file') this.#again(Math.min(retryMs, this.#options.refreshSeconds * 1000))
  }

  #again(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#reading = this.#read()
    }, ms)
    this.#timer.unref()
  }
}

/** Null without a folder, and for unsigned metadata. */
function copyOf({ copies, certificate, from }: SourceOptions, entityId: string): string | null {
  if (copies === null || certificate === null) return null
  return path.join(copies, `${digestOf(JSON.stringify([from, certificate, entityId]))}.xml`)
}

/** Null for a missing or invalid copy. */
async function loadCopy(
  { certificate, clock }: SourceOptions,
  file: string | null,
  only: readonly string[] | null,
  signal: AbortSignal
): Promise<PackedProviders | null> {
  if (file === null || !existsSync(file)) return null
  const from = { kind: 'file', file } as const
  const task = { from, certificate, ca: null, only, copy: null, etag: null, needsValidUntil: true, now: clock() }
  const outcome = await loadMetadata(task, signal)
  return outcome.kind === 'read' ? outcome.packed : null
}

const maxMdqEntities = 1000
const mdqAtOnce = 4
/** SAML Core §8.3.6. */
const maxEntityIdLength = 1024
/** How long a missing or unusable entity is remembered. */
const mdqNothingMs = 60_000

/** A metadata query server (draft-young-md-query §3), asked by the SHA-1 of the entity id. */
class MdqSource implements MetadataSource {
  readonly problem = null
  readonly #options: SourceOptions
  readonly #ending = new AbortController()
  readonly #known = new Map<
    string,
    { readonly provider: IdentityProvider | null; readonly until: number; readonly problem: string | null }
  >()
  readonly #asking = new Map<string, Promise<void>>()

  constructor(options: SourceOptions) {
    this.#options = options
  }

  async find(entityId: string): Promise<IdentityProvider | null> {
    const { only, clock } = this.#options
    if (entityId.length > maxEntityIdLength || (only !== null && !only.includes(entityId))) return null
    const usable = () => {
      const provider = this.#known.get(entityId)?.provider ?? null
      return (provider?.validUntil ?? Number.POSITIVE_INFINITY) > clock() ? provider : null
    }
    if ((this.#known.get(entityId)?.until ?? 0) <= clock())
      try {
        await within(this.#ask(entityId), patienceMs)
      } catch (error) {
        // Too many questions are open. A known entity stays usable.
        if (usable() === null) throw error
      }
    const provider = usable()
    if (provider !== null) return provider
    const known = this.#known.get(entityId)
    if (known !== undefined && known.problem === null) return null
    throw new GateError('institution_unreachable', {
      cause: new Error(
        `the metadata of the identity provider cannot be used: ${known?.problem ?? 'the server does not answer'}`
      )
    })
  }

  /** An MDQ server has no search: only a whole entity id is found. */
  async search(query: string, limit: number): Promise<SearchResult> {
    const ids = this.#options.only ?? [query.trim()]
    const found: IdentityProvider[] = []
    for (const id of ids.slice(0, limit)) {
      const provider = /^[a-z][a-z0-9+.-]*:\S+$/i.test(id) ? await this.find(id) : null
      if (provider !== null) found.push(provider)
    }
    return { found, total: found.length }
  }

  async size(): Promise<null> {
    return null
  }

  close(): void {
    this.#ending.abort()
  }

  #ask(entityId: string): Promise<void> {
    let asking = this.#asking.get(entityId)
    if (asking === undefined) {
      // Strangers may name any entity id, so few are asked for at once.
      if (this.#asking.size >= mdqAtOnce)
        throw new GateError('institution_unreachable', {
          cause: new Error('too many questions to the MDQ server are open')
        })
      asking = this.#load(entityId).finally(() => this.#asking.delete(entityId))
      this.#asking.set(entityId, asking)
    }
    return asking
  }

  /** Strangers may name any entity id: missing ones go first. */
  #makeRoom(): void {
    if (this.#known.size < maxMdqEntities) return
    for (const [entityId, { provider }] of this.#known) if (provider === null) this.#known.delete(entityId)
    if (this.#known.size >= maxMdqEntities) this.#known.clear()
  }

  async #fromCopy(entityId: string): Promise<IdentityProvider | null> {
    const { onChange } = this.#options
    const packed = await loadCopy(this.#options, copyOf(this.#options, entityId), [entityId], this.#ending.signal)
    if (packed === null) return null
    const aggregate = new Aggregate(packed)
    const provider = aggregate.find(entityId)
    if (provider !== null) onChange({ size: 1, isCopy: true })
    return provider === null ? null : { ...provider, validUntil: soonest([provider.validUntil, packed.validUntil]) }
  }

  async #load(entityId: string): Promise<void> {
    const { from, certificate, ca, clock, refreshSeconds, onChange } = this.#options
    const hash = createHash('sha1').update(entityId).digest('hex')
    const url = `${from.address.replace(/\/$/, '').replace(/\/entities$/, '')}/entities/%7Bsha1%7D${hash}`
    const now = clock()
    const task: MetadataTask = {
      from: { kind: 'url', url },
      certificate,
      ca,
      only: [entityId],
      copy: copyOf(this.#options, entityId),
      etag: null,
      needsValidUntil: true,
      now
    }
    const outcome = await loadMetadata(task, this.#ending.signal)
    this.#makeRoom()
    const known = this.#known.get(entityId)?.provider ?? null
    if (outcome.kind !== 'read') {
      const problem = outcome.kind === 'refused' ? outcome.problem : 'it has not changed'
      const isUnknown = problem.endsWith('status 404')
      const before = known ?? (isUnknown ? null : await this.#fromCopy(entityId))
      if (!isUnknown) onChange({ problem })
      this.#known.set(entityId, {
        provider: isUnknown ? null : before,
        until: now + mdqNothingMs,
        problem: isUnknown ? null : problem
      })
      return
    }
    const aggregate = new Aggregate(outcome.packed)
    const provider = aggregate.find(entityId)
    const { validUntil, cacheSeconds } = aggregate.summary
    const until = Math.min(
      now + Math.min(refreshSeconds, Math.max(60, cacheSeconds ?? refreshSeconds)) * 1000,
      validUntil ?? Number.POSITIVE_INFINITY
    )
    this.#known.set(entityId, {
      provider: provider === null ? null : { ...provider, validUntil: soonest([provider.validUntil, validUntil]) },
      until: provider === null ? now + mdqNothingMs : until,
      problem: null
    })
  }
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([
    work,
    new Promise(resolve => {
      timer = setTimeout(resolve, ms)
    })
  ]).finally(() => clearTimeout(timer))
}
