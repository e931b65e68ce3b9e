/** Probes the gate itself by its admin listener: whether it is ready, or its ports are free. */
import { request } from 'node:http'
import type { Config } from '../../../config/schema.ts'
import { refuseUpgrade } from '../../platform/refuse-upgrade.ts'
import { askedHost, isPortTaken } from '../probes/ports.ts'
import type { DoctorFinding } from './finding.ts'

const timeoutMs = 4000
/** The limit in characters. Another program on the port may answer without an end. */
const maxTextLength = 1024 * 1024

/** `off`: there is no admin listener. `none`: nothing answers there. */
type GateState =
  | { readonly kind: 'off' | 'none' | 'foreign' }
  | { readonly kind: 'ready'; readonly warnings: readonly string[] }
  | { readonly kind: 'unready'; readonly why: string }

/** Null if no whole answer comes. */
export function askAdmin(
  { host, port }: Exclude<Config['admin'], false>,
  path: string
): Promise<{ status: number; text: string } | null> {
  return new Promise(resolve => {
    const sent = request({
      hostname: askedHost(host),
      port,
      path,
      agent: false,
      signal: AbortSignal.timeout(timeoutMs)
    })
    sent.once('response', response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', part => {
        text += part
        if (text.length > maxTextLength) sent.destroy()
      })
      response.once('close', () => {
        const isAnswer = response.complete || text.length > maxTextLength
        resolve(isAnswer ? { status: response.statusCode ?? 0, text } : null)
      })
    })
    refuseUpgrade(sent).on('error', () => resolve(null))
    sent.end()
  })
}

/** Never rejects. */
export async function gateState({ admin }: Pick<Config, 'admin'>): Promise<GateState> {
  if (admin === false) return { kind: 'off' }
  const [live, ready] = await Promise.all([askAdmin(admin, '/livez'), askAdmin(admin, '/readyz')])
  if (live === null || ready === null) return { kind: 'none' }
  if (live.status !== 200 || live.text !== 'ok\n') return { kind: 'foreign' }
  if (ready.status !== 200) return { kind: 'unready', why: ready.text.trim() }
  const warnings = ready.text.split('\n').filter(line => line.startsWith('warning: '))
  return { kind: 'ready', warnings: warnings.map(line => line.slice('warning: '.length)) }
}

export async function examineGate(config: Config, state: GateState): Promise<DoctorFinding[]> {
  const found = (path: string, wrong: string, mend: string): DoctorFinding[] => [
    { degree: 'problem', path, wrong, mend }
  ]
  if (state.kind === 'unready')
    return found('', `the gate runs, but is not ready: ${state.why}`, 'Look at the other findings, and into its log.')
  if (state.kind === 'foreign')
    return found(
      'admin.port',
      'another program answers on the port of the admin listener',
      'Stop it, or choose another port.'
    )
  if (state.kind !== 'none') return []
  const { host, port } = config.listen
  if (!(await isPortTaken(host, port))) return []
  if (config.admin !== false && (await isPortTaken(config.admin.host, config.admin.port)))
    return found(
      'admin.port',
      `what listens on port ${config.admin.port} (admin) does not answer`,
      'If it is the gate, it stands still: restart it. Otherwise stop it, or choose another port.'
    )
  return found(
    'listen.port',
    `no gate runs, but another program listens on port ${port}`,
    'Stop it, or choose another port. If it is a gate, its admin listener has another address than this file says: restart it.'
  )
}
