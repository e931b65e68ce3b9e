/** The types of the messages in en.json. `npm run messages` writes this file. */

export interface Sentences {
  readonly frame: {
    readonly title: string
    readonly nav: string
    readonly helpdesk: string
    readonly none: string
    readonly previous: string
    readonly next: string
    readonly page: (args: { readonly page: string; readonly pages: string }) => string
    readonly refresh: string
    readonly follow: string
    readonly undone: string
    readonly stopped: string
    readonly asOf: (args: { readonly clock: string }) => string
    readonly places: {
      readonly now: string
      readonly people: string
      readonly requests: string
      readonly watch: string
      readonly posture: string
      readonly numbers: string
      readonly waits: string
      readonly journal: string
      readonly configuration: string
    }
  }
  readonly now: {
    readonly title: string
    readonly nobody: string
    readonly lead: (args: { readonly people: number; readonly open: number }) => string
    readonly covers: (args: { readonly processes: number }) => string
    readonly person: string
    readonly device: string
    readonly from: string
    readonly since: string
    readonly seen: string
    readonly open: string
    readonly bytes: string
    readonly half: string
    readonly sponsors: (args: { readonly count: number }) => string
    readonly openSponsors: string
    readonly more: (args: { readonly count: number }) => string
  }
  readonly people: {
    readonly title: string
    readonly search: string
    readonly find: string
    readonly show: string
    readonly filter: {
      readonly all: string
      readonly roles: string
      readonly suspended: string
      readonly unenrolled: string
    }
    readonly total: (args: { readonly count: number }) => string
    readonly nobody: string
    readonly name: string
    readonly groups: string
    readonly moreGroups: (args: { readonly groups: string; readonly count: string }) => string
    readonly factors: string
    readonly used: string
    readonly status: string
    readonly never: string
    readonly fine: string
    readonly suspended: string
    readonly unenrolled: string
    readonly off: string
    readonly several: (args: { readonly factor: string; readonly count: string }) => string
    readonly add: string
    readonly bulk: string
  }
  readonly person: {
    readonly name: string
    readonly before: string
    readonly email: string
    readonly groups: string
    readonly from: string
    readonly here: string
    readonly added: string
    readonly status: string
    readonly suspended: (args: { readonly when: string; readonly why: string }) => string
    readonly watchSaid: string
    readonly invited: (args: { readonly status: string }) => string
    readonly invitation: string
    readonly invitationBy: (args: { readonly until: string; readonly when: string; readonly by: string }) => string
    readonly invitationWaits: (args: { readonly until: string; readonly when: string }) => string
    readonly invitationUsed: string
    readonly recovery: string
    readonly codes: (args: { readonly remaining: string; readonly total: string }) => string
    readonly factors: string
    readonly noFactors: string
    readonly factorOff: string
    readonly used: (args: { readonly factor: string; readonly when: string }) => string
    readonly usedFrom: (args: { readonly factor: string; readonly when: string; readonly address: string }) => string
    readonly unused: (args: { readonly factor: string }) => string
    readonly sessions: string
    readonly noSessions: string
    readonly session: (args: { readonly device: string; readonly address: string; readonly when: string }) => string
    readonly live: (args: { readonly connections: number; readonly bytes: string }) => string
    readonly end: string
    readonly locks: string
    readonly lock: (args: { readonly what: string; readonly wait: string; readonly failures: number }) => string
    readonly lockOf: {
      readonly password: string
      readonly totp: string
      readonly webauthn: string
      readonly recovery: string
    }
    readonly actions: string
    readonly you: string
    readonly protected: string
    readonly journal: string
    readonly watch: string
    readonly evidence: string
  }
  readonly tokens: {
    readonly title: string
    readonly until: (args: { readonly app: string; readonly date: string }) => string
    readonly ended: (args: { readonly app: string; readonly date: string }) => string
    readonly used: (args: { readonly when: string; readonly address: string }) => string
    readonly unused: string
    readonly revoke: string
    readonly revokeTitle: (args: { readonly name: string }) => string
    readonly lead: string
    readonly submit: string
    readonly reasons: {
      readonly leaked: string
      readonly unused: string
      readonly asked: string
    }
  }
  readonly logins: {
    readonly title: string
    readonly entered: (args: { readonly when: string }) => string
    readonly refused: (args: { readonly when: string; readonly refused: string }) => string
    readonly unopened: string
    readonly left: string
    readonly remove: string
    readonly removeTitle: (args: { readonly name: string }) => string
    readonly lead: string
    readonly leadLeft: string
    readonly submit: string
    readonly changed: string
    readonly reasons: {
      readonly wrong: string
      readonly leaked: string
      readonly asked: string
    }
  }
  readonly action: {
    readonly reason: string
    readonly reasonHelp: string
    readonly reasonRead: string
    readonly reasonMissing: string
    readonly cancel: string
    readonly selfMeant: string
    readonly who: (args: { readonly name: string; readonly user: string }) => string
    readonly invite: {
      readonly link: string
      readonly title: (args: { readonly name: string }) => string
      readonly lead: string
      readonly elsewhere: (args: { readonly source: string }) => string
      readonly waiting: string
      readonly check: string
      readonly submit: string
      readonly reasons: {
        readonly new: string
        readonly lost: string
        readonly expired: string
      }
    }
    readonly change: {
      readonly link: string
      readonly title: (args: { readonly name: string }) => string
      readonly lead: string
      readonly elsewhere: (args: { readonly source: string }) => string
      readonly display: string
      readonly email: string
      readonly emailHelp: string
      readonly groups: string
      readonly groupsHelp: string
      readonly submit: string
      readonly reasons: {
        readonly name: string
        readonly task: string
        readonly asked: string
      }
    }
    readonly rename: {
      readonly link: string
      readonly title: (args: { readonly name: string }) => string
      readonly lead: string
      readonly apps: string
      readonly rules: (args: { readonly rules: string }) => string
      readonly name: string
      readonly submit: string
      readonly reasons: {
        readonly married: string
        readonly typo: string
        readonly asked: string
      }
    }
    readonly suspend: {
      readonly link: string
      readonly title: (args: { readonly name: string }) => string
      readonly lead: string
      readonly undo: string
      readonly submit: string
      readonly reasons: {
        readonly left: string
        readonly stolen: string
        readonly misused: string
      }
    }
    readonly resume: {
      readonly link: string
      readonly title: (args: { readonly name: string }) => string
      readonly lead: string
      readonly submit: string
      readonly reasons: {
        readonly back: string
        readonly mistake: string
        readonly clear: string
      }
    }
    readonly unlock: {
      readonly link: string
      readonly title: (args: { readonly name: string }) => string
      readonly lead: string
      readonly submit: string
      readonly reasons: {
        readonly mistyped: string
        readonly asked: string
      }
    }
    readonly reset: {
      readonly link: string
      readonly title: (args: { readonly name: string }) => string
      readonly lead: string
      readonly undo: string
      readonly check: string
      readonly submit: string
      readonly reasons: {
        readonly phone: string
        readonly key: string
      }
    }
    readonly revoke: {
      readonly link: string
      readonly title: (args: { readonly name: string }) => string
      readonly one: (args: { readonly device: string }) => string
      readonly lead: string
      readonly undo: string
      readonly submit: string
      readonly reasons: {
        readonly forgot: string
        readonly lost: string
        readonly asked: string
      }
    }
    readonly add: {
      readonly title: string
      readonly lead: string
      readonly elsewhere: string
      readonly name: string
      readonly nameHelp: string
      readonly source: string
      readonly submit: string
      readonly reasons: {
        readonly new: string
        readonly guest: string
      }
    }
    readonly unlockNetwork: {
      readonly title: (args: { readonly network: string }) => string
      readonly lead: string
      readonly submit: string
      readonly reasons: {
        readonly course: string
        readonly mistake: string
      }
    }
    readonly done: {
      readonly change: (args: { readonly name: string }) => string
      readonly rename: (args: { readonly name: string }) => string
      readonly suspend: (args: { readonly name: string; readonly ended: number }) => string
      readonly resume: (args: { readonly name: string }) => string
      readonly unlock: (args: { readonly name: string }) => string
      readonly unlockNetwork: (args: { readonly name: string }) => string
      readonly reset: (args: { readonly name: string; readonly ended: number }) => string
      readonly revoke: (args: { readonly ended: number; readonly name: string }) => string
      readonly undo: string
      readonly inviteNext: string
      readonly token: (args: { readonly name: string }) => string
      readonly login: (args: { readonly name: string }) => string
      readonly resumeAsked: (args: { readonly name: string }) => string
      readonly confirm: (args: { readonly name: string }) => string
    }
    readonly refused: {
      readonly gone: string
      readonly changed: string
      readonly not_yours: string
      readonly last_operator: string
      readonly yourself: string
      readonly suspended: string
      readonly not_suspended: string
      readonly has_factor: string
      readonly no_source: string
      readonly name_taken: string
      readonly name_invalid: string
      readonly elsewhere: string
      readonly second_operator: string
    }
    readonly input: {
      readonly email: (args: { readonly field: string }) => string
      readonly display: (args: { readonly field: string }) => string
      readonly group: (args: { readonly field: string }) => string
    }
  }
  readonly invitation: {
    readonly title: string
    readonly lead: (args: { readonly name: string; readonly valid: string }) => string
    readonly sentTitle: string
    readonly sent: (args: { readonly name: string; readonly address: string; readonly valid: string }) => string
    readonly valid: string
    readonly mail: string
    readonly mailTo: (args: { readonly address: string }) => string
    readonly noAddress: string
    readonly copy: string
    readonly copied: string
    readonly label: string
    readonly on: string
  }
  readonly bulk: {
    readonly title: string
    readonly lead: (args: { readonly header: string }) => string
    readonly example: string
    readonly list: string
    readonly file: string
    readonly look: string
    readonly empty: string
    readonly tooLong: (args: { readonly most: string }) => string
    readonly mistakes: (args: { readonly count: number }) => string
    readonly ready: (args: { readonly count: number }) => string
    readonly readyMail: string
    readonly line: string
    readonly person: string
    readonly problem: string
    readonly problems: {
      readonly fields: (args: { readonly found: number; readonly most: string }) => string
      readonly heading: (args: { readonly text: string }) => string
      readonly quote: string
      readonly name: (args: { readonly text: string }) => string
      readonly email: (args: { readonly text: string }) => string
      readonly display: (args: { readonly text: string }) => string
      readonly group: (args: { readonly text: string }) => string
      readonly twice: (args: { readonly text: string; readonly line: string }) => string
      readonly taken: (args: { readonly text: string }) => string
      readonly role: (args: { readonly text: string }) => string
      readonly unmailed: (args: { readonly text: string }) => string
    }
    readonly submit: (args: { readonly count: number }) => string
    readonly change: string
    readonly reasons: {
      readonly course: string
      readonly rollout: string
    }
    readonly done: (args: { readonly count: number }) => string
    readonly doneLead: (args: { readonly valid: string }) => string
    readonly doneMailed: (args: { readonly valid: string }) => string
    readonly download: string
    readonly failed: (args: { readonly count: number }) => string
    readonly link: string
    readonly stopped: (args: { readonly line: string }) => string
  }
  readonly requests: {
    readonly title: string
    readonly lead: (args: { readonly count: number }) => string
    readonly nobody: string
    readonly person: string
    readonly source: string
    readonly number: string
    readonly asked: string
    readonly from: string
    readonly sponsor: string
    readonly operators: string
    readonly decide: string
    readonly who: (args: { readonly name: string; readonly user: string; readonly source: string }) => string
    readonly digits: (args: { readonly digits: string }) => string
    readonly named: (args: { readonly sponsor: string }) => string
    readonly decided: string
    readonly approvedBy: (args: { readonly by: string; readonly name: string }) => string
    readonly declinedBy: (args: { readonly by: string; readonly name: string }) => string
    readonly gone: string
    readonly approve: {
      readonly link: string
      readonly linkFor: (args: { readonly name: string }) => string
      readonly title: (args: { readonly name: string }) => string
      readonly lead: string
      readonly submit: string
      readonly done: (args: { readonly name: string }) => string
      readonly reasons: {
        readonly person: string
        readonly video: string
      }
    }
    readonly decline: {
      readonly link: string
      readonly linkFor: (args: { readonly name: string }) => string
      readonly title: (args: { readonly name: string }) => string
      readonly lead: string
      readonly submit: string
      readonly done: (args: { readonly name: string }) => string
      readonly reasons: {
        readonly unknown: string
        readonly number: string
      }
    }
  }
  readonly waits: {
    readonly title: string
    readonly nobody: string
    readonly lead: (args: { readonly count: number }) => string
    readonly what: string
    readonly who: string
    readonly failures: string
    readonly until: string
    readonly end: string
    readonly endNamed: (args: { readonly whom: string; readonly what: string }) => string
    readonly kind: {
      readonly account: string
      readonly factor: string
      readonly factor_unknown_network: string
      readonly factor_unknown_total: string
      readonly password_unknown_network: string
      readonly password_unknown_total: string
      readonly address: string
      readonly customer: string
      readonly site: string
      readonly provider: string
      readonly known_network: string
      readonly passkey: string
      readonly answer_network: string
      readonly answer_provider: string
    }
    readonly more: (args: { readonly count: number }) => string
    readonly somebody: string
  }
  readonly numbers: {
    readonly title: string
    readonly hours: string
    readonly day: string
    readonly covers: (args: { readonly processes: number; readonly minutes: string }) => string
    readonly signIns: string
    readonly accepted: string
    readonly refused: string
    readonly refusals: string
    readonly bytes: string
    readonly durations: string
    readonly median: string
    readonly slowest: string
    readonly table: string
    readonly time: string
    readonly nothing: string
    readonly total: (args: { readonly total: string }) => string
    readonly most: (args: { readonly most: string }) => string
    readonly above: (args: { readonly limit: string }) => string
    readonly summary: (args: { readonly title: string; readonly what: string }) => string
  }
  readonly journal: {
    readonly title: string
    readonly lead: string
    readonly reference: string
    readonly person: string
    readonly app: string
    readonly kind: string
    readonly from: string
    readonly to: string
    readonly find: string
    readonly at: string
    readonly what: string
    readonly who: string
    readonly where: string
    readonly result: string
    readonly older: string
    readonly newest: string
    readonly none: string
    readonly partly: (args: { readonly when: string }) => string
    readonly partlyAll: string
    readonly badReference: string
    readonly badTime: string
    readonly whole: string
    readonly by: (args: { readonly operator: string }) => string
  }
  readonly configuration: {
    readonly title: string
    readonly file: string
    readonly noFile: string
    readonly loaded: string
    readonly version: string
    readonly started: string
    readonly refused: string
    readonly refusedLead: (args: { readonly when: string }) => string
    readonly waiting: string
    readonly waitingLead: (args: { readonly keys: string }) => string
    readonly fine: string
    readonly reports: (args: { readonly apps: string }) => string
    readonly content: string
  }
  readonly watch: {
    readonly title: string
    readonly off: string
    readonly docs: string
    readonly noUnusual: string
    readonly lead: (args: { readonly people: number; readonly bytes: string }) => string
    readonly above: (args: { readonly count: number }) => string
    readonly learns: (args: { readonly date: string }) => string
    readonly asOf: string
    readonly level: {
      readonly quiet: string
      readonly strange: string
      readonly alarming: string
      readonly extreme: string
    }
    readonly posture: {
      readonly title: string
      readonly normal: string
      readonly unknown: string
      readonly what: (args: { readonly level: 'lockdown' | 'other'; readonly where: 'all' | 'other'; readonly app: string }) => string
      readonly until: (args: { readonly by: string; readonly when: string; readonly until: string; readonly why: string }) => string
      readonly open: (args: { readonly by: string; readonly when: string; readonly why: string }) => string
      readonly change: string
    }
    readonly alarms: {
      readonly title: string
      readonly none: (args: { readonly days: number }) => string
      readonly partly: (args: { readonly when: string }) => string
      readonly when: string
      readonly what: string
      readonly who: string
      readonly why: string
      readonly kind: {
        readonly budget: string
        readonly unusual: string
        readonly decoy: string
        readonly app: string
      }
      readonly outcome: {
        readonly passed: string
        readonly bought: string
        readonly unanswered: string
        readonly store_down: string
        readonly store_up: string
        readonly degraded: string
        readonly restored: string
        readonly unknown: string
        readonly touched: string
        readonly led: string
        readonly half_way: string
        readonly stranger: string
        readonly reported: string
        readonly alarm: string
        readonly change: string
      }
      readonly learning: string
      readonly steps: (args: { readonly steps: string }) => string
      readonly journal: string
      readonly older: string
      readonly newest: string
    }
    readonly moved: {
      readonly title: string
      readonly lead: string
      readonly nobody: string
      readonly today: string
      readonly before: string
      readonly usual: string
      readonly sentence: (args: { readonly bytes: string; readonly usual: string; readonly busy: string }) => string
      readonly notLearned: (args: { readonly bytes: string }) => string
      readonly aboveBusy: string
      readonly suspended: string
      readonly new: string
      readonly days: (args: { readonly most: string; readonly when: string }) => string
      readonly noDays: string
    }
    readonly budgets: {
      readonly title: string
      readonly none: string
      readonly rule: (args: { readonly amount: string; readonly where: 'all' | 'other'; readonly app: string; readonly span: string; readonly per: 'person' | 'session' | 'token' | 'app' | 'everyone' | 'other'; readonly steps: string }) => string
      readonly ruleIn: (args: { readonly amount: string; readonly where: 'all' | 'other'; readonly app: string; readonly span: string; readonly per: 'person' | 'session' | 'token' | 'app' | 'everyone' | 'other'; readonly steps: string }) => string
      readonly rulePerProof: (args: { readonly amount: string; readonly app: string; readonly steps: string }) => string
      readonly tightened: (args: { readonly amount: string }) => string
      readonly unused: string
      readonly more: (args: { readonly count: number }) => string
      readonly whom: string
      readonly share: string
      readonly used: (args: { readonly used: string; readonly limit: string; readonly percent: string }) => string
      readonly state: string
      readonly states: {
        readonly within: string
        readonly hold: string
        readonly slow: string
        readonly cut: string
        readonly passed: string
      }
      readonly everybody: string
      readonly nobody: string
      readonly session: (args: { readonly session: string }) => string
      readonly token: (args: { readonly token: string }) => string
    }
    readonly person: {
      readonly title: (args: { readonly name: string }) => string
      readonly unknown: string
      readonly noWatch: string
      readonly account: string
      readonly back: string
      readonly journal: string
      readonly days: string
      readonly table: string
      readonly day: string
      readonly total: string
      readonly apps: string
      readonly others: string
      readonly sum: (args: { readonly bytes: string }) => string
      readonly signals: string
      readonly noSignals: string
      readonly moreSignals: (args: { readonly count: number }) => string
      readonly points: (args: { readonly points: number }) => string
      readonly ask: string
      readonly score: (args: { readonly score: string; readonly strange: string; readonly alarming: string; readonly extreme: string }) => string
      readonly answered: string
      readonly reach: (args: { readonly bytes: string; readonly alarming: string }) => string
      readonly reached: (args: { readonly alarming: string }) => string
      readonly noReach: (args: { readonly alarming: string }) => string
      readonly standardAbove: (args: { readonly days: string }) => string
      readonly notAbove: string
      readonly learned: (args: { readonly count: number }) => string
      readonly places: string
      readonly placesLead: string
      readonly noPlaces: string
      readonly what: string
      readonly name: string
      readonly first: string
      readonly last: string
      readonly kind: {
        readonly network: string
        readonly client: string
        readonly country: string
      }
      readonly noName: string
      readonly isNew: string
      readonly doubts: string
      readonly budgets: string
      readonly noBudgets: string
      readonly alarms: string
    }
    readonly apps: {
      readonly title: string
      readonly lead: string
      readonly nothing: (args: { readonly pages: number; readonly date: string }) => string
      readonly severity: {
        readonly alarm: string
        readonly change: string
      }
      readonly seen: (args: { readonly first: string; readonly last: string }) => string
      readonly approve: string
      readonly approveAll: (args: { readonly count: number }) => string
      readonly announce: string
      readonly changing: (args: { readonly until: string; readonly why: string; readonly by: string }) => string
      readonly end: string
      readonly approving: {
        readonly title: (args: { readonly app: string }) => string
        readonly lead: (args: { readonly count: number }) => string
        readonly undo: string
        readonly submit: string
        readonly reasons: {
          readonly update: string
          readonly ours: string
          readonly harmless: string
        }
      }
      readonly announcing: {
        readonly title: (args: { readonly app: string }) => string
        readonly lead: string
        readonly time: string
        readonly submit: string
        readonly reasons: {
          readonly update: string
          readonly work: string
        }
      }
      readonly ending: {
        readonly title: (args: { readonly app: string }) => string
        readonly lead: string
        readonly submit: string
        readonly reasons: {
          readonly done: string
        }
      }
    }
    readonly decoys: {
      readonly title: string
      readonly lead: (args: { readonly days: number }) => string
      readonly decoy: string
      readonly touched: string
      readonly last: string
      readonly follows: string
      readonly served: (args: { readonly app: string; readonly kind: string }) => string
      readonly byPeople: (args: { readonly touches: number; readonly people: number }) => string
      readonly byNobody: string
      readonly byStrangers: (args: { readonly touches: number }) => string
    }
  }
  readonly suspension: {
    readonly title: (args: { readonly name: string }) => string
    readonly lead: (args: { readonly who: string; readonly when: string }) => string
    readonly who: {
      readonly operator: string
      readonly budget: string
      readonly unusual: string
      readonly decoy: string
    }
    readonly reads: string
    readonly watchSaid: (args: { readonly when: string }) => string
    readonly notSuspended: string
    readonly confirmed: (args: { readonly name: string; readonly when: string; readonly why: string }) => string
    readonly asked: (args: { readonly name: string; readonly when: string; readonly why: string }) => string
    readonly twoOperators: string
    readonly facts: string
    readonly noFacts: string
    readonly at: string
    readonly what: string
    readonly numbers: string
    readonly used: (args: { readonly used: string; readonly limit: string; readonly window: string }) => string
    readonly score: (args: { readonly score: number; readonly signals: string }) => string
    readonly steps: (args: { readonly steps: string }) => string
    readonly around: string
    readonly aroundLead: string
    readonly more: string
    readonly watch: string
    readonly account: string
    readonly decide: string
    readonly decideLead: string
    readonly resume: string
    readonly confirm: string
    readonly reasons: {
      readonly honest: string
      readonly stolen: string
      readonly theft: string
    }
  }
  readonly posture: {
    readonly title: string
    readonly lead: string
    readonly level: {
      readonly normal: string
      readonly elevated: string
      readonly lockdown: string
    }
    readonly means: {
      readonly normal: string
      readonly elevated: (args: { readonly within: string; readonly factors: string; readonly percent: string }) => string
      readonly lockdown: (args: { readonly groups: string }) => string
    }
    readonly now: string
    readonly nothing: string
    readonly unknown: string
    readonly all: string
    readonly what: string
    readonly set: string
    readonly counts: string
    readonly until: string
    readonly noEnd: string
    readonly by: string
    readonly why: string
    readonly change: string
    readonly to: string
    readonly app: string
    readonly last: string
    readonly lasts: {
      readonly '1h': string
      readonly '2h': string
      readonly '8h': string
      readonly '1d': string
      readonly '7d': string
      readonly none: string
    }
    readonly stays: string
    readonly staysLead: (args: { readonly groups: string; readonly others: number }) => string
    readonly nobody: string
    readonly noFactor: string
    readonly hasFactor: string
    readonly you: string
    readonly youKnow: string
    readonly youMust: string
    readonly reports: (args: { readonly apps: string }) => string
    readonly console: string
    readonly submit: string
    readonly done: (args: { readonly app: string; readonly level: string }) => string
    readonly stricter: (args: { readonly app: string; readonly level: string; readonly now: string }) => string
    readonly badField: string
    readonly reasons: {
      readonly odd: string
      readonly stolen: string
      readonly over: string
    }
  }
}
