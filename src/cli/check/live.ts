/** `check --live`: whether apps and institutions answer and our ports are free, with the probes of `doctor`. */
import type { Clock } from '../../clock.ts'
import { probeApps } from '../doctor/apps.ts'
import { gateState } from '../doctor/gate.ts'
import { probeInstitutions } from '../probes/institutions.ts'
import { tryListen } from '../probes/ports.ts'
import type { CheckFinding, Sound } from './finding.ts'

/** Asks every upstream and institution, and briefly listens on the gate's addresses. */
export async function checkLive({ config }: Sound, clock: Clock): Promise<CheckFinding[]> {
  const probes = Promise.all([probeApps(config, clock), probeInstitutions(config, clock())])
  const gate = gateState(config)
  const listeners: { path: string; host: string; port: number }[] = [{ path: 'listen.port', ...config.listen }]
  const { host, http } = config.listen
  if (http !== null) listeners.push({ path: 'listen.http.port', host: http.host ?? host, port: http.port })
  if (config.admin !== false) listeners.push({ path: 'admin.port', ...config.admin })
  const ports = listeners.map(async ({ path, host, port }): Promise<CheckFinding[]> => {
    const code = await tryListen(host, port)
    if (code === null) return []
    // A gate that answers where this file says holds its ports itself.
    if (code === 'EADDRINUSE' && /ready/.test((await gate).kind)) return []
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
