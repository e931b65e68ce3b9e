/** `check --live`: whether apps and institutions answer and our ports are free, with the probes of `doctor`. */
import type { Clock } from '../../clock.ts'
import { probeApps } from '../doctor/apps.ts'
import { gateState } from '../doctor/gate.ts'
import { isGateAt } from '../probes/gate-at.ts'
import { probeInstitutions } from '../probes/institutions.ts'
import { tryListen } from '../probes/ports.ts'
import type { CheckFinding, Sound } from './finding.ts'

/** Asks every upstream and institution, and briefly listens on the gate's addresses. */
export async function checkLive({ config }: Sound, clock: Clock): Promise<CheckFinding[]> {
  const probes = Promise.all([probeApps(config, clock), probeInstitutions(config, clock())])
  const gate = gateState(config)
  const { host, http, tls } = config.listen
  const listeners: { path: string; host: string; port: number; isOwn: () => Promise<boolean> }[] = []
  const add = (path: string, host: string, port: number, isOwn: () => Promise<boolean>) =>
    listeners.push({ path, host, port, isOwn })
  const { port } = config.listen
  add('listen.port', host, port, () => isGateAt({ host, port, isTls: tls !== null }))
  if (http !== null) {
    const at = { host: http.host ?? host, port: http.port, isTls: false }
    add('listen.http.port', at.host, at.port, () => isGateAt(at))
  }
  if (config.admin !== false)
    add('admin.port', config.admin.host, config.admin.port, async () => /ready/.test((await gate).kind))
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
