/** Every page with sample people in it, for pictures, for axe and for the weight of pages. */
import type { JSX } from 'preact'
import { AccountPage, type AccountView } from '../../plugins/portal/account.tsx'
import { AppsPage } from '../../plugins/portal/apps.tsx'
import { AskSponsorPage } from '../../plugins/portal/ask-sponsor.tsx'
import { LatePage } from '../../plugins/portal/callback.tsx'
import { ChallengePage, type ChallengeView, DeadEndPage } from '../../plugins/portal/challenge-page.tsx'
import { RemovePage } from '../../plugins/portal/factors.tsx'
import { ChooserPage, type ChooserView } from '../../plugins/portal/institutions/saml-chooser.tsx'
import { RequestPage } from '../../plugins/portal/institutions/saml-request.tsx'
import { InvitePage } from '../../plugins/portal/invite.tsx'
import { type ElsewhereView, InviteElsewherePage } from '../../plugins/portal/invite-elsewhere.tsx'
import { LanguagePage } from '../../plugins/portal/language-page.tsx'
import type { Frame } from '../../plugins/portal/layout.tsx'
import { LoginPage, type LoginView } from '../../plugins/portal/login.tsx'
import { LeavingPage, LogoutPage, SignedOutPage } from '../../plugins/portal/logout.tsx'
import { defaultTexts } from '../../plugins/portal/messages/messages.ts'
import { PasswordPage } from '../../plugins/portal/password-change-page.tsx'
import { NotMePage } from '../../plugins/portal/sessions.tsx'
import { SponsorPage } from '../../plugins/portal/sponsor.tsx'
import type { Credential } from '../../src/factor/credential.ts'
import type { Account } from '../../src/identity/account.ts'
import type { Sponsorship } from '../../src/identity/sponsorships.ts'
import { type Language, languageCodes } from '../../src/messages/languages.ts'
import type { Session } from '../../src/session/session.ts'
import type { SeenRequest } from '../../src/sign-in/sponsorship.ts'
import { appStories } from './app-stories.tsx'
import { errorStories, watchReasons } from './error-stories.tsx'
import { forgottenStories } from './forgotten-stories.tsx'
import { keptStories } from './kept-stories.tsx'
import { programStories } from './program-stories.tsx'
import { setUpStories } from './set-up-stories.tsx'
import { upstreamLoginStories } from './upstream-login-stories.tsx'

export interface Story {
  readonly name: string
  readonly page: JSX.Element
  /** These count for the budget of 60 kB: each page once, without its variants. */
  readonly isOwnPage: boolean
  /** Exists only with certain keys of the configuration (institutions, mail). It has a budget of its own. */
  readonly isOptional?: boolean
}

