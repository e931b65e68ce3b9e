/** Checks of `apps[].upstreamLogin`: nothing else may decide on `Authorization`, people are signed in, and the way to the app is private. */
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftApp } from '../schema.ts'
import { isLoopback } from '../values/addresses.ts'

/** `claim` notes a header of the gate, and reports a second use. */
export function checkUpstreamLogin(
  app: DraftApp,
  path: string,
  claim: (name: string, at: string) => void,
  diagnostics: Diagnostics
): void {
  if (app.upstreamLogin == null) return
  const at = `${path}.upstreamLogin`
  claim('Authorization', at)
  if (app.enforce === 'report')
    diagnostics.problem(at, `cannot be used with ${path}.enforce: report, which lets strangers in who have no login`)
  app.upstream?.forEach(upstream => {
    if (upstream === undefined || upstream.socketPath !== null) return
    const { protocol, hostname, host } = new URL(upstream.origin)
    if (protocol === 'http:' && !isLoopback(hostname))
      diagnostics.warning(
        at,
        `sends people's passwords to ${host} over plain http, where others on the network can read them; use https, or run the gate on the machine of the app`
      )
  })
  const asksNobody = app.rules?.every(rule => rule !== undefined && rule.access !== 'mfa') === true
  if (asksNobody) diagnostics.warning(at, 'is never asked for: no rule of the app has access: mfa')
}
