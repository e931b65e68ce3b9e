/** The sentences of notices in English. A further language is one more object of this shape, and one more line in `messagesIn`. */
import type { NoticeFacts, NoticeKind } from '../notice.ts'

/** The facts in a sentence. Names are already in quotes, with their own writing direction. */
export interface SentenceFacts extends NoticeFacts {
  /** The account concerned. */
  readonly person: string
  /** A second person, or ''. */
  readonly who: string
  readonly lab: string
  /** The recovery codes left; null if unknown. */
  readonly codesLeft: number | null
}

export interface Sentences {
  readonly subject: (facts: SentenceFacts) => string
  readonly what: (facts: SentenceFacts) => string
  /** The action to take now. */
  readonly now: (facts: SentenceFacts) => string
}

const plural = new Intl.PluralRules('en-GB')
const count = (n: number, one: string, other: string) => `${n} ${plural.select(n) === 'one' ? one : other}`

const factors = { webauthn: 'a passkey', totp: 'an authenticator app', recovery: 'a recovery code' } as const
const factorOf = ({ factor }: SentenceFacts) => (factor === undefined ? 'a second factor' : factors[factor])
const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1)

const notYou =
  'If that was not you, change your password and end all sessions on your account page, and tell the people who run the gate.'

/** For the person concerned. */
const own: Record<NoticeKind, Sentences> = {
  'factor-added': {
    subject: f => `${capital(factorOf(f))} was added to your account`,
    what: f =>
      `${capital(factorOf(f))} was added to your account. From now on it opens your apps together with your password.`,
    now: () =>
      'If that was not you, remove it on your account page, change your password, and tell the people who run the gate.'
  },
  'factor-removed': {
    subject: f => `${capital(factorOf(f))} was removed from your account`,
    what: f => `${capital(factorOf(f))} was removed from your account. It opens nothing any more.`,
    now: () => notYou
  },
  'factors-reset': {
    subject: () => 'All second factors of your account were removed',
    what: () =>
      'The people who run the gate removed all second factors of your account and ended your sessions. You need an invitation to add a new one.',
    now: () => 'If you did not ask for this, tell the people who run the gate at once.'
  },
  'factor-disabled': {
    subject: f => `${capital(factorOf(f))} was switched off`,
    what: f => `There were so many wrong tries in a row that the gate switched off ${factorOf(f)} of your account.`,
    now: () =>
      'Sign in with another factor, remove the one that is switched off, and add it again. If you have no other, tell the people who run the gate.'
  },
  'recovery-used': {
    subject: () => 'A recovery code was used',
    what: f => `Somebody signed in to your account with a recovery code.${left(f)}`,
    now: () => notYou
  },
  'recovery-issued': {
    subject: () => 'You have new recovery codes',
    what: () => 'New recovery codes were made for your account. Older ones do not work any more.',
    now: () => notYou
  },
  'password-changed': {
    subject: () => 'Your password was changed',
    what: () => 'The password of your account was changed. Your other sessions have ended.',
    now: () => 'If that was not you, tell the people who run the gate at once.'
  },
  'password-reset': {
    subject: () => 'You have a new password',
    what: () =>
      'A new password was set for your account, with a link from a mail and a second factor. All other sessions have ended.',
    now: () => 'If that was not you, tell the people who run the gate at once.'
  },
  'new-device': {
    subject: () => 'A sign-in from a new browser',
    what: f =>
      `Somebody signed in to your account in a browser that was not used for it before${f.device === undefined ? '' : `: ${f.device}`}.`,
    now: () => notYou
  },
  refusals: {
    subject: () => 'Many wrong tries at your account',
    what: f =>
      `There were ${f.count ?? 'many'} wrong tries to sign in to your account within an hour. None of them got in.`,
    now: () =>
      'If it was you, nothing is wrong. If not, somebody may be guessing your password: the gate makes them wait, and a second factor is needed besides.'
  },
  suspended: {
    subject: () => 'Your access is suspended',
    what: f =>
      `Your access to ${f.lab} is suspended, and your sessions have ended.${f.why === undefined ? '' : ` The reason: ${f.why}`}`,
    now: () => 'If you do not know why, ask the people who run the gate.'
  },
  resumed: {
    subject: () => 'Your access is open again',
    what: f => `Your access to ${f.lab} is no longer suspended. You can sign in again.`,
    now: () => 'Your password and your second factors are as they were before.'
  },
  'sponsor-asked': {
    subject: f => `${f.person} asks you to confirm who they are`,
    what: f => `${f.person} wants to add a first second factor at ${f.lab}, and named you as somebody who knows them.`,
    now: () =>
      'Speak to them in person or by telephone before you approve: a mail is no proof. Requests wait on the page “Requests” of your account.'
  },
  'sponsor-approved': {
    subject: () => 'Your request was approved',
    what: f => `${f.person} has confirmed who you are. You can add your first second factor now.`,
    now: () => 'Sign in again, and the gate shows you how.'
  },
  'sponsor-declined': {
    subject: () => 'Your request was declined',
    what: f => `${f.person} did not confirm who you are, so you cannot add a second factor yet.`,
    now: () => 'Speak to them, or ask the people who run the gate.'
  },
  'certificate-ending': {
    subject: f => `A certificate ends ${days(f)}`,
    what: f =>
      `The certificate of ${f.what ?? 'the gate'} ends ${days(f)}. After that, browsers or other servers refuse it.`,
    now: () => 'Renew it. The gate reads the new file by itself.'
  },
  invitation: {
    subject: f => `Your invitation to ${f.lab}`,
    what: f =>
      `You have an account at ${f.lab}: ${f.person}. Open this link to set it up. It works once, for 24 hours.`,
    now: () => 'Give the link to nobody. If you did not expect this mail, do nothing.'
  },
  'password-link': {
    subject: () => 'A new password',
    what: f =>
      `Somebody asked for a new password for your account at ${f.lab}. Open this link in the browser in which you asked. It works once, for 30 minutes. Have your second factor ready.`,
    now: () => 'If that was not you, do nothing: nobody gets in with this link alone, and your password stays as it is.'
  },
  test: {
    subject: () => 'A test of the gate’s mails',
    what: f => `The mails of ${f.lab} arrive. Nothing has happened.`,
    now: () => 'There is nothing to do.'
  }
}

