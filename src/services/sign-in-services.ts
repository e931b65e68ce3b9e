/** The parts of a sign-in for one configuration. */
import type { Config } from '../../config/schema.ts'
import type { PortalServices } from '../../plugins/portal/index.ts'
import type { Clock } from '../clock.ts'
import { RecoveryCodes } from '../factor/recovery-code.ts'
import { Totp } from '../factor/totp.ts'
import { Webauthn } from '../factor/webauthn.ts'
import type { Accounts } from '../identity/accounts.ts'
import { Admissions } from '../identity/admission.ts'
import type { Directories } from '../identity/directories.ts'
import { PasswordLogin } from '../identity/password/password-login.ts'
import { PasswordLinks } from '../identity/password-links.ts'
import { Sponsorships } from '../identity/sponsorships.ts'
import type { Keyring } from '../keyring/keyring.ts'
import { InstitutionSessions } from '../session/institution-sessions.ts'
import { SpentLogoutTokens } from '../session/spent-logout-tokens.ts'
import type { SignInServices } from '../sign-in/sign-in.ts'
import type { Store } from '../store/store.ts'
import type { AttemptLimiter } from '../throttle/attempt-limiter.ts'
import { webauthnOf } from './app-options.ts'
import type { Services } from './services.ts'

interface Sources {
  readonly store: Store
  readonly clock: Clock
  readonly accounts: Accounts
  readonly limiter: AttemptLimiter
  readonly keyring: () => Keyring
  readonly directories: Directories
}

/** They depend only on the configuration's directories. */
export function directoryParts({ store, clock, accounts, limiter, keyring, directories }: Sources) {
  return {
    store,
    clock,
    accounts,
    limiter,
    directories,
    sponsorships: new Sponsorships({ store, clock }),
    passwordLinks: new PasswordLinks({ store, clock }),
    passwordLogin: new PasswordLogin({ store, clock, accounts, directories: directories.passwords, limiter }),
    admissions: new Admissions({ accounts }),
    institutionSessions: new InstitutionSessions({ store, clock, keyring }),
    logoutTokens: new SpentLogoutTokens(store)
  }
}

export function signInServicesOf(config: Config, runtime: Services, directories: Directories) {
  const { store, clock, credentials, limiter, accounts, sessions, tokens, upstreamLogins, invitations, local } = runtime
  const { totp, recoveryCodes } = config.factors
  const keyring = () => runtime.keyring
  const shared = { store, clock, credentials, limiter }
  return {
    sessions,
    tokens,
    upstreamLogins,
    credentials,
    invitations,
    localDirectory: local,
    ...directoryParts({ store, clock, accounts, limiter, keyring, directories }),
    totp: new Totp({
      ...shared,
      ...totp,
      keyring,
      onClockBack: seconds =>
        runtime.log.error(
          { seconds },
          'the clock of this machine was set back: authenticator codes were used at a later time, and the gate accepts none until that time has passed; correct the clock. If it is right now and was ahead before, factorgate user unlock NAME lets a person go on'
        )
    }),
    webauthn: new Webauthn({
      ...shared,
      ...webauthnOf(config.factors),
      keyring,
      rpId: config.portal.rpId,
      rpName: config.portal.title,
      origins: [config.portal.url.origin],
      // A cloned authenticator is likely (WebAuthn L3 §6.1.1).
      onCounterRegress: ({ at, accountId, credentialId }) =>
        runtime.journal.record({
          kind: 'proof',
          at,
          account: accountId,
          factor: 'webauthn',
          credential: credentialId,
          outcome: 'counter_went_back'
        })
    }),
    recoveryCodes: new RecoveryCodes({
      store,
      clock,
      keyring,
      limiter,
      count: recoveryCodes.count,
      cost: runtime.recoveryCodeCost,
      onDisabled: notice => runtime.disabled(notice)
    })
  } satisfies PortalServices & SignInServices
}
