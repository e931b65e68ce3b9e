/** The route of client certificates, which the browser presents in the connection's TLS handshake. */
import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import type { CertificateInstitution, PresentedCertificate } from '../../../src/identity/certificate.ts'
import { streamOf } from '../../../src/platform/http2-stream.ts'
import { arrive } from './arrive.ts'

/** More than any chain has. */
const maxSent = 10

export function registerCertificate(scope: FastifyInstance, institution: CertificateInstitution): void {
  scope.get(
    `/.factorgate/login/${institution.source.id}`,
    { config: { requires: 'anyone', isStep: true } },
    async (request, reply) => {
      // The next sign-in, perhaps with another card, needs its own handshake.
      reply.header('connection', 'close')
      streamOf(request.raw)?.session?.close()
      const { page } = request
      return arrive(
        page,
        institution,
        await institution.read(presentedOn(request.raw.socket as Partial<TLSSocket>), page.now)
      )
    }
  )
}

function presentedOn(socket: Partial<TLSSocket>): PresentedCertificate {
  const leaf = socket.getPeerX509Certificate?.() ?? null
  const sent: X509Certificate[] = []
  for (
    let above = leaf?.issuerCertificate;
    above !== undefined && sent.length < maxSent;
    above = above.issuerCertificate
  )
    sent.push(above)
  // Node leaves a code here, although the type is Error.
  const objection = socket.authorized === true ? null : String(socket.authorizationError ?? 'no reason given')
  return { objection, isResumed: socket.isSessionReused?.() === true, leaf, sent }
}