/** For people who are told about another person's account, where that differs. */
const ofOthers: Partial<Record<NoticeKind, Sentences>> = {
  refusals: {
    subject: f => `Many wrong tries at the account ${f.person}`,
    what: f =>
      `There were ${f.count ?? 'many'} wrong tries to sign in as ${f.person} within an hour. None of them got in.`,
    now: () => 'The journal has the addresses: factorgate journal search --user NAME. The person was told, too.'
  },
  suspended: {
    subject: f => `${f.person} is suspended`,
    what: f => `The access of ${f.person} is suspended${by(f)}.${f.why === undefined ? '' : ` The reason: ${f.why}`}`,
    now: () => 'It lasts until somebody resumes it: factorgate user resume NAME.'
  },
  resumed: {
    subject: f => `${f.person} is no longer suspended`,
    what: f => `The access of ${f.person} is open again${by(f)}.`,
    now: () => 'If this is wrong: factorgate user suspend NAME --why TEXT.'
  },
  'sponsor-asked': {
    subject: f => `${f.person} asks for their first second factor`,
    what: f => `${f.person} has no second factor, and asks the operators of ${f.lab} to confirm who they are.`,
    now: () => 'Speak to them in person or by telephone before you approve: a mail is no proof.'
  }
}

/** For the person who decided, since somebody else may have done it in their name. */
const ofDecision: Partial<Record<NoticeKind, Sentences>> = {
  'sponsor-approved': {
    subject: f => `You approved the request of ${f.who}`,
    what: f => `You confirmed who ${f.who} is. They can add their first second factor now.`,
    now: () => 'If that was not you, tell the people who run the gate at once.'
  },
  'sponsor-declined': {
    subject: f => `You declined the request of ${f.who}`,
    what: f => `You did not confirm who ${f.who} is. They cannot add a second factor yet.`,
    now: () => 'If that was not you, tell the people who run the gate.'
  }
}

function left({ codesLeft }: SentenceFacts): string {
  if (codesLeft === null) return ''
  if (codesLeft === 0) return ' It was the last one: make new ones on your account page.'
  return ` ${count(codesLeft, 'code is', 'codes are')} left.`
}

function days({ count: left = 0 }: SentenceFacts): string {
  return left < 1 ? 'today' : `in ${count(left, 'day', 'days')}`
}

const by = ({ who }: SentenceFacts) => (who === '' ? '' : ` (by ${who})`)

const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })

export const english = {
  language: 'en',
  direction: 'ltr' as 'ltr' | 'rtl',
  own,
  ofOthers,
  ofDecision,
  quoted: (name: string) => `“${name}”`,
  hello: (name: string) => `Hello ${name},`,
  helloAll: 'Hello,',
  /** The subject of several notices: the first one's, and the number of others. */
  more: (subject: string, n: number) => `${subject} (and ${count(n, 'more thing', 'more things')})`,
  several: (n: number) => `${count(n, 'thing', 'things')} happened.`,
  left: (n: number) =>
    `There ${n === 1 ? 'was' : 'were'} ${count(n, 'more notice', 'more notices')} that this mail has no room for. The journal has all of them.`,
  when: 'When',
  from: 'From address',
  reference: 'Reference',
  at: (ms: number) => `${moment.format(ms)} UTC`,
  account: 'Your account',
  open: 'Open the link',
  questions: 'Questions?',
  footer: (lab: string) => `The gate of ${lab} wrote this mail. It never asks you for a password or a code by mail.`
}

export type NoticeMessages = typeof english

/** English for an unsupported language. */
export function messagesIn(_language: string | null): NoticeMessages {
  return english
}
