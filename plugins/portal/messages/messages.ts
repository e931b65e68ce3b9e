/** The portal's messages, and which language a page has. The texts are in the JSON files beside this one. */
import { Catalogue, type InLanguage, type Overrides } from '../../../src/messages/catalogue.ts'
import { type Language, languageCodes } from '../../../src/messages/languages.ts'
import { negotiate } from '../../../src/messages/negotiate.ts'
import type { Sentences } from './sentences.ts'

/** What the pages say, in one language. */
export type Messages = InLanguage<Sentences>

/** The first known language that is offered counts. */
interface LanguageHints {
  /** Chosen by the person, for the account. */
  readonly account?: Language | null | undefined
  /** Chosen in this browser. */
  readonly cookie?: Language | null | undefined
  /** The header, which follows the browser's settings. */
  readonly acceptLanguage?: string | undefined
}

const portalMessages = new Catalogue<Sentences>(new URL('./', import.meta.url))

export class PortalTexts {
  readonly #catalogue: Catalogue<Sentences>
  /** The first is for people whose languages are not offered. */
  readonly languages: readonly Language[]

  constructor(languages: readonly Language[] = languageCodes, overrides: Overrides = {}) {
    this.languages = languages
    this.#catalogue = Object.keys(overrides).length === 0 ? portalMessages : portalMessages.with(overrides)
  }

  in(language: Language): Messages {
    return this.#catalogue.in(language)
  }

  for({ account, cookie, acceptLanguage }: LanguageHints): Messages {
    const chosen = [account, cookie].find(each => each != null && this.languages.includes(each))
    return this.in(chosen ?? negotiate(acceptLanguage, this.languages) ?? this.languages[0] ?? 'en')
  }
}

export const defaultTexts = new PortalTexts()

/** Without placeholders a message is a string. Superfluous arguments do no harm. */
export function said<Args>(message: string | ((args: Args) => string), args: Args): string {
  return typeof message === 'string' ? message : message(args)
}
