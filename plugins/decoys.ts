/** Decoys in the pipeline: which request touches one, and the gate's answer in place of the app. */
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { AppMatch } from '../src/apps/authorize.ts'
import { decoyAsked } from '../src/apps/decoy-asked.ts'
import { methodsNamed } from '../src/apps/method-override.ts'
import type { RouteTable } from '../src/apps/route-table.ts'
import { pathForRecord } from '../src/audit/path-for-record.ts'
import type { DecoyAnswer, DecoyRequest, TouchingPerson } from '../src/decoys/decoy-watch.ts'
import type { ServedFile } from '../src/decoys/served-file.ts'
import { isQuestion } from '../src/decoys/touch.ts'
import { refusesUnreadable } from '../src/decoys/touch-plan.ts'
import type { Program } from '../src/programs/program.ts'
import type { Principal } from '../src/session/principal.ts'

export interface DecoyPort {
  touched(request: DecoyRequest): Promise<DecoyAnswer>
}

interface Asking {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  /** Begins with '?', or is ''. */
  readonly query: string
  readonly address: string
  readonly reference: string
  readonly principal: Principal | null
  /** The program that asks with a token. */
  readonly program: Program | null
  /** The store did not say who asks. */
  readonly isUnknown: boolean
}

/** Null if it touches no decoy. */
export function touchDecoy(
  port: DecoyPort | null,
  match: AppMatch,
  routes: RouteTable,
  { method, headers, query, address, reference, principal, program, isUnknown }: Asking
): Promise<DecoyAnswer> | null {
  const { app, site, readings } = match
  if (app.decoys == null || port === null || isQuestion(method, () => methodsNamed(query, headers))) return null
  const decoy = decoyAsked(match, query, headers, routes)
  if (decoy === null) return null
  const who = principal === null ? ownerOf(program) : { ...principal, token: null }
  if (decoy === 'unreadable') {
    const isExempt = app.decoys.exempt.has(address, who?.isFullySignedIn === true ? who.account : null)
    return refusesUnreadable(app.isReportOnly === true, isExempt) ? Promise.resolve(unreadable) : null
  }
  return port.touched({
    decoy,
    app,
    site,
    method,
    headers,
    address,
    reference,
    path: pathForRecord(match.path, readings, who === null ? 256 : 1024),
    who,
    isUnknown
  })
}

const unreadable: DecoyAnswer = { refusal: { code: 'bad_request' }, isAsked: false, file: null }

function ownerOf(program: Program | null): TouchingPerson | null {
  if (program === null) return null
  const { account, token, proofs } = program
  return { account, session: null, token, proofs, isFullySignedIn: true }
}

export function sendDecoy(reply: FastifyReply, method: string, { type, body }: ServedFile): void {
  if (method !== 'GET' && method !== 'HEAD') {
    reply.code(405).header('allow', 'GET, HEAD').header('cache-control', 'no-store').send()
    return
  }
  reply.type(type).header('cache-control', 'no-store').header('content-length', body.length)
  reply.send(method === 'HEAD' ? undefined : body)
}
