/** Compares translations with their English source: what is missing, superfluous, stale or wrong. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { flatten, type MessageTree } from '../../src/messages/catalogue.ts'
import { placeholdersOf } from '../../src/messages/icu.ts'
import { type Language, languageCodes } from '../../src/messages/languages.ts'
import { sourceOf } from './message-types.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const fileOf = (folder: string, language: Language) => path.join(root, folder, `${language}.json`)
const hashesOf = (folder: string, language: Language) => path.join(root, folder, 'sources', `${language}.json`)

interface Findings {
  readonly missing: readonly string[]
  readonly superfluous: readonly string[]
  /** The English sentence has changed since, or nobody has noted which one was translated. */
  readonly stale: readonly string[]
  /** Key and reason: no valid message, or a placeholder that the English one does not have. */
  readonly wrong: readonly string[]
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 8)
}

/** Compares one translation with its source; `hashes` are those of the sentences that were translated. */
export function compare(
  source: MessageTree,
  translation: MessageTree,
  hashes: Readonly<Record<string, string>>
): Findings {
  const english = flatten(source)
  const translated = flatten(translation)
  const both = [...translated].filter(([key]) => english.has(key))
  return {
    missing: [...english.keys()].filter(key => !translated.has(key)),
    superfluous: [...translated.keys()].filter(key => !english.has(key)),
    stale: both.filter(([key]) => hashes[key] !== hashOf(english.get(key)!)).map(([key]) => key),
    wrong: both.flatMap(([key, text]) => problemsOf(english.get(key)!, text).map(problem => `${key}: ${problem}`))
  }
}

function problemsOf(english: string, text: string): string[] {
  if (text.trim() === '') return ['is empty']
  try {
    const [known, used] = [placeholdersOf(english), placeholdersOf(text)]
    const unknown = [...used.keys()].filter(name => !known.has(name))
    const dropped = [...known.keys()].filter(name => !used.has(name))
    return [
      ...unknown.map(name => `{${name}} is not in the English sentence`),
      ...dropped.map(name => `{${name}} is left out`),
      ...(used.size === 0 && known.size === 0 && text.includes('{') ? ['has braces'] : [])
    ]
  } catch (error) {
    return [(error as Error).message]
  }
}

const readJson = (file: string) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {})

/** The languages that a folder is translated into. */
export function translationsOf(folder: string): Language[] {
  return languageCodes.filter(language => language !== 'en' && existsSync(fileOf(folder, language)))
}

export function findingsOf(folder: string, language: Language): Findings {
  return compare(sourceOf(folder), readJson(fileOf(folder, language)), readJson(hashesOf(folder, language)))
}

/** Notes the English sentences of today as those that were translated. Without keys, of all translations. */
export function accept(folder: string, language: Language, keys: readonly string[]): void {
  if (!existsSync(fileOf(folder, language))) return
  const english = flatten(sourceOf(folder))
  const translated = flatten(readJson(fileOf(folder, language)))
  const before: Record<string, string> = readJson(hashesOf(folder, language))
  const after: Record<string, string> = {}
  for (const [key, text] of english) {
    if (!translated.has(key)) continue
    const hash = keys.length === 0 || keys.includes(key) ? hashOf(text) : before[key]
    if (hash !== undefined) after[key] = hash
  }
  mkdirSync(path.dirname(hashesOf(folder, language)), { recursive: true })
  writeFileSync(hashesOf(folder, language), `${JSON.stringify(after, null, 2)}\n`)
}

export function reportOf(folder: string): string {
  const lines = translationsOf(folder).map(language => {
    const findings = Object.entries(findingsOf(folder, language)).filter(([, keys]) => keys.length > 0)
    const told = findings.map(([what, keys]) => `    ${what}: ${(keys as string[]).join(', ')}`)
    return told.length === 0 ? `  ${language}: complete` : `  ${language}:\n${told.join('\n')}`
  })
  return [`${folder}: ${flatten(sourceOf(folder)).size} sentences`, ...lines].join('\n')
}
