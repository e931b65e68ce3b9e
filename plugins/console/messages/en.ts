/** The sentences of the operators' console. A further language is one more object of this shape. */
import type { Refusal } from '../../../src/administration/operator-actions.ts'
import type { PeopleFilter } from '../../../src/administration/people-index.ts'

/** A name in a sentence, with its own writing direction (UAX #9). `Said` in the portal's layout makes an element of it. */
const apart = (name: string) => `\u2068${name}\u2069`

const count = (n: number, { one, other }: { one: string; other: string }) =>
  (n === 1 ? one : other).replace('#', String(n))
const sessions = (n: number) => count(n, { one: '# session', other: '# sessions' })

export const english = {
  frame: {
    title: 'Operators’ console',
    nav: 'Console',
    now: 'Now',
    people: 'People',
    waits: 'Waits',
    helpdesk: 'You are here for the help desk: you can read, invite people and reset their second factors.',
    yes: 'yes',
    no: 'no',
    none: 'none',
    back: 'Back',
    previous: 'Previous',
    next: 'Next',
    page: (page: number, pages: number) => `Page ${page} of ${pages}`
  },

  now: {
    title: 'Who is in now',
    lead: (people: number, open: number) =>
      people === 0
        ? 'Nobody is signed in.'
        : `${count(people, { one: 'One person is signed in', other: '# people are signed in' })}, with ${count(open, { one: 'one open connection', other: '# open connections' })}.`,
    covers: (processes: number) =>
      `Sign-ins are those of all gates that share this store. Connections and bytes are those that are open now in ${count(processes, { one: 'this process of the gate', other: '# processes of the gate' })}.`,
    refresh: 'Look again',
    asOf: (clock: string) => `As of ${clock}.`,
    person: 'Person',
    device: 'Device',
    from: 'From',
    since: 'Signed in',
    seen: 'Last seen',
    open: 'Open',
    bytes: 'Moved',
    half: 'second factor not shown yet',
    sockets: (n: number) => count(n, { one: 'one live', other: '# live' }),
    sponsors: (n: number) =>
      count(n, {
        one: 'One person asks for approval of their first second factor.',
        other: '# people ask for approval of their first second factor.'
      }),
    openSponsors: 'See who asks',
    more: (n: number) => count(n, { one: 'One more is not shown.', other: '# more are not shown.' })
  },

  people: {
    title: 'People',
    search: 'Name, address or group',
    find: 'Find',
    show: 'Show',
    filter: {
      all: 'Everybody',
      roles: 'Operators and help desk',
      suspended: 'Suspended',
      unenrolled: 'Without a second factor'
    } satisfies Record<PeopleFilter, string>,
    total: (n: number) => count(n, { one: 'One person.', other: '# people.' }),
    nobody: 'Nobody fits.',
    name: 'Name',
    groups: 'Groups',
    factors: 'Second factors',
    used: 'Last used',
    status: 'Status',
    never: 'never',
    fine: 'can sign in',
    suspended: 'suspended',
    unenrolled: 'no second factor yet',
    off: 'a factor is switched off'
  },

  person: {
    name: 'User name',
    email: 'E-mail address',
    groups: 'Groups',
    from: 'Comes from',
    here: 'this gate',
    added: 'Added',
    status: 'Status',
    suspended: (when: string, why: string) => `suspended ${when}: ${apart(why)}`,
    invited: 'has an invitation that waits',
    password: 'Recovery codes',
    codes: (remaining: number, total: number) => `${remaining} of ${total} left`,
    factors: 'Second factors',
    noFactors: 'There is no second factor.',
    factorOff: 'switched off after too many wrong tries; reset the second factors to let the person start again',
    usedFrom: (when: string, address: string | null) =>
      address === null ? `last used ${when}` : `last used ${when}, from ${apart(address)}`,
    unused: 'not used yet',
    sessions: 'Signed in now',
    noSessions: 'Not signed in.',
    session: (device: string, address: string, seen: string) => `${device}, ${apart(address)}, seen ${seen}`,
    live: (connections: number, bytes: string) =>
      `${count(connections, { one: 'one open connection', other: '# open connections' })}, ${bytes} moved`,
    end: 'End',
    locks: 'Waits',
    lock: (what: string, seconds: string, failures: number) =>
      `${what}: ${seconds} to wait after ${count(failures, { one: 'one wrong try', other: '# wrong tries' })}`,
    lockOf: {
      password: 'Password',
      totp: 'Authenticator app',
      webauthn: 'Passkey',
      recovery: 'Recovery code'
    } as Readonly<Record<string, string>>,
    actions: 'What you can do',
    you: 'This is your own account.',
    protected: 'Only operators can change this account.',
    journal: 'What the journal says about this person'
  },

  action: {
    reason: 'Reason',
    reasonHelp: 'The journal keeps it with your name.',
    reasonMissing: 'Give a reason of 1 to 500 characters on one line.',
    cancel: 'Do nothing',
    selfMeant: 'I know that this ends my own access.',
    who: (name: string, user: string) => `${apart(name)}, user name ${apart(user)}`,
    invite: {
      link: 'Invite',
      title: (name: string) => `Invite ${apart(name)}`,
      lead: 'You get a link for the person, once. It is valid for 24 hours and for one second factor. Older invitations of this person stop working.',
      elsewhere: (source: string) =>
        `The person opens the link, signs in with ${apart(source)}, and adds a second factor. The link alone opens nothing.`,
      waiting: 'An invitation of this person waits already. A new one ends it.',
      check: 'Make sure that the person who asks is the right one.',
      submit: 'Make the invitation',
      reasons: ['New in the lab', 'Lost device, identity checked in person', 'Invitation had expired']
    },
    change: {
      link: 'Change name, address or groups',
      title: (name: string) => `Change ${apart(name)}`,
      lead: 'The change holds from the next request on. Open connections that need a removed group are cut.',
      elsewhere: (source: string) =>
        `${apart(source)} gives these at each sign-in, so what you change here lasts until then.`,
      display: 'Displayed name',
      email: 'E-mail address',
      emailHelp: 'Leave it empty for none.',
      groups: 'Groups',
      groupsHelp: 'Separated by commas. The groups “operators” and “helpdesk” open this console.',
      submit: 'Save',
      reasons: ['Name has changed', 'New task', 'Asked for by the group leader']
    },
    suspend: {
      link: 'Suspend',
      title: (name: string) => `Suspend ${apart(name)}`,
      lead: 'All sessions of the person end now, with open connections and running downloads, and no new sign-in works. Password and factors stay.',
      undo: 'You can undo this: “Let in again” is on the page of the person.',
      submit: 'Suspend now',
      reasons: ['Left the lab', 'Device stolen', 'Account seems to be misused']
    },
    resume: {
      link: 'Let in again',
      title: (name: string) => `Let ${apart(name)} in again`,
      lead: 'The person can sign in again with the same password and factors.',
      submit: 'Let in again',
      reasons: ['Came back', 'Was a mistake', 'Cleared up']
    },
    unlock: {
      link: 'End the waits',
      title: (name: string) => `End the waits of ${apart(name)}`,
      lead: 'After wrong tries a person has to wait. This ends the waits of this account and forgets the wrong tries. A factor that was switched off stays off.',
      submit: 'End the waits',
      reasons: ['The person mistyped', 'Asked for by telephone, identity checked']
    },
    reset: {
      link: 'Reset second factors',
      title: (name: string) => `Reset the second factors of ${apart(name)}`,
      lead: 'Passkeys, authenticator apps, recovery codes and open invitations are removed, and all sessions end. The password stays, but opens nothing alone. Afterwards invite the person.',
      undo: 'This cannot be undone.',
      check: 'Make sure that the person who asks is the right one: a caller who is not gets the account.',
      submit: 'Reset now',
      reasons: ['Lost phone, identity checked in person', 'Lost key, identity checked by video call']
    },
    revoke: {
      link: 'End all sessions',
      title: (name: string) => `End the sessions of ${apart(name)}`,
      one: (device: string) => `This ends the session on ${apart(device)}, with its open connections.`,
      lead: 'All sessions of the person end now, with open connections and running downloads. The person can sign in again; to prevent that, suspend.',
      undo: 'This cannot be undone.',
      submit: 'End now',
      reasons: ['Forgot to sign out', 'Device lost', 'Asked for by the person']
    },
    done: {
      invite: (name: string) => `There is an invitation for ${apart(name)}.`,
      change: (name: string) => `${apart(name)} is changed.`,
      suspend: (name: string, n: number) => `${apart(name)} is suspended; ${sessions(n)} ended.`,
      resume: (name: string) => `${apart(name)} can sign in again.`,
      unlock: (name: string) => `${apart(name)} need not wait any more.`,
      reset: (name: string, n: number) => `${apart(name)} has no second factor any more; ${sessions(n)} ended.`,
      revoke: (name: string, n: number) => `${sessions(n)} of ${apart(name)} ended.`,
      undo: 'Undo',
      inviteNext: 'Invite the person now'
    },
    refused: {
      gone: 'This account does not exist any more.',
      changed: 'Somebody else has changed this account meanwhile, so nothing was done. Look at it again, then decide.',
      not_yours: 'Only operators can do this. Nothing was done.',
      last_operator:
        'You are the only operator who can open this console, so this would lock everybody out. Nothing was done. Let another operator enrol a passkey first.',
      yourself: 'This is your own account. Tick the box if you mean it.',
      suspended: 'The account is suspended. Let the person in again first.',
      not_suspended: 'The account is not suspended.',
      has_factor:
        'The person has a second factor already, so an invitation would open nothing. If it is lost, reset the second factors first.',
      no_source: 'The configuration does not name the source of this person any more, so nobody can sign in there.',
      name_taken: 'There is an account with this user name already.',
      name_invalid:
        'A user name must have 1 to 64 characters from a-z 0-9 . _ + -, or be an e-mail address, and begin and end with a letter or digit.'
    } satisfies Record<Refusal, string>,
    inputRefused: (field: string, rule: 'email' | 'display' | 'group') =>
      ({
        email: `${field}: type an address such as alice@lab.example.`,
        display: `${field}: type 1 to 128 characters on one line.`,
        group: `${field}: each group has 1 to 64 characters, without ; and |.`
      })[rule]
  },

  invitation: {
    title: 'The invitation is made',
    lead: (name: string) => `Give this link to ${apart(name)}. It is shown here once, and valid for 24 hours.`,
    copy: 'Copy the link',
    copied: 'Copied',
    label: 'Invitation',
    on: 'Back to the person'
  },

  waits: {
    title: 'Who has to wait',
    lead: (n: number) =>
      n === 0
        ? 'Nobody has to wait.'
        : count(n, {
            one: 'One count of wrong tries makes somebody wait.',
            other: '# counts of wrong tries make people wait.'
          }),
    what: 'What',
    who: 'Whom it holds back',
    failures: 'Wrong tries',
    until: 'Ends in',
    kind: {
      account: 'password, from a place that is known',
      factor: 'second factor, from a place that is known',
      factor_unknown_network: 'second factor, from one unknown network',
      factor_unknown_total: 'second factor, from all unknown networks',
      password_unknown_network: 'passwords, from one unknown network',
      password_unknown_total: 'passwords, from all unknown networks',
      address: 'everybody at an address',
      customer: 'everybody in a network of a customer',
      site: 'everybody in a network of a site',
      provider: 'everybody in a network of a provider',
      known_network: 'everybody at an address that is known',
      passkey: 'one passkey from one network',
      answer_network: 'answers of institutions from one network',
      answer_provider: 'answers of institutions from the network of a provider'
    },
    more: (n: number) => `${n} more are not shown.`,
    somebody: 'a name at an unknown network'
  }
}

export type ConsoleMessages = typeof english
