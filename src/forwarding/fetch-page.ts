/** Fetches one page of an app for the gate itself, bounded in bytes and time. */
import type { ResponseHandler, UpstreamConnection, UpstreamError } from '../upstream/connection.ts'
import type { ResponseHead } from '../upstream/response-parser.ts'
import { healthHead } from './outbound.ts'
import type { AppUpstreams } from './upstreams.ts'

interface FetchedResponse {
  readonly status: number
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly body: Uint8Array
  readonly isWhole: boolean
}

/** `path` is inside the app, with its query. Rejects with UpstreamError, or with an Error where no upstream is up or `signal` ends it. */
export function fetchPage(
  { balancer, plans }: AppUpstreams,
  path: string,
  {
    maxBytes,
    timeoutMs,
    signal
  }: { readonly maxBytes: number; readonly timeoutMs: number; readonly signal: AbortSignal }
): Promise<FetchedResponse> {
  const index = balancer.next([], null)
  const plan = plans[index]
  if (plan === undefined) return Promise.reject(new Error('none of its upstreams is up'))
  if (signal.aborted) return Promise.reject(ended())
  return new Promise((resolve, reject) => {
    const fetch = new Fetch(maxBytes, resolve, reject)
    const head = healthHead(plan, path)
    const request = { method: 'GET', head, body: null, isUpgrade: false, requester: null, tiesConnection: false }
    const limits = { connectTimeoutMs: timeoutMs, responseTimeoutMs: timeoutMs }
    const connection = balancer.pool(index).send({ ...request, ...limits }, fetch, true)
    if (connection === null) return reject(new Error('too many connections to it'))
    fetch.begin(connection, timeoutMs, signal)
  })
}

class Fetch implements ResponseHandler {
  readonly #maxBytes: number
  readonly #resolve: (response: FetchedResponse) => void
  readonly #reject: (error: Error) => void
  readonly #parts: Buffer[] = []
  #size = 0
  #head: ResponseHead | null = null
  #connection: UpstreamConnection | null = null
  #timer: NodeJS.Timeout | undefined
  #signal: AbortSignal | null = null
  readonly #abort = () => this.#fail(ended())
  #isOver = false

  constructor(maxBytes: number, resolve: (response: FetchedResponse) => void, reject: (error: Error) => void) {
    this.#maxBytes = maxBytes
    this.#resolve = resolve
    this.#reject = reject
  }

  begin(connection: UpstreamConnection, timeoutMs: number, signal: AbortSignal): void {
    if (this.#isOver) return
    this.#connection = connection
    this.#signal = signal
    signal.addEventListener('abort', this.#abort)
    this.#timer = setTimeout(() => this.#end(false), timeoutMs)
    this.#timer.unref()
  }

  onHead(head: ResponseHead): void {
    this.#head = head
  }

  onData(chunk: Buffer): boolean {
    const part = chunk.subarray(0, this.#maxBytes - this.#size)
    this.#parts.push(Buffer.from(part))
    this.#size += part.length
    if (this.#size >= this.#maxBytes) this.#end(false)
    return true
  }

  onComplete(): void {
    this.#connection = null
    this.#end(true)
  }

  onError(error: UpstreamError): void {
    this.#connection = null
    if (this.#head === null) this.#fail(error)
    else this.#end(false)
  }

  #end(isWhole: boolean): void {
    if (this.#head === null) return this.#fail(new Error('the app did not answer in time'))
    if (!this.#stop()) return
    const { status, headers } = this.#head
    // A thread may take over the copy.
    this.#resolve({ status, headers, body: new Uint8Array(Buffer.concat(this.#parts)), isWhole })
  }

  #fail(error: Error): void {
    if (this.#stop()) this.#reject(error)
  }

  #stop(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#connection?.destroy()
    this.#connection = null
    return true
  }
}

function ended(): Error {
  return new Error('nobody waits for the page any more')
}
