/** Fields that several forms of the console have: the reason, and what is known of a person. */
import { readDisplayName, readEmail, readGroup } from '../../src/administration/person-input.ts'
import type { Form } from '../portal/forms.ts'
import type { ConsoleFrame } from './console-page.ts'
import type { PeopleSource } from './options.ts'

interface ReasonProps {
  frame: ConsoleFrame
  value: string
  /** Proposals. */
  reasons: Readonly<Record<string, string>>
  /** True where a notice with the id `problem` speaks of the form. */
  hasProblem: boolean
}

export function Reason({ frame, value, reasons, hasProblem }: ReasonProps) {
  const say = frame.say.action
  return (
    <div>
      <label for="reason">{say.reason}</label>
      <p class="soft" id="reason-help">
        {say.reasonHelp}
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

/** What the form says of a person, or the sentence about the first mistake. An empty displayed name is null. */
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
