/** Whether what listens at an address is a gate. */
import http from 'node:http'
import https from 'node:https'
import { refuseUpgrade } from '../../platform/refuse-upgrade.ts'
import { askedHost } from './ports.ts'

const timeoutMs = 4000
/** Each gate refuses this host, and says so in its own header. */
const host = 'nobody.invalid'

/** Never rejects. False also if the gate waits for a balancer's PROXY header. */
export function isGateAt(address: { readonly host: string; readonly port: number; readonly isTls: boolean }) {
  const options = {
    hostname: askedHost(address.host),
    port: address.port,
    agent: false,
    headers: { host },
    servername: host,
    rejectUnauthorized: false,
    signal: AbortSignal.timeout(timeoutMs)
  }
  return new Promise<boolean>(resolve => {
    const sent = address.isTls ? https.request(options) : http.request(options)
    sent.once('response', response => {
      resolve(response.headers['factorgate-error'] !== undefined)
      sent.destroy()
    })
    refuseUpgrade(sent).on('error', () => resolve(false))
    sent.end()
  })
}
