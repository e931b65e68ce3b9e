/** The page on which colleagues and operators approve a first second factor. src/sign-in/sponsorship.ts decides who may. */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import { numberOf } from '../../src/identity/sponsorships.ts'
import type { Principal } from '../../src/session/principal.ts'
import type { SeenRequest } from '../../src/sign-in/sponsorship.ts'
import { setFlash, takeFlash } from './flash.ts'
import { requireForm } from './forms.ts'
import { type Frame, Notice, Page, plain, Said, Token } from './layout.tsx'
import type { PortalOptions } from './options.ts'
import { type AuthenticatedContext, callerOf, frameOf, goTo, sendPage, signedPage } from './page-context.ts'
import { formatRelative } from './relative-time.ts'

interface SponsorView {
  readonly requests: readonly SeenRequest[]
  readonly now: number
  /** The viewer's account id. */
  readonly viewer: string
  /** The outcome of the last action. */
  readonly notice: string | null
}

const path = '/.factorgate/sponsor'

export function SponsorPage({ frame, view }: { frame: Frame; view: SponsorView }) {
  const say = frame.say.sponsor
  const open = view.requests.filter(({ request }) => request.state === 'open')
  const decided = view.requests.filter(({ request }) => request.state !== 'open')
  return (
    <Page frame={frame} title={say.title} drawing="key" wide>
      {view.notice !== null && <Notice>{view.notice}</Notice>}
      <p>{open.length === 0 ? say.nobody : say.lead}</p>
      {open.length > 0 && (
        <ul class="list">
          {open.map(seen => (
            <OpenRequest key={seen.request.id} frame={frame} view={view} seen={seen} />
          ))}
        </ul>
      )}
      {decided.length > 0 && (
        <section aria-labelledby="decided">
          <h2 id="decided">{say.decided}</h2>
          <ul class="list">
            {decided.map(({ request, person }) => (
              <li key={request.id}>
                <p>
                  <Said
                    text={(request.state === 'approved' ? say.decidedApproved : say.decidedDeclined)({
                      by: request.decidedBy?.displayName ?? '',
                      person: person.displayName
                    })}
                  />
                </p>
              </li>
            ))}
          </ul>
        </section>
      )}
    </Page>
  )
}

function OpenRequest({ frame, view, seen }: { frame: Frame; view: SponsorView; seen: SeenRequest }) {
  const say = frame.say.sponsor
  const { request, person, institution, sponsor } = seen
  const when = formatRelative(request.askedAt, view.now, frame.say)
  return (
    <li>
      <h2>
        <bdi>{person.displayName}</bdi>
      </h2>
      <p class="soft">
        <Said
          text={
            person.email === null
              ? say.described({ name: person.name, institution })
              : say.describedEmail({ name: person.name, email: person.email, institution })
          }
        />
      </p>
      <p class="soft">
        <Said text={say.from({ when, address: request.address })} />
      </p>
      <p>
        <Said text={say.theirNumber({ digits: numberOf(request) })} />
      </p>
      {sponsor !== null && sponsor.id !== view.viewer && (
        <p class="soft">
          <Said text={say.named({ sponsor: sponsor.displayName })} />
        </p>
      )}
      <form class="acts" method="post" action={path}>
        <Token frame={frame} />
        <input type="hidden" name="account" value={request.accountId} />
        <input type="hidden" name="request" value={request.id} />
        <button
          type="submit"
          name="answer"
          value="approve"
          aria-label={plain(say.approveNamed({ name: person.displayName }))}
        >
          {say.approve}
        </button>
        <button
          type="submit"
          class="second"
          name="answer"
          value="decline"
          aria-label={plain(say.declineNamed({ name: person.displayName }))}
        >
          {say.decline}
        </button>
      </form>
    </li>
  )
}

/** For the list of apps: how many requests wait for this person, and what others decided in their place. */
export interface SponsorNotice {
  readonly open: readonly string[]
  readonly decided: readonly { readonly by: string; readonly person: string; readonly isApproval: boolean }[]
}

export async function sponsorNoticeOf(portal: PortalOptions, principal: Principal): Promise<SponsorNotice | null> {
  if (!portal.directories.hasSponsors) return null
  const { id } = principal.account
  const requests = await portal.signIn.sponsorship.requestsFor(principal)
  const open = requests.filter(({ request }) => request.state === 'open').map(({ person }) => person.displayName)
  const decided = requests
    .filter(({ request }) => request.state !== 'open' && request.sponsorId === id && request.decidedBy?.id !== id)
    .map(({ request, person }) => ({
      by: request.decidedBy?.displayName ?? '',
      person: person.displayName,
      isApproval: request.state === 'approved'
    }))
  return open.length + decided.length === 0 ? null : { open, decided }
}

export function SponsorNotices({ frame, notice }: { frame: Frame; notice: SponsorNotice }) {
  const say = frame.say.sponsor
  const [one, ...{ length: more }] = notice.open
  return (
    <>
      {notice.open.length > 0 && (
        <Notice>
          <Said
            text={
              one === undefined || more > 0
                ? say.waitingMany({ count: notice.open.length })
                : say.waitingOne({ name: one })
            }
          />{' '}
          <a href={path}>{say.open}</a>
        </Notice>
      )}
      {notice.decided.map(({ by, person, isApproval }) => (
        <Notice key={`${by} ${person}`}>
          {(isApproval ? say.decidedApproved : say.decidedDeclined)({ by, person })}
        </Notice>
      ))}
    </>
  )
}

export function registerSponsor(scope: FastifyInstance): void {
  const { sponsorship } = scope.portal.signIn

  scope.get(path, { config: { requires: 'fresh' } }, async request => {
    const page = signedPage(request)
    const done = takeFlash(page)
    const say = page.say.sponsor
    if (done?.kind === 'approved') return show(page, 200, say.approved({ name: done.name }))
    return show(page, 200, done?.kind === 'declined' ? say.youDeclined({ name: done.name }) : null)
  })

  scope.post(path, { config: { requires: 'fresh' } }, async request => {
    const page = signedPage(request)
    const form = requireForm(page)
    const [account, id, answer] = ['account', 'request', 'answer'].map(name => form.field(name)) as [
      string,
      string,
      string
    ]
    if (answer !== 'approve' && answer !== 'decline') throw new GateError('bad_request')
    const isApproval = answer === 'approve'
    const outcome = await sponsorship.decide(callerOf(page), account, id, isApproval)
    if (outcome.kind === 'denied') throw new GateError(outcome.code, outcome)
    if (outcome.kind === 'gone') return show(page, 403, page.say.sponsor.gone)
    setFlash(page, { kind: isApproval ? 'approved' : 'declined', name: outcome.person.displayName })
    return goTo(page, path)
  })

  async function show(page: AuthenticatedContext, status: number, notice: string | null) {
    const requests = await sponsorship.requestsFor(page.principal)
    const view = { requests, now: page.now, viewer: page.principal.account.id, notice }
    return sendPage(page, status, <SponsorPage frame={frameOf(page)} view={view} />)
  }
}
