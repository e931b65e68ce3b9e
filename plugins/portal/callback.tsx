/**
 * The end of a hand-over on an app's host: a code from the portal becomes this host's cookie. After another browser's code, which signs
 * nobody in, the hand-over starts again. A late or spent code gets a page with a link.
 */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import { readNonce, stateOf } from '../cookies.ts'
import { home, setEntryCookies } from './enter.ts'
import { type Frame, Page, Said } from './layout.tsx'
import { sendMetaRefresh } from './meta-refresh.ts'
import { callerOf, frameOf, goTo, type PageContext, sendPage } from './page-context.ts'
import { validTarget, withReturnTo } from './return-to.ts'

export function LatePage({ frame, app, href }: { frame: Frame; app: string; href: string }) {
  const say = frame.say.handOver
  return (
    <Page frame={frame} title={say.title} drawing="shut">
      <p>
        <Said text={say.what({ app })} />
      </p>
      <p>{say.now}</p>
      <a class="button" href={href} data-on="">
        {say.again}
      </a>
    </Page>
  )
}

function isNavigation({ request: { raw } }: PageContext): boolean {
  const mode = raw.headers['sec-fetch-mode']
  return mode === undefined || mode === 'navigate'
}

/** Within this time a hand-over starts again once. An older `again` comes from a bookmark. */
const againSeconds = 15 * 60

export function registerCallback(scope: FastifyInstance): void {
  const { portal } = scope

  scope.get('/.factorgate/callback', { config: { requires: 'anyone', everyHost: true } }, async (request, reply) => {
    const { page } = request
    // The request's own nonce, without the context's new one.
    const nonce = readNonce(request.raw.headers.cookie, page.site)
    const { code } = request.query as { code?: unknown }
    const { origin } = page.site
    const state = nonce === null ? null : stateOf(nonce)
    const arrival = await portal.signIn.handOver.arrive(callerOf(page), typeof code === 'string' ? code : '', state)
    const returnTo = arrival.returnTo === null ? null : placeHere(arrival.returnTo, origin)
    if (arrival.kind === 'entered' && returnTo !== null) {
      setEntryCookies(page, { ...arrival, browser: null })
      // A service worker's request follows a redirect by itself, and the browser shows no such page.
      return isNavigation(page) ? goTo(page, returnTo) : sendMetaRefresh(page, returnTo)
    }
    const goal = returnTo ?? placeHere(`${origin}/`, origin) ?? portal.portalOrigin + home
    if (arrival.kind === 'other-browser') {
      if (!wasAgain(page)) return goTo(page, startOver(page, goal))
      if (nonce === null) throw new GateError('cookies_off', { continueUrl: goal })
    }
    reply.header('factorgate-error', 'form_expired')
    const app = portal.routes.requirementFor(goal, null, page.address)?.app.title ?? page.say.error.app
    return sendPage(page, 403, <LatePage frame={{ ...frameOf(page), person: null }} app={app} href={goal} />)
  })

  /** The address if it is on this host, or null. */
  function placeHere(address: string, origin: string): string | null {
    const goal = validTarget(address, portal.returnTargets)
    return goal !== null && new URL(goal).origin === origin ? goal : null
  }

  function wasAgain({ request, now }: PageContext): boolean {
    const { again } = request.query as { again?: unknown }
    const at = typeof again === 'string' ? Number.parseInt(again, 36) : Number.NaN
    return Math.abs(now / 1000 - at) < againSeconds
  }

  /**
   * At the portal, with the browser's sign-in there. Parallel tabs overwrite each other's nonce, and people keep addresses. The code is
   * spent and signs nobody in.
   */
  function startOver(page: PageContext, rd: string): string {
    const again = Math.floor(page.now / 1000).toString(36)
    return portal.portalOrigin + withReturnTo('/.factorgate/login', { rd, state: stateOf(page.nonce ?? ''), again })
  }
}
