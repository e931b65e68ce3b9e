/** The tap on an app's responses, which copies beginnings of bodies for the reading thread. */
import type { BodyTap, ResponseTap, Visitor } from '../metering/response-tap.ts'
import type { Sighting } from './app-memory.ts'
import type { AppWatch } from './app-watch.ts'
import { unreadCoding } from './decode-body.ts'
import { notesOf, unreadNote } from './hygiene.ts'
import { markValue } from './mark.ts'
import type { PageReader } from './page-reader.ts'
import { isProgram, pathShape } from './path-shape.ts'
import type { BodyKind } from './read-body.ts'
import { sourceOf } from './visitors.ts'

export interface SampledApp {
  /** The public origin first. */
  readonly origins: readonly string[]
  readonly prefix: string
}

interface SamplerOptions {
  readonly app: SampledApp
  readonly watch: AppWatch
  readonly reader: PageReader
  /** Milliseconds since the epoch. */
  readonly clock: () => number
}

const maxCopiedBytes = 256 * 1024
const maxCopying = 64
const maxCopyingBytes = 8 * 1024 * 1024
/** A slower body is read as far as it has arrived. */
const slowMs = 10_000
/** Afterwards a script is read again although its version is the same. */
const sameScriptMs = 10 * 60_000
const maxRemembered = 2048
const knownMs = 60_000

const copying = { bodies: 0, bytes: 0 }

interface Head {
  readonly contentType: string
  readonly coding: string
  readonly version: string
  readonly hasCookies: boolean
}

export class ResponseSampler implements ResponseTap {
  readonly #options: SamplerOptions
  readonly #isSecure: boolean
  /** They accept POST, or run as programs. */
  #endpoints = new Set<string>()
  #epoch = 0
  #scripts = new Map<string, { readonly version: string; readonly at: number }>()
  #readAt = new Map<string, number>()
  #notedAt = 0

  constructor(options: SamplerOptions) {
    this.#options = options
    this.#isSecure = options.app.origins[0]?.startsWith('https:') === true
  }

