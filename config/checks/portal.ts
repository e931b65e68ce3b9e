/** Checks of the portal's look and texts: the logo's file, the contrast of the accent, and messages that exist. */
import { readFileSync, statSync } from 'node:fs'
import { accentFor, contrastOnPages } from '../../src/colours/accent.ts'
import type { Language } from '../../src/messages/languages.ts'
import { portalMessages, problemOfText } from '../../src/messages/overrides.ts'
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftConfig } from '../schema.ts'
import { nearest, shownKey } from '../values/invalid.ts'

const maxLogoBytes = 100_000

export function checkLook({ portal }: DraftConfig, diagnostics: Diagnostics): void {
  if (portal === undefined) return
  if (portal.logo != null) checkLogo(portal.logo, diagnostics)
  if (portal.accent != null) checkAccent(portal.accent, diagnostics)
  for (const [language, texts] of Object.entries(portal.texts ?? {}))
    checkTexts(language as Language, texts ?? {}, portal.languages ?? [], diagnostics)
}

function checkLogo(file: string, diagnostics: Diagnostics): void {
  const path = 'portal.logo'
  diagnostics.files.set(file, path)
  try {
    const { size } = statSync(file)
    if (size > maxLogoBytes)
      diagnostics.problem(path, `must have at most ${maxLogoBytes / 1000} kB, got ${Math.ceil(size / 1000)} kB`)
    else if (typeOfLogo(readFileSync(file)) === null)
      diagnostics.problem(path, 'must be an SVG or PNG file, and this file is neither')
  } catch (error) {
    diagnostics.problem(path, `names a file that cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}

/** By its content, since the name may lie. */
export function typeOfLogo(bytes: Buffer): 'image/png' | 'image/svg+xml' | null {
  if (bytes.subarray(0, 8).equals(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))) return 'image/png'
  const start = bytes.subarray(0, 2000).toString('utf8')
  return /^\ufeff?\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*|<!DOCTYPE[^>[]*>\s*)*<svg[\s>]/.test(start)
    ? 'image/svg+xml'
    : null
}

function checkAccent(colour: string, diagnostics: Diagnostics): void {
  const { light, dark } = accentFor(colour)
  const { onLight, onDark } = contrastOnPages(colour)
  const parts = [
    ...(light === colour ? [] : [`${onLight.toFixed(1)}:1 on light pages, where the gate uses ${light}`]),
    ...(dark === colour ? [] : [`${onDark.toFixed(1)}:1 on dark pages, where the gate uses ${dark}`])
  ]
  // Hardly any colour is legible on both, so only advice is given where one of them is right.
  if (parts.length === 2)
    diagnostics.warning('portal.accent', `has a contrast below 4.5:1 (WCAG AA): ${parts.join('; ')}`)
  else if (parts.length === 1) diagnostics.advise('portal.accent', `has a contrast below 4.5:1 (WCAG AA): ${parts[0]}`)
}

function checkTexts(
  language: Language,
  texts: Readonly<Record<string, string | undefined>>,
  offered: readonly (Language | undefined)[],
  diagnostics: Diagnostics
): void {
  const path = `portal.texts.${language}`
  if (!offered.includes(language))
    diagnostics.warning(path, `is not used: 'portal.languages' does not offer ${language}`)
  const messages = portalMessages()
  for (const [key, text] of Object.entries(texts)) {
    const english = messages.get(key)
    const guess = english === undefined ? nearest(key, [...messages.keys()]) : null
    if (english === undefined)
      diagnostics.problem(
        `${path}.${shownKey(key)}`,
        `is no message of the portal${guess === null ? '' : `; did you mean ${guess}?`} (plugins/portal/messages/en.json has them all)`
      )
    else if (text !== undefined) {
      const problem = problemOfText(english, text)
      if (problem !== null) diagnostics.problem(`${path}.${key}`, problem)
    }
  }
}
