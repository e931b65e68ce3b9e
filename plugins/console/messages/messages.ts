/** The console's messages. The texts are in the JSON files beside this one; what a translation lacks is said in English. */
import { Catalogue, type InLanguage } from '../../../src/messages/catalogue.ts'
import type { Sentences } from './sentences.ts'

/** What the console says, in one language. */
export type ConsoleMessages = InLanguage<Sentences>

export const consoleMessages = new Catalogue<Sentences>(new URL('./', import.meta.url))
