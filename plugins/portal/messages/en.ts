/**
 * The catalogue of every sentence on the gate's pages: what happened, who can fix it, what to do now. Another language is one more object
 * of the same shape, and one more line in `messagesFor`.
 */
import type { ErrorCode, Whose } from '../../../src/errors.ts'
import type { AuthenticatorType } from '../../../src/factor/authenticator-names.ts'
import type { CredentialKind, FactorKind } from '../../../src/factor/kinds.ts'
import type { Misfit } from '../../../src/factor/webauthn-policy.ts'
import type { DirectoryRefusal } from '../../../src/identity/directory.ts'
import type { EndReason } from '../../../src/session/records.ts'
import type { StepUpOutcome } from '../institutions/step-up-outcome.ts'
import { localeFormats } from '../locale-formats.ts'

/** What an error sentence may mention. */
export interface ErrorFacts {
  /** Title of the app, or "the app". */
  readonly app: string
  readonly lab: string
  /** "25 seconds"; null where no wait is known. */
  readonly wait: string | null
  readonly maintenanceUntil: string | null
  /** The planned end of the maintenance is over. */
  readonly isOverdue: boolean
  readonly maintenanceMessage: string | null
}

export interface ErrorSentences {
  readonly title: (facts: ErrorFacts) => string
  readonly what: (facts: ErrorFacts) => string
  readonly now: (facts: ErrorFacts) => string
}

/** A name in a sentence, with its own writing direction (UAX #9, FSI and PDI). `Said` in layout.tsx makes an element of it. */
const apart = (name: string) => `\u2068${name}\u2069`
const otherWay =
  /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u
