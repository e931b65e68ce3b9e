/**
 * The console's messages. The texts are in the JSON files beside this one; what a translation lacks is said in English. A new file
 * `LANGUAGE.json` is enough for the console to speak that language.
 */
import { existsSync } from 'node:fs'
import { Catalogue, type InLanguage } from '../../../src/messages/catalogue.ts'
import { type Language, languageCodes } from '../../../src/messages/languages.ts'
import type { Sentences } from './sentences.ts'

/** What the console says, in one language. */
export type ConsoleMessages = InLanguage<Sentences>

const folder = new URL('./', import.meta.url)
export const consoleMessages = new Catalogue<Sentences>(folder)

const translated: ReadonlySet<Language> = new Set(
  languageCodes.filter(language => existsSync(new URL(`${language}.json`, folder)))
)

export function isConsoleLanguage(language: Language): boolean {
  return translated.has(language)
}
