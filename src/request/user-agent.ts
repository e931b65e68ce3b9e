/** The browser and the system in a User-Agent. Anybody can set it, so no decision may depend on it. */

const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|Chromium|HeadlessChrome)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
  [/\bcurl\//, 'curl']
]

const systems: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'Mac'],
  [/\bLinux\b/, 'Linux']
]

const mobileSystems: ReadonlySet<string | null> = new Set(['iPhone', 'iPad', 'Android'])

const first = (table: readonly (readonly [RegExp, string])[], text: string) =>
  table.find(([shape]) => shape.test(text))?.[1] ?? null

export function browserOf(userAgent: string): string | null {
  return first(browsers, userAgent)
}

export function namesBrowser(userAgent: string): boolean {
  const name = browserOf(userAgent)
  return name !== null && name !== 'curl'
}

export function systemOf(userAgent: string): string | null {
  return first(systems, userAgent)
}

/** True for the name of a phone or tablet. */
export function isMobile(userAgent: string): boolean {
  return mobileSystems.has(systemOf(userAgent))
}
