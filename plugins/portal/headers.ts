/**
 * The headers every page of ours carries, besides those of every answer (plugins/security-headers.ts). Owns the content security policy: nothing
 * inline, nothing from elsewhere, never in a frame.
 */

/**
 * `formOrigin`: where the answer to a form on this page may lead besides ourselves. Chromium holds `form-action` against redirects
 * too (CSP3 §6.4.1), so the app a person is on the way to must be named, and no other.
 */
export function pageHeaders(formOrigin: string | null = null): Record<string, string> {
  return {
    'content-security-policy': [
      "default-src 'none'",
      "style-src 'self'",
      "script-src 'self'",
      "img-src 'self' data:",
      "connect-src 'self'",
      `form-action 'self'${formOrigin === null ? '' : ` ${formOrigin}`}`,
      "frame-ancestors 'none'",
      "base-uri 'none'"
    ].join('; '),
    // Not `no-referrer`: with it browsers send `Origin: null` along with our own forms.
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy':
      'publickey-credentials-get=(self), publickey-credentials-create=(self), clipboard-write=(self), camera=(), microphone=(), geolocation=()',
    'cache-control': 'no-store',
    vary: 'Cookie'
  }
}
