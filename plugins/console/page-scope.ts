/** Where a page names its routes. index.ts tells Fastify of them at the start; the handlers are loaded with the first request for the console. */
import type { FastifyReply, FastifyRequest } from 'fastify'

export type PageHandler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

export interface RouteOptions {
  readonly config: { readonly requires: 'console' | 'anyone'; readonly isData?: true }
  /** Bytes of a form. */
  readonly bodyLimit?: number
}

export interface PageScope {
  get(path: string, options: RouteOptions, handler: PageHandler): void
  post(path: string, options: RouteOptions, handler: PageHandler): void
}

interface Route extends RouteOptions {
  readonly method: 'GET' | 'POST'
  readonly path: string
}

const base = '/.factorgate/admin'
const page: RouteOptions = { config: { requires: 'console' } }
const get = (path: string, options = page): Route => ({ method: 'GET', path: base + path, ...options })
const form = (path: string, options = page): Route[] => [get(path), { method: 'POST', path: base + path, ...options }]
const asset: RouteOptions = { config: { requires: 'anyone', isData: true } }

/** Bytes of a list of people. */
export const maxListBytes = 512 * 1024

/** Every route of the console. tests/console/routes.test.ts compares the list with what the pages name. */
export const routes: readonly Route[] = [
  get(''),
  get('/'),
  get('/events', { config: { requires: 'console', isData: true } }),
  get('/people'),
  get('/people/:id'),
  ...['invite', 'change', 'rename', 'suspend', 'resume', 'unlock', 'reset', 'revoke'].flatMap(action =>
    form(`/people/:id/${action}`)
  ),
  ...form('/people/:id/token'),
  ...form('/people/:id/login'),
  ...form('/people/:id/suspension'),
  ...form('/posture'),
  ...form('/add'),
  get('/requests'),
  ...form('/requests/:id/approve'),
  ...form('/requests/:id/decline'),
  ...form('/bulk', { ...page, bodyLimit: maxListBytes }),
  get('/watch'),
  get('/watch/events', { config: { requires: 'console', isData: true } }),
  get('/watch/:id'),
  ...form('/watch/approve'),
  ...form('/watch/changing'),
  get('/numbers'),
  get('/waits'),
  ...form('/waits/end'),
  get('/journal'),
  get('/configuration'),
  { method: 'GET', path: '/.factorgate/assets/console.css', ...asset },
  { method: 'GET', path: '/.factorgate/assets/console.js', ...asset }
]
