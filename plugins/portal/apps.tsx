/** The front page: the person's apps. */
import type { FastifyInstance } from 'fastify'
import { roleOf } from '../../src/administration/roles.ts'
import type { PostureLevel } from '../../src/posture/posture.ts'
import { withHead } from '../with-head.ts'
import { AppList } from './app-list.tsx'
import { home } from './enter.ts'
import { type Frame, Notice, Page } from './layout.tsx'
import type { AppCard } from './options.ts'
import { frameOf, goTo, sendPage, signedPage } from './page-context.ts'
import { SpentNotice, type SpentView } from './recovery.tsx'
import { type SponsorNotice, SponsorNotices, sponsorNoticeOf } from './sponsor.tsx'

export interface AppsView {
  /** In the order of the configuration. */
  readonly apps: readonly AppCard[]
  readonly now: number
  readonly spent: SpentView | null
  /** People who ask for approval. */
  readonly sponsor?: SponsorNotice | null
  /** True for operators and the help desk. */
  readonly mayOperate?: boolean
  /** The strictest of any app. */
  readonly posture?: PostureLevel
}

export function AppsPage({ frame, view }: { frame: Frame; view: AppsView }) {
  const say = frame.say.apps
  const { posture = 'normal' } = view
  return (
    <Page frame={frame} title={say.title} drawing="open" wide>
      {posture !== 'normal' && <Notice>{say[posture]}</Notice>}
      {view.spent !== null && <SpentNotice frame={frame} view={view.spent} />}
      {view.sponsor != null && <SponsorNotices frame={frame} notice={view.sponsor} />}
      {view.apps.length === 0 ? (
        <>
          <p>{say.none}</p>
          <p>{say.noneNow}</p>
        </>
      ) : (
        <AppList frame={frame} apps={view.apps} now={view.now} />
      )}
      {view.mayOperate && (
        <p>
          <a href="/.factorgate/admin/">{say.console}</a>
        </p>
      )}
    </Page>
  )
}

export function registerApps(scope: FastifyInstance): void {
  const { portal } = scope
  scope.get('/.factorgate', { config: { requires: 'anyone' }, ...withHead }, async request =>
    goTo(request.page, '/.factorgate/')
  )

  scope.get('/.factorgate/', { config: { requires: 'signed-in' }, ...withHead }, async request => {
    const page = signedPage(request)
    const apps = await portal.routes.appsFor(page.principal, page.address)
    const left = await portal.signIn.recovery.leftAfterSpending(page.principal)
    const spent = left === null ? null : { left, address: portal.portalOrigin + home, isAccount: false }
    const sponsor = await sponsorNoticeOf(portal, page.principal)
    const mayOperate = roleOf(page.principal.account) !== null
    const posture = portal.routes.posture?.() ?? 'normal'
    const view = { apps, now: page.now, spent, sponsor, mayOperate, posture }
    return sendPage(page, 200, <AppsPage frame={frameOf(page)} view={view} />)
  })
}
