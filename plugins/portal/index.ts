/**
 * The portal: every page a person meets, under `/.factorgate/`. Owns the list of its pages, and the scope they share: their parsers and
 * checks stay inside it, so no byte of an app's traffic meets them.
 */
import fp from 'fastify-plugin'
import { registerAccount } from './account.tsx'
import { registerApps } from './apps.tsx'
import { registerAssets } from './assets.ts'
import { registerCallback } from './callback.tsx'
import { registerChallenge } from './challenge.tsx'
import { registerEnrol } from './enrol.tsx'
import { registerFactors } from './factors.tsx'
import { guardForms } from './forms.ts'
import { registerInvite } from './invite.tsx'
import { registerLogin } from './login.tsx'
import { registerLogout } from './logout.tsx'
import type { PortalOptions } from './options.ts'
import { registerPassword } from './password.tsx'
import { registerRecovery } from './recovery.tsx'
import { registerSessions } from './sessions.tsx'
import { registerTotp } from './totp.tsx'
import { registerWebauthn } from './webauthn.tsx'

export { type ErrorContext, renderError } from './error-page.tsx'
export { framedWhat, renderFramed, renderFramedError } from './framed-page.tsx'
export { pageHeaders } from './headers.ts'
export type { AppCard, PortalOptions, PortalRoutes, PortalServices } from './options.ts'

export const portalPlugin = fp<{ portal: PortalOptions }>(
  async (app, { portal }) => {
    await app.register(async scope => {
      guardForms(scope)
      registerAssets(scope, portal)
      registerApps(scope, portal)
      registerLogin(scope, portal)
      registerChallenge(scope, portal)
      registerTotp(scope, portal)
      registerRecovery(scope, portal)
      registerWebauthn(scope, portal)
      registerInvite(scope, portal)
      registerEnrol(scope, portal)
      registerAccount(scope, portal)
      registerFactors(scope, portal)
      registerPassword(scope, portal)
      registerSessions(scope, portal)
      registerLogout(scope, portal)
      registerCallback(scope, portal)
    })
  },
  { name: 'portal', dependencies: ['enforce'] }
)
