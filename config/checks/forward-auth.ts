/** Checks of `apps[].forwardAuth`, and of verdicts that name secrets without it. */
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftApp, DraftConfig } from '../schema.ts'
import { checkHeaderSecret } from './header-secret.ts'

/** `claim` notes a header of the gate, and reports a second use. */
export function checkForwardAuth(
  app: DraftApp,
  path: string,
  { trustedProxies }: Pick<DraftConfig, 'trustedProxies'>,
  claim: (name: string, at: string) => void,
  diagnostics: Diagnostics
): void {
  const at = `${path}.forwardAuth`
  if (app.forwardAuth == null) {
    if (app.forwardAuth === null) adviseOnOpenVerdicts(app, path, diagnostics)
    return
  }
  claim('Factorgate-Secret', at)
  checkHeaderSecret(app.forwardAuth.secret, `${at}.secret`, `${at}.secretFile`, diagnostics)
  if (trustedProxies?.length === 0)
    diagnostics.advise(at, 'changes nothing while trustedProxies is empty: the gate gives nobody a verdict')
}

function adviseOnOpenVerdicts(app: DraftApp, path: string, diagnostics: Diagnostics): void {
  const keys: string[] = []
  if (app.identityHeaders?.secretInVerdict === true) keys.push(`${path}.identityHeaders.secretInVerdict`)
  if (app.upstreamLogin?.inVerdict === true) keys.push(`${path}.upstreamLogin.inVerdict`)
  for (const key of keys)
    diagnostics.advise(
      key,
      `lets every client read this that reaches /.factorgate/auth through an address in trustedProxies; give the proxy of the app a secret in ${path}.forwardAuth`
    )
}
