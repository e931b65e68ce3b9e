/** The types of the messages in en.json. `npm run messages` writes this file. */

export interface Sentences {
  readonly own: {
    readonly 'factor-added': {
      readonly subject: (args: { readonly factor: 'webauthn' | 'totp' | 'recovery' | 'other' }) => string
      readonly what: (args: { readonly factor: 'webauthn' | 'totp' | 'recovery' | 'other' }) => string
      readonly now: string
    }
    readonly 'factor-removed': {
      readonly subject: (args: { readonly factor: 'webauthn' | 'totp' | 'recovery' | 'other' }) => string
      readonly what: (args: { readonly factor: 'webauthn' | 'totp' | 'recovery' | 'other' }) => string
      readonly now: string
    }
    readonly 'factors-reset': {
      readonly subject: string
      readonly what: string
      readonly now: string
    }
    readonly 'factor-disabled': {
      readonly subject: (args: { readonly factor: 'webauthn' | 'totp' | 'recovery' | 'other' }) => string
      readonly what: (args: { readonly factor: 'webauthn' | 'totp' | 'recovery' | 'other' }) => string
      readonly now: string
    }
    readonly 'recovery-used': {
      readonly subject: string
      readonly what: string
      readonly now: string
    }
    readonly 'recovery-issued': {
      readonly subject: string
      readonly what: string
      readonly now: string
    }
    readonly 'token-issued': {
      readonly subject: string
      readonly what: string
      readonly now: string
    }
    readonly 'password-changed': {
      readonly subject: string
      readonly what: string
      readonly now: string
    }
    readonly 'password-reset': {
      readonly subject: string
      readonly what: string
      readonly now: string
    }
    readonly 'new-device': {
      readonly subject: string
      readonly what: string
      readonly now: string
    }
    readonly refusals: {
      readonly subject: string
      readonly what: (args: { readonly count: number }) => string
      readonly now: string
    }
    readonly suspended: {
      readonly subject: string
      readonly what: (args: { readonly lab: string }) => string
      readonly now: string
    }
    readonly resumed: {
      readonly subject: string
      readonly what: (args: { readonly lab: string }) => string
      readonly now: string
    }
    readonly 'sponsor-asked': {
      readonly subject: (args: { readonly person: string }) => string
      readonly what: (args: { readonly person: string; readonly lab: string }) => string
      readonly now: string
    }
    readonly 'sponsor-approved': {
      readonly subject: string
      readonly what: (args: { readonly person: string }) => string
      readonly now: string
    }
    readonly 'sponsor-declined': {
      readonly subject: string
      readonly what: (args: { readonly person: string }) => string
      readonly now: string
    }
    readonly 'certificate-ending': {
      readonly subject: (args: { readonly count: number }) => string
      readonly what: (args: { readonly what: string; readonly count: number }) => string
      readonly now: string
    }
    readonly 'budget-passed': {
      readonly subject: string
      readonly what: (args: { readonly lab: string }) => string
      readonly now: string
    }
    readonly 'unusual-use': {
      readonly subject: (args: { readonly person: string }) => string
      readonly what: (args: { readonly person: string }) => string
      readonly now: string
    }
    readonly 'decoy-touched': {
      readonly subject: (args: { readonly person: string }) => string
      readonly what: (args: { readonly person: string }) => string
      readonly now: string
    }
    readonly 'app-changed': {
      readonly subject: string
      readonly what: (args: { readonly lab: string }) => string
      readonly now: string
    }
    readonly 'posture-set': {
      readonly subject: (args: { readonly level: 'normal' | 'elevated' | 'other' }) => string
      readonly what: (args: { readonly where: 'app' | 'other'; readonly app: string; readonly lab: string; readonly level: 'normal' | 'elevated' | 'other' }) => string
      readonly now: string
    }
    readonly invitation: {
      readonly subject: string
      readonly what: (args: { readonly lab: string; readonly person: string; readonly valid: string }) => string
      readonly now: string
    }
    readonly 'password-link': {
      readonly subject: string
      readonly what: (args: { readonly lab: string }) => string
      readonly now: string
    }
    readonly test: {
      readonly subject: string
      readonly what: (args: { readonly lab: string }) => string
      readonly now: string
    }
  }
  readonly ofOthers: {
    readonly refusals: {
      readonly subject: (args: { readonly person: string }) => string
      readonly what: (args: { readonly count: number; readonly person: string }) => string
      readonly now: string
    }
    readonly suspended: {
      readonly subject: (args: { readonly person: string }) => string
      readonly what: (args: { readonly person: string; readonly lab: string }) => string
      readonly now: string
    }
    readonly resumed: {
      readonly subject: (args: { readonly person: string }) => string
      readonly what: (args: { readonly person: string; readonly lab: string }) => string
      readonly now: string
    }
    readonly 'sponsor-asked': {
      readonly subject: (args: { readonly person: string }) => string
      readonly what: (args: { readonly person: string; readonly lab: string }) => string
      readonly now: string
    }
  }
  readonly ofDecision: {
    readonly 'sponsor-approved': {
      readonly subject: (args: { readonly who: string }) => string
      readonly what: (args: { readonly who: string }) => string
      readonly now: string
    }
    readonly 'sponsor-declined': {
      readonly subject: (args: { readonly who: string }) => string
      readonly what: (args: { readonly who: string }) => string
      readonly now: string
    }
  }
  readonly mail: {
    readonly hello: (args: { readonly name: string }) => string
    readonly helloAll: string
    readonly several: (args: { readonly count: number }) => string
    readonly left: (args: { readonly count: number }) => string
    readonly codesLeft: (args: { readonly count: number }) => string
    readonly when: string
    readonly moment: (args: { readonly date: string; readonly time: string }) => string
    readonly until: string
    readonly from: string
    readonly browser: string
    readonly reason: string
    readonly by: string
    readonly reference: string
    readonly console: string
    readonly account: string
    readonly open: string
    readonly questions: string
    readonly footer: (args: { readonly lab: string }) => string
  }
}
