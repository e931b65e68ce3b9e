/** Adds many people from a list: the list, then every mistake or what will be done, then the invitations, once. */
import type { FastifyReply } from 'fastify'
import {
  checkPeopleList,
  columns,
  csvOf,
  type ListMistake,
  type PeopleList
} from '../../src/administration/people-list.ts'
import { nameInRealm, readReason } from '../../src/administration/person-input.ts'
import { Table } from '../../src/charts/table.tsx'
import { requireForm } from '../portal/forms.ts'
import { FormProblem, Notice, Token } from '../portal/layout.tsx'
import { said } from '../portal/messages/messages.ts'
import { sendPage } from '../portal/page-context.ts'
import { actingOf, type ConsoleFrame, type ConsolePage, consoleFrame, consolePage } from './console-page.ts'
import {
  InvitationFields,
  Reason,
  readInvitation,
  SourceField,
  type TypedInvitation,
  validityInWords
} from './fields.tsx'
import { base, Sheet } from './layout.tsx'
import type { ConsoleOptions, PeopleSource } from './options.ts'
import { maxListBytes, type PageScope } from './page-scope.ts'

const path = `${base}/bulk`
/** People in one list. */
const maxPeople = 500

interface BulkView {
  readonly list: string
  readonly sources: readonly PeopleSource[]
  readonly source: string
  readonly reason: string
  readonly invitation: TypedInvitation
  readonly canMail: boolean
  readonly read: PeopleList | null
  readonly problem: string | null
}

/** The first page, and the same page with what it has read. */
function BulkPage({ frame, view }: { frame: ConsoleFrame; view: BulkView }) {
  const say = frame.say.bulk
  const { read, problem } = view
  const isReady = read !== null && read.mistakes.length === 0 && read.people.length > 0
  return (
    <Sheet frame={frame} title={say.title} at="people">
      <FormProblem text={problem} takesFocus />
      {read !== null && read.mistakes.length > 0 && <Mistakes frame={frame} mistakes={read.mistakes} />}
      {isReady && <Ready frame={frame} view={view} read={read} />}
      {!isReady && (
        <>
          <p>{say.lead({ header: columns.join(', ') })}</p>
          <p>{say.example}</p>
        </>
      )}
      <form class="fields" method="post" action={path}>
        <Token frame={frame.frame} />
        {isReady && <h2>{say.change}</h2>}
        <div>
          <label for="list">{say.list}</label>
          <textarea id="list" name="list" rows={12} required spellcheck={false} dir="ltr">
            {/* A first line break is not part of the text. */ `\n${view.list}`}
          </textarea>
        </div>
        <div class="scripted">
          <label for="file">{say.file}</label>
          <input id="file" type="file" accept=".csv,.txt,text/csv,text/plain" data-into="list" />
        </div>
        <SourceField frame={frame} sources={view.sources} chosen={view.source} />
        <InvitationFields frame={frame} typed={view.invitation} canMail={view.canMail} address={null} />
        <button type="submit" class={isReady ? 'second' : undefined}>
          {say.look}
        </button>
      </form>
      <p>
        <a href={`${base}/people`}>{frame.say.action.cancel}</a>
      </p>
    </Sheet>
  )
}

function Mistakes({ frame, mistakes }: { frame: ConsoleFrame; mistakes: readonly ListMistake[] }) {
  const say = frame.say.bulk
  const lines = new Set(mistakes.map(({ line }) => line)).size
  return (
    <>
      <Notice alert>{say.mistakes({ count: lines })}</Notice>
      <Table
        caption={say.problem}
        columns={[say.line, say.problem]}
        rows={mistakes.slice(0, 200).map(({ line, problem, text, number }, at) => ({
          key: `${line} ${at}`,
          cells: [
            <span class="figures">{line}</span>,
            said(say.problems[problem], {
              text,
              line: String(number),
              found: number,
              most: String(text.split(', ').length)
            })
          ]
        }))}
      />
    </>
  )
}

function Ready({ frame, view, read }: { frame: ConsoleFrame; view: BulkView; read: PeopleList }) {
  const say = frame.say.bulk
  const words = frame.say.person
  return (
    <>
      <p>{say.ready({ count: read.people.length })}</p>
      {view.invitation.mail && <p>{say.readyMail}</p>}
      <Table
        caption={say.title}
        columns={[words.name, frame.say.action.change.display, words.email, words.groups]}
        rows={read.people.map(({ name, displayName, email, groups }) => ({
          key: name,
          cells: [<bdi>{name}</bdi>, <bdi>{displayName}</bdi>, <bdi>{email}</bdi>, groups.join(', ')]
        }))}
      />
      <form class="fields" method="post" action={path}>
        <Token frame={frame.frame} />
        <input type="hidden" name="confirmed" value="yes" />
        <input type="hidden" name="list" value={view.list} />
        <input type="hidden" name="source" value={view.source} />
        <input type="hidden" name="valid" value={view.invitation.valid} />
        {view.invitation.mail && <input type="hidden" name="mail" value="yes" />}
        <Reason frame={frame} value={view.reason} reasons={say.reasons} hasProblem={view.problem !== null} />
        <button type="submit">{say.submit({ count: read.people.length })}</button>
      </form>
    </>
  )
}

interface AddedView {
  readonly added: readonly { readonly name: string; readonly email: string | null; readonly link: string }[]
  readonly failed: readonly { readonly line: number; readonly name: string; readonly sentence: string }[]
  /** The gate sends the invitations by mail and does not show them. */
  readonly isMailed: boolean
  /** How long they work, in words. */
  readonly valid: string
  /** The line after which the gate could not go on. */
  readonly stoppedAfter: number | null
}

