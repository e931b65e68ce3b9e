/**
 * The portal: all pages under `/.factorgate/`. They share a scope whose parsers and checks never see an app's traffic. Assets are outside
 * of it, since a page context would set a cookie.
 */
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { CredentialKind } from '../../src/factor/kinds.ts'
import { registerAccount } from './account.tsx'
import { registerApps } from './apps.tsx'
import { registerAskSponsor } from './ask-sponsor.tsx'
import { registerAssets } from './assets.ts'
import { registerCallback } from './callback.tsx'
import { registerChallenge } from './challenge.tsx'
import { registerEnrol } from './enrol.tsx'
import { registerTotp } from './enrol-totp.tsx'
import { registerFactors } from './factors.tsx'
import { registerForgotten } from './forgotten.tsx'
import { guardForms } from './forms.ts'
import { registerInvite } from './invite.tsx'
import { registerKept } from './kept.tsx'
import { registerLanguage } from './language-page.tsx'
import { registerLogin } from './login.tsx'
import { registerLogout } from './logout.tsx'
import type { PortalOptions } from './options.ts'
import { addPageContext } from './page-context.ts'
import { registerPassword } from './password-change-page.tsx'
import { registerPrograms } from './programs.tsx'
import { registerRecovery } from './recovery.tsx'
import { registerSessionEnd } from './session-end.ts'
import { registerSessions } from './sessions.tsx'
import { registerSetUp } from './set-up.tsx'
import { registerSponsor } from './sponsor.tsx'
import { registerUpstreamLogins } from './upstream-logins.tsx'
import { registerWebauthn } from './webauthn-routes.tsx'

export type { ErrorContext } from './error-context.ts'
export { loginsOf } from './institutions/index.ts'
export { PortalTexts } from './messages/messages.ts'
export type { AppCard, Branding, LoginEntry, Logo, PortalOptions, PortalRoutes, PortalServices } from './options.ts'
export { errorPages, framedSteps } from './refusal-pages.ts'

/** The enrolment pages of each kind. */
const enrolments: Readonly<Record<CredentialKind, (scope: FastifyInstance) => void>> = {
  webauthn: registerWebauthn,
  totp: registerTotp
}

/** The routes of all pages, which find the portal's options as `scope.portal`. */
const pageRoutes = [
  registerApps,
  registerLogin,
  registerChallenge,
  registerRecovery,
  registerInvite,
  registerForgotten,
  registerEnrol,
  registerAskSponsor,
  registerSponsor,
  ...Object.values(enrolments),
  registerSetUp,
  registerAccount,
  registerFactors,
  registerPassword,
  registerSessions,
  registerSessionEnd,
  registerPrograms,
  registerUpstreamLogins,
  registerLogout,
  registerCallback,
  registerKept,
  registerLanguage
]

export const portalPlugin = fp<{ portal: PortalOptions }>(
  async (app, { portal }) => {
    await app.register(async scope => {
      scope.decorate('portal', portal)
      guardForms(scope)
      registerAssets(scope)
      await scope.register(async pages => {
        addPageContext(pages)
        for (const register of pageRoutes) register(pages)
        for (const login of portal.logins ?? []) await login.register(pages)
        for (const extend of portal.extensions ?? []) extend(pages)
      })
    })
  },
  { name: 'portal', dependencies: ['enforce'] }
)
