/** The types of the messages in en.json. `npm run messages` writes this file. */

export interface Sentences {
  readonly frame: {
    readonly skip: string
    readonly apps: string
    readonly account: string
    readonly signOut: string
    readonly you: string
    readonly contact: string
    readonly language: string
    readonly noScript: string
    readonly undone: string
  }
  readonly time: {
    readonly now: string
    readonly minuteAgo: string
    readonly hourAgo: string
    readonly clock: (args: { readonly time: string; readonly date: string }) => string
    readonly zoned: (args: { readonly time: string; readonly zone: string; readonly date: string }) => string
  }
  readonly device: {
    readonly someBrowser: string
    readonly on: (args: { readonly browser: string; readonly system: string }) => string
  }
  readonly factor: {
    readonly name: {
      readonly webauthn: string
      readonly totp: string
      readonly recovery: string
    }
    readonly your: {
      readonly webauthn: string
      readonly totp: string
      readonly recovery: string
    }
    readonly misfit: {
      readonly synced: string
      readonly unattested: string
      readonly denied_model: string
      readonly unlisted_model: string
    }
  }
  readonly login: {
    readonly title: string
    readonly to: (args: { readonly app: string }) => string
    readonly passkey: string
    readonly with: (args: { readonly place: string }) => string
    readonly or: string
    readonly helpElsewhere: string
    readonly unreachable: string
    readonly held: {
      readonly locked: string
      readonly disabled: string
      readonly expired: string
      readonly must_change: string
      readonly name_invalid: string
      readonly name_taken: string
    }
    readonly username: string
    readonly password: string
    readonly submit: string
    readonly help: string
    readonly wrong: string
    readonly wrongOrLocked: string
    readonly endedWhy: (args: { readonly why: string }) => string
    readonly endedByGate: (args: { readonly why: string }) => string
    readonly endedByGateList: string
    readonly suspendedWhy: (args: { readonly why: string }) => string
    readonly suspendedList: string
    readonly throttled: (args: { readonly wait: string }) => string
    readonly ready: string
    readonly busy: string
    readonly formExpired: string
    readonly cookieLost: string
    readonly passkeyUnfit: (args: { readonly why: string }) => string
    readonly passkeyRefused: string
    readonly ended: {
      readonly logout: string
      readonly idle: string
      readonly expired: string
      readonly revoked: string
      readonly replaced: string
      readonly too_many: string
      readonly suspended: string
      readonly institution_sign_out: string
      readonly institution_gone: string
      readonly factors_changed: string
      readonly password_changed: string
      readonly not_me: string
    }
  }
  readonly chooser: {
    readonly title: string
    readonly before: string
    readonly search: string
    readonly entityId: string
    readonly find: string
    readonly all: string
    readonly found: string
    readonly none: string
    readonly more: (args: { readonly count: number }) => string
    readonly otherWay: string
  }
  readonly samlRequest: {
    readonly title: string
    readonly how: string
    readonly go: string
  }
  readonly challenge: {
    readonly title: string
    readonly stepUpTitle: string
    readonly asWhom: (args: { readonly name: string }) => string
    readonly notYou: string
    readonly onTheWay: (args: { readonly app: string }) => string
    readonly budget: (args: { readonly app: string }) => string
    readonly unusual: (args: { readonly app: string }) => string
    readonly stepUp: (args: { readonly app: string; readonly factors: string }) => string
    readonly stepUpWithin: (args: { readonly app: string; readonly within: string; readonly factors: string }) => string
    readonly stepUpAny: (args: { readonly app: string; readonly within: string }) => string
    readonly account: (args: { readonly within: string }) => string
    readonly passkeyLead: string
    readonly passkey: string
    readonly noScript: string
    readonly noScriptInstead: string
    readonly noScriptOnly: string
    readonly wait: (args: { readonly wait: string }) => string
    readonly codeLabel: string
    readonly codeHint: (args: { readonly digits: string }) => string
    readonly recoveryLabel: string
    readonly recoveryHint: string
    readonly submit: string
    readonly confirmAt: (args: { readonly place: string }) => string
    readonly there: {
      readonly somebody_else: (args: { readonly place: string }) => string
      readonly no_factor: (args: { readonly place: string }) => string
      readonly refused: (args: { readonly place: string }) => string
      readonly too_old: (args: { readonly place: string }) => string
    }
    readonly instead: {
      readonly webauthn: string
      readonly totp: string
      readonly recovery: string
    }
    readonly wrong: {
      readonly webauthn: string
      readonly totp: string
      readonly recovery: string
    }
    readonly passkeyUnfit: (args: { readonly why: string }) => string
    readonly throttled: (args: { readonly wait: string }) => string
    readonly formExpired: string
    readonly clock: (args: { readonly time: string }) => string
    readonly clockBack: (args: { readonly time: string }) => string
    readonly none: string
    readonly noneWhat: string
    readonly noneWhatThere: string
    readonly noneNow: string
    readonly begun: string
    readonly begunNow: string
    readonly off: string
    readonly misfit: string
    readonly misfitWhat: (args: { readonly why: string }) => string
    readonly misfitNotice: (args: { readonly why: string }) => string
    readonly misfitUnfit: (args: { readonly app: string; readonly factors: string; readonly why: string }) => string
    readonly misfitNow: string
    readonly offWhat: string
    readonly unfit: string
    readonly unfitWhat: (args: { readonly app: string; readonly factors: string }) => string
    readonly unfitNow: string
    readonly unfitCodes: string
    readonly somebodyElse: string
    readonly addFactor: string
  }
  readonly passkey: {
    readonly cancelled: string
    readonly failed: string
    readonly offline: string
    readonly known: string
    readonly unsupported: string
    readonly working: string
  }
  readonly invite: {
    readonly title: (args: { readonly name: string }) => string
    readonly what: (args: { readonly lab: string }) => string
    readonly againTitle: (args: { readonly name: string }) => string
    readonly again: string
    readonly againForgotten: string
    readonly againWrong: string
    readonly username: string
    readonly password: string
    readonly hint: string
    readonly submit: string
    readonly problem: {
      readonly too_short: string
      readonly too_long: string
      readonly too_common: string
      readonly is_name: string
    }
  }
  readonly forgotten: {
    readonly link: string
    readonly title: string
    readonly lead: string
    readonly submit: string
    readonly sentTitle: string
    readonly sentWhat: string
    readonly sentNow: string
    readonly again: string
    readonly goOn: string
    readonly elsewhereTitle: string
    readonly elsewhere: string
    readonly goneTitle: string
    readonly gone: string
    readonly choose: string
  }
  readonly inviteElsewhere: {
    readonly what: (args: { readonly lab: string; readonly place: string; readonly name: string }) => string
    readonly signedIn: (args: { readonly place: string }) => string
    readonly other: (args: { readonly other: string; readonly name: string }) => string
    readonly submit: string
    readonly wrong: string
  }
  readonly sponsor: {
    readonly askTitle: string
    readonly askInstead: string
    readonly askWhat: string
    readonly who: string
    readonly whoHint: string
    readonly whoMissing: string
    readonly askThem: string
    readonly askOperators: string
    readonly self: string
    readonly tooSoon: string
    readonly waitTitle: string
    readonly waitWhat: (args: { readonly when: string }) => string
    readonly waitNow: string
    readonly number: (args: { readonly digits: string }) => string
    readonly elsewhere: string
    readonly look: string
    readonly askAnother: string
    readonly declined: (args: { readonly by: string }) => string
    readonly approvedBy: (args: { readonly by: string }) => string
    readonly title: string
    readonly lead: string
    readonly nobody: string
    readonly described: (args: { readonly name: string; readonly institution: string }) => string
    readonly describedEmail: (args: { readonly name: string; readonly email: string; readonly institution: string }) => string
    readonly from: (args: { readonly when: string; readonly address: string }) => string
    readonly theirNumber: (args: { readonly digits: string }) => string
    readonly named: (args: { readonly sponsor: string }) => string
    readonly approve: string
    readonly approveNamed: (args: { readonly name: string }) => string
    readonly decline: string
    readonly declineNamed: (args: { readonly name: string }) => string
    readonly gone: string
    readonly approved: (args: { readonly name: string }) => string
    readonly youDeclined: (args: { readonly name: string }) => string
    readonly decided: string
    readonly decidedApproved: (args: { readonly by: string; readonly person: string }) => string
    readonly decidedDeclined: (args: { readonly by: string; readonly person: string }) => string
    readonly waitingOne: (args: { readonly name: string }) => string
    readonly waitingMany: (args: { readonly count: number }) => string
    readonly open: string
  }
  readonly enrol: {
    readonly title: string
    readonly firstTitle: string
    readonly off: string
    readonly lead: string
    readonly choice: {
      readonly webauthn: {
        readonly name: string
        readonly why: string
        readonly need: string
      }
      readonly totp: {
        readonly name: string
        readonly why: string
        readonly need: string
      }
    }
    readonly recommended: string
    readonly name: string
    readonly nameHint: string
  }
  readonly enrolPasskey: {
    readonly noScript: string
    readonly title: string
    readonly lead: string
    readonly submit: string
    readonly other: string
    readonly suggested: (args: { readonly device: string }) => string
    readonly suggestedPlain: string
    readonly unfit: {
      readonly synced: string
      readonly unattested: string
      readonly denied_model: (args: { readonly model: string }) => string
      readonly denied_unnamed: string
      readonly unlisted_model: (args: { readonly model: string }) => string
      readonly unlisted_unnamed: string
    }
    readonly sort: {
      readonly passkey: string
      readonly device: string
      readonly key: string
    }
  }
  readonly enrolTotp: {
    readonly title: string
    readonly scan: string
    readonly qr: string
    readonly onPhone: string
    readonly byHand: string
    readonly copy: string
    readonly copied: string
    readonly next: string
    readonly code: string
    readonly submit: string
    readonly suggested: string
    readonly wrong: string
    readonly clockAhead: (args: { readonly span: string }) => string
    readonly clockBehind: (args: { readonly span: string }) => string
    readonly anew: string
    readonly formExpired: string
    readonly expired: string
    readonly other: string
    readonly typeIt: string
  }
  readonly recovery: {
    readonly title: string
    readonly lead: string
    readonly where: string
    readonly print: string
    readonly download: string
    readonly copy: string
    readonly copied: string
    readonly saved: string
    readonly savedMissing: string
    readonly submit: string
    readonly file: (args: { readonly name: string; readonly lab: string }) => string
    readonly fileHint: string
    readonly fileName: string
    readonly printed: (args: { readonly what: string; readonly when: string }) => string
    readonly use: (args: { readonly address: string; readonly choice: string }) => string
    readonly tick: string
    readonly ask: (args: { readonly contact: string }) => string
    readonly spent: (args: { readonly left: number }) => string
    readonly lost: string
    readonly lostHere: string
    readonly fewNow: string
    readonly newTitle: string
    readonly newLead: string
    readonly newSubmit: string
    readonly cancel: string
  }
  readonly account: {
    readonly title: string
    readonly factors: string
    readonly added: (args: { readonly when: string }) => string
    readonly used: (args: { readonly when: string }) => string
    readonly usedFrom: (args: { readonly when: string; readonly address: string }) => string
    readonly unused: string
    readonly disabled: string
    readonly misfit: (args: { readonly why: string }) => string
    readonly rename: string
    readonly renameSubmit: string
    readonly newName: (args: { readonly name: string }) => string
    readonly remove: string
    readonly removeNamed: (args: { readonly name: string }) => string
    readonly renameNamed: (args: { readonly name: string }) => string
    readonly add: string
    readonly addFirst: string
    readonly institution: (args: { readonly title: string }) => string
    readonly codes: string
    readonly codesLeft: (args: { readonly left: number; readonly total: number; readonly when: string }) => string
    readonly codesNone: string
    readonly codesNew: string
    readonly facts: (args: { readonly kind: string; readonly added: string; readonly used: string }) => string
    readonly password: string
    readonly passwordChange: string
    readonly sessions: string
    readonly session: (args: { readonly browser: string; readonly where: string; readonly when: string }) => string
    readonly half: string
    readonly unfinished: (args: { readonly count: number }) => string
    readonly thisDevice: string
    readonly bound: (args: { readonly date: string }) => string
    readonly end: string
    readonly endNamed: (args: { readonly what: string }) => string
    readonly notMe: string
    readonly notMeNamed: (args: { readonly what: string }) => string
    readonly endOthers: string
    readonly renamed: (args: { readonly name: string }) => string
    readonly removed: (args: { readonly name: string }) => string
    readonly addedNotice: (args: { readonly name: string }) => string
    readonly passwordChanged: string
    readonly ended: string
    readonly othersEnded: string
    readonly nameProblem: string
    readonly othersOffer: string
  }
  readonly programs: {
    readonly title: string
    readonly lead: string
    readonly none: string
    readonly noApps: string
    readonly make: string
    readonly makeFor: (args: { readonly app: string }) => string
    readonly until: (args: { readonly app: string; readonly date: string }) => string
    readonly ended: (args: { readonly app: string; readonly date: string }) => string
    readonly used: (args: { readonly when: string; readonly address: string }) => string
    readonly unused: string
    readonly byOperator: string
    readonly revoke: string
    readonly revokeNamed: (args: { readonly name: string }) => string
    readonly revoked: (args: { readonly name: string }) => string
    readonly use: string
    readonly asPassword: (args: { readonly user: string }) => string
    readonly newTitle: (args: { readonly app: string }) => string
    readonly newLead: string
    readonly name: string
    readonly nameHint: string
    readonly days: string
    readonly reads: string
    readonly more: string
    readonly paths: string
    readonly pathsHint: string
    readonly networks: string
    readonly networksHint: string
    readonly bytes: string
    readonly bytesHint: string
    readonly submit: string
    readonly back: string
    readonly madeTitle: (args: { readonly app: string }) => string
    readonly madeLead: string
    readonly lost: string
    readonly wrong: {
      readonly name: string
      readonly days: string
      readonly paths: string
      readonly networks: string
      readonly bytes: string
      readonly too_many: string
    }
  }
  readonly logins: {
    readonly title: string
    readonly lead: string
    readonly none: string
    readonly missing: string
    readonly stored: (args: { readonly when: string }) => string
    readonly refused: (args: { readonly app: string; readonly when: string }) => string
    readonly enter: string
    readonly replace: string
    readonly remove: string
    readonly done: (args: { readonly app: string }) => string
    readonly removed: (args: { readonly app: string }) => string
    readonly formTitle: (args: { readonly app: string }) => string
    readonly formLead: (args: { readonly app: string }) => string
    readonly formStored: (args: { readonly when: string }) => string
    readonly formRefused: (args: { readonly app: string; readonly when: string }) => string
    readonly user: (args: { readonly app: string }) => string
    readonly password: (args: { readonly app: string }) => string
    readonly notHere: string
    readonly submit: string
    readonly back: string
    readonly wrong: {
      readonly user: string
      readonly password: string
    }
  }
  readonly password: {
    readonly title: string
    readonly lead: string
    readonly old: string
    readonly submit: string
    readonly wrong: string
    readonly forgotten: string
    readonly keep: string
  }
  readonly remove: {
    readonly title: (args: { readonly name: string }) => string
    readonly lead: string
    readonly keep: string
    readonly last: string
  }
  readonly notMe: {
    readonly title: string
    readonly lead: string
    readonly password: string
    readonly passwordElsewhere: string
    readonly steps: {
      readonly factors: string
      readonly sessions: string
      readonly tell: string
    }
    readonly account: string
  }
  readonly apps: {
    readonly title: string
    readonly none: string
    readonly noneNow: string
    readonly lastUsed: (args: { readonly when: string }) => string
    readonly reportOnly: string
    readonly find: string
    readonly notFound: string
    readonly recent: string
    readonly others: string
    readonly maintained: string
    readonly maintainedUntil: (args: { readonly until: string }) => string
    readonly console: string
    readonly elevated: string
    readonly lockdown: string
  }
  readonly logout: {
    readonly title: string
    readonly lead: (args: { readonly lab: string }) => string
    readonly submit: string
    readonly stay: string
    readonly outTitle: string
    readonly outThere: string
    readonly there: string
    readonly outLead: string
    readonly again: string
    readonly formExpired: string
  }
  readonly handOver: {
    readonly title: string
    readonly what: (args: { readonly app: string }) => string
    readonly now: string
    readonly again: string
    readonly signedIn: string
    readonly goOn: string
  }
  readonly error: {
    readonly whose: {
      readonly gate: string
      readonly app: string
      readonly you: string
    }
    readonly ask: string
    readonly reference: string
    readonly referenceHint: string
    readonly again: string
    readonly askAccess: string
    readonly askMail: string
    readonly mailSubject: (args: { readonly app: string }) => string
    readonly mailBody: (args: { readonly app: string }) => string
    readonly looking: (args: { readonly app: string }) => string
    readonly lookingLate: (args: { readonly app: string }) => string
    readonly answers: (args: { readonly app: string }) => string
    readonly onward: {
      readonly signIn: string
      readonly confirm: string
      readonly login: string
    }
    readonly unsentAction: {
      readonly signIn: string
      readonly confirm: string
      readonly login: string
      readonly foreign: (args: { readonly app: string }) => string
    }
    readonly home: string
    readonly app: string
  }
  readonly framed: {
    readonly pages: {
      readonly signIn: {
        readonly title: string
        readonly why: string
      }
      readonly confirm: {
        readonly title: string
        readonly why: string
      }
      readonly late: {
        readonly title: string
        readonly why: string
      }
      readonly ours: {
        readonly title: string
        readonly why: string
      }
      readonly kept: {
        readonly title: string
        readonly why: string
      }
    }
    readonly whole: string
    readonly open: string
    readonly tab: string
    readonly aside: string
  }
  readonly unsent: {
    readonly title: (args: { readonly app: string }) => string
    readonly what: {
      readonly signIn: (args: { readonly app: string }) => string
      readonly confirm: (args: { readonly app: string }) => string
      readonly login: (args: { readonly app: string }) => string
      readonly foreign: (args: { readonly app: string }) => string
    }
    readonly now: {
      readonly signIn: string
      readonly confirm: string
      readonly login: string
      readonly foreign: (args: { readonly app: string }) => string
    }
  }
  readonly ends: {
    readonly idle: (args: { readonly wait: string }) => string
    readonly absolute: (args: { readonly wait: string }) => string
    readonly ended: string
    readonly stay: string
  }
  readonly kept: {
    readonly onward: (args: { readonly app: string }) => string
    readonly title: (args: { readonly app: string }) => string
    readonly own: (args: { readonly app: string }) => string
    readonly script: (args: { readonly app: string }) => string
    readonly foreign: (args: { readonly from: string; readonly app: string }) => string
    readonly otherSite: string
    readonly to: string
    readonly what: string
    readonly size: (args: { readonly kilobytes: string }) => string
    readonly send: (args: { readonly app: string }) => string
    readonly drop: string
    readonly sent: (args: { readonly app: string }) => string
    readonly failed: (args: { readonly app: string }) => string
    readonly back: (args: { readonly app: string }) => string
    readonly until: string
  }
  readonly errors: {
    readonly bad_request: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly ambiguous_target: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly sign_in_required: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly second_factor_required: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly fresh_proof_required: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly budget_proof_required: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly unusual_proof_required: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly device_required: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly device_proof_required: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly other_factor_required: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly wrong_credentials: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly wrong_code: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly not_allowed: {
      readonly title: string
      readonly what: (args: { readonly app: string }) => string
      readonly now: string
    }
    readonly upstream_login_required: {
      readonly title: (args: { readonly app: string }) => string
      readonly what: (args: { readonly app: string }) => string
      readonly now: string
    }
    readonly upstream_login_refused: {
      readonly title: (args: { readonly app: string }) => string
      readonly what: (args: { readonly app: string }) => string
      readonly now: string
    }
    readonly lockdown: {
      readonly title: (args: { readonly app: string }) => string
      readonly what: (args: { readonly app: string }) => string
      readonly now: string
    }
    readonly foreign_origin: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly form_expired: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly cookies_off: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly enrolment_not_allowed: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly authenticator_not_allowed: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly last_factor: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly institution_refused: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly institution_answer_invalid: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly institution_name_invalid: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly institution_name_taken: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly institution_first: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly institution_gone: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly institution_login_expired: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly institution_unreachable: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly account_suspended: {
      readonly title: string
      readonly what: string
      readonly now: string
      readonly whatWhy: (args: { readonly why: string }) => string
      readonly whatList: string
      readonly unchanged: string
      readonly nowWhy: string
    }
    readonly not_found: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly no_such_app: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly method_not_allowed: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly kept_gone: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly invitation_invalid: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly body_too_large: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly body_too_slow: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly unsupported_media_type: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly misdirected: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly upgrade_refused: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly budget_spent: {
      readonly title: string
      readonly what: string
      readonly now: (args: { readonly wait: string }) => string
      readonly nowUnknown: string
    }
    readonly token_invalid: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly token_not_allowed: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly token_spent: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly too_many_attempts: {
      readonly title: string
      readonly what: string
      readonly now: (args: { readonly wait: string }) => string
      readonly nowUnknown: string
    }
    readonly headers_too_large: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly internal: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly app_unreachable: {
      readonly title: (args: { readonly app: string }) => string
      readonly what: (args: { readonly app: string }) => string
      readonly now: string
    }
    readonly app_reply_invalid: {
      readonly title: (args: { readonly app: string }) => string
      readonly what: (args: { readonly app: string }) => string
      readonly now: string
    }
    readonly app_busy: {
      readonly title: (args: { readonly app: string }) => string
      readonly what: (args: { readonly app: string }) => string
      readonly now: string
    }
    readonly app_maintenance: {
      readonly title: (args: { readonly app: string }) => string
      readonly what: (args: { readonly app: string }) => string
      readonly now: string
      readonly whatUntil: (args: { readonly app: string; readonly until: string }) => string
      readonly nowUntil: string
      readonly whatOverdue: (args: { readonly app: string; readonly until: string }) => string
      readonly nowOverdue: string
      readonly nowPlanned: (args: { readonly until: string }) => string
      readonly nowLate: (args: { readonly until: string }) => string
    }
    readonly store_unreachable: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly record_too_new: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly not_confirmed: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly journal_unwritable: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly busy: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly shutting_down: {
      readonly title: string
      readonly what: string
      readonly now: string
    }
    readonly app_timeout: {
      readonly title: (args: { readonly app: string }) => string
      readonly what: (args: { readonly app: string }) => string
      readonly now: string
    }
  }
  readonly languages: {
    readonly title: string
    readonly lead: string
    readonly leadSigned: string
  }
  readonly setUp: {
    readonly oneTitle: string
    readonly one: (args: { readonly name: string }) => string
    readonly oneNow: string
    readonly add: string
    readonly later: string
    readonly title: string
    readonly what: string
    readonly codes: string
    readonly change: string
    readonly open: (args: { readonly app: string }) => string
    readonly home: string
  }
  readonly typing: {
    readonly show: string
    readonly capsLock: string
    readonly short: (args: { readonly typed: string }) => string
    readonly enough: string
  }
}
