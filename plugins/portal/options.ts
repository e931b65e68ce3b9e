/** The options of the portal. They may be getters and are read at every use, since a reload may change values. */
import type { FastifyInstance } from 'fastify'
import type { Maintenance } from '../../src/apps/route-table.ts'
import type { Clock } from '../../src/clock.ts'
import type { Credentials } from '../../src/factor/credential.ts'
import type { RecoveryCodes } from '../../src/factor/recovery-code.ts'
import type { Totp } from '../../src/factor/totp.ts'
import type { Webauthn } from '../../src/factor/webauthn.ts'
import type { Accounts } from '../../src/identity/accounts.ts'
import type { Directories } from '../../src/identity/directories.ts'
import type { Invitations } from '../../src/identity/invitations.ts'
import type { LocalDirectory } from '../../src/identity/local.ts'
import type { KeptPost, KeptPosts } from '../../src/kept/kept-posts.ts'
import type { Keyring } from '../../src/keyring/keyring.ts'
import type { PostureLevel } from '../../src/posture/posture.ts'
import type { TokenTerms } from '../../src/programs/presented.ts'
import type { Principal, Sessions } from '../../src/session/sessions.ts'
import type { SharedAnswers } from '../../src/session/shared-answers.ts'
import type { SessionTimeLeft } from '../../src/session/time-left.ts'
import type { SignedCaller } from '../../src/sign-in/caller.ts'
import type { RequirementFor } from '../../src/sign-in/next-step.ts'
import type { SignIn } from '../../src/sign-in/sign-in.ts'
import type { DevicePort } from '../device-port.ts'
import type { PortalTexts } from './messages/messages.ts'

export interface Logo {
  readonly type: 'image/png' | 'image/svg+xml'
  readonly body: Buffer
}

export interface Branding {
  readonly title: string
  /** An address, a telephone number or a sentence. */
  readonly contact: string | null
  /** `#rrggbb` or `#rgb`; null for the gate's own. */
  readonly accent: string | null
  /** It stands in place of the title on top of the pages. */
  readonly logo?: Logo | null
  /** Default: all languages in our own words. */
  readonly texts?: PortalTexts
}

export interface AppCard {
  readonly id: string
  readonly title: string
  readonly description: string | null
  readonly url: string
  /** Milliseconds since the epoch; null if unknown. */
  readonly lastUsedAt: number | null
  /** A heading of the list; null for none. */
  readonly section?: string | null
  readonly maintenance?: Maintenance | null
  /** Null or absent if it takes no tokens of programs. */
  readonly tokens?: TokenTerms | null
  /** The gate signs the person in there with their own user name and password. */
  readonly takesLogin?: boolean
  /** For operators. */
  readonly isReportOnly?: boolean
}

export interface PortalRoutes {
  appsFor(principal: Principal, address: string): readonly AppCard[] | Promise<readonly AppCard[]>
  readonly requirementFor: RequirementFor
  /** The strictest of any app, for a sentence. */
  posture?(): PostureLevel
}

/** Changes of a sign-in go through `signIn`. */
export interface PortalServices {
  readonly accounts: Pick<Accounts, 'byId' | 'update'>
  readonly sessions: Pick<Sessions, 'list' | 'look' | 'whyEnded' | 'writeUse'>
  readonly credentials: Pick<Credentials, 'list' | 'get'>
  readonly invitations: Pick<Invitations, 'waiting'>
  readonly localDirectory: Pick<LocalDirectory, 'id'>
  readonly totp: Pick<Totp, 'open' | 'begin' | 'resume' | 'isFinished'>
  readonly webauthn: Pick<
    Webauthn,
    'isUnknown' | 'misfitOf' | 'signalsFor' | 'registrationOptions' | 'isEnrolling' | 'authenticationOptions'
  >
  readonly recoveryCodes: Pick<RecoveryCodes, 'status'>
}

/** A login that is checked elsewhere, such as an institution's. */
export interface LoginEntry {
  /** The id of its directory. A GET of `/.factorgate/login/ID`, with the return address in its query, begins the login. */
  readonly id: string
  readonly title: string
  /** `request.page` exists in this scope. The last route gives `firstFactor.enter(…)` to `enter()`. */
  readonly register: (scope: FastifyInstance) => void | Promise<void>
}

export interface KeptOptions {
  readonly posts: Pick<KeptPosts, 'find' | 'claim' | 'take' | 'forget' | 'body' | 'wasLed'>
  /** Whose session the cookie opened; null if nobody knows. */
  readonly ownerOf: (token: string) => Promise<string | null>
  /** The app expects forms of other sites there. */
  readonly expectsForeign: (url: string) => boolean
  /** The front page of the app at this address; null if there is none any more. */
  readonly frontOf: (url: string) => string | null
  /** A POST is asked for that does not wait in this browser. */
  readonly onGone: () => void
  /** The person has thrown theirs away. */
  onDropped(post: KeptPost, by: Pick<SignedCaller, 'request' | 'now' | 'address' | 'principal'>): void
}

export interface PortalOptions extends Branding {
  /** `https://gate.lab.example`, without a slash at the end. */
  readonly portalOrigin: string
  readonly services: PortalServices
  readonly signIn: SignIn
  readonly directories: Directories
  /** Limited: strangers cause its lines. */
  readonly log: { warn(fields: object, sentence: string): void }
  readonly keyring: () => Keyring
  readonly routes: PortalRoutes
  /** In the order of their buttons. */
  readonly logins?: readonly LoginEntry[]
  /** Further pages, such as the operators' console. `request.page` exists in their scope. */
  readonly extensions?: readonly ((scope: FastifyInstance) => void)[]
  /** Returns the same URL if it is an http(s) address on a host of the gate; otherwise null (THREATS R1-R8). */
  readonly returnTargets: (url: string) => string | null
  readonly takesTokens?: boolean
  /** True if some app gets people's own logins. */
  readonly takesLogins?: boolean
  /** No app shares the portal's origin. */
  readonly isAlone?: boolean
  /** Several processes may repeat each other's answers. */
  readonly sharedAnswers?: Pick<SharedAnswers, 'begin' | 'find'> | null
  /** Null or absent if no app asks for device keys. */
  readonly device?: DevicePort | null
  readonly sessionEnds?: Pick<SessionTimeLeft, 'of'>
  /** Null or absent if no app keeps POSTs. */
  readonly kept?: KeptOptions | null
  readonly clock: Clock
}
