/**
 * The way of tls-alpn-01 visitors (RFC 8737). OpenSSL picks the certificate before it reads ALPN, so while a challenge is pending, and only then, the gate
 * looks into the ClientHello of each new connection and hands those of the authority to a server of their own.
 */
import type { Server, Socket } from 'node:net'
import tls from 'node:tls'
import type { TlsChallenges } from './issued-contexts.ts'

const protocol = 'acme-tls/1'
/** As it stands in the list of ALPN: its length, then itself. */
const offer = Buffer.from(`\x0a${protocol}`, 'latin1')
/** One TLS record; one with a post-quantum key share comes in two packets. */
const mostBytes = 5 + 16_384
const helloMs = 10_000

/** Puts itself before the connection listener of a TLS server. */
export function interceptChallenges(server: Server, challenges: TlsChallenges): void {
  const accepts = server.listeners('connection') as ((socket: Socket) => void)[]
  const authority = challengeServer(challenges)
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const accept = () => {
      for (const one of accepts) one.call(server, socket)
    }
    if (!challenges.isAwaitingTls) return accept()
    readHello(socket, hello => (hello.includes(offer) ? authority.emit('connection', socket) : accept()))
  })
}

function challengeServer(challenges: TlsChallenges): tls.Server {
  const server = tls.createServer({
    ALPNProtocols: [protocol],
    handshakeTimeout: helloMs,
    SNICallback: (name, done) => {
      const pair = challenges.pairFor(name.toLowerCase())
      done(null, pair === null ? undefined : tls.createSecureContext({ ...pair }))
    }
  })
  // The handshake is all that the authority wants.
  server.on('secureConnection', socket => socket.on('error', () => {}).end())
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  return server
}

/** Reads the first record and puts it back. A connection that says nothing for too long is cut (THREATS D4). */
function readHello(socket: Socket, done: (hello: Buffer) => void): void {
  const parts: Buffer[] = []
  const cut = () => socket.destroy()
  const timer = setTimeout(cut, helloMs)
  const end = () => {
    clearTimeout(timer)
    socket.off('readable', look).off('error', cut).off('end', cut).off('close', end)
  }
  const look = () => {
    for (let part = socket.read() as Buffer | null; part !== null; part = socket.read() as Buffer | null) {
      parts.push(part)
    }
    const hello = Buffer.concat(parts)
    const isWhole = hello.length >= 5 && hello.length >= Math.min(5 + hello.readUInt16BE(3), mostBytes)
    if (!isWhole) return
    end()
    socket.unshift(hello)
    done(hello)
  }
  socket.on('readable', look).on('error', cut).on('end', cut).on('close', end)
}
