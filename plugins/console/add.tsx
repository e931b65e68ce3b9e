/** Adds one person, and shows the invitation once. */
import { canBeMailed } from '../../src/administration/invitation-mail.ts'
import { nameInRealm, readReason } from '../../src/administration/person-input.ts'
import { type Form, requireForm } from '../portal/forms.ts'
import { FormProblem, Token } from '../portal/layout.tsx'
import { sendPage } from '../portal/page-context.ts'
import { actingOf, type ConsoleFrame, type ConsolePage, consoleFrame, consolePage } from './console-page.ts'
import {
  InvitationFields,
  NameField,
  PersonFields,
  Reason,
  readInvitation,
  readPerson,
  SourceField,
  type TypedInvitation,
  type TypedPerson
} from './fields.tsx'
import { showInvitation } from './invitation-page.tsx'
import { base, Sheet } from './layout.tsx'
import type { ConsoleOptions, PeopleSource } from './options.ts'
import type { PageScope } from './page-scope.ts'

interface AddView {
  readonly sources: readonly PeopleSource[]
  readonly typed: TypedPerson & { readonly name: string; readonly source: string; readonly reason: string }
  readonly invitation: TypedInvitation
  readonly canMail: boolean
  readonly problem: string | null
}

const path = `${base}/add`

function AddPage({
  frame,
  view: { sources, typed, invitation, canMail, problem }
}: {
  frame: ConsoleFrame
  view: AddView
}) {
  const say = frame.say.action
  return (
    <Sheet frame={frame} title={say.add.title} at="people" narrow>
      <p>{say.add.lead}</p>
      <form class="fields" method="post" action={path}>
        <Token frame={frame.frame} />
        <FormProblem text={problem} takesFocus />
        <NameField frame={frame} label={say.add.name} value={typed.name} hasProblem={problem !== null} />
        <PersonFields frame={frame} typed={typed} />
        <SourceField frame={frame} sources={sources} chosen={typed.source} />
        <InvitationFields frame={frame} typed={invitation} canMail={canMail} address={null} />
        <Reason frame={frame} value={typed.reason} reasons={say.add.reasons} hasProblem={problem !== null} />
        <button type="submit">{say.add.submit}</button>
      </form>
      <p>
        <a href={`${base}/people`}>{say.cancel}</a>
      </p>
    </Sheet>
  )
}

export function registerAdd(scope: PageScope, options: ConsoleOptions): void {
  const { sources } = options

  scope.get(path, { config: { requires: 'console' } }, async request => show(consolePage(request), 200, null, null))

  scope.post(path, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const form = requireForm(page)
    const frame = consoleFrame(page)
    const reason = readReason(form.field('reason'))
    if ('rule' in reason) return show(page, 403, form, frame.say.action.reasonMissing)
    const person = readPerson(form, frame)
    if (typeof person === 'string') return show(page, 403, form, person)
    const source = sources.find(({ id }) => id === form.field('source')) ?? sources[0]
    const invitation = readInvitation(form)
    if (invitation.mail && !canBeMailed(person.email)) return show(page, 403, form, frame.say.invitation.noAddress)
    const outcome = await options.actions.add(
      actingOf(page, reason.value),
      {
        name: nameInRealm(form.field('name'), source?.realm ?? null),
        email: person.email,
        groups: person.groups,
        directory: source?.id ?? 'local',
        ...(person.displayName === null ? {} : { displayName: person.displayName })
      },
      invitation.validSeconds
    )
    if (outcome.kind === 'refused') return show(page, 403, form, frame.say.action.refused[outcome.why])
    return showInvitation(page, options, outcome, invitation)
  })

  function show(page: ConsolePage, status: number, form: Form | null, problem: string | null) {
    const typed = (name: string) => form?.field(name) ?? ''
    const view: AddView = {
      sources,
      typed: {
        name: typed('name'),
        display: typed('display'),
        email: typed('email'),
        groups: typed('groups'),
        source: typed('source') || (sources[0]?.id ?? 'local'),
        reason: typed('reason')
      },
      invitation: form === null ? { valid: '', mail: options.invitationMail !== null } : readInvitation(form),
      canMail: options.invitationMail !== null,
      problem
    }
    return sendPage(page, status, <AddPage frame={consoleFrame(page)} view={view} />)
  }
}
