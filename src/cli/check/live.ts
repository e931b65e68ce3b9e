/** `check --live`: whether apps and institutions answer, and our ports are free. */
import { connect, createServer } from 'node:net'
import type { Clock } from '../../clock.ts'
import type { ProbeFinding } from '../probes/finding.ts'
import { probeHealth } from '../probes/health.ts'
import { probeInstitutions } from '../probes/institutions.ts'
import type { Finding, Sound } from './finding.ts'

const timeoutMs = 3000

/** Connects to every upstream, asks health paths and institutions, and briefly listens on the gateway's addresses. */
export async function checkLive({ config }: Sound, clock: Clock): Promise<Finding[]> {
  const probes = Promise.all([probeHealth(config), probeInstitutions(config, clock())])
  const apps = config.apps.flatMap((app, a) =>
    app.upstream.map((upstream, u) => ({ path: `apps[${a}].upstream[${u}]`, upstream }))
  )
  const answers = apps.map(async ({ path, upstream }): Promise<Finding[]> => {
    const url = new URL(upstream.origin)
    const host = url.hostname.replace(/[[\]]/g, '')
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
    const trouble = await tryConnect(upstream.socketPath === null ? { host, port } : { path: upstream.socketPath })
    const where = upstream.socketPath ?? `${host}:${port}`
    return trouble === null
      ? []
      : [
          {
            degree: 'problem',
            path,
            message: `nothing answers at ${where} (${trouble}): start the app, or correct the address`
          }
        ]
  })
  const listeners: { path: string; host: string; port: number }[] = [{ path: 'listen.port', ...config.listen }]
  if (config.admin !== false) listeners.push({ path: 'admin.port', ...config.admin })
  const ports = listeners.map(async ({ path, host, port }): Promise<Finding[]> => {
    const code = await tryListen(host, port)
    if (code === null) return []
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
  const silent = (await Promise.all(answers)).flat()
  const isSilent = ({ path }: ProbeFinding) => silent.some(each => each.path === path)
  const probed = (await probes)
    .flat()
    .filter(found => !isSilent(found))
    .map(({ degree, path, wrong, mend }): Finding => ({ degree, path, message: `${wrong}: ${mend}` }))
  return [...silent, ...probed, ...(await Promise.all(ports)).flat()]
}

/** Null if it accepts. */
function tryConnect(to: { host: string; port: number } | { path: string }): Promise<string | null> {
  return new Promise(resolve => {
    const socket = connect(to)
    const end = (trouble: string | null) => {
      socket.destroy()
      resolve(trouble)
    }
    socket.setTimeout(timeoutMs, () => end('no answer within 3 seconds'))
    socket.once('connect', () => end(null))
    // For a name with several addresses Node reports one error.
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
  })
}

function tryListen(host: string, port: number): Promise<string | null> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(null)))
  })
}