export const now = Date.UTC(2026, 2, 12, 14, 3, 22)
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
/** All stories in one language. People, places and what they have named stay as they are. */
export function storiesIn(language: Language): readonly Story[] {
  const say = defaultTexts.in(language)
  const look = { title: 'Example Lab', contact: 'helpdesk@lab.example', accent: null }
  const csrf = 'A'.repeat(43)
  const stranger: Frame = { look, say, person: null, base: '', csrf }
  const person: Frame = { ...stranger, person: { displayName: 'Ada Lovelace' } }
  /** After the password alone. */
  const half: Frame = { ...stranger, person: { displayName: 'Ada Lovelace', isHalf: true } }
  const returnTo = { rd: 'https://notebooks.lab.example/tree?path=2026', state: 'B'.repeat(43) }
  const noReturn = { rd: null, state: null }

  const login: LoginView = {
    returnTo,
    app: 'Notebooks',
    username: '',
    ended: null,
    logins: [],
    takesPassword: true,
    problem: null,
    waitSeconds: null
  }
  const institutions = [
    { id: 'university', title: 'University of Somewhere' },
    { id: 'federation', title: 'another institution' }
  ]

  const challenge: ChallengeView = {
    returnTo,
    isStepUp: false,
    why: say.challenge.onTheWay({ app: 'Notebooks' }),
    factors: ['totp', 'webauthn', 'recovery'],
    codeDigits: [6],
    problem: null
  }

  const firstTime = { isBegun: false, problem: null, waitSeconds: null }

  const credential = (id: string, kind: 'totp' | 'webauthn', name: string, age: number, used: number | null) =>
    ({
      id,
      accountId: 'ada',
      kind,
      name,
      createdAt: now - age,
      lastUsedAt: used === null ? null : now - used,
      lastUsedFrom: used === null ? null : '192.0.2.17',
      disabledAt: null
    }) as unknown as Credential

  const proof = (kind: 'password' | 'totp') => ({ kind, at: now - day, userVerified: false, generation: 1 })
  const session = (id: string, userAgent: string, address: string, isWhole = true): Session => ({
    id,
    accountId: 'ada',
    createdAt: now - day,
    expiresAt: now + day,
    proofs: isWhole ? [proof('password'), proof('totp')] : [proof('password')],
    generation: 2,
    device: { userAgent, address },
    tokens: {}
  })

  const account: AccountView = {
    credentials: [
      credential('one', 'webauthn', 'Passkey on Mac', 40 * day, 3 * hour),
      credential('two', 'totp', 'Authenticator on my phone', 400 * day, 9 * day),
      credential('three', 'webauthn', 'YubiKey in the desk drawer', 3 * day, null)
    ],
    codes: { total: 10, remaining: 7, createdAt: now - 40 * day },
    sessions: [
      {
        session: session('s1', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', '192.0.2.17'),
        lastSeenAt: now
      },
      {
        session: session('s2', 'Mozilla/5.0 (Linux; Android 15) Chrome/131.0 Mobile Safari/537.36', '198.51.100.4'),
        lastSeenAt: now - 30 * hour
      }
    ],
    thisSession: 's1',
    now,
    done: null,
    problem: null,
    hasPassword: true,
    institution: null,
    codesLeft: null,
    signals: {
      rpId: 'lab.example',
      userId: 'A'.repeat(22),
      name: 'ada',
      displayName: 'Ada Lovelace',
      allAcceptedCredentialIds: []
    },
    address: 'https://gate.lab.example/.factorgate/account'
  }

  const unfinished = {
    session: session('s3', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0', '203.0.113.9', false),
    lastSeenAt: now - 4 * minute
  }

  const elsewhere: ElsewhereView = {
    token: 'T'.repeat(43),
    name: 'ada',
    displayName: 'Ada Lovelace',
    place: 'Institute account',
    directory: 'institute',
    step: 'password',
    other: null,
    address: `https://gate.lab.example/.factorgate/invite/${'T'.repeat(43)}`,
    problem: null,
    waitSeconds: null
  }

  const asking = (name: string, displayName: string, age: number, more: Partial<Sponsorship> = {}): SeenRequest => ({
    request: {
      id: name,
      accountId: name,
      sponsorId: 'grace',
      listedFor: 'grace',
      askedAt: now - age,
      address: '192.0.2.17',
      asks: 1,
      firstAskedAt: now - age,
      state: 'open',
      expiresAt: now + 3 * day,
      ...more
    },
    person: { id: name, name, displayName, email: `${name}@institute.example` } as Account,
    institution: 'Institute account',
    sponsor: { id: 'grace', displayName: 'Grace Hopper' } as Account
  })
  const grace = { id: 'grace', name: 'grace', displayName: 'Grace Hopper' }
  const sponsorView = {
    requests: [asking('lea', 'Lea Novak', 12 * minute), asking('yusuf', 'يوسف الصديق', 26 * hour)],
    now,
    viewer: 'grace',
    notice: null
  }
  const ask = { returnTo, now, request: null, problem: null }

  /** A person who signed in with one of their last recovery codes. */
  const spent = { left: 2, address: 'https://gate.lab.example/.factorgate/', isAccount: false }

  const apps = [
    {
      id: 'notebooks',
      title: 'Notebooks',
      description: 'Jupyter on the big machine, with your home directory.',
      url: 'https://notebooks.lab.example/',
      lastUsedAt: now - 2 * hour
    },
    {
      id: 'samples',
      title: 'Sample register',
      description: 'What is in which freezer, and whose it is.',
      url: 'https://samples.lab.example/',
      lastUsedAt: now - 26 * hour
    },
    {
      id: 'files',
      title: 'Raw data',
      description: 'The instruments’ own files, for reading.',
      url: 'https://lab.example/data/',
      lastUsedAt: null
    }
  ]

  const own = (name: string, page: JSX.Element): Story => ({ name, page, isOwnPage: true })
  const optional = (name: string, page: JSX.Element): Story => ({
    name,
    page,
    isOwnPage: false,
    isOptional: true
  })
  const variant = (name: string, page: JSX.Element): Story => ({ name, page, isOwnPage: false })

  const problem = { factor: 'totp', sentence: say.challenge.wrong.totp, clock: null, waitSeconds: null } as const

  const chooser: ChooserView = {
    path: '/.factorgate/login/federation',
    title: 'University account',
    returnTo: noReturn,
    more: {},
    query: '',
    before: [{ entityId: 'https://idp.koeln.example', name: 'Universität Köln' }],
    rows: ['Aalborg University', 'جامعة القاهرة', 'Universität Köln'].map((name, index) => ({
      entityId: `https://${index}`,
      name
    })),
    total: 2000,
    isList: true
  }

  return [
    own('login', <LoginPage frame={stranger} view={login} />),
    variant(
      'login-wrong',
      <LoginPage frame={stranger} view={{ ...login, username: 'ada', problem: say.login.wrong }} />
    ),
    variant('login-institutions', <LoginPage frame={stranger} view={{ ...login, logins: institutions }} />),
    variant('login-forgotten', <LoginPage frame={stranger} view={{ ...login, takesForgotten: true }} />),
    variant(
      'login-wait',
      <LoginPage
        frame={stranger}
        view={{
          ...login,
          username: 'ada',
          problem: say.login.throttled({ wait: say.formats.span(25, 'second') }),
          waitSeconds: 25
        }}
      />
    ),
    variant(
      'session-ended',
      <LoginPage
        frame={stranger}
        view={{ ...login, returnTo: noReturn, app: null, ended: { why: 'idle', accountId: null, words: null } }}
      />
    ),
    variant('institution-chooser', <ChooserPage frame={stranger} view={chooser} />),
    variant(
      'institution-none',
      <ChooserPage frame={stranger} view={{ ...chooser, query: 'Atlantis', rows: [], total: 0 }} />
    ),
    variant(
      'institution-request',
      <RequestPage
        frame={stranger}
        view={{
          title: 'University account',
          action: 'https://idp.example/sso',
          message: 'PHg=',
          relayState: 'state',
          sendsItself: false
        }}
      />
    ),
    own('challenge', <ChallengePage frame={half} view={challenge} />),
    variant(
      'challenge-may-ask',
      <ChallengePage
        frame={half}
        view={{ ...challenge, factors: [], institution: { id: 'campus', title: 'Campus' }, mayAsk: true }}
      />
    ),
    variant('challenge-wrong', <ChallengePage frame={half} view={{ ...challenge, problem }} />),
    variant(
      'challenge-clock',
      <ChallengePage frame={half} view={{ ...challenge, problem: { ...problem, clock: now } }} />
    ),
    variant(
      'challenge-wrong-wait',
      <ChallengePage
        frame={stranger}
        view={{
          ...challenge,
          problem: {
            ...problem,
            sentence: `${problem.sentence} ${say.challenge.wait({ wait: say.formats.span(30, 'second') })}`,
            waitSeconds: 30
          }
        }}
      />
    ),
    variant(
      'challenge-wait',
      <ChallengePage
        frame={half}
        view={{
          ...challenge,
          problem: {
            ...problem,
            sentence: say.challenge.throttled({ wait: say.formats.span(2, 'minute') }),
            waitSeconds: 120
          }
        }}
      />
    ),
    variant(
      'step-up',
      <ChallengePage
        frame={half}
        view={{
          ...challenge,
          isStepUp: true,
          factors: ['webauthn'],
          why: say.challenge.stepUpWithin({
            app: 'Exports',
            factors: say.factor.your.webauthn,
            within: say.formats.span(5, 'minute')
          })
        }}
      />
    ),
    variant(
      'challenge-institution',
      <ChallengePage
        frame={half}
        view={{
          ...challenge,
          factors: [],
          institution: { id: 'campus', title: 'Campus account' },
          notice: { sentence: say.challenge.there.no_factor({ place: 'Campus account' }), isAlert: true }
        }}
      />
    ),
    variant(
      'challenge-recovery',
      <ChallengePage frame={half} view={{ ...challenge, factors: ['recovery', 'totp'] }} />
    ),
    own(
      'no-factor',
      <DeadEndPage
        frame={half}
        title={say.challenge.none}
        what={say.challenge.noneWhat}
        now={say.challenge.noneNow}
        href={null}
      />
    ),
    own(
      'invite',
      <InvitePage
        frame={stranger}
        view={{ returnTo: noReturn, token: 'T'.repeat(43), name: 'ada', displayName: 'Ada Lovelace', ...firstTime }}
      />
    ),
    variant(
      'invite-again',
      <InvitePage
        frame={stranger}
        view={{
          returnTo: noReturn,
          token: 'T'.repeat(43),
          name: 'ada',
          displayName: 'Ada Lovelace',
          ...firstTime,
          isBegun: true,
          problem: say.invite.againWrong
        }}
      />
    ),
    variant(
      'invite-too-short',
      <InvitePage
        frame={stranger}
        view={{
          returnTo: noReturn,
          token: 'T'.repeat(43),
          name: 'ada',
          displayName: 'Ada Lovelace',
          ...firstTime,
          problem: say.invite.problem.too_short
        }}
      />
    ),
    ...forgottenStories(stranger, optional),
    optional('invite-elsewhere', <InviteElsewherePage frame={stranger} view={elsewhere} />),
    variant(
      'invite-elsewhere-institution',
      <InviteElsewherePage frame={stranger} view={{ ...elsewhere, step: 'institution', other: 'Lea Novak' }} />
    ),
    variant(
      'invite-elsewhere-signed-in',
      <InviteElsewherePage frame={stranger} view={{ ...elsewhere, step: 'continue' }} />
    ),
    optional('ask-sponsor', <AskSponsorPage frame={half} view={ask} />),
    variant('ask-sponsor-self', <AskSponsorPage frame={half} view={{ ...ask, problem: say.sponsor.self }} />),
    variant(
      'ask-sponsor-waiting',
      <AskSponsorPage
        frame={half}
        view={{ ...ask, request: { id: 'lea', state: 'open', askedAt: now - 5 * minute } }}
      />
    ),
    variant(
      'ask-sponsor-declined',
      <AskSponsorPage
        frame={half}
        view={{ ...ask, request: { id: 'lea', state: 'declined', askedAt: now - hour, decidedBy: grace } }}
      />
    ),
    variant(
      'ask-sponsor-elsewhere',
      <AskSponsorPage
        frame={half}
        view={{ ...ask, request: { id: 'lea', state: 'open', askedAt: now - hour }, isElsewhere: true }}
      />
    ),
    optional('sponsor', <SponsorPage frame={person} view={sponsorView} />),
    variant(
      'sponsor-decided',
      <SponsorPage
        frame={person}
        view={{
          ...sponsorView,
          viewer: 'olga',
          requests: [
            ...sponsorView.requests,
            asking('max', 'Max Born', 2 * hour, { state: 'declined', decidedBy: grace })
          ],
          notice: say.sponsor.approved({ name: 'Lea Novak' })
        }}
      />
    ),
    variant('sponsor-nobody', <SponsorPage frame={person} view={{ ...sponsorView, requests: [] }} />),
    ...setUpStories({ half, person }, { own, variant }),
    own('apps', <AppsPage frame={person} view={{ apps, now, spent: null }} />),
    variant('apps-spent', <AppsPage frame={person} view={{ apps, now, spent }} />),
    variant(
      'apps-sponsor',
      <AppsPage
        frame={person}
        view={{
          apps: apps.map(app => ({ ...app, isReportOnly: app.id === 'samples' })),
          now,
          spent: null,
          sponsor: {
            open: ['Lea Novak'],
            decided: [{ by: 'Grace Hopper', person: 'Max Born', isApproval: false }]
          }
        }}
      />
    ),
    ...appStories(person, now, variant),
    ...programStories(person, now, { optional, variant }),
    ...upstreamLoginStories({ ...person, returnTo }, now, { optional, variant }),
    ...keptStories(person, { optional, variant }),
    variant('apps-none', <AppsPage frame={person} view={{ apps: [], now, spent: null }} />),
    own('account', <AccountPage frame={person} view={account} />),
    variant(
      'account-institution',
      <AccountPage frame={person} view={{ ...account, credentials: [], hasPassword: false, institution: 'Campus' }} />
    ),
    variant('account-spent', <AccountPage frame={person} view={{ ...account, codesLeft: 7 }} />),
    variant('account-spent-few', <AccountPage frame={person} view={{ ...account, codesLeft: 1 }} />),
    variant(
      'account-half',
      <AccountPage frame={person} view={{ ...account, sessions: [...account.sessions, unfinished] }} />
    ),
    variant(
      'account-added',
      <AccountPage frame={person} view={{ ...account, done: { kind: 'added', name: 'Tablet' } }} />
    ),
    own('password', <PasswordPage frame={person} view={{ name: 'ada', problem: null, waitSeconds: null }} />),
    own('remove', <RemovePage frame={person} view={{ id: 'one', name: 'Passkey on Mac', isLast: false }} />),
    variant('remove-last', <RemovePage frame={person} view={{ id: 'one', name: 'Passkey on Mac', isLast: true }} />),
    own('not-me', <NotMePage frame={person} />),
    own('logout', <LogoutPage frame={half} />),
    own('signed-out', <SignedOutPage frame={stranger} />),
    variant('leaving', <LeavingPage frame={stranger} href="https://login.example/logout" />),
    own(
      'hand-over-late',
      <LatePage
        frame={{ ...stranger, base: 'https://gate.lab.example' }}
        app="Notebooks"
        href="https://notebooks.lab.example/"
      />
    ),
    variant(
      'login-cookie-lost',
      <LoginPage
        frame={{ ...stranger, isRetry: true }}
        view={{ ...login, username: 'ada', problem: say.login.cookieLost }}
      />
    ),
    variant('challenge-passkey-only', <ChallengePage frame={half} view={{ ...challenge, factors: ['webauthn'] }} />),
    variant('logout-stale', <LogoutPage frame={half} returnTo={returnTo} problem={say.logout.formExpired} />),
    variant('not-me-elsewhere', <NotMePage frame={person} hasPassword={false} />),
    variant(
      'session-ended-why',
      <LoginPage
        frame={stranger}
        view={{
          ...login,
          returnTo: noReturn,
          app: null,
          ended: { why: 'revoked', accountId: 'ada', words: 'Device lost' }
        }}
      />
    ),
    variant(
      'session-ended-by-watch',
      <LoginPage
        frame={stranger}
        view={{
          ...login,
          returnTo: noReturn,
          app: null,
          ended: { why: 'revoked', accountId: 'ada', words: 'In English.', reasons: watchReasons }
        }}
      />
    ),
    own(
      'language',
      <LanguagePage frame={stranger} view={{ offered: languageCodes, back: '/.factorgate/account', problem: null }} />
    ),
    ...errorStories(person, variant)
  ]
}

export const stories = storiesIn('en')
