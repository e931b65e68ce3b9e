/**
 * The messages of one part of the gate, a JSON file for each language; `en.json` is the source, and replaces missing translations. A
 * message without placeholders is a string, any other a function of them; `npm run messages` writes the types.
 */
import { readFileSync } from 'node:fs'
import { compile, type Format, isPattern } from './icu.ts'
import { isolate } from './isolate.ts'
import { type Language, type LanguageEntry, languages } from './languages.ts'
import { type LocaleFormats, localeFormats } from './locale-formats.ts'

/** Nested sections of texts. */
export interface MessageTree {
  readonly [key: string]: string | MessageTree
}

/** Texts by path: `login.title`. */
export type Overrides = Partial<Record<Language, Readonly<Record<string, string>>>>

/** The messages, with facts about their language. */
export type InLanguage<Texts> = Texts & {
  readonly language: Language
  readonly entry: LanguageEntry
  readonly formats: LocaleFormats
}

export class Catalogue<Texts extends object> {
  readonly #folder: URL
  readonly #overrides: Overrides
  readonly #made = new Map<Language, InLanguage<Texts>>()

  /** `folder` ends with a slash. */
  constructor(folder: URL, overrides: Overrides = {}) {
    this.#folder = folder
    this.#overrides = overrides
  }

  with(overrides: Overrides): Catalogue<Texts> {
    return new Catalogue(this.#folder, overrides)
  }

  in(language: Language): InLanguage<Texts> {
    let made = this.#made.get(language)
    if (made === undefined) {
      const source = readMessages(this.#folder, 'en')
      const entry = languages[language]
      const formats = localeFormats(entry.locale)
      const texts = new Lookup(language, this.#translation(language), this.#overrides[language] ?? {})
      made = { ...texts.tree(source, ''), language, entry, formats } as unknown as InLanguage<Texts>
      this.#made.set(language, made)
    }
    return made
  }

  /** During an upgrade a file may be missing: then English is used. */
  #translation(language: Language): MessageTree {
    if (language === 'en') return {}
    try {
      return readMessages(this.#folder, language)
    } catch {
      return {}
    }
  }
}

const read = new Map<string, MessageTree>()

/** Throws if the file is missing or no JSON. */
export function readMessages(folder: URL, language: Language): MessageTree {
  const { href } = new URL(`${language}.json`, folder)
  let tree = read.get(href)
  if (tree === undefined) {
    tree = JSON.parse(readFileSync(new URL(href), 'utf8')) as MessageTree
    read.set(href, tree)
  }
  return tree
}

/** The messages by path. */
export function flatten(tree: MessageTree, prefix = ''): Map<string, string> {
  const all = new Map<string, string>()
  for (const [key, value] of Object.entries(tree))
    if (typeof value === 'string') all.set(prefix + key, value)
    else for (const [path, text] of flatten(value, `${prefix}${key}.`)) all.set(path, text)
  return all
}

class Lookup {
  readonly #language: Language
  readonly #translated: Map<string, string>
  readonly #overrides: Readonly<Record<string, string>>

  constructor(language: Language, translation: MessageTree, overrides: Readonly<Record<string, string>>) {
    this.#language = language
    this.#translated = flatten(translation)
    this.#overrides = overrides
  }

  tree(source: MessageTree, prefix: string): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(source).map(([key, value]) => {
        const path = prefix + key
        return [key, typeof value === 'string' ? this.#message(path, value) : this.tree(value, `${path}.`)]
      })
    )
  }

  /** The English message decides. */
  #message(path: string, source: string): string | Format {
    const own = Object.hasOwn(this.#overrides, path) ? this.#overrides[path] : undefined
    const translated = own ?? this.#translated.get(path)
    const text = translated ?? source
    if (!isPattern(source)) return isPattern(text) ? compile(text, languages[this.#language].locale)({}) : text
    const { locale, direction } = languages[translated === undefined ? 'en' : this.#language]
    let format: Format | undefined
    return args => {
      format ??= compile(text, locale, value => isolate(value, direction))
      return format(args)
    }
  }
}
