/** The name of a browser and a device: "Firefox on Linux". Anybody can set the User-Agent, so no decision may depend on it. */

import type { Messages } from './messages/messages.ts'

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

const first = (table: readonly (readonly [RegExp, string])[], text: string) =>
  table.find(([shape]) => shape.test(text))?.[1] ?? null

/** "Firefox on Linux", "Safari on iPhone", or "A browser". */
export function browserName(userAgent: string, { device }: Messages): string {
  const browser = first(browsers, userAgent) ?? device.someBrowser
  const system = first(systems, userAgent)
  return system === null ? browser : device.on({ browser, system })
}

/** "iPhone", "Windows", … or null: the proposed name of a new passkey. */
export function systemName(userAgent: string): string | null {
  return first(systems, userAgent)
}
