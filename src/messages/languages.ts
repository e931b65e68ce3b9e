/** The languages of the gate. */

export interface LanguageEntry {
  /** In the language itself. */
  readonly name: string
  /** The locale for `Intl`. */
  readonly locale: string
  /** For the `lang` attribute (BCP 47). */
  readonly tag: string
  readonly direction: 'ltr' | 'rtl'
}

const ltr = (name: string, locale: string, tag = locale): LanguageEntry => ({ name, locale, tag, direction: 'ltr' })

export const languages = {
  en: ltr('English', 'en-GB', 'en'),
  de: ltr('Deutsch', 'de'),
  fr: ltr('Français', 'fr'),
  es: ltr('Español', 'es'),
  it: ltr('Italiano', 'it'),
  pt: ltr('Português', 'pt'),
  pl: ltr('Polski', 'pl'),
  zh: ltr('简体中文', 'zh-Hans'),
  ja: ltr('日本語', 'ja'),
  // Western digits, as in codes and addresses.
  ar: { name: 'العربية', locale: 'ar-u-nu-latn', tag: 'ar', direction: 'rtl' }
} as const satisfies Record<string, LanguageEntry>

export type Language = keyof typeof languages

export const languageCodes = Object.keys(languages) as readonly Language[]

export function isLanguage(text: unknown): text is Language {
  return typeof text === 'string' && Object.hasOwn(languages, text)
}
