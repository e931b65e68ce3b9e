/**
 * The portal: every page a person meets, under `/.factorgate/`. They share a scope, whose parsers and checks no byte of an app's traffic
 * meets. Assets stand outside the scope of the pages: a visit would give them a nonce's cookie.
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
import { openVisits } from './page-context.ts'
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
      await scope.register(async pages => {
        openVisits(pages, portal)
        registerApps(pages, portal)
        registerLogin(pages, portal)
        registerChallenge(pages, portal)
        registerTotp(pages, portal)
        registerRecovery(pages, portal)
        registerWebauthn(pages, portal)
        registerInvite(pages, portal)
        registerEnrol(pages, portal)
        registerAccount(pages)
        registerFactors(pages, portal)
        registerPassword(pages, portal)
        registerSessions(pages, portal)
        registerLogout(pages, portal)
        registerCallback(pages, portal)
      })
    })
  },
  { name: 'portal', dependencies: ['enforce'] }
)
