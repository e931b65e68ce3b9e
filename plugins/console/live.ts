/**
 * The event streams behind pages that follow what happens. A stream ends with the session, with the proof that opened it, and at a
 * shutdown. Without scripts the page has a link that looks again.
 */
import type { ServerResponse } from 'node:http'
import { consoleFreshSeconds } from '../../src/apps/console-policy.ts'
import { GateError } from '../../src/errors.ts'
import { newestProof } from '../../src/factor/proof.ts'
import type { LiveConnections } from '../../src/forwarding/live-connections.ts'
import { type ConsolePage, consolePage } from './console-page.ts'
import { base } from './layout.tsx'
import type { PageScope } from './page-scope.ts'

export const eventsPath = `${base}/events`
export const watchEventsPath = `${base}/watch/events`

/** The most open streams in a process and in one session, over all pages. */
const maxStreams = 50
const maxStreamsOfSession = 4

interface LivePage {
  readonly path: string
  /** Milliseconds between two looks. */
  readonly everyMs: number
  /** What the page shows, without forms. */
  readonly render: (page: ConsolePage) => Promise<string>
}

/** The open streams of each session, by the process's live connections. */
const streamsOf = new WeakMap<object, Map<string, number>>()

export function registerLive(
  scope: PageScope,
  live: Pick<LiveConnections, 'add'>,
  { path, everyMs, render }: LivePage
): void {
  scope.get(path, { config: { requires: 'console', isData: true } }, async (request, reply) => {
    const page = consolePage(request)
    // An app on this origin could read the stream in the operator's name.
    if (page.portal.isAlone !== true) throw new GateError('not_found')
    const { session, account, proofs } = page.principal
    const releasePlace = takePlace(live, session.id)
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
      'cross-origin-resource-policy': 'same-origin'
    })
    const stream = new EventStream(raw, () => render({ ...page, now: page.portal.clock() }))
    const timer = setInterval(() => stream.look(), everyMs).unref()
    const proof = newestProof(proofs, ['webauthn'])
    const registration = live.add({
      sessionId: session.id,
      accountId: account.id,
      appId: base,
      groups: account.groups,
      endsAt: (proof?.at ?? 0) + consoleFreshSeconds * 1000,
      isSocket: true,
      get bytesMoved() {
        return 0
      },
      end: () => raw.end()
    })
    raw.once('close', () => {
      clearInterval(timer)
      registration.release()
      releasePlace()
    })
    await stream.look()
    return reply
  })
}

/** Sends the content of a page whenever it has changed. */
class EventStream {
  readonly #raw: ServerResponse
  readonly #render: () => Promise<string>
  #last = ''
  #isBusy = false

  constructor(raw: ServerResponse, render: () => Promise<string>) {
    this.#raw = raw
    this.#render = render
  }

  async look(): Promise<void> {
    // A reader that is too slow misses a look.
    if (this.#isBusy || this.#raw.writableNeedDrain) return
    this.#isBusy = true
    try {
      const html = await this.#render()
      if (html !== this.#last) this.#raw.write(`data: ${html.replaceAll('\n', '\ndata: ')}\n\n`)
      this.#last = html
    } catch {
      // The store does not answer. The browser asks again by itself.
      this.#raw.end()
    } finally {
      this.#isBusy = false
    }
  }
}

/** Returns what releases the place. Throws GateError `busy` if there is none. */
function takePlace(live: object, session: string): () => void {
  const open = streamsOf.get(live) ?? new Map<string, number>()
  streamsOf.set(live, open)
  const streams = [...open.values()].reduce((sum, n) => sum + n, 0)
  const own = open.get(session) ?? 0
  if (streams >= maxStreams || own >= maxStreamsOfSession) throw new GateError('busy', { retryAfterSeconds: 30 })
  open.set(session, own + 1)
  return () => {
    const left = (open.get(session) ?? 1) - 1
    if (left > 0) open.set(session, left)
    else open.delete(session)
  }
}