  open(
    method: string,
    path: string,
    status: number,
    headers: readonly string[],
    visitor: Visitor | null
  ): BodyTap | null {
    const { watch, reader, clock } = this.#options
    if (!watch.isLoaded || status < 200 || status >= 400) return null
    const head = headOf(headers)
    const kind = status < 300 && status !== 204 && method !== 'HEAD' ? kindOf(head.contentType) : null
    const now = clock()
    if (head.hasCookies || (kind === 'page' && Math.abs(now - this.#notedAt) > 60_000)) {
      if (kind === 'page') this.#notedAt = now
      for (const note of notesOf(headers, kind === 'page', this.#isSecure)) watch.note(note)
    }
    if (method === 'POST' || (method === 'GET' && status < 300 && isProgram(path)))
      this.#endpoint(method, path, kind, visitor)
    if (kind === null || status === 206 || (method !== 'GET' && method !== 'POST')) return null
    if (!reader.hasRoom(this.#wasRead(path, now)) || copying.bodies >= maxCopying || copying.bytes >= maxCopyingBytes) {
      reader.counts.skipped++
      return null
    }
    const unread = unreadCoding(head.coding)
    if (unread !== null) watch.note(unreadNote(unread))
    if (kind === 'script' && this.#isSame(path, head, now)) return null
    const seenBy = seenByOf(method, visitor)
    return new Copy(clock, (bytes, isWhole) => this.#read({ kind, method, path, head, seenBy }, bytes, isWhole))
  }

  /** A path that answers without a page is an endpoint too. */
  #endpoint(method: string, path: string, kind: BodyKind | null, visitor: Visitor | null): void {
    if (kind === 'page' && method !== 'POST') return
    const { watch } = this.#options
    if (this.#epoch !== watch.epoch) {
      this.#epoch = watch.epoch
      this.#endpoints = new Set()
    }
    const seenBy = seenByOf(method, visitor)
    const key = `${method} ${path} ${seenBy.source ?? ''}`
    if (this.#endpoints.has(key)) return
    if (this.#endpoints.size >= maxRemembered) this.#endpoints = new Set()
    const page = pathShape(path)
    // While everything is learned, nothing is remembered.
    if (!watch.isQuiet) this.#endpoints.add(key)
    const value = markValue(`${method === 'POST' ? 'POST' : 'GET'} ${page}`)
    watch.see({ page, endpoint: { kind: 'endpoint', value }, reading: null, isFetched: false, ...seenBy })
  }

  /** Under load others come first. */
  #wasRead(path: string, now: number): boolean {
    return Math.abs(now - (this.#readAt.get(path) ?? 0)) < knownMs
  }

  #isSame(path: string, { version }: Head, now: number): boolean {
    if (version === '') return false
    const known = this.#scripts.get(path)
    if (known?.version === version && now - known.at < sameScriptMs && now >= known.at) return true
    if (this.#scripts.size >= maxRemembered) this.#scripts = new Map()
    this.#scripts.set(path, { version, at: now })
    return false
  }

  #read({ kind, method, path, head, seenBy }: SampledResponse, bytes: Uint8Array, isWhole: boolean): void {
    const { app, watch, reader } = this.#options
    const { contentType, coding } = head
    const address = { url: app.origins[0] + app.prefix + path, origins: app.origins, prefix: app.prefix }
    if (!URL.canParse(address.url)) return
    if (this.#readAt.size >= maxRemembered) this.#readAt = new Map()
    this.#readAt.set(path, this.#options.clock())
    void reader.read({ kind, bytes, isWhole, coding, contentType, address }).then(reading => {
      if (reading === null) return
      const page = pathShape(path)
      const endpoint =
        kind === 'page' && method === 'GET' ? ({ kind: 'endpoint', value: markValue(`GET ${page}`) } as const) : null
      watch.see({ page, endpoint, reading, isFetched: false, ...seenBy })
      if (reading.generator !== null) watch.note(markValue(`version ${reading.generator}`))
    })
  }
}

interface SampledResponse {
  readonly kind: BodyKind
  readonly method: string
  readonly path: string
  readonly head: Head
  readonly seenBy: SeenBy
}

type SeenBy = Pick<Sighting, 'isStranger' | 'source' | 'isPlain'>

const signedIn: SeenBy = { isStranger: false }

function seenByOf(method: string, visitor: Visitor | null): SeenBy {
  if (visitor === null) return signedIn
  return { isStranger: true, source: sourceOf(visitor), isPlain: method === 'GET' && visitor.query === '' }
}

class Copy implements BodyTap {
  readonly #startedAt: number
  readonly #clock: () => number
  #parts: Buffer[] = []
  #size = 0
  #done: ((bytes: Uint8Array, isWhole: boolean) => void) | null

  constructor(clock: () => number, done: (bytes: Uint8Array, isWhole: boolean) => void) {
    this.#clock = clock
    this.#startedAt = clock()
    this.#done = done
    copying.bodies++
  }

  data(chunk: Uint8Array): void {
    if (this.#done === null) return
    const part = chunk.subarray(0, maxCopiedBytes - this.#size)
    this.#parts.push(Buffer.from(part))
    this.#size += part.length
    copying.bytes += part.length
    const isFull = this.#size >= maxCopiedBytes
    if (isFull || copying.bytes > maxCopyingBytes || this.#clock() - this.#startedAt > slowMs) this.#finish(false)
  }

  end(isWhole: boolean): void {
    this.#finish(isWhole)
  }

  #finish(isWhole: boolean): void {
    const done = this.#done
    if (done === null) return
    this.#done = null
    copying.bodies--
    copying.bytes -= this.#size
    // The thread takes the array's memory over.
    const bytes = new Uint8Array(this.#size)
    let at = 0
    for (const part of this.#parts) {
      bytes.set(part, at)
      at += part.length
    }
    this.#parts = []
    if (this.#size > 0) done(bytes, isWhole)
  }
}

function headOf(headers: readonly string[]): Head {
  let contentType = ''
  let coding = ''
  let version = ''
  let hasCookies = false
  for (let i = 0; i < headers.length; i += 2) {
    const { length } = headers[i]!
    if (length !== 12 && length !== 16 && length !== 4 && length !== 13 && length !== 10) continue
    const name = headers[i]!.toLowerCase()
    const value = headers[i + 1] as string
    if (name === 'content-type') contentType = value.toLowerCase()
    else if (name === 'content-encoding') coding += coding === '' ? value : `, ${value}`
    else if (name === 'etag' || name === 'last-modified') version += `${value} `
    else if (name === 'set-cookie') hasCookies = true
  }
  return { contentType, coding, version, hasCookies }
}

function kindOf(contentType: string): BodyKind | null {
  // Browsers look into what has no type.
  if (contentType === '' || /^\s*(?:text\/html|application\/xhtml\+xml|image\/svg\+xml)/.test(contentType))
    return 'page'
  return /^\s*(?:application|text)\/(?:x-)?(?:java|ecma)script/.test(contentType) ? 'script' : null
}
