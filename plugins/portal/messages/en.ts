/**
 * Every sentence a person reads on our pages, in one catalogue. Owns tone and wording: what happened, whose it is, what to do now.
 * Another language is one more object of the same shape, and one more line in `sentencesFor`.
 */
import type { ErrorCode, Whose } from '../../../src/errors.ts'
import type { AuthenticatorType } from '../../../src/factor/authenticator-names.ts'
import type { FactorKind } from '../../../src/factor/proof.ts'
import type { EndReason } from '../../../src/session/records.ts'
import { localeFormats } from '../locale-formats.ts'

/** What an error sentence may mention. */
export interface ErrorFacts {
  /** Title of the app, or "the app". */
  readonly app: string
  readonly lab: string
  /** "25 seconds", where a wait is known. */
  readonly wait: string | null
  readonly maintenanceUntil: string | null
  readonly maintenanceMessage: string | null
}

export interface ErrorSentences {
  readonly title: (facts: ErrorFacts) => string
  readonly what: (facts: ErrorFacts) => string
  readonly now: (facts: ErrorFacts) => string
}

/** A name inside a sentence, whatever the direction of its letters (UAX #9, FSI and PDI): `Said` in layout.tsx makes an element of it. */
const apart = (name: string) => `\u2068${name}\u2069`
const otherWay =
  /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u
/** A text of the configuration inside a sentence: kept apart where it has letters that run the other way. */
export const titled = (text: string) => (otherWay.test(text) ? apart(text) : text)
/** A name that somebody chose, so that it cannot be read as a part of the sentence. */
const quoted = (name: string) => apart(`“${name}”`)

const { ago, span, date, anyOf, count } = localeFormats('en-GB')

