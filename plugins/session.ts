/** The step `session`: finds the program of a token, or else the principal of the session cookie, or null for anonymous. */
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Presented, presentedToken } from '../src/programs/presented.ts'
import type { Program, TokenFailure } from '../src/programs/program.ts'
import type { ProgramTokens } from '../src/programs/program-tokens.ts'
import type { Principal, Sessions } from '../src/session/sessions.ts'
import { StoreUnreachable } from '../src/store/store.ts'
import { readOwn } from './cookies.ts'
import { bindingAt, type DevicePort } from './device-port.ts'
import type { Exchange } from './exchange.ts'
import { isSentByOtherSite } from './token-challenge.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route reads the cookie itself: to ask is no use of the session. */
    isQuiet?: boolean
  }
}

interface SessionOptions {
  readonly sessions: Sessions
  /** Without it no app takes tokens. */
  readonly tokens?: Pick<ProgramTokens, 'peek' | 'find'> | null
  /** Null or absent if no app asks for device keys. */
  readonly device?: DevicePort | null
}

export const sessionPlugin = fp<SessionOptions>(
  async (app, { sessions, tokens, device = null }) => {
    app.addHook('onRequest', (request, _reply, done) => {
      const { exchange } = request
      const { match } = exchange
      const { site } = match
      const terms = match.kind === 'app' ? (match.app.tokens ?? null) : null
      if (terms !== null && tokens != null) {
        const presented = presentedToken(request.raw.headers, terms)
        if (presented !== null) return findProgram(request, presented, tokens, done)
      }
      if (request.routeOptions.config.isQuiet === true) {
        exchange.principal = null
        return done()
      }
      const token = site === null ? null : readOwn(request.raw.headers.cookie, 'session', site)
      if (site === null || token === null) {
        exchange.principal = null
        return done()
      }
      const known = sessions.peek(site.host, token)
      if (known !== undefined) {
        setPrincipal(request, known, sessions, device)
        return done()
      }
      const timed = exchange.trace?.time('find the session')
      sessions.look(site.host, token).then(
        principal => {
          timed?.()
          setPrincipal(request, principal, sessions, device)
          done()
        },
        error => {
          timed?.()
          if (!(error instanceof StoreUnreachable)) return done(error)
          // Public paths need no session; the enforce step refuses the others.
          exchange.storeFailure = error
          exchange.principal = null
          done()
        }
      )
    })
  },
  { name: 'session', dependencies: ['match'] }
)

/**
 * Without the token's device key, a page of the gate is for nobody, and an app's rules see what is shown. Only a request that shows the key
 * keeps the session alive, otherwise a thief's refused requests would.
 */
function setPrincipal(
  { exchange, raw }: FastifyRequest,
  principal: Principal | null,
  sessions: Pick<Sessions, 'noteActivity'>,
  device: DevicePort | null
): void {
  exchange.principal = principal
  if (principal === null) return
  if (device === null) return sessions.noteActivity(principal.session.id)
  const { match } = exchange
  const skipped = raw.headers['secure-session-skipped']
  if (skipped !== undefined) device.onSkipped(String(skipped))
  exchange.binding = bindingAt(device, principal, match, raw.headers.cookie)
  if (exchange.binding !== 'stale') return sessions.noteActivity(principal.session.id)
  exchange.stale = principal
  if (match.kind !== 'app') exchange.principal = null
}

/** A cookie beside a token says nothing. */
function findProgram(
  request: FastifyRequest,
  presented: Presented,
  tokens: Pick<ProgramTokens, 'peek' | 'find'>,
  done: (error?: Error) => void
): void {
  const { exchange } = request
  exchange.principal = null
  exchange.hasToken = true
  if (isSentByOtherSite(request.raw.headers, presented)) {
    exchange.tokenFailure = 'token_invalid'
    return done()
  }
  const { address } = exchange.client
  const known = tokens.peek(presented.text, address)
  if (known !== undefined) {
    setProgram(exchange, known)
    return done()
  }
  tokens.find(presented.text, address).then(
    found => {
      setProgram(exchange, found)
      done()
    },
    error => {
      if (!(error instanceof StoreUnreachable)) return done(error)
      exchange.storeFailure = error
      done()
    }
  )
}

function setProgram(exchange: Exchange, found: Program | TokenFailure): void {
  if (typeof found === 'string') {
    exchange.tokenFailure = found
    return
  }
  exchange.program = found
  exchange.notes = { ...exchange.notes, token: found.token.id }
}
