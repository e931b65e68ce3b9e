/** The front page: the person's apps, last used first. */
import type { FastifyInstance } from 'fastify'
import { roleOf } from '../../src/administration/roles.ts'
import { home } from './enter.ts'
import { type Frame, Page } from './layout.tsx'
import type { AppCard } from './options.ts'
import { frameOf, goTo, sendPage, signedPage } from './page-context.ts'
import { SpentNotice, type SpentView } from './recovery.tsx'
import { formatRelative } from './relative-time.ts'
import { type SponsorNotice, SponsorNotices, sponsorNoticeOf } from './sponsor.tsx'

export interface AppsView {
  readonly apps: readonly AppCard[]
  readonly now: number
  readonly spent: SpentView | null
  /** People who ask for approval. */
  readonly sponsor?: SponsorNotice | null
  /** True for operators and the help desk. */
  readonly mayOperate?: boolean
}

export function AppsPage({ frame, view }: { frame: Frame; view: AppsView }) {
  const say = frame.say.apps
  return (
    <Page frame={frame} title={say.title} drawing="open" wide>
      {view.spent !== null && <SpentNotice frame={frame} view={view.spent} />}
      {view.sponsor != null && <SponsorNotices frame={frame} notice={view.sponsor} />}
      {view.apps.length === 0 ? (
        <>
          <p>{say.none}</p>
          <p>{say.noneNow}</p>
        </>
      ) : (
        <ul class="list apps">
          {view.apps.map(app => (
            <li key={app.id}>
              <a href={app.url} dir="auto">
                {app.title}
              </a>
              {app.description !== null && <p dir="auto">{app.description}</p>}
              {app.isReportOnly && <p>{say.reportOnly}</p>}
              {app.lastUsedAt !== null && (
                <p class="soft">{say.lastUsed({ when: formatRelative(app.lastUsedAt, view.now, frame.say) })}</p>
              )}
            </li>
          ))}
        </ul>
      )}
      {view.mayOperate && (
        <p>
          <a href="/.factorgate/admin/">{say.console}</a>
        </p>
      )}
    </Page>
  )
}

/** Unused apps keep the order of the configuration. */
export function inOrder(apps: readonly AppCard[]): AppCard[] {
  return [...apps].sort((a, b) => (b.lastUsedAt ?? 0) - (a.lastUsedAt ?? 0))
}

export function registerApps(scope: FastifyInstance): void {
  const { portal } = scope
  scope.get('/.factorgate', { config: { requires: 'anyone' } }, async request => goTo(request.page, '/.factorgate/'))

  scope.get('/.factorgate/', { config: { requires: 'signed-in' } }, async request => {
    const page = signedPage(request)
    const apps = inOrder(await portal.routes.appsFor(page.principal, page.address))
    const left = await portal.signIn.recovery.leftAfterSpending(page.principal)
    const spent = left === null ? null : { left, address: portal.portalOrigin + home, isAccount: false }
    const sponsor = await sponsorNoticeOf(portal, page.principal)
    const mayOperate = roleOf(page.principal.account) !== null
    return sendPage(
      page,
      200,
      <AppsPage frame={frameOf(page)} view={{ apps, now: page.now, spent, sponsor, mayOperate }} />
    )
  })
}
