/** Requests of people of institutions for a first second factor: who asks, and the forms that approve or decline. */
import type { FastifyReply } from 'fastify'
import { readReason } from '../../src/administration/person-input.ts'
import { Table } from '../../src/charts/table.tsx'
import { GateError } from '../../src/errors.ts'
import { numberOf } from '../../src/identity/sponsorships.ts'
import type { SeenRequest } from '../../src/sign-in/sponsorship.ts'
import { requireForm } from '../portal/forms.ts'
import { FormProblem, Notice, plain, Said, Token } from '../portal/layout.tsx'
import { callerOf, goTo, sendPage } from '../portal/page-context.ts'
import { formatRelative } from '../portal/relative-time.ts'
import {
  type ConsoleFrame,
  type ConsolePage,
  consoleFrame,
  consolePage,
  type DoneNote,
  noteDone,
  takeDone
} from './console-page.ts'
import { Reason } from './fields.tsx'
import { base, PersonCell, Sheet } from './layout.tsx'
import type { PageScope } from './page-scope.ts'

export const requestsPath = `${base}/requests`

const decisions = ['approve', 'decline'] as const
type RequestDecision = (typeof decisions)[number]

interface RequestsView {
  /** Open ones and those that were lately decided, the newest first. */
  readonly requests: readonly SeenRequest[]
  readonly now: number
  readonly done: DoneNote | null
  readonly problem: string | null
}

function RequestsPage({ frame, view }: { frame: ConsoleFrame; view: RequestsView }) {
  const say = frame.say.requests
  const words = frame.frame.say
  const open = view.requests.filter(({ request }) => request.state === 'open')
  const decided = view.requests.filter(({ request }) => request.state !== 'open')
  return (
    <Sheet frame={frame} title={say.title} at="requests">
      {view.problem !== null && <Notice alert>{view.problem}</Notice>}
      {view.done !== null && <Done frame={frame} done={view.done} />}
      <p>{open.length === 0 ? say.nobody : say.lead({ count: open.length })}</p>
      {open.length > 0 && (
        <Table
          caption={say.title}
          columns={[say.person, say.source, say.number, say.asked, say.from, say.sponsor, say.decide]}
          rows={open.map(({ request, person, institution, sponsor }) => ({
            key: request.id,
            cells: [
              <PersonCell account={person} />,
              <bdi>{institution}</bdi>,
              <span class="figures">{numberOf(request)}</span>,
              formatRelative(request.askedAt, view.now, words),
              <span class="figures">{request.address}</span>,
              sponsor === null ? say.operators : <bdi>{sponsor.displayName}</bdi>,
              <p class="acts">
                {decisions.map(decision => (
                  <a
                    key={decision}
                    class={decision === 'decline' ? 'ends' : undefined}
                    href={pathOf(request.accountId, decision)}
                    aria-label={plain(say[decision].linkFor({ name: person.displayName }))}
                  >
                    {say[decision].link}
                  </a>
                ))}
              </p>
            ]
          }))}
        />
      )}
      {decided.length > 0 && (
        <section aria-labelledby="decided">
          <h2 id="decided">{say.decided}</h2>
          <ul class="list">
            {decided.map(({ request, person }) => (
              <li key={request.id}>
                <Said
                  text={(request.state === 'approved' ? say.approvedBy : say.declinedBy)({
                    by: request.decidedBy?.displayName ?? '',
                    name: person.displayName
                  })}
                />
              </li>
            ))}
          </ul>
        </section>
      )}
    </Sheet>
  )
}

function Done({ frame, done }: { frame: ConsoleFrame; done: DoneNote }) {
  const say = frame.say.requests
  const { action, name } = done
  if (action !== 'approve' && action !== 'decline') return null
  return (
    <Notice>
      <Said text={say[action].done({ name })} />
    </Notice>
  )
}

interface DecideView {
  readonly decision: RequestDecision
  readonly seen: SeenRequest
  readonly reason: string
  readonly problem: string | null
}

