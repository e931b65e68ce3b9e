/** `check --live`: whether apps and institutions answer and our ports are free. */
import type { Config } from '../../../config/schema.ts'
import type { Clock } from '../../clock.ts'
import { probeApps } from '../doctor/apps.ts'
import { gateState } from '../doctor/gate.ts'
import { isGateAt } from '../probes/gate-at.ts'
import { probeInstitutions } from '../probes/institutions.ts'
import { tryListen } from '../probes/ports.ts'
import type { CheckFinding, Sound } from './finding.ts'

/** Asks every upstream and institution, and listens briefly on the gate's addresses. */
export async function checkLive({ config }: Sound, clock: Clock): Promise<CheckFinding[]> {
  const probes = Promise.all([probeApps(config, clock), probeInstitutions(config, clock())])
  const listeners = listenersOf(config)
  const ports = listeners.map(async ({ path, host, port, isOwn }): Promise<CheckFinding[]> => {
    const code = await tryListen(host, port)
    if (code === null) return []
    if (code === 'EADDRINUSE' && (await isOwn())) return []
    if (code === 'EADDRINUSE')
      return [
        {
          degree: 'warning',
          path,
          message: `a program listens on port ${port} already. If it is not this gate, stop it or choose another port`
        }
      ]
    const why =
      code === 'EACCES'
        ? 'this user may not listen on a port below 1024: choose a higher port, or give the process CAP_NET_BIND_SERVICE'
        : code === 'EADDRNOTAVAIL'
          ? 'this machine does not have this address: use an address of this machine, or 0.0.0.0 for all'
          : code
    return [{ degree: 'problem', path, message: `cannot listen on ${host}, port ${port}: ${why}` }]
  })
  const [apps, institutions] = await probes
  const said = [...apps.findings, ...institutions].map(
    ({ degree, path, wrong, mend }): CheckFinding => ({ degree, path, message: `${wrong}: ${clause(mend)}` })
  )
  return [...said, ...(await Promise.all(ports)).flat()]
}

function clause(sentence: string): string {
  return sentence.slice(0, 1).toLowerCase() + sentence.slice(1).replace(/\.$/, '')
}

interface ListenerToTry {
  readonly path: string
  readonly host: string
  readonly port: number
  /** True if the gate with this configuration listens there. */
  readonly isOwn: () => Promise<boolean>
}

function listenersOf(config: Config): ListenerToTry[] {
  const { host, port, http, tls, proxyProtocol } = config.listen
  const gate = gateState(config)
  const runs = async () => /ready/.test((await gate).kind)
  const isOwn = async (at: Parameters<typeof isGateAt>[0]) => {
    // Without the balancer's header the gate answers nobody.
    if (proxyProtocol !== null) return runs()
    return (config.admin === false || (await runs())) && isGateAt(at)
  }
  const tried: ListenerToTry[] = []
  const add = (path: string, host: string, port: number, isTls: boolean) =>
    tried.push({ path, host, port, isOwn: () => isOwn({ host, port, isTls }) })
  add('listen.port', host, port, tls !== null)
  if (http !== null) add('listen.http.port', http.host ?? host, http.port, false)
  if (config.admin !== false) tried.push({ path: 'admin.port', ...config.admin, isOwn: runs })
  return tried
}
