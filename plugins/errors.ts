/** Answers refusals with a page or JSON, and with `Factorgate-Error`. Causes go only to the log. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { LogRateLimit } from '../src/audit/log-rate-limit.ts'
import { type Clock, systemClock } from '../src/clock.ts'
import { type ErrorCode, GateError } from '../src/errors.ts'
import { acceptsPage, isSiteFrame, wantsPage } from '../src/request/wants-page.ts'
import { StoreUnreachable } from '../src/store/store.ts'
import { errorBody, type RenderRefusal } from './error-body.ts'
import { tokenChallenge } from './token-challenge.ts'

interface ErrorsOptions {
  readonly clock?: Clock
  readonly renderPage: RenderRefusal
}

const translated: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_JSON_BODY: 'bad_request',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'bad_request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad_request',
  FST_ERR_VALIDATION: 'bad_request',
  FST_ERR_BAD_URL: 'bad_request',
  FST_ERR_MAX_PARAM_LENGTH: 'not_found'
}

function toGateError(error: unknown): GateError {
  if (error instanceof GateError) return error
  if (error instanceof StoreUnreachable)
    return new GateError(error.code, { cause: error, retryAfterSeconds: error.retryAfterSeconds })
  const known = error as Partial<FastifyError> | null
  const code = translated[known?.code ?? '']
  if (code !== undefined) return new GateError(code, { cause: error })
  if (known?.statusCode !== undefined && known.statusCode >= 400 && known.statusCode < 500)
    return new GateError('bad_request', { cause: error })
  return new GateError('internal', { cause: error })
}

/** Scripts and cross-site frames get no page. */
function wantsDocument({ raw, routeOptions, exchange }: FastifyRequest): boolean {
  const dest = raw.headers['sec-fetch-dest']
  if (routeOptions.config?.takes === 'json' || exchange.hasToken) return false
  if (isSiteFrame(raw)) return true
  // A service worker that fetches a page of an app again (`empty`) shows the body. Scripts must not read portal pages.
  if (dest !== undefined && dest !== 'document')
    return dest === 'empty' && exchange.known.match?.kind === 'app' && acceptsPage(raw)
  return wantsPage(raw)
}

/** The `WWW-Authenticate` of a refused token, right or wrong. */
function challengeOf({ code }: GateError, { raw, exchange }: FastifyRequest): string | string[] | null {
  if (code !== 'token_invalid' && code !== 'token_not_allowed') return null
  const { match } = exchange.known
  const app = exchange.judged?.app ?? (match?.kind === 'app' ? match.app : null)
  return app === null ? null : tokenChallenge(code, app, raw.headers)
}

export const errorsPlugin = fp<ErrorsOptions>(
  async (app, { renderPage, clock = systemClock }) => {
    const share = new LogRateLimit(clock)
    app.setErrorHandler((thrown, request, reply) => {
      const error = toGateError(thrown)
      const more = error.status >= 500 ? share.take(error.code) : null
      if (more !== null) {
        const log = { reference: request.exchange.id, code: error.code, err: error.cause, ...more }
        if (error.code === 'internal') request.log.error(log, 'request failed')
        else request.log.warn(log, error.message)
      }
      refuse(error, request, reply)
    })
    app.setNotFoundHandler((request, reply) => refuse(new GateError('not_found'), request, reply))

    function refuse(error: GateError, request: FastifyRequest, reply: FastifyReply): void {
      reply
        .code(error.status)
        .header('factorgate-error', error.code)
        .header('cache-control', 'no-store')
        .header('vary', 'Cookie')
      if (error.retryAfterSeconds !== undefined) reply.header('retry-after', String(Math.ceil(error.retryAfterSeconds)))
      // Otherwise the unread body would be parsed as the next request, or hold the socket.
      if (!request.raw.complete) reply.header('connection', 'close')
      if (!wantsDocument(request)) {
        const offered = challengeOf(error, request)
        if (offered !== null) reply.header('www-authenticate', offered)
        reply.send(errorBody(error.code, error.status === 401 ? error.continueUrl : undefined))
        return
      }
      const { retryAfterSeconds, continueUrl, words } = error
      const isFramed = isSiteFrame(request.raw)
      if (isFramed) request.exchange.framed = 'page'
      const { html, headers } = renderPage({
        code: error.code,
        request,
        retryAfterSeconds,
        continueUrl,
        words,
        isFramed
      })
      reply.headers(headers).type('text/html; charset=utf-8').send(html)
    }
  },
  { name: 'errors', dependencies: ['exchange'] }
)
