/** The language of a page: chosen for the account, chosen in this browser, or what the browser asks for. */
import type { FastifyRequest } from 'fastify'
import { isLanguage, type Language } from '../../src/messages/languages.ts'
import { type CookieSite, languageCookieName, readCookie } from '../cookies.ts'
import { defaultTexts, type Messages } from './messages/messages.ts'
import type { Branding } from './options.ts'

/** The messages in the language of a request. Before a step has read it, the header alone counts. */
export function messagesFor({ texts = defaultTexts }: Pick<Branding, 'texts'>, request: FastifyRequest): Messages {
  const { headers } = request.raw
  const { match, principal } = request.exchange.known
  const site = match?.site ?? null
  return texts.for({
    account: principal?.account.language,
    cookie: site === null ? null : chosenHere(headers.cookie, site),
    acceptLanguage: headers['accept-language']
  })
}

/** The language that was chosen in this browser; null for none. */
function chosenHere(cookie: string | undefined, site: CookieSite): Language | null {
  const chosen = readCookie(cookie, languageCookieName(site))
  return isLanguage(chosen) ? chosen : null
}
