/** How the configuration changes the look and the words of the pages. */
import type { Config } from '../../config/schema.ts'
import { type Branding, PortalTexts } from '../../plugins/portal/index.ts'
import { readLogo } from './logo.ts'

/** `help` stands in every language that has no own text for it. */
export function brandingOf({ logo, languages, help, texts }: Config['portal']): Pick<Branding, 'logo' | 'texts'> {
  const helped = help === null ? {} : { 'login.help': help, 'login.helpElsewhere': help }
  const words = languages.map(language => [language, { ...helped, ...texts[language] }] as const)
  const overrides = Object.fromEntries(words.filter(([, own]) => Object.keys(own).length > 0))
  return { logo: readLogo(logo), texts: new PortalTexts([...new Set(languages)], overrides) }
}
