/**
 * The sign-out, on every host, so that apps may link to `/.factorgate/logout`. It ends the whole session, also one whose device key is not
 * shown. It sends no `Clear-Site-Data`, which would remove the app's own data.
 */
import type { FastifyInstance } from 'fastify'
import { readOwn } from '../cookies.ts'
import { clearSessionCookie, home } from './enter.ts'
import { readForm } from './forms.ts'
import { type SignOutThere, signOutThereOf } from './institutions/sign-out.ts'
import { type Frame, Notice, Page, Said, Token } from './layout.tsx'
import { callerOf, frameOf, goTo, isSigned, type PageContext, sendPage } from './page-context.ts'
import { noReturn, type ReturnTo, validTarget, withReturnTo } from './return-to.ts'

interface LogoutProps {
  frame: Frame
  returnTo?: ReturnTo
  problem?: string | null
}

export function LogoutPage({ frame, returnTo = noReturn, problem = null }: LogoutProps) {
  const say = frame.say.logout
  return (
    <Page frame={frame} title={say.title} drawing="ajar">
      <p>
        <Said text={say.lead({ lab: frame.look.title })} />
      </p>
      {problem !== null && <Notice alert>{problem}</Notice>}
      <form method="post" action={withReturnTo('/.factorgate/logout', returnTo)}>
        <Token frame={frame} />
        <button type="submit">{say.submit}</button>
      </form>
      <p>
        <a href={`${frame.base}${home}`}>{say.stay}</a>
      </p>
    </Page>
  )
}

export function SignedOutPage({ frame, returnTo = noReturn }: { frame: Frame; returnTo?: ReturnTo }) {
  const say = frame.say.logout
  return (
    <Page frame={frame} title={say.outTitle} drawing="shut">
      <p>{say.outLead}</p>
      <a class="button second" href={withReturnTo('/.factorgate/login', returnTo)}>
        {say.again}
      </a>
    </Page>
  )
}

/** Between our sign-out and the institution's. */
export function LeavingPage({ frame, href }: { frame: Frame; href: string }) {
  const say = frame.say.logout
  return (
    <Page frame={frame} title={say.outTitle} drawing="shut">
      <p>{say.outThere}</p>
      <a class="button" href={href}>
        {say.there}
      </a>
    </Page>
  )
}

export function registerLogout(scope: FastifyInstance): void {
  const { portal } = scope
  const signedOut = `${portal.portalOrigin}/.factorgate/signed-out`
  const config = { requires: 'anyone', everyHost: true } as const

  scope.get('/.factorgate/logout', { config }, async request => {
    const page = request.page
    if (page.principal === null && request.exchange.stale === null)
      return goTo(page, withReturnTo(signedOut, returnAfter(page)))
    return show(page, 200, null)
  })

  scope.post('/.factorgate/logout', { config }, async request => {
    const page = request.page
    const principal = page.principal ?? request.exchange.stale
    if (principal !== null) {
      if (readForm(page) === 'expired') return show(page, 403, page.say.logout.formExpired)
      const there = isSigned(page) ? await signOutThereOf(page, signedOut) : null
      // If this rejects, the cookie stays for the next try.
      await portal.signIn.signOut.here({ ...callerOf(page), principal }, principal)
      clearSessionCookie(page)
      if (there !== null) return leave(page, there)
    } else {
      const token = readOwn(request.raw.headers.cookie, 'session', page.site)
      if (token !== null) await portal.signIn.signOut.confirm(token)
    }
    // A signed-out person has what they asked for, whatever the age of their form.
    clearSessionCookie(page)
    return goTo(page, withReturnTo(signedOut, page.returnTo))
  })

  /** If the page's policy does not allow the institution from a form, the browser goes by itself, or by a link. */
  function leave(page: PageContext, { url, isNamed }: SignOutThere) {
    if (isNamed || page.request.raw.headers['sec-fetch-mode'] !== 'navigate') return goTo(page, url)
    page.reply.header('refresh', `0; url=${url}`)
    const frame = { ...frameOf({ ...page, principal: null }), person: null }
    return sendPage({ ...page, principal: null }, 200, <LeavingPage frame={frame} href={url} />)
  }

  scope.get('/.factorgate/signed-out', { config: { requires: 'anyone' } }, async request => {
    const page = request.page
    if (page.principal !== null || request.exchange.stale !== null) return goTo(page, home)
    return sendPage(page, 200, <SignedOutPage frame={frameOf(page)} returnTo={page.returnTo} />)
  })

  function show(page: PageContext, status: number, problem: string | null) {
    const frame = frameOf(page)
    // Its own button signs out.
    const person = frame.person === null ? null : { ...frame.person, isHalf: true }
    const content = <LogoutPage frame={{ ...frame, person }} returnTo={returnAfter(page)} problem={problem} />
    const returnTo = page.site.isPortal ? page.returnTo : { rd: signedOut, state: null }
    return sendPage({ ...page, returnTo }, status, content)
  }

  /** The request's, or the page of the app of the sign-out. */
  function returnAfter({ returnTo, site, request }: PageContext): ReturnTo {
    if (returnTo.rd !== null || site.isPortal) return returnTo
    const { referer } = request.raw.headers
    const isHere = referer?.startsWith(`${site.origin}/`) && !referer.startsWith(`${site.origin}/.factorgate`)
    return { rd: isHere ? validTarget(referer as string, portal.returnTargets) : null, state: null }
  }
}
