/**
 * The headers of the gate's own pages, beside those of every answer (plugins/security-headers.ts). Their content security policy allows
 * nothing from elsewhere, no frame, and nothing inline but the one style sheet of a page on a host that is not the gate's.
 */
import { createHash } from 'node:crypto'
import type { Asset } from './assets.ts'

/**
 * `formOrigins`: origins to which a form's answer may redirect, namely the target app and the institution of a sign-out. Chromium applies
 * `form-action` to redirects too (CSP3 §6.4.1). `inlineSheet`: the sheet in the page itself.
 */
export function pageHeaders(
  formOrigins: readonly string[] = [],
  inlineSheet: Asset | null = null
): Record<string, string> {
  return {
    'content-security-policy': [
      "default-src 'none'",
      inlineSheet === null ? "style-src 'self'" : `style-src 'sha256-${sha256(inlineSheet.body)}'`,
      "script-src 'self'",
      "img-src 'self' data:",
      "connect-src 'self'",
      ["form-action 'self'", ...formOrigins].join(' '),
      "frame-ancestors 'none'",
      "base-uri 'none'"
    ].join('; '),
    // With `no-referrer`, browsers would send `Origin: null` with the gate's own forms. Other hosts learn the origin alone, by which the watch
    // tells the portal's links from those of other sites (src/metering/led-requests.ts).
    'referrer-policy': 'strict-origin-when-cross-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy':
      'publickey-credentials-get=(self), publickey-credentials-create=(self), clipboard-write=(self), camera=(), microphone=(), geolocation=()',
    'cache-control': 'no-store',
    'x-robots-tag': 'noindex',
    vary: 'Cookie'
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