const english = {
  language: 'en',

  frame: {
    skip: 'Skip to the content',
    apps: 'Apps',
    account: 'Account',
    signOut: 'Sign out',
    you: 'You',
    contact: 'Questions?',
    noScript:
      'Scripts are off in this browser. A password and a code work all the same. For a passkey, allow scripts for this address.'
  },

  time: {
    now: 'now',
    minutes: (n: number) => (n === 1 ? 'a minute ago' : ago(n, 'minute')),
    hours: (n: number) => (n === 1 ? 'an hour ago' : ago(n, 'hour')),
    days: (n: number) => ago(n, 'day'),
    date,
    /** With the day, since a phone may have the right time of another day. */
    clock: (at: number) => `${new Date(at).toISOString().slice(11, 19)} UTC on ${date(at)}`,
    moment: (at: number) => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    span,
    never: 'not used yet'
  },

  device: {
    someBrowser: 'A browser',
    on: (browser: string, system: string) => `${browser} on ${system}`
  },

  factor: {
    name: { webauthn: 'Passkey', totp: 'Authenticator app', recovery: 'Recovery code' } satisfies Record<
      FactorKind,
      string
    >,
    your: {
      webauthn: 'your passkey or security key',
      totp: 'a code from your authenticator app',
      recovery: 'a recovery code'
    } satisfies Record<FactorKind, string>
  },

  login: {
    title: 'Sign in',
    to: (app: string) => `to ${titled(app)}`,
    toLab: (lab: string) => `to ${titled(lab)}`,
    passkey: 'Use a passkey',
    with: (place: string) => `Sign in with ${titled(place)}`,
    or: 'or with your password',
    username: 'User name or e-mail address',
    password: 'Password',
    submit: 'Continue',
    help: 'Forgotten your password, or lost what you sign in with? The people who run this gate can send you a new invitation.',
    wrong: 'User name and password do not match. Check both and try again.',
    throttled: (wait: string) => `Too many tries for now. The next one is possible in ${wait}.`,
    ready: 'You can try again now.',
    busy: 'Many people are signing in at once, so nothing was checked. Try again in a moment.',
    formExpired:
      'This page had been open for too long, or another tab is newer, so nothing was checked. Send it again.',
    cookieLost: 'Our cookie did not come back with that form, so nothing was checked. Send it again.',
    passkeyRefused: 'That passkey did not work here. Try again, or use your password.',
    ended: {
      logout: 'You signed out.',
      idle: 'You were signed out because nothing happened for a while.',
      expired: 'You were signed out because a sign-in lasts only so long. That is routine.',
      revoked: 'Your sign-in was ended from elsewhere: by you on another device, or by the people who run this gate.',
      replaced: 'You signed in anew in this browser, which ended the earlier sign-in.',
      too_many: 'You signed in on another device, and only so many may be signed in at once.',
      suspended: 'Your access is suspended.',
      factors_changed: 'Your second factors were changed, so everything that was signed in had to sign in again.',
      password_changed: 'Your password was changed, so everything that was signed in had to sign in again.',
      not_me: 'This sign-in was ended because someone with your account said it was not them.'
    } satisfies Record<EndReason, string>
  },

  challenge: {
    title: 'Confirm it is you',
    stepUpTitle: 'Confirm once more',
    asWhom: (name: string) => `Signed in as ${apart(name)}.`,
    notYou: 'Not you?',
    onTheWay: (app: string) => `One more step to ${titled(app)}.`,
    stepUp: (app: string, factors: string, within: string | null) =>
      within === null
        ? `This part of ${titled(app)} needs ${factors}.`
        : `This part of ${titled(app)} needs ${factors}, at most ${within} old.`,
    stepUpAny: (app: string, within: string) =>
      `This part of ${titled(app)} needs a confirmation at most ${within} old.`,
    account: (within: string) => `Changes to your account need a confirmation at most ${within} old.`,
    orFactors: anyOf,
    passkeyLead: 'Your device or security key will ask you to touch it, look at it, or type its PIN.',
    passkey: 'Use my passkey',
    noScript:
      'Scripts are off in this browser, and a passkey needs them. Allow scripts for this address, then load this page again.',
    noScriptInstead: 'Or use one of the other ways below.',
    noScriptOnly: 'If you cannot allow them, ask the people who run this gate for another way in.',
    wait: (wait: string) => `The next try is possible in ${wait}.`,
    codeLabel: 'Code from your authenticator app',
    codeHint: (digits: readonly number[]) => `The ${anyOf(digits.map(String))} digits your app shows for this lab.`,
    recoveryLabel: 'Recovery code',
    recoveryHint: 'One from the list you printed or saved. Each works once.',
    submit: 'Confirm',
    instead: {
      webauthn: 'Use a passkey or security key instead',
      totp: 'Use a code from your authenticator app instead',
      recovery: 'Use a recovery code instead'
    } satisfies Record<FactorKind, string>,
    wrongCode: 'That code did not work. Each code works once, and not for long: wait for the next one.',
    wrongRecovery: 'That recovery code did not work. Perhaps it was used already.',
    wrongPasskey: 'That did not work. Try again, or confirm in another way.',
    throttled: (wait: string) => `Too many tries for now. The next one is possible in ${wait}.`,
    formExpired:
      'This page had been open for too long, or another tab is newer, so nothing was checked. Send it again.',
    clock: (time: string) =>
      `Codes depend on the time. The gate’s clock says ${time}. If your phone’s clock or its day differs, set it to automatic time.`,
    clockBack: (time: string) =>
      `No code can be right at the moment: the gate’s own clock was put back. That is on the gate’s side. Codes work again after ${time}; until then, confirm in another way, or tell the people who run this gate.`,
    none: 'You have no second factor yet',
    noneWhat:
      'Your password is right, but nothing is enrolled that could confirm it is you. A password alone opens nothing here.',
    noneNow: 'Ask for an invitation link: it lets you set up a passkey or an authenticator app.',
    begun: 'Your set-up is not finished',
    begunNow:
      'Open the link of your invitation once more: you go on where you stopped. If it does not work any more, ask for a new one.',
    off: 'Your second factor is switched off',
    offWhat:
      'Your password is right, but after a hundred wrong tries in a row what you confirm with was switched off. It cannot be switched on again.',
    unfit: 'You need another second factor',
    unfitWhat: (app: string, factors: string) =>
      `This part of ${titled(app)} needs ${factors}, and you have none enrolled.`,
    unfitNow: 'Add one here, and you are led back to where you were going.',
    unfitCodes: 'Make a list of recovery codes here, and you are led back to where you were going.',
    somebodyElse: 'Sign in as somebody else',
    addFactor: 'Add a second factor'
  },

  passkey: {
    cancelled: 'Nothing was confirmed. Start again when you are ready.',
    failed: 'That did not work. Try again, or choose another way.',
    offline: 'The gate could not be reached. Check your connection and try again.',
    known: 'This device already holds a passkey for your account.',
    unsupported: 'This browser cannot use passkeys. Use another way, or a current browser.',
    working: 'Waiting for your device'
  },

  invite: {
    title: (name: string) => `Welcome, ${apart(name)}`,
    what: (lab: string) =>
      `This invitation opens your account at ${titled(lab)}. Choose a password now; in the next step you add a passkey or an authenticator app.`,
    againTitle: (name: string) => `Welcome back, ${apart(name)}`,
    again:
      'With this invitation you have set a password already. Type it, and you go on where you stopped: with a passkey or an authenticator app.',
    againForgotten: 'Forgotten it? The people who run this gate can send you a new invitation.',
    againWrong: 'That is not the password you set with this invitation. Try again.',
    username: 'Your user name',
    password: 'New password',
    hint: 'At least 8 characters. A few unrelated words are easy to remember and hard to guess. Spaces are welcome.',
    submit: 'Set password and go on',
    problem: {
      too_short: 'That is too short: a password has at least 8 characters.',
      too_long: 'That is too long: a password has at most 1,024 bytes.',
      too_common: 'That password is on every list of common passwords. Choose another.',
      is_name: 'That is too close to your name, or to the name of this place. Choose another.'
    }
  },

  enrol: {
    title: 'Add a second factor',
    firstTitle: 'Set up your second factor',
    off: 'What you had enrolled was switched off after too many wrong tries, and opens nothing any more. Set up a new one here; you can remove the old one in your account.',
    lead: 'Something you have, besides the password you know. Pick what suits you; you can add more later.',
    passkey: 'Passkey or security key',
    passkeyWhy:
      'Recommended. Your computer, phone or a small USB key vouches for you with a touch, and no false page can talk you out of it.',
    passkeyNeed: 'You need: this device with its screen lock, a phone nearby, or a security key.',
    totp: 'Authenticator app',
    totpWhy: 'An app on your phone shows a new code every half minute. Works everywhere, even without a network.',
    totpNeed: 'You need: a phone with any authenticator app.',
    name: 'What to call it',
    nameHint: 'So that you know which one it is when you have several.'
  },

  enrolPasskey: {
    noScript:
      'Scripts are off in this browser, and a passkey cannot be made without them. Allow scripts for this address and load this page again, or take the other way below.',
    title: 'Add a passkey',
    lead: 'Your browser will ask where to keep it: on this device, on a phone, or on a security key.',
    submit: 'Create the passkey',
    other: 'Use an authenticator app instead',
    suggested: (device: string) => `Passkey on ${device}`,
    suggestedPlain: 'My passkey',
    sort: { passkey: 'Passkey', device: 'This device', key: 'Security key' } satisfies Record<AuthenticatorType, string>
  },

  enrolTotp: {
    title: 'Add an authenticator app',
    scan: 'Scan this with your authenticator app',
    qr: 'QR code with the secret for your authenticator app',
    onPhone: 'Open in the authenticator app on this phone',
    byHand: 'Cannot scan? Type this instead:',
    copy: 'Copy',
    copied: 'Copied',
    next: 'Then type the code it shows',
    code: 'Code',
    submit: 'Add it',
    suggested: 'Authenticator on my phone',
    wrong: 'That code did not fit. Wait for the next one and type it before it changes.',
    clockOff: (span: string, isAhead: boolean) =>
      `That code belongs to another time: the clock of your phone is about ${span} ${isAhead ? 'ahead of' : 'behind'} the gate’s. Set it to automatic time, then type the code your app shows.`,
    anew: 'Make a new QR code',
    formExpired: 'This page had been open for too long, so nothing was checked. Type the code your app shows now.',
    expired:
      'The QR code of that page does not count any more. Scan this one, and remove the earlier entry from your app.',
    other: 'Use a passkey instead'
  },

  recovery: {
    title: 'Your recovery codes',
    lead: 'If you lose your phone or key, one of these lets you in. Each works once. They are shown only now.',
    where: 'Keep them on paper or in a password manager, not on the phone you might lose.',
    print: 'Print',
    download: 'Download',
    copy: 'Copy',
    copied: 'Copied',
    saved: 'I have saved them',
    savedMissing: 'Tick the box once they are saved: you cannot see them again.',
    submit: 'Go on',
    file: (lab: string, name: string) => `Recovery codes of ${apart(name)} at ${titled(lab)}`,
    fileHint: 'Each code works once.',
    printed: (what: string, when: string) => `${what}, made ${when}`,
    spent: (left: number) =>
      left === 0
        ? 'You confirmed with a recovery code, and none is left.'
        : count(left, {
            one: 'You confirmed with a recovery code, which is used up. You have one left.',
            other: 'You confirmed with a recovery code, which is used up. You have # left.'
          }),
    lost: 'Is your phone or key lost? Remove it in your account, and add another',
    lostHere: 'Is your phone or key lost? Remove it here, and add another.',
    fewNow: 'Make new codes now: without any, a lost phone or key means asking for help',
    newTitle: 'New recovery codes',
    newLead: 'You get a fresh list to print or save. Codes of an earlier list stop working.',
    newSubmit: 'Make new codes',
    cancel: 'Leave them as they are'
  },

  account: {
    title: 'Your account',
    factors: 'How you confirm it is you',
    added: (when: string) => `added ${when}`,
    used: (when: string, from: string | null) =>
      from === null ? `last used ${when}` : `last used ${when} from ${from}`,
    unused: 'not used yet',
    disabled: 'switched off after too many wrong tries; remove it and add it again',
    rename: 'Rename',
    renameSubmit: 'Save name',
    newName: (name: string) => `New name for ${quoted(name)}`,
    remove: 'Remove',
    removeNamed: (name: string) => `Remove ${quoted(name)}`,
    renameNamed: (name: string) => `Rename ${quoted(name)}`,
    add: 'Add another',
    codes: 'Recovery codes',
    codesLeft: (left: number, total: number, when: string) => `${left} of ${total} left, made ${when}.`,
    codesNone: 'You have none. Without them, a lost phone means asking for help.',
    codesNew: 'Make new codes',
    facts: (facts: readonly string[]) => facts.join(', '),
    password: 'Password',
    passwordChange: 'Change your password',
    sessions: 'Where you are signed in',
    session: (browser: string, where: string, when: string) => `${browser}, ${where}, ${when}`,
    half: 'The password was right, the second factor is missing: nothing is open there. If that is not you, someone knows your password.',
    thisDevice: 'this device',
    end: 'End',
    endNamed: (what: string) => `End ${what}`,
    notMe: 'That was not me',
    notMeNamed: (what: string) => `That was not me: ${what}`,
    endOthers: 'End all others',
    renamed: (name: string) => `It is called ${quoted(name)} now.`,
    removed: (name: string) => `${quoted(name)} is removed and no longer opens anything.`,
    addedNotice: (name: string) => `${quoted(name)} is added.`,
    passwordChanged: 'Your new password counts from now on. All other sign-ins are ended.',
    ended: 'That sign-in is ended.',
    othersEnded: 'All other sign-ins are ended.',
    nameProblem: 'A name has 1 to 64 characters.',
    othersOffer: 'You are also signed in elsewhere. After a change like this it can be wise to end that.'
  },

  password: {
    title: 'Change your password',
    lead: 'All your other sign-ins end with it; this one goes on.',
    old: 'Password you have now',
    submit: 'Change it',
    wrong: 'That is not the password you have now. Try again.',
    forgotten: 'Forgotten it? The people who run this gate can send you an invitation to set a new one.',
    keep: 'Leave it as it is'
  },

  remove: {
    title: (name: string) => `Remove ${quoted(name)}?`,
    lead: 'It will no longer open anything. Sign-ins that stand already go on until they end.',
    submit: 'Remove it',
    keep: 'Keep it',
    last: 'This is your only second factor. Without one, nobody could tell that you are you. Add another first, then remove this one.'
  },

  notMe: {
    title: 'That sign-in is ended',
    lead: 'Whoever it was is out, on every app, downloads and open windows included. Someone may know your password, so do four things now:',
    password: 'Change your password now',
    passwordElsewhere: 'Change your password where you got it: at your institution, not here.',
    steps: [
      'Look through the second factors in your account, and remove any you do not know.',
      'End every other sign-in.',
      'Tell the people who run this gate. They can see where it came from.'
    ],
    account: 'Go to my account'
  },

  apps: {
    title: 'Your apps',
    none: 'There is no app for you here yet.',
    noneNow: 'If you expected one, ask the people who run this gate which group you belong to.',
    lastUsed: (when: string) => `last used ${when}`
  },

  logout: {
    title: 'Sign out?',
    lead: (lab: string) => `This ends your sign-in at ${titled(lab)}, on every app, at once.`,
    submit: 'Sign out',
    stay: 'Stay signed in',
    outTitle: 'You are signed out',
    outLead: 'Of every app behind this gate, in this browser. You can close the window.',
    again: 'Sign in again',
    formExpired:
      'This page had been open for too long, or another tab is newer, so nothing was done. Press the button once more.'
  },

  handOver: {
    title: 'That took too long',
    what: (app: string) => `The last step on the way to ${titled(app)} works once, within half a minute.`,
    now: 'Nothing is lost: go on, and it is done anew by itself, on the way to the same page.',
    again: 'Go on'
  },

  error: {
    whose: {
      gate: 'That is on the gate’s side, not yours and not the app’s.',
      app: 'That is on the app’s side, not the gate’s and not yours.',
      you: 'Nothing is broken, neither the gate nor the app.'
    } satisfies Record<Whose, string>,
    ask: 'Whom to ask',
    reference: 'Reference',
    referenceHint: 'With the reference, the people who run this gate find this very moment in its journal.',
    again: 'Try again',
    onward: { signIn: 'Sign in', confirm: 'Confirm it is you' },
    unsentAction: {
      signIn: () => 'Sign in, in a new tab',
      confirm: () => 'Confirm, in a new tab',
      foreign: (f: ErrorFacts) => `Open ${f.app}`
    },
    home: 'Your apps',
    app: 'the app'
  },

  /** In place of a page of ours, inside a frame. */
  framed: {
    pages: {
      signIn: {
        title: 'Sign in to see this part',
        why: 'The gate in front of this app asks who you are. It asks that in the whole window only, so that no other page can lie over its form.'
      },
      confirm: {
        title: 'Confirm it is you to see this part',
        why: 'The gate in front of this app asks for a second factor. It asks that in the whole window only, so that no other page can lie over its form.'
      },
      late: {
        title: 'This part did not open',
        why: 'The last step of the sign-in took too long, or was done already. In the whole window you can go on from there.'
      },
      ours: {
        title: 'This page opens in the whole window',
        why: 'It belongs to the gate. The gate shows its pages in the whole window only, so that no other page can lie over them.'
      }
    },
    whole: 'Go on in the whole window',
    open: 'Open it in the whole window',
    tab: 'Or open it in a new tab'
  },

  /** A form for an app that was stopped here: what was typed is still in the browser. */
  unsent: {
    title: (f: ErrorFacts) => `${f.app} did not get what you sent`,
    what: {
      signIn: (f: ErrorFacts) =>
        `You are not signed in, or not any more, so the gate did not pass your form on to ${f.app}. Nothing was saved or changed there.`,
      confirm: (f: ErrorFacts) =>
        `This part of ${f.app} needs you to confirm again first, so the gate did not pass your form on. Nothing was saved or changed there.`,
      foreign: (f: ErrorFacts) =>
        `Another site sent a form to ${f.app} through your browser. Browsers leave our cookie out of such a form, so the gate cannot see who you are, even if you are signed in, and did not pass it on.`
    },
    now: {
      signIn: () =>
        'Sign in, in a new tab. Then come back to this tab and load it again: your browser asks whether to send the form once more, with all you typed. Or go back and copy what you typed first.',
      confirm: () =>
        'Confirm, in a new tab. Then come back to this tab and load it again: your browser asks whether to send the form once more, with all you typed. Or go back and copy what you typed first.',
      foreign: (f: ErrorFacts) =>
        `Open ${f.app} here and start from there. If it has to begin at the other site, tell the people who run this gate which site that is.`
    }
  }
}

