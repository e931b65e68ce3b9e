/**
 * Answers the connections of tls-alpn-01 (RFC 8737). OpenSSL picks the certificate before it reads ALPN, so while a challenge is pending the gate reads each
 * ClientHello itself.
 */
import type { Server } from 'node:net'
import tls from 'node:tls'
import { beforeConnections, readFirstBytes } from './first-bytes.ts'
import type { TlsChallenges } from './issued-contexts.ts'

const protocol = 'acme-tls/1'
/** An entry of the ALPN list: its length, then the name. */
const offer = Buffer.from(`\x0a${protocol}`, 'latin1')
/** One TLS record. With a post-quantum key share it comes in two packets. */
const maxBytes = 5 + 16_384
/** The content type of a record (RFC 8446 §5.1). */
const handshake = 22
const helloMs = 10_000

export function interceptChallenges(server: Server, challenges: TlsChallenges): void {
  const authority = challengeServer(challenges)
  beforeConnections(server, (socket, accept) => {
    if (!challenges.isAwaitingTls) return accept()
    let isOfAuthority = false
    readFirstBytes(socket, {
      withinMs: helloMs,
      judge: hello => {
        if (!isWhole(hello)) return null
        isOfAuthority = hello.includes(offer)
        return 0
      },
      done: () => (isOfAuthority ? authority.emit('connection', socket) : accept())
    })
  })
}

function challengeServer(challenges: TlsChallenges): tls.Server {
  const server = tls.createServer({
    ALPNProtocols: [protocol],
    handshakeTimeout: helloMs,
    SNICallback: (name, done) => {
      const answer = async () => {
        const pair = await challenges.pairFor(name.toLowerCase())
        return pair === null ? undefined : tls.createSecureContext({ ...pair })
      }
      answer().then(context => done(null, context), done)
    }
  })
  // The authority needs only the handshake.
  server.on('secureConnection', socket => socket.on('error', () => {}).end())
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  return server
}

/** True once the first record is complete, and for anything but a handshake, which the TLS server refuses at once. */
function isWhole(hello: Buffer): boolean {
  if (hello[0] !== handshake) return true
  return hello.length >= 5 && hello.length >= Math.min(5 + hello.readUInt16BE(3), maxBytes)
}