function DecidePage({ frame, view }: { frame: ConsoleFrame; view: DecideView }) {
  const { decision, seen, reason, problem } = view
  const { request, person, institution, sponsor } = seen
  const say = frame.say.requests
  const words = say[decision]
  return (
    <Sheet frame={frame} title={words.title({ name: person.displayName })} at="requests" narrow>
      <p class="soft">
        <Said text={say.who({ name: person.displayName, user: person.name, source: institution })} />
      </p>
      <p>{words.lead}</p>
      {decision === 'approve' && (
        <>
          <p>
            <Said text={say.digits({ digits: numberOf(request) })} />
          </p>
          {sponsor !== null && (
            <p>
              <Said text={say.named({ sponsor: sponsor.displayName })} />
            </p>
          )}
        </>
      )}
      <form class="fields" method="post" action={pathOf(request.accountId, decision)}>
        <Token frame={frame.frame} />
        <input type="hidden" name="request" value={request.id} />
        <FormProblem text={problem} takesFocus />
        <Reason frame={frame} value={reason} reasons={words.reasons} hasProblem={problem !== null} />
        <button type="submit" class={decision === 'decline' ? 'ends' : undefined}>
          {words.submit}
        </button>
      </form>
      <p>
        <a href={requestsPath}>{frame.say.action.cancel}</a>
      </p>
    </Sheet>
  )
}

const pathOf = (accountId: string, decision: RequestDecision) => `${requestsPath}/${accountId}/${decision}`

export function registerRequests(scope: PageScope): void {
  const config = { config: { requires: 'console' } } as const

  scope.get(requestsPath, config, async request => {
    const page = consolePage(request)
    return list(page, 200, takeDone(page), null)
  })

  for (const decision of decisions) {
    const path = pathOf(':id', decision)

    scope.get(path, config, async request => {
      const page = consolePage(request)
      const seen = await openRequest(page)
      return seen === null ? gone(page) : show(page, 200, { decision, seen, reason: '', problem: null })
    })

    scope.post(path, config, async request => {
      const page = consolePage(request)
      const form = requireForm(page)
      const seen = await openRequest(page)
      // Another request of the same person has another number, which nobody has compared yet.
      if (seen === null || seen.request.id !== form.field('request')) return gone(page)
      const reason = readReason(form.field('reason'))
      if ('rule' in reason) {
        const problem = page.words.action.reasonMissing
        return show(page, 403, { decision, seen, reason: form.field('reason'), problem })
      }
      const { sponsorship } = page.portal.signIn
      const { accountId, id } = seen.request
      const outcome = await sponsorship.decide(callerOf(page), accountId, id, decision === 'approve', reason.value)
      if (outcome.kind === 'denied') throw new GateError(outcome.code, outcome)
      if (outcome.kind === 'gone') return gone(page)
      const { displayName } = outcome.person
      noteDone(page, { action: decision, id: accountId, name: displayName, ended: 0 })
      return goTo(page, requestsPath)
    })
  }

  async function openRequest(page: ConsolePage): Promise<SeenRequest | null> {
    const { id } = page.request.params as { id: string }
    const requests = await requestsOf(page)
    return requests.find(({ request }) => request.accountId === id && request.state === 'open') ?? null
  }

  function requestsOf(page: ConsolePage): Promise<SeenRequest[]> {
    if (page.role !== 'operator' || !page.portal.directories.hasSponsors) throw new GateError('not_found')
    return page.portal.signIn.sponsorship.requestsFor(page.principal)
  }

  function gone(page: ConsolePage): Promise<FastifyReply> {
    return list(page, 403, null, page.words.requests.gone)
  }

  async function list(page: ConsolePage, status: number, done: DoneNote | null, problem: string | null) {
    const view = { requests: await requestsOf(page), now: page.now, done, problem }
    return sendPage(page, status, <RequestsPage frame={consoleFrame(page)} view={view} />)
  }

  function show(page: ConsolePage, status: number, view: DecideView) {
    return sendPage(page, status, <DecidePage frame={consoleFrame(page)} view={view} />)
  }
}