function AddedPage({ frame, view }: { frame: ConsoleFrame; view: AddedView }) {
  const say = frame.say.bulk
  const { added, failed, stoppedAfter, isMailed, valid } = view
  const file = csvOf([
    ['name', 'email', 'invitation'],
    ...added.map(({ name, email, link }) => [name, email ?? '', link])
  ])
  return (
    <Sheet frame={frame} title={say.done({ count: added.length })} at="people">
      {stoppedAfter !== null && <Notice alert>{say.stopped({ line: String(stoppedAfter) })}</Notice>}
      {failed.length > 0 && (
        <>
          <Notice alert>{say.failed({ count: failed.length })}</Notice>
          <Table
            caption={say.problem}
            columns={[say.line, say.person, say.problem]}
            rows={failed.map(({ line, name, sentence }) => ({ key: name, cells: [line, <bdi>{name}</bdi>, sentence] }))}
          />
        </>
      )}
      {added.length > 0 && isMailed && <p>{say.doneMailed({ valid })}</p>}
      {added.length > 0 && !isMailed && (
        <>
          <p>{say.doneLead({ valid })}</p>
          <p>
            <a
              class="button"
              download="invitations.csv"
              href={`data:text/csv;charset=utf-8,${encodeURIComponent(file)}`}
            >
              {say.download}
            </a>
          </p>
          <Table
            caption={say.link}
            columns={[say.person, say.link]}
            rows={added.map(({ name, link }) => ({ key: name, cells: [<bdi>{name}</bdi>, <code>{link}</code>] }))}
          />
        </>
      )}
      <p>
        <a href={`${base}/people`}>{frame.say.people.title}</a>
      </p>
    </Sheet>
  )
}

function linkOf({ portal }: ConsolePage, token: string): string {
  return `${portal.portalOrigin}/.factorgate/invite/${token}`
}

type Read = Awaited<ReturnType<typeof checkPeopleList>>
type Outcomes = Awaited<ReturnType<ConsoleOptions['actions']['addMany']>>['outcomes']

export function registerBulk(scope: PageScope, options: ConsoleOptions): void {
  const { sources } = options

  scope.get(path, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const canMail = options.invitationMail !== null
    const invitation = { valid: '', mail: canMail }
    const view: BulkView = {
      ...{ list: '', sources, source: sources[0]?.id ?? 'local', reason: '', read: null, problem: null },
      ...{ invitation, canMail }
    }
    return sendPage(page, 200, <BulkPage frame={consoleFrame(page)} view={view} />)
  })

  scope.post(path, { config: { requires: 'console' }, bodyLimit: maxListBytes }, async request =>
    addList(consolePage(request), options)
  )
}

/** The mistakes of the list, then what will be done; adds the people once that is confirmed. */
async function addList(page: ConsolePage, options: ConsoleOptions): Promise<FastifyReply> {
  const { sources, invitationMail } = options
  const form = requireForm(page)
  const frame = consoleFrame(page)
  const say = frame.say.bulk
  const list = form.field('list').replace(/^\r?\n/, '')
  const source = sources.find(({ id }) => id === form.field('source')) ?? sources[0]
  const invitation = readInvitation(form)
  const isMailed = invitation.mail && invitationMail !== null
  const read = await checkPeopleList(list, options.accounts, {
    nameOf: name => nameInRealm(name, source?.realm ?? null),
    isMailed
  })
  const show = (status: number, problem: string | null) => {
    const view = {
      ...{ list, sources, source: source?.id ?? 'local', reason: form.field('reason'), read, problem },
      ...{ invitation: { ...invitation, mail: isMailed }, canMail: invitationMail !== null }
    }
    return sendPage(page, status, <BulkPage frame={frame} view={view} />)
  }
  if (read.people.length + read.mistakes.length === 0) return show(403, say.empty)
  if (read.people.length > maxPeople) return show(403, say.tooLong({ most: String(maxPeople) }))
  if (read.mistakes.length > 0) return show(403, null)
  if (form.field('confirmed') !== 'yes') return show(200, null)
  const reason = readReason(form.field('reason'))
  if ('rule' in reason) return show(403, frame.say.action.reasonMissing)
  const { outcomes, failure } = await options.actions.addMany(
    actingOf(page, reason.value),
    read.people.map(({ name, displayName, email, groups }) => ({
      name,
      email,
      groups,
      directory: source?.id ?? 'local',
      ...(displayName === null ? {} : { displayName })
    })),
    {
      validSeconds: invitation.validSeconds,
      onAdded: async (account, token) => {
        if (isMailed) await invitationMail(account, linkOf(page, token), invitation.validSeconds)
      }
    }
  )
  if (failure !== null) {
    page.portal.log.warn({ err: failure }, 'a list of people was not added to its end')
    if (outcomes.length === 0) throw failure
  }
  const view: AddedView = {
    ...addedOf(page, read.people, outcomes),
    isMailed,
    valid: validityInWords(frame, invitation.validSeconds),
    stoppedAfter: failure === null ? null : (read.people[outcomes.length - 1]?.line ?? 0)
  }
  return sendPage(page, 200, <AddedPage frame={frame} view={view} />)
}

/** Who was added, with their links, and who was not, with line and reason. */
function addedOf(page: ConsolePage, people: Read['people'], outcomes: Outcomes): Pick<AddedView, 'added' | 'failed'> {
  const added: AddedView['added'][number][] = []
  const failed: AddedView['failed'][number][] = []
  for (const [at, outcome] of outcomes.entries()) {
    const { line = 0, name = '' } = people[at] ?? {}
    if (outcome.kind === 'refused') failed.push({ line, name, sentence: page.words.action.refused[outcome.why] })
    else added.push({ name: outcome.account.name, email: outcome.account.email, link: linkOf(page, outcome.token) })
  }
  return { added, failed }
}
