/** Fields of several forms of the console: the reason, and the facts about a person. */
import { readDisplayName, readEmail, readGroup } from '../../src/administration/person-input.ts'
import { invitationSeconds } from '../../src/identity/invitations.ts'
import type { Form } from '../portal/forms.ts'
import { Said } from '../portal/layout.tsx'
import type { ConsoleFrame } from './console-page.ts'
import type { PeopleSource } from './options.ts'

interface NameFieldProps {
  frame: ConsoleFrame
  label: string
  value: string
  /** True where a notice with the id `problem` speaks of the form. */
  hasProblem: boolean
}

export function NameField({ frame, label, value, hasProblem }: NameFieldProps) {
  return (
    <div>
      <label for="name">{label}</label>
      <p class="soft" id="name-help">
        {frame.say.action.add.nameHelp}
      </p>
      <input
        id="name"
        name="name"
        value={value}
        maxlength={256}
        required
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        aria-describedby={hasProblem ? 'problem name-help' : 'name-help'}
      />
    </div>
  )
}

interface ReasonProps {
  frame: ConsoleFrame
  value: string
  /** Proposals. */
  reasons: Readonly<Record<string, string>>
  /** True where the person reads the reason. */
  isRead?: boolean
  /** True where a notice with the id `problem` speaks of the form. */
  hasProblem: boolean
}

export function Reason({ frame, value, reasons, isRead, hasProblem }: ReasonProps) {
  const say = frame.say.action
  return (
    <div>
      <label for="reason">{say.reason}</label>
      <p class="soft" id="reason-help">
        {isRead ? say.reasonRead : say.reasonHelp}
      </p>
      <input
        id="reason"
        name="reason"
        value={value}
        maxlength={500}
        required
        autocomplete="off"
        list="reasons"
        dir="auto"
        aria-describedby={hasProblem ? 'problem reason-help' : 'reason-help'}
      />
      <datalist id="reasons">
        {Object.values(reasons).map(reason => (
          <option key={reason} value={reason} />
        ))}
      </datalist>
    </div>
  )
}

/** What was typed of a person. */
export interface TypedPerson {
  readonly display: string
  readonly email: string
  readonly groups: string
}

export function PersonFields({ frame, typed }: { frame: ConsoleFrame; typed: TypedPerson }) {
  const say = frame.say.action.change
  const { display, email, groups } = typed
  return (
    <>
      <div>
        <label for="display">{say.display}</label>
        <input id="display" name="display" value={display} maxlength={128} autocomplete="off" dir="auto" />
      </div>
      <div>
        <label for="email">{say.email}</label>
        <p class="soft" id="email-help">
          {say.emailHelp}
        </p>
        <input id="email" name="email" value={email} maxlength={254} autocomplete="off" aria-describedby="email-help" />
      </div>
      <div>
        <label for="groups">{say.groups}</label>
        <p class="soft" id="groups-help">
          {say.groupsHelp}
        </p>
        <input id="groups" name="groups" value={groups} autocomplete="off" aria-describedby="groups-help" />
      </div>
    </>
  )
}

/** The person's data, or the sentence about the first mistake. An empty displayed name is null. */
export function readPerson(
  form: Form,
  { say }: ConsoleFrame
): { displayName: string | null; email: string | null; groups: string[] } | string {
  const words = say.action.change
  const display = form.field('display').trim() === '' ? { value: null } : readDisplayName(form.field('display'))
  if ('rule' in display) return say.action.input.display({ field: words.display })
  const email = form.field('email').trim() === '' ? { value: null } : readEmail(form.field('email'))
  if ('rule' in email) return say.action.input.email({ field: words.email })
  const groups: string[] = []
  for (const part of form.field('groups').split(',')) {
    if (part.trim() === '') continue
    const group = readGroup(part)
    if ('rule' in group) return say.action.input.group({ field: words.groups })
    groups.push(group.value)
  }
  return { displayName: display.value, email: email.value, groups }
}

/** How long an invitation may work, in seconds. The first is the usual time. */
const validities = [invitationSeconds.usual, 3 * 86_400, 7 * 86_400, invitationSeconds.most] as const

export interface TypedInvitation {
  readonly valid: string
  readonly mail: boolean
}

/** `address`: whom the mail goes to; null if the form asks for it. */
export function InvitationFields(props: {
  frame: ConsoleFrame
  typed: TypedInvitation
  canMail: boolean
  address: string | null
}) {
  const { frame, typed, canMail, address } = props
  const say = frame.say.invitation
  return (
    <>
      <div>
        <label for="valid">{say.valid}</label>
        <select id="valid" name="valid">
          {validities.map(seconds => (
            <option key={seconds} value={String(seconds)} selected={String(seconds) === typed.valid}>
              {validityInWords(frame, seconds)}
            </option>
          ))}
        </select>
      </div>
      {canMail && (
        <label class="check">
          <input type="checkbox" name="mail" value="yes" checked={typed.mail} />
          <span>{address === null ? say.mail : <Said text={say.mailTo({ address })} />}</span>
        </label>
      )}
    </>
  )
}

/** The chosen time in seconds; undefined (the usual time) for a value that is not in the list. */
export function readInvitation(form: Form | null): TypedInvitation & { readonly validSeconds: number | undefined } {
  const valid = form?.field('valid') ?? ''
  const validSeconds = validities.find(seconds => String(seconds) === valid)
  const isUsual = validSeconds === invitationSeconds.usual
  return { valid, mail: form?.field('mail') === 'yes', validSeconds: isUsual ? undefined : validSeconds }
}

/** "24 hours", "7 days". */
export function validityInWords({ frame }: ConsoleFrame, seconds: number = invitationSeconds.usual): string {
  const { formats } = frame.say
  return seconds < 2 * 86_400 ? formats.span(seconds / 3600, 'hour') : formats.span(seconds / 86_400, 'day')
}

export function SourceField(props: { frame: ConsoleFrame; sources: readonly PeopleSource[]; chosen: string }) {
  const { frame, sources, chosen } = props
  const say = frame.say.action.add
  if (sources.length < 2) return null
  return (
    <div>
      <label for="source">{say.source}</label>
      <select id="source" name="source">
        {sources.map(({ id, title, isLocal }) => (
          <option key={id} value={id} selected={id === chosen}>
            {isLocal ? frame.say.person.here : title}
          </option>
        ))}
      </select>
      <p class="soft">{say.elsewhere}</p>
    </div>
  )
}
