/** The page on which people choose the language. The browser remembers it, and so does the account of a signed-in person. */
import type { FastifyInstance } from 'fastify'
import { isLanguage, type Language, languages } from '../../src/messages/languages.ts'
import { briefCookie, languageCookieName } from '../cookies.ts'
import { home } from './enter.ts'
import { lostCookie, readForm, staleForm } from './forms.ts'
import { type Frame, Notice, Page, Token } from './layout.tsx'
import { defaultTexts } from './messages/messages.ts'
import { frameOf, goTo, type PageContext, sendPage } from './page-context.ts'

interface LanguageView {
  readonly offered: readonly Language[]
  /** Path and query of the page to go back to. */
  readonly back: string
  readonly problem: string | null
}

export function LanguagePage({ frame, view }: { frame: Frame; view: LanguageView }) {
  const say = frame.say.languages
  return (
    <Page frame={frame} title={say.title} drawing="open">
      <p>{frame.person === null || frame.person.isHalf ? say.lead : say.leadSigned}</p>
      {view.problem !== null && <Notice alert>{view.problem}</Notice>}
      <form class="row second" method="post" action="/.factorgate/language">
        <Token frame={frame} />
        <input type="hidden" name="back" value={view.back} />
        {view.offered.map(language => (
          <button
            key={language}
            type="submit"
            name="language"
            value={language}
            lang={languages[language].tag}
            aria-current={language === frame.say.language ? 'true' : undefined}
          >
            {languages[language].name}
          </button>
        ))}
      </form>
    </Page>
  )
}

/** Browsers keep no cookie for longer (RFC 6265bis §5.5). */
const rememberedSeconds = 400 * 86_400
const path = '/.factorgate/language'

export function registerLanguage(scope: FastifyInstance): void {
  const { portal } = scope
  const config = { requires: 'anyone', everyHost: true } as const

  scope.get(path, { config }, async ({ page }) => {
    const { back } = page.request.query as { back?: unknown }
    return show(page, 200, backTo(page, typeof back === 'string' ? back : page.request.headers.referer), null)
  })

  scope.post(path, { config }, async ({ page }) => {
    const back = backTo(page, staleForm(page).field('back'))
    const lost = lostCookie(page)
    if (lost !== null) return show(lost, 403, back, page.say.login.cookieLost)
    const form = readForm(page)
    if (form === 'expired') return show(page, 403, back, page.say.login.formExpired)
    const chosen = form.field('language')
    if (!isLanguage(chosen) || !offeredBy(portal).includes(chosen)) return show(page, 403, back, null)
    page.reply.header('set-cookie', briefCookie(languageCookieName(page.site), chosen, rememberedSeconds, page.site))
    const { principal } = page
    if (principal?.isFullySignedIn && principal.account.language !== chosen)
      await portal.services.accounts.update(principal.account.id, { language: chosen })
    return goTo(page, back)
  })

  function show(page: PageContext, status: number, back: string, problem: string | null) {
    const view = { offered: offeredBy(portal), back, problem }
    return sendPage(page, status, <LanguagePage frame={frameOf(page)} view={view} />)
  }
}

const offeredBy = ({ texts = defaultTexts }: PageContext['portal']) => texts.languages

/** A path of this host; the front page for anything else. Other addresses could lead people away (THREATS R1-R8), or to a decoy (THREATS B2). */
function backTo({ site, portal }: PageContext, text: string | undefined): string {
  if (text === undefined || text.length > 8000 || !/^[\x21-\x7e]+$/.test(text)) return home
  const url = URL.canParse(text, site.origin) ? new URL(text, site.origin) : null
  if (url === null || url.origin !== site.origin || url.pathname === path) return home
  // A path that begins with two slashes would be another host.
  const back = url.pathname.replace(/^\/(?=[/\\])/, '/./') + url.search
  return portal.returnTargets(site.origin + back) === null ? home : back
}