/** A text of the configuration in a sentence. It is kept apart where it has letters of the other direction. */
export const titled = (text: string) => (otherWay.test(text) ? apart(text) : text)
/** A name that somebody chose. The quotes keep it apart from the sentence. */
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
      'Scripts are off in this browser. You can use a password and a code without scripts. For a passkey, allow scripts for this address.'
  },

  time: {
    now: 'now',
    minutes: (n: number) => (n === 1 ? 'a minute ago' : ago(n, 'minute')),
    hours: (n: number) => (n === 1 ? 'an hour ago' : ago(n, 'hour')),
    days: (n: number) => ago(n, 'day'),
    date,
    /** The day is included, since a phone may have the right time of another day. */
    clock: (at: number) => `${new Date(at).toISOString().slice(11, 19)} UTC on ${date(at)}`,
    /** `at` is the local time, as if it were UTC. */
    zoned: (clock: string, zone: string, at: number) => `${clock} (${zone}) on ${date(at)}`,
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
    } satisfies Record<FactorKind, string>,
    /** Why the policy does not take a passkey: what follows "because". */
    misfit: {
      synced: 'it can be copied to other devices',
      unattested: 'no maker that this gate trusts vouches for it',
      denied_model: 'its model is not accepted',
      unlisted_model: 'its model is not one of those that are accepted'
    } satisfies Record<Misfit, string>
  },

  login: {
    title: 'Sign in',
    to: (app: string) => `to ${titled(app)}`,
    toLab: (lab: string) => `to ${titled(lab)}`,
    passkey: 'Use a passkey',
    with: (place: string) => `Sign in with ${titled(place)}`,
    or: 'or with your password',
    helpElsewhere:
      'If you cannot sign in there, ask the help desk of your institution. If you lost your phone or key, ask the people who run this gate.',
    unreachable:
      'A service that checks passwords is not answering. Check what you typed, and try again in a few seconds.',
    held: {
      locked: 'Your password is right, but your institution has locked the account. Ask its help desk.',
      disabled: 'Your password is right, but your institution has switched the account off. Ask its help desk.',
      expired:
        'Your password is right, but the account or the password has expired at your institution. Ask its help desk.',
      must_change:
        'Your password is right, but your institution asks you to change it first. Change it there, then come back.',
      name_invalid:
        'Your password is right, but your user name at your institution is not allowed here. Ask the people who run this gate.',
      name_taken:
        'Your password is right, but another person has your user name here. Ask the people who run this gate.'
    } satisfies Record<DirectoryRefusal, string>,
    username: 'User name or e-mail address',
    password: 'Password',
    submit: 'Continue',
    help: 'Did you forget your password, or lose your phone or key? The people who run this gate can send you a new invitation.',
    wrong: 'User name and password do not match. Check both and try again.',
    throttled: (wait: string) => `There were too many tries. You can try again in ${wait}.`,
    ready: 'You can try again now.',
    busy: 'Many people are signing in at the moment. Your password was not checked. Try again in a few seconds.',
    formExpired:
      'This page was open for too long, or you opened it again in another tab. Nothing was checked. Send the form again.',
    cookieLost: 'Your browser did not send our cookie with the form. Nothing was checked. Send the form again.',
    passkeyUnfit: (why: string) =>
      `That passkey is not accepted here any more, because ${why}. Sign in with your password and another second factor.`,
    passkeyRefused: 'That passkey did not work here. Try again, or use your password.',
    ended: {
      logout: 'You signed out.',
      idle: 'You were signed out because you did nothing for a while.',
      expired: 'You were signed out because each sign-in ends after a fixed time. Sign in again.',
      revoked: 'Your sign-in was ended: by you on another device, or by the people who run this gate.',
      replaced: 'You signed in again in this browser. That ended the earlier sign-in.',
      too_many:
        'You signed in on another device. That ended the sign-in that you used least recently, because only a few can be open at once.',
      suspended: 'Your access is suspended.',
      institution_sign_out: 'You signed out at your institution. That ended this sign-in too.',
      institution_gone: 'Your institution has removed or locked your account. That ended this sign-in.',
      factors_changed: 'Your second factors were changed. That ended this sign-in.',
      password_changed: 'Your password was changed. That ended this sign-in.',
      not_me: 'Somebody with your account marked this sign-in as “That was not me”. That ended it.'
    } satisfies Record<EndReason, string>
  },

  chooser: {
    title: 'Choose your institution',
    before: 'Chosen before',
    search: 'Name or address of your institution',
    entityId: 'Entity id of your identity provider',
    find: 'Search',
    all: 'All institutions',
    found: 'Found',
    none: 'No institution has that name here. Try another part of its name, or its address on the web.',
    more: (count: number) => `${count} more are not shown. Type a part of the name.`,
    otherWay: 'Sign in another way'
  },

  challenge: {
    title: 'Confirm it is you',
    stepUpTitle: 'Confirm once more',
    asWhom: (name: string) => `Signed in as ${apart(name)}.`,
    notYou: 'Not you?',
    onTheWay: (app: string) => `This is the last step before ${titled(app)} opens.`,
    stepUp: (app: string, factors: string, within: string | null) =>
      within === null
        ? `This part of ${titled(app)} needs ${factors}.`
        : `This part of ${titled(app)} needs ${factors}, at most ${within} old.`,
    stepUpAny: (app: string, within: string) =>
      `This part of ${titled(app)} needs a confirmation at most ${within} old.`,
    account: (within: string) => `To change your account, you need a confirmation at most ${within} old.`,
    orFactors: anyOf,
    passkeyLead: 'Your device or security key asks you to touch it, look at it, or type its PIN.',
    passkey: 'Use my passkey',
    noScript:
      'Scripts are off in this browser, and a passkey needs scripts. Allow scripts for this address, then load this page again.',
    noScriptInstead: 'Or use one of the other ways below.',
    noScriptOnly: 'If you cannot allow scripts, ask the people who run this gate for another way to sign in.',
    wait: (wait: string) => `You can try again in ${wait}.`,
    codeLabel: 'Code from your authenticator app',
    codeHint: (digits: readonly number[]) =>
      `Type the ${anyOf(digits.map(String))} digits that your app shows for this lab.`,
    recoveryLabel: 'Recovery code',
    recoveryHint: 'Type one code from the list that you printed or saved. Each code works once.',
    submit: 'Confirm',
    confirmAt: (place: string) => `Confirm at ${titled(place)}`,
    there: {
      somebody_else: (place: string) =>
        `Somebody else signed in at ${titled(place)}. Nothing has changed here. Sign in there with your own account, or use another way.`,
      no_factor: (place: string) =>
        `${titled(place)} signed you in, but did not say that it has checked a second factor. Use another way to confirm, or set up a second factor there.`,
      refused: (place: string) => `${titled(place)} did not confirm that it is you. Try again, or use another way.`,
      too_old: (place: string) =>
        `${titled(place)} has confirmed that it is you, but not recently enough for this page. Use another way to confirm.`
    } satisfies Record<StepUpOutcome, (place: string) => string>,
    instead: {
      webauthn: 'Use a passkey or security key instead',
      totp: 'Use a code from your authenticator app instead',
      recovery: 'Use a recovery code instead'
    } satisfies Record<FactorKind, string>,
    wrong: {
      webauthn: 'That did not work. Try again, or confirm in another way.',
      totp: 'That code did not work. Each code works once, for a short time. Wait for the next code.',
      recovery: 'That recovery code did not work. Perhaps you used it before. Try another code from your list.'
    } satisfies Record<FactorKind, string>,
    passkeyUnfit: (why: string) =>
      `That passkey is not accepted here any more, because ${why}. Confirm in another way.`,
    throttled: (wait: string) => `There were too many tries. You can try again in ${wait}.`,
    formExpired:
      'This page was open for too long, or you opened it again in another tab. Nothing was checked. Send the form again.',
    clock: (time: string) =>
      `Codes depend on the time. The gate’s clock says ${time}. If your phone shows another time or day, set its clock to automatic.`,
    clockBack: (time: string) =>
      `Codes do not work at the moment, because the gate’s own clock was set back. This is not your fault. Codes work again after ${time}. Until then, confirm in another way, or tell the people who run this gate.`,
    none: 'You have no second factor yet',
    noneWhat: 'Your password is right, but you have no second factor. A password alone opens nothing here.',
    noneWhatThere: 'Your institution has signed you in, but you have no second factor here. Without one nothing opens.',
    noneNow:
      'Ask the people who run this gate for an invitation. With it you can set up a passkey or an authenticator app.',
    begun: 'Your set-up is not finished',
    begunNow:
      'Open the link of your invitation again. You continue where you stopped. If the link does not work any more, ask for a new invitation.',
    off: 'Your second factor is switched off',
    misfit: 'Your passkey is not accepted any more',
    misfitWhat: (why: string) =>
      `Your password is right, but your passkey is not accepted here any more, because ${why}.`,
    misfitNotice: (why: string) =>
      `Your passkey is not accepted here any more, because ${why}. Confirm in another way; then you can add a security key in your account.`,
    misfitUnfit: (app: string, factors: string, why: string) =>
      `This part of ${titled(app)} needs ${factors}, and yours is not accepted here any more, because ${why}.`,
    misfitNow:
      'Ask for an invitation link: it lets you set up a factor that is accepted, such as a security key. Then you can remove the old passkey in your account.',
    offWhat:
      'Your password is right, but your second factor was switched off after a hundred wrong tries in a row. It cannot be switched on again.',
    unfit: 'You need another second factor',
    unfitWhat: (app: string, factors: string) =>
      `This part of ${titled(app)} needs ${factors}. You have not set that up yet.`,
    unfitNow: 'Add it here. After that, you continue to the page that you asked for.',
    unfitCodes: 'Make a list of recovery codes here. After that, you continue to the page that you asked for.',
    somebodyElse: 'Sign in as somebody else',
    addFactor: 'Add a second factor'
  },

  passkey: {
    cancelled: 'You did not confirm. Try again when you are ready.',
    failed: 'That did not work. Try again, or choose another way.',
    offline: 'Your browser could not reach the gate. Check your connection and try again.',
    known: 'This device already has a passkey for your account.',
    unsupported: 'This browser cannot use passkeys. Use another way, or a newer browser.',
    working: 'Waiting for your device'
  },

  invite: {
    title: (name: string) => `Welcome, ${apart(name)}`,
    what: (lab: string) =>
      `This invitation opens your account at ${titled(lab)}. Choose a password now. In the next step you add a passkey or an authenticator app.`,
    againTitle: (name: string) => `Welcome back, ${apart(name)}`,
    again:
      'You have already set a password with this invitation. Type it to continue. The next step is a passkey or an authenticator app.',
    againForgotten: 'Did you forget it? The people who run this gate can send you a new invitation.',
    againWrong: 'That is not the password that you set with this invitation. Try again.',
    username: 'Your user name',
    password: 'New password',
    hint: 'Use at least 8 characters. A few words that do not belong together are easy to remember and hard to guess. Spaces are allowed.',
    submit: 'Set password and continue',
    problem: {
      too_short: 'That password is too short. Use at least 8 characters.',
      too_long: 'That password is too long. Use at most 1,024 bytes, which is about 1,000 letters.',
      too_common: 'Many people use that password, so it is easy to guess. Choose another one.',
      is_name: 'That password is too similar to your name, or to the name of this place. Choose another one.'
    }
  },

  /** The page of an invitation for an account that another directory knows. */
  inviteElsewhere: {
    what: (lab: string, place: string, name: string) =>
      `This invitation lets you set up your second factor at ${titled(lab)}. First sign in with ${titled(place)} as ${apart(name)}. In the next step you add a passkey or an authenticator app.`,
    signedIn: (place: string) =>
      `You are signed in with ${titled(place)}. In the next step you add a passkey or an authenticator app.`,
    other: (other: string, name: string) =>
      `This browser is signed in as ${apart(other)}, but this invitation is for ${apart(name)}. It works for ${apart(name)} only.`,
    submit: 'Set up my second factor',
    wrong: 'That password did not work. Check it and try again.'
  },

  /** Approval by a colleague, for people whose institution asks for it. */
  sponsor: {
    askTitle: 'Ask for approval',
    askInstead: 'Ask a colleague for approval, and set up a second factor here',
    askWhat:
      'You are signed in at your institution, but you have no second factor here yet. Somebody who knows you has to confirm that it is you. After that, you can set up your second factor.',
    who: 'Your colleague’s user name or e-mail address',
    whoHint: 'Name a person who uses this gate already. Tell them that you asked, so that they know it was you.',
    whoMissing: 'Type the user name or e-mail address of a colleague, or ask the people who run this gate.',
    askThem: 'Ask this colleague',
    askOperators: 'Ask the people who run this gate',
    self: 'You cannot approve yourself. Name somebody else.',
    tooSoon: 'You asked a moment ago, or often today. Wait a little before you ask again.',
    waitTitle: 'Waiting for approval',
    waitWhat: (when: string) => `You asked for approval ${when}.`,
    waitNow:
      'If the person that you named uses this gate, they see your request on their list of apps. The people who run this gate see it too. A request waits for three days. You can close this page and sign in again later, in this browser.',
    number: (digits: string) => `Tell your colleague the number of this request: ${apart(digits)}.`,
    elsewhere:
      'You asked for approval in another browser. It holds there alone: go on in that browser, or ask again from here.',
    look: 'Look again',
    askAnother: 'Ask somebody else',
    declined: (by: string) => `${apart(by)} has declined your request. Talk to them, or ask somebody else.`,
    approvedBy: (by: string) =>
      `${apart(by)} has approved your request. Set up your second factor within 24 hours of the approval.`,
    title: 'Requests for approval',
    lead: 'These people ask to set up their first second factor. Approve only a person who has told you about it, face to face or on the phone, and who has named the same number. Whoever gets an approval can use the apps in that person’s name.',
    nobody: 'Nobody waits for your approval.',
    described: (name: string, email: string | null, institution: string) =>
      email === null
        ? `${apart(name)}, from ${titled(institution)}`
        : `${apart(name)}, ${apart(email)}, from ${titled(institution)}`,
    from: (when: string, address: string) => `Asked ${when}, from the address ${apart(address)}`,
    theirNumber: (digits: string) => `Their page shows the number ${apart(digits)}.`,
    named: (sponsor: string) => `They named ${apart(sponsor)}.`,
    approve: 'Approve',
    approveNamed: (name: string) => `Approve ${name}`,
    decline: 'Decline',
    declineNamed: (name: string) => `Decline ${name}`,
    gone: 'That request is not open any more. The person has asked again, or somebody has decided already.',
    approved: (name: string) => `You have approved ${apart(name)}. They can set up their second factor now.`,
    youDeclined: (name: string) => `You have declined the request of ${apart(name)}.`,
    decided: 'Decided today',
    decidedOne: (by: string, person: string, isApproval: boolean) =>
      `${apart(by)} has ${isApproval ? 'approved' : 'declined'} the request of ${apart(person)}.`,
    waiting: (names: readonly string[]) =>
      names.length === 1
        ? `${apart(names[0] as string)} asks for your approval.`
        : `${names.length} people ask for your approval.`,
    open: 'See the request'
  },

  enrol: {
    title: 'Add a second factor',
    firstTitle: 'Set up your second factor',
    off: 'Your second factor was switched off after too many wrong tries. It does not work any more. Set up a new one here. You can remove the old one in your account.',
    lead: 'A second factor is something that you have: a device, a key or a phone. Choose one. You can add more later.',
    choice: {
      webauthn: {
        name: 'Passkey or security key',
        why: 'Recommended. You confirm with a touch on your computer, your phone or a small USB key. A false page cannot use it.',
        need: 'You need this device with its screen lock, a phone nearby, or a security key.'
      },
      totp: {
        name: 'Authenticator app',
        why: 'An app on your phone shows a new code every half minute. It works everywhere, even without a network.',
        need: 'You need a phone with any authenticator app.'
      }
    } satisfies Record<CredentialKind, { name: string; why: string; need: string }>,
    name: 'Name',
    nameHint: 'A name helps you to tell your factors apart.'
  },

  enrolPasskey: {
    noScript:
      'Scripts are off in this browser, and a passkey needs scripts. Allow scripts for this address and load this page again, or use the other way below.',
    title: 'Add a passkey',
    lead: 'Your browser asks where to keep it: on this device, on a phone, or on a security key.',
    submit: 'Create the passkey',
    other: 'Use an authenticator app instead',
    suggested: (device: string) => `Passkey on ${device}`,
    suggestedPlain: 'My passkey',
    unfit: {
      synced: () =>
        'This passkey can be copied to other devices, and this gate takes only those that stay where they are. Use a security key, or a passkey that stays on this device.',
      unattested: () =>
        'This gate takes only security keys for which a maker vouches that it trusts, and this one brought no such proof. If your browser asks whether it may show the make of the key, allow it. Otherwise use another security key.',
      denied_model: (model: string | null) =>
        `This gate does not take ${model === null ? 'this model' : titled(model)}. Use another security key.`,
      unlisted_model: (model: string | null) =>
        `This gate takes certain models of security keys only, and ${model === null ? 'this one' : titled(model)} is not among them. Use one of those; the people who run this gate know which they are.`
    } satisfies Record<Misfit, (model: string | null) => string>,
    sort: { passkey: 'Passkey', device: 'This device', key: 'Security key' } satisfies Record<AuthenticatorType, string>
  },

  enrolTotp: {
    title: 'Add an authenticator app',
    scan: 'Scan this with your authenticator app',
    qr: 'QR code with the secret for your authenticator app',
    onPhone: 'Open in the authenticator app on this phone',
    byHand: 'If you cannot scan it, type this:',
    copy: 'Copy',
    copied: 'Copied',
    next: 'Then type the code that the app shows',
    code: 'Code',
    submit: 'Add it',
    suggested: 'Authenticator on my phone',
    wrong: 'That code did not work. Wait for the next code and type it before it changes.',
    clockOff: (span: string, isAhead: boolean) =>
      `The clock of your phone is about ${span} ${isAhead ? 'ahead of' : 'behind'} the gate’s clock, so the code is wrong. Set your phone’s clock to automatic, then type the code that your app shows.`,
    anew: 'Make a new QR code',
    formExpired: 'This page was open for too long. Nothing was checked. Type the code that your app shows now.',
    expired: 'The earlier QR code is no longer valid. Scan this one, and remove the earlier entry from your app.',
    other: 'Use a passkey instead'
  },

  recovery: {
    title: 'Your recovery codes',
    lead: 'If you lose your phone or key, you can confirm with one of these codes. Each code works once. You see the codes only now.',
    where: 'Keep them on paper or in a password manager. Do not keep them only on your phone.',
    print: 'Print',
    download: 'Download',
    copy: 'Copy',
    copied: 'Copied',
    saved: 'I have saved the codes',
    savedMissing: 'Save the codes, then tick the box. You cannot see the codes again.',
    submit: 'Continue',
    file: (lab: string, name: string) => `Recovery codes of ${apart(name)} at ${titled(lab)}`,
    fileHint: 'Each code works once.',
    printed: (what: string, when: string) => `${what}, made ${when}`,
    spent: (left: number) =>
      left === 0
        ? 'You confirmed with your last recovery code. You have none left.'
        : count(left, {
            one: 'You confirmed with a recovery code. It does not work again. You have one left.',
            other: 'You confirmed with a recovery code. It does not work again. You have # left.'
          }),
    lost: 'Did you lose your phone or key? Remove it in your account, and add another one',
    lostHere: 'Did you lose your phone or key? Remove it here, and add another one.',
    fewNow: 'Make new codes now. You need them if you lose your phone or key',
    newTitle: 'New recovery codes',
    newLead: 'You get a new list to print or save. The codes of the earlier list stop working.',
    newSubmit: 'Make new codes',
    cancel: 'Keep the codes I have'
  },

  account: {
    title: 'Your account',
    factors: 'How you confirm it is you',
    added: (when: string) => `added ${when}`,
    used: (when: string, from: string | null) =>
      from === null ? `last used ${when}` : `last used ${when} from ${from}`,
    unused: 'not used yet',
    disabled: 'switched off after too many wrong tries: remove it and add it again',
    misfit: (why: string) => `not accepted here any more, because ${why}; add a security key, then remove this one`,
    rename: 'Rename',
    renameSubmit: 'Save name',
    newName: (name: string) => `New name for ${quoted(name)}`,
    remove: 'Remove',
    removeNamed: (name: string) => `Remove ${quoted(name)}`,
    renameNamed: (name: string) => `Rename ${quoted(name)}`,
    add: 'Add another',
    addFirst: 'Add a passkey or an authenticator app',
    institution: (title: string) => `You sign in with ${titled(title)}.`,
    codes: 'Recovery codes',
    codesLeft: (left: number, total: number, when: string) => `${left} of ${total} left, made ${when}.`,
    codesNone: 'You have none. Without them you need help if you lose your phone or key.',
    codesNew: 'Make new codes',
    facts: (facts: readonly string[]) => facts.join(', '),
    password: 'Password',
    passwordChange: 'Change your password',
    sessions: 'Where you are signed in',
    session: (browser: string, where: string, when: string) => `${browser}, ${where}, ${when}`,
    half: 'Your password was typed there, but the second factor was not confirmed, so no app is open. If it was not you, somebody knows your password: change it.',
    thisDevice: 'this device',
    end: 'End',
    endNamed: (what: string) => `End ${what}`,
    notMe: 'That was not me',
    notMeNamed: (what: string) => `That was not me: ${what}`,
    endOthers: 'End all others',
    renamed: (name: string) => `The new name is ${quoted(name)}.`,
    removed: (name: string) => `${quoted(name)} is removed. It does not work any more.`,
    addedNotice: (name: string) => `${quoted(name)} is added.`,
    passwordChanged: 'Your password is changed. All other sign-ins are ended.',
    ended: 'That sign-in is ended.',
    othersEnded: 'All other sign-ins are ended.',
    nameProblem: 'Use 1 to 64 characters for a name.',
    othersOffer: 'You are also signed in elsewhere. If you do not need that, or do not know it, end it.'
  },

  password: {
    title: 'Change your password',
    lead: 'This ends all your other sign-ins. You stay signed in here.',
    old: 'Current password',
    submit: 'Change it',
    wrong: 'That is not your current password. Try again.',
    forgotten: 'Did you forget it? The people who run this gate can send you an invitation to set a new one.',
    keep: 'Keep my password'
  },

  remove: {
    title: (name: string) => `Remove ${quoted(name)}?`,
    lead: 'You cannot confirm with it any more. Where you are signed in now, you stay signed in.',
    submit: 'Remove it',
    keep: 'Keep it',
    last: 'This is your only second factor. Without a second factor you cannot sign in. Add another one first, then remove this one.'
  },

  notMe: {
    title: 'That sign-in is ended',
    lead: 'That person is signed out of every app, and their downloads and open windows are cut. Somebody may know your password. Do these four things now:',
    password: 'Change your password now',
    passwordElsewhere: 'Change your password at the institution that gave it to you, not here.',
    steps: [
      'Look at the second factors in your account, and remove those that you do not know.',
      'End all other sign-ins.',
      'Tell the people who run this gate. They can see where the sign-in came from.'
    ],
    account: 'Go to my account'
  },

  apps: {
    title: 'Your apps',
    none: 'There is no app for you here yet.',
    noneNow: 'If you expected an app, ask the people who run this gate which group you need.',
    lastUsed: (when: string) => `last used ${when}`,
    reportOnly: 'This app is not protected yet: its rules are only reported, and everybody can open it.'
  },

  logout: {
    title: 'Sign out?',
    lead: (lab: string) => `This signs you out of every app of ${titled(lab)} in this browser.`,
    submit: 'Sign out',
    stay: 'Stay signed in',
    outTitle: 'You are signed out',
    outThere: 'You are signed out here. One more step signs you out at your institution too.',
    there: 'Sign out there too',
    outLead: 'You are signed out of every app behind this gate in this browser. You can close the window.',
    again: 'Sign in again',
    formExpired:
      'This page was open for too long, or you opened it again in another tab. You are not signed out yet. Press the button again.'
  },

  handOver: {
    title: 'That took too long',
    what: (app: string) => `The last step before ${titled(app)} works only once, within half a minute.`,
    now: 'Nothing is lost. Press Continue: the gate repeats the step and opens the same page.',
    again: 'Continue'
  },

  error: {
    whose: {
      gate: 'The problem is in the gate. It is not your fault, and the app is not broken.',
      app: 'The problem is in the app. It is not your fault, and the gate works.',
      you: 'The gate and the app both work.'
    } satisfies Record<Whose, string>,
    ask: 'Whom to ask',
    reference: 'Reference',
    referenceHint: 'With the reference, the people who run this gate can find this event in the journal.',
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

  /** Texts in a frame, in place of a page of the gate. */
  framed: {
    pages: {
      signIn: {
        title: 'Sign in to see this part',
        why: 'The gate in front of this app asks you to sign in. For your safety it shows this form only in the whole window, where no other page can cover it.'
      },
      confirm: {
        title: 'Confirm it is you to see this part',
        why: 'The gate in front of this app asks for your second factor. For your safety it shows this form only in the whole window, where no other page can cover it.'
      },
      late: {
        title: 'This part did not open',
        why: 'The last step of the sign-in took too long, or it was done before. You can continue in the whole window.'
      },
      ours: {
        title: 'This page opens in the whole window',
        why: 'This page belongs to the gate. For your safety the gate shows its pages only in the whole window, where no other page can cover them.'
      }
    },
    whole: 'Continue in the whole window',
    open: 'Open it in the whole window',
    tab: 'Or open it in a new tab'
  },

  /** Texts for a form that did not reach its app. What was typed is still in the browser. */
  unsent: {
    title: (f: ErrorFacts) => `${f.app} did not get what you sent`,
    what: {
      signIn: (f: ErrorFacts) =>
        `You are not signed in any more, so the gate did not pass your form on to ${f.app}. Nothing was saved or changed there.`,
      confirm: (f: ErrorFacts) =>
        `You have to confirm again before you use this part of ${f.app}, so the gate did not pass your form on. Nothing was saved or changed there.`,
      foreign: (f: ErrorFacts) =>
        `Another site sent a form to ${f.app} through your browser. Your browser does not send our cookie with such a form. The gate cannot see who you are, so it did not pass the form on.`
    },
    now: {
      signIn: () =>
        'Sign in, in a new tab. Then come back to this tab and load it again. Your browser asks if it should send the form again, with everything that you typed. To be safe, go back first and copy what you typed.',
      confirm: () =>
        'Confirm, in a new tab. Then come back to this tab and load it again. Your browser asks if it should send the form again, with everything that you typed. To be safe, go back first and copy what you typed.',
      foreign: (f: ErrorFacts) =>
        `Open ${f.app} here and start from there. If you have to start at the other site, tell the people who run this gate which site it is.`
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
    'The gate does not understand the request that your browser sent.',
    'Go back and try again, or type the address again.'
  ),
  ambiguous_target: calm(
    'That address can be read in two ways',
    'The gate and the app could understand a part of this address differently. The gate did not pass the request on.',
    'Open the app from your list of apps and find the page from there.'
  ),
  sign_in_required: calm('Sign in first', 'This page is for people who are signed in.', 'Sign in and come back.'),
  second_factor_required: calm(
    'One step is missing',
    'You have to confirm with your second factor before this page opens.',
    'Confirm it is you and come back.'
  ),
  fresh_proof_required: calm(
    'Confirm once more',
    'Your last confirmation is too old for this page.',
    'Confirm it is you and come back.'
  ),
  other_factor_required: calm(
    'This needs another second factor',
    'This page does not accept the second factor that you used.',
    'Confirm with another one of your factors and come back.'
  ),
  wrong_credentials: calm(
    'User name and password do not match',
    'Nobody was signed in.',
    'Check user name and password, then try again.'
  ),
  wrong_code: calm('That did not work', 'The confirmation was not accepted.', 'Go back and try again.'),
  not_allowed: {
    title: () => 'You may not open this',
    what: f => `You are signed in, but ${f.app} does not let your account open this page.`,
    now: () => 'If you need it for your work, ask for access and name the page.'
  },
  foreign_origin: calm(
    'That came from another site',
    'Another site tried to send something here in your name. The gate did not do it.',
    'If you wanted to do it, open the page here and do it on that page.'
  ),
  form_expired: calm(
    'That page was open for too long',
    'The form on it is no longer valid. Nothing was changed.',
    'Open the page again and repeat what you did.'
  ),
  cookies_off: calm(
    'Your browser did not keep our cookie',
    'A sign-in needs a cookie. The gate set it, but your browser did not send it back. Perhaps it was deleted, cookies are switched off, or a privacy tool removes them.',
    'Try again. If you see this page again, allow cookies for this address in the privacy settings of your browser.'
  ),
  enrolment_not_allowed: calm(
    'You cannot add a second factor now',
    'To add a second factor you need a valid invitation, or a confirmation that is a few minutes old. A newer invitation replaces an older one.',
    'Open your account and confirm it is you, or open your newest invitation. If you have neither, ask for an invitation.'
  ),
  authenticator_not_allowed: calm(
    'This passkey or security key is not accepted here',
    'The people who run this gate have decided which ones are.',
    'Use another one, or another second factor.'
  ),
  last_factor: calm(
    'That is your only second factor',
    'Without a second factor you cannot sign in, so it was not removed.',
    'Add another one first, then remove this one.'
  ),
  institution_refused: calm(
    'Your institution did not sign you in',
    'You are not signed in here either.',
    'Sign in again. If that does not help, ask the help desk of your institution.'
  ),
  institution_answer_invalid: calm(
    'The answer of your institution is not valid',
    'The gate cannot accept the answer, so you are not signed in.',
    'Sign in again. If you see this page again, tell the people who run this gate the reference below.'
  ),
  institution_name_invalid: calm(
    'Your name cannot be used here',
    'Your institution has signed you in, but your user name there is not allowed here.',
    'Ask the people who run this gate, and tell them the reference below.'
  ),
  institution_name_taken: calm(
    'Your name is taken here',
    'Your institution has signed you in, but another person has the same user name here.',
    'Ask the people who run this gate, and tell them the reference below.'
  ),
  institution_first: calm(
    'Sign in at your institution first',
    'Your passkey is right, but your institution has to confirm first that your account is still valid.',
    'Go to the sign-in page and choose your institution there.'
  ),
  institution_gone: calm(
    'Your account is not valid any more',
    'Your institution has removed or locked your account.',
    'Ask the help desk of your institution.'
  ),
  institution_login_expired: calm(
    'That sign-in is not valid any more',
    'It took too long, it began in another browser, or you opened its page twice. You are not signed in.',
    'Sign in again.'
  ),
  institution_unreachable: calm(
    'Your institution’s sign-in is not answering',
    'The gate works, but it cannot reach the service that knows your account.',
    'Try again in a few minutes, or sign in another way.'
  ),
  account_suspended: calm(
    'Your access is suspended',
    'The people who run this gate have suspended your account. Your data in the apps is unchanged.',
    'Ask them for the reason, and when you get access again.'
  ),
  not_found: calm(
    'There is no such page',
    'The gate has no page at this address.',
    'Check the address, or start from your list of apps.'
  ),
  no_such_app: calm(
    'There is no such app here',
    'The gate knows no app at this address.',
    'Check the address, or start from your list of apps.'
  ),
  method_not_allowed: calm(
    'That is not possible here',
    'This page does not accept this kind of request.',
    'Open the page again and use the buttons on it.'
  ),
  invitation_invalid: calm(
    'This invitation does not work any more',
    'An invitation is valid for 24 hours and for one second factor. A newer invitation replaces an older one.',
    'If you have set up your second factor already, sign in. Otherwise ask for a new invitation.'
  ),
  body_too_large: calm('That is too large', 'You sent more data than this page accepts.', 'Send less.'),
  body_too_slow: calm(
    'That took too long',
    'The form did not arrive completely in time.',
    'Check your connection, then send it again.'
  ),
  unsupported_media_type: calm(
    'That is not possible here',
    'This page does not accept this kind of content.',
    'Open the page again and use the form on it.'
  ),
  misdirected: calm(
    'This gate does not serve that address',
    'The address leads to this gate, but no app has it.',
    'Check the address, or start from your list of apps.'
  ),
  upgrade_refused: calm(
    'The gate refused that connection',
    'WebSocket is the only kind of live connection that the gate passes on.',
    'If an app needs another kind, tell the people who run this gate.'
  ),
  too_many_attempts: {
    title: () => 'There were too many tries',
    what: () => 'After a few wrong tries the gate makes you wait, so that nobody can guess a password or a code.',
    now: f => (f.wait === null ? 'Wait a little, then try again.' : `You can try again in ${f.wait}.`)
  },
  headers_too_large: calm(
    'Your browser sent too much',
    'The request has more cookies or headers than the gate accepts.',
    'Delete the cookies of this site in your browser, then open the page again.'
  ),
  internal: calm(
    'The gate made a mistake',
    'An unexpected error happened inside the gate. Nothing was passed on.',
    'Try again. If you see this page again, tell the people who run this gate.'
  ),
  app_unreachable: {
    title: f => `${f.app} is not answering`,
    what: f => `The gate could not connect to ${f.app}. Perhaps it is restarting, or it is not running.`,
    now: () => 'Try again in a minute.'
  },
  app_reply_invalid: {
    title: f => `${f.app} gave an invalid answer`,
    what: f => `The gate cannot pass the answer of ${f.app} on to your browser.`,
    now: () => 'Try again. If you see this page again, tell the people who run the app.'
  },
  app_busy: {
    title: f => `${f.app} is busy`,
    what: f => `${f.app} has more requests than it can handle at once. The gate did not pass this one on.`,
    now: () => 'Try again in a few seconds.'
  },
  app_maintenance: {
    title: f => `${f.app} is being maintained`,
    what: f => {
      if (f.maintenanceMessage !== null) return f.maintenanceMessage
      if (f.maintenanceUntil === null) return `${f.app} is out of service for a while.`
      return f.isOverdue
        ? `${f.app} was planned to be back by ${f.maintenanceUntil}. The work takes longer.`
        : `${f.app} is out of service until ${f.maintenanceUntil}.`
    },
    now: f => {
      if (f.maintenanceUntil === null) return 'Come back later.'
      if (f.maintenanceMessage === null) return f.isOverdue ? 'Try again in a few minutes.' : 'Come back after that.'
      return f.isOverdue
        ? `It was planned until ${f.maintenanceUntil}, and takes longer. Try again in a few minutes.`
        : `It is planned until ${f.maintenanceUntil}. Come back after that.`
    }
  },
  store_unreachable: calm(
    'The gate cannot reach its store',
    'The store says who is signed in. Without it, only pages that are open to everybody work. Your data is safe.',
    'Try again in a few seconds. When the store is back, the gate works again by itself.'
  ),
  record_too_new: calm(
    'The gate is older than its data',
    'A newer release of the gate wrote the data that this page needs. This release cannot read it, so it does not let you through.',
    'Try again in a few minutes. If you see this page again, tell the people who run this gate. The log says what to do.'
  ),
  not_confirmed: calm(
    'Done, but not saved twice yet',
    'The gate has done it and saved it. The second copy of its data does not have it yet. If the first copy failed now, the change could be lost.',
    'Go back in a few seconds and do the same again. A code that you typed does not work again, so use the next one. If you see this page again, tell the people who run this gate.'
  ),
  journal_unwritable: calm(
    'The gate cannot write its journal',
    'The gate must record what happens, and at the moment it cannot. So it lets nothing through.',
    'Try again in a minute. If you see this page again, tell the people who run this gate.'
  ),
  busy: calm(
    'Many people are signing in at the moment',
    'The gate could not check your password yet.',
    'Try again in a few seconds.'
  ),
  shutting_down: calm('The gate is restarting', 'It takes a few seconds.', 'Try again in a few seconds.'),
  app_timeout: {
    title: f => `${f.app} took too long`,
    what: f => `The gate passed your request on, but ${f.app} did not answer in time.`,
    now: () => 'Try again. A long calculation may still be running. Check that before you start it again.'
  }
}

export type Messages = typeof english & { readonly errors: Record<ErrorCode, ErrorSentences> }

const catalogues: { readonly en: Messages } = { en: { ...english, errors: english_errors } }

/** The catalogue for a browser's languages. There is only English today. */
export function messagesFor(_acceptLanguage: string | undefined): Messages {
  return catalogues.en
}