const calm = (title: string, what: string, now: string): ErrorSentences => ({
  title: () => title,
  what: () => what,
  now: () => now
})

const english_errors: Record<ErrorCode, ErrorSentences> = {
  bad_request: calm(
    'That request could not be read',
    'What arrived was not a request the gate understands.',
    'Go back and try once more, or type the address anew.'
  ),
  ambiguous_target: calm(
    'That address can be read in two ways',
    'The address contains a spelling that the gate and the app might understand differently, so it was not passed on.',
    'Open the app from your list and find the page from there.'
  ),
  sign_in_required: calm('Sign in first', 'This page is for people who are signed in.', 'Sign in and come back.'),
  second_factor_required: calm(
    'One step is missing',
    'This page opens after your second factor.',
    'Confirm it is you and come back.'
  ),
  fresh_proof_required: calm(
    'Confirm once more',
    'Your last confirmation is too long ago for this.',
    'Confirm it is you and come back.'
  ),
  other_factor_required: calm(
    'This needs another second factor',
    'The way you confirmed is not enough for this page.',
    'Confirm with another of your factors and come back.'
  ),
  wrong_credentials: calm('That did not match', 'Name and password do not match.', 'Go back and try again.'),
  wrong_code: calm('That did not work', 'The confirmation was not accepted.', 'Go back and try again.'),
  not_allowed: {
    title: () => 'You may not open this',
    what: f => `You are signed in, but ${f.app} does not let your account open this page.`,
    now: () => 'If you need it for your work, ask for access and say which page it is.'
  },
  foreign_origin: calm(
    'That came from another site',
    'Another site tried to send something here in your name, so it was not done.',
    'If it was you, open the page here and do it there.'
  ),
  form_expired: calm(
    'That page was open for too long',
    'Its form is no longer valid, so nothing was changed.',
    'Open the page again and repeat what you did.'
  ),
  cookies_off: calm(
    'Your browser did not keep our cookie',
    'A sign-in rests on one cookie. It was set, and it did not come back: it was cleared meanwhile, cookies are switched off, or a privacy tool removes them.',
    'Try again. If this page comes back, allow cookies for this address in your browser’s settings, under privacy.'
  ),
  enrolment_not_allowed: calm(
    'Nothing can be added right now',
    'Adding a second factor needs an invitation that still counts, or a confirmation a few minutes old with one you have. A newer invitation replaces an older one.',
    'Open your account and confirm it is you, or open the newest invitation you were sent, or ask for one.'
  ),
  last_factor: calm(
    'That is your only second factor',
    'Without one, nobody could tell that you are you, so it was kept.',
    'Add another first, then remove this one.'
  ),
  account_suspended: calm(
    'Your access is suspended',
    'The people who run this gate have paused your account. Your data in the apps is untouched.',
    'Ask them why, and when it ends.'
  ),
  not_found: calm(
    'There is no such page',
    'Nothing of the gate’s is at this address.',
    'Check the address, or start from your list of apps.'
  ),
  no_such_app: calm(
    'There is no such app here',
    'The gate knows no app at this address.',
    'Check the address, or start from your list of apps.'
  ),
  method_not_allowed: calm(
    'That is not possible here',
    'This page does not take that kind of request.',
    'Open the page anew and use what it offers.'
  ),
  invitation_invalid: calm(
    'This invitation does not work any more',
    'Each invitation sets up one second factor, within 24 hours, and a newer one replaces it.',
    'If you have set yours up already, just sign in. Otherwise ask for a new invitation.'
  ),
  body_too_large: calm(
    'That is too much at once',
    'What was sent is larger than this page takes.',
    'Send less, or use the app’s own upload.'
  ),
  body_too_slow: calm(
    'That took too long',
    'The form did not arrive whole in time.',
    'Look at your connection, then send it again.'
  ),
  unsupported_media_type: calm(
    'That is not possible here',
    'This page does not take that kind of content.',
    'Open the page anew and use the form on it.'
  ),
  misdirected: calm(
    'This gate does not serve that address',
    'The name you used leads here, but no app has it.',
    'Check the address, or start from your list of apps.'
  ),
  upgrade_refused: calm(
    'That connection is not passed on',
    'Of live connections, the gate passes on WebSockets alone.',
    'If an app needs another kind, tell the people who run the gate.'
  ),
  too_many_attempts: {
    title: () => 'Too many tries for now',
    what: () => 'After a few wrong tries the gate asks for patience, so that nobody can guess their way in.',
    now: f => (f.wait === null ? 'Wait a little, then try again.' : `The next try is possible in ${f.wait}.`)
  },
  headers_too_large: calm(
    'Your browser sent too much',
    'The request carries more cookies or headers than the gate takes.',
    'Remove this site’s cookies in your browser, then open the page again.'
  ),
  internal: calm(
    'The gate made a mistake',
    'Something unforeseen went wrong inside the gate. Nothing was passed on.',
    'Try again. If it stays, tell the people who run it.'
  ),
  app_unreachable: {
    title: f => `${f.app} is not answering`,
    what: f => `${f.app} did not take the call: it may be restarting, or down.`,
    now: () => 'Try again in a minute.'
  },
  app_reply_invalid: {
    title: f => `${f.app} answered something unreadable`,
    what: f => `The answer that ${f.app} gave cannot be passed on to a browser.`,
    now: () => 'Try again. If it stays, tell whoever runs the app.'
  },
  app_busy: {
    title: f => `${f.app} is busy`,
    what: f => `${f.app} has more requests under way than it can take, so this one was not passed on.`,
    now: () => 'Try again in a moment.'
  },
  app_maintenance: {
    title: f => `${f.app} is being maintained`,
    what: f =>
      f.maintenanceMessage ??
      (f.maintenanceUntil === null
        ? `${f.app} is out of service for a while.`
        : `${f.app} is out of service until ${f.maintenanceUntil}.`),
    now: f =>
      f.maintenanceUntil === null
        ? 'Come back later.'
        : f.maintenanceMessage === null
          ? 'Come back after that.'
          : `It is planned until ${f.maintenanceUntil}. Come back after that.`
  },
  store_unreachable: calm(
    'The gate cannot reach its memory',
    'It cannot look up who is signed in, so for now it lets nobody through. Your data is safe.',
    'Try again in a few seconds: it recovers by itself.'
  ),
  record_too_new: calm(
    'The gate is older than its memory',
    'What it would have to read was written by a newer release of the gate. It touches nothing that it does not understand, so it lets you through only once that release runs again.',
    'Try again in a few minutes. If it stays, tell the people who run this gate: its log says what to do.'
  ),
  not_confirmed: calm(
    'Done, but not confirmed yet',
    'The gate has done it and written it down. A second copy of its records does not have it yet, and if the first one failed now, it could be undone.',
    'Go back and do the same again in a moment: then the gate asks for the confirmation again. A code you typed is used up, so take the next one. If this page comes back, tell the people who run this gate.'
  ),
  journal_unwritable: calm(
    'The gate cannot write its journal',
    'What happens here must be recorded, and for now it cannot be. So nothing is let through.',
    'Try again in a minute.'
  ),
  busy: calm(
    'Many people are signing in at once',
    'There was no room to check your password, so nothing was checked.',
    'Try again in a moment.'
  ),
  shutting_down: calm('The gate is restarting', 'It takes a few seconds.', 'Try again in a moment.'),
  app_timeout: {
    title: f => `${f.app} took too long`,
    what: f => `The gate passed your request on, but ${f.app} did not answer in time.`,
    now: () => 'Try again. Long calculations may still be running: look before you repeat them.'
  }
}

export type Messages = typeof english & { readonly errors: Record<ErrorCode, ErrorSentences> }

const catalogues: { readonly en: Messages } = { en: { ...english, errors: english_errors } }

/** The catalogue for what a browser asks for. English today, whatever it asks for. */
export function messagesFor(_acceptLanguage: string | undefined): Messages {
  return catalogues.en
}
