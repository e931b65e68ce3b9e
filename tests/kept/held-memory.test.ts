/** The memory for bodies is taken until they are in the store, not only while they come. */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import t from 'tap'
import { PostKeeper } from '../../plugins/kept-posts.ts'
import type { AppMatch } from '../../src/apps/authorize.ts'
import { KeepTerms } from '../../src/kept/keep-terms.ts'

const limit = 1024 * 1024
const headers = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'cross-site',
  origin: 'https://other.example',
  'content-type': 'application/x-www-form-urlencoded',
  'content-length': String(limit)
}

t.test(
  'D21: strangers send many large forms at once, and the store is slow → what has no room is not held',
  async t => {
    let inStore = 0
    let refused = 0
    let release = () => {}
    const slow = new Promise<null>(resolve => {
      release = () => resolve(null)
    })
    const posts = new PostKeeper({
      posts: {
        keep: () => {
          inStore++
          return slow
        },
        gone: async () => [],
        find: async () => null,
        leadOnce: async () => true,
        ofUnseen: async () => []
      },
      ownerOf: async () => null,
      audit: { writable: true, record: () => {}, close: async () => {} } as never,
      strangers: { record: () => {} },
      clock: Date.now,
      onOutcome: outcome => {
        if (outcome === 'refused') refused++
      }
    })
    const origin = 'https://a.example'
    const app = { id: 'a', origin, keepPosts: new KeepTerms({ limit, foreign: [], isCaseSensitive: false }) }
    const match = {
      kind: 'app',
      app,
      site: { origin, host: 'a.example', secure: true, port: '' }
    } as unknown as AppMatch
    const send = () => {
      const body = Buffer.alloc(limit, 'a=1&')
      const stream = Readable.from([body.subarray(0, limit / 2), body.subarray(limit / 2)])
      const message = Object.assign(stream, { method: 'POST', headers, rawHeaders: [], complete: true })
      const exchange = {
        messageOf: () => message as unknown as IncomingMessage,
        resent: null,
        hasToken: false,
        principal: null,
        client: { address: '192.0.2.1' },
        target: { raw: '/', path: '/', readings: ['/'] },
        id: 'r'
      }
      const request = { exchange, raw: { headers: {} } } as unknown as FastifyRequest
      return posts.keep(request, {} as FastifyReply, match, {
        reason: 'sign_in_required',
        returnTo: { rd: origin } as never
      })
    }
    const some = Array.from({ length: 8 }, send)
    while (inStore < 8) await new Promise(setImmediate)
    await Promise.all(Array.from({ length: 4 }, send))
    t.equal(refused, 4, 'the network of these strangers has eight mebibytes')
    release()
    await Promise.all(some)
    const again = send()
    while (inStore < 9) await new Promise(setImmediate)
    t.equal(await again, null)
    t.equal(refused, 4, 'and what is in the store takes none')
  }
)
