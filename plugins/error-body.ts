/** The body of a refusal: the JSON, and what is asked of those who make the page. */
import type { FastifyRequest } from 'fastify'
import { describeError, type ErrorCode, type GateError } from '../src/errors.ts'

export interface RefusalPage {
  readonly html: string
  readonly headers: Record<string, string>
}

export type RenderRefusal = (input: {
  code: ErrorCode
  request: FastifyRequest
  retryAfterSeconds: number | undefined
  continueUrl: string | undefined
  words: GateError['words']
  isFramed: boolean
}) => RefusalPage

interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode
    readonly message: string
    readonly challengeUrl?: string
    readonly keptUrl?: string
  }
}

/**
 * `challengeUrl` is the page on which a person can resolve it. `message`: in place of the usual sentence. `keptUrl`: the page on which they can then
 * send the request, which waits.
 */
export function errorBody(
  code: ErrorCode,
  challengeUrl?: string,
  message: string | null = null,
  keptUrl?: string
): ErrorBody {
  const kept = keptUrl === undefined ? {} : { keptUrl }
  return {
    error: {
      code,
      message: message ?? describeError(code).sentence,
      ...(challengeUrl === undefined ? {} : { challengeUrl }),
      ...kept
    }
  }
}
