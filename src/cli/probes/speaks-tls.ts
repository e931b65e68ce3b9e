/** Whether the program at an address takes a TLS handshake. Nothing is sent after that. */
import { connect } from 'node:tls'

/** Node's words for an untrusted certificate or an alert: only a TLS server sends either. */
const ofTls = /^(?:DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|CERT_|INVALID_|ERR_TLS_CERT_|HOSTNAME_)|_ALERT_|^ERR_SSL_TLSV1_/

/** Never rejects. */
export function speaksTls(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port })
    const end = (is: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(is)
    }
    const timer = setTimeout(end, timeoutMs, false)
    socket.once('secureConnect', () => end(true))
    socket.on('error', ({ code }: NodeJS.ErrnoException) => end(ofTls.test(code ?? '')))
    socket.once('close', () => end(false))
  })
}
