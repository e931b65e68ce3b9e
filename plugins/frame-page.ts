/**
 * What stands in a frame where a person must be asked something: one link that opens the whole window. Owns that page and who may frame it. No form
 * of ours is ever inside a frame, where another page could lie over it (THREATS R16).
 */
import type { IncomingMessage } from 'node:http'
import type { Site } from '../src/routing/route-table.ts'

/** The steps that lead on by themselves where nothing must be asked: they may be gone through inside a frame. */
const steps: ReadonlySet<string> = new Set(['/login', '/challenge', '/callback'])

/** True for the navigation of a frame in a page of the same site, to a step of a way. A page of our own origin could read what stands in it: never there. */
export function isFramedStep({ method, headers }: IncomingMessage, path: string): boolean {
  const dest = headers['sec-fetch-dest']
  const site = headers['sec-fetch-site']
  return (
    method === 'GET' &&
    headers['sec-fetch-mode'] === 'navigate' &&
    (dest === 'iframe' || dest === 'frame') &&
    site === 'same-site' &&
    steps.has(path)
  )
}

/** Its headers: only pages on hosts of this gate may frame it. */
export function framePageHeaders(sites: readonly Site[]): Record<string, string> {
  const ancestors = sites.map(({ origin }) => origin).join(' ')
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors ${ancestors}`,
    'cache-control': 'no-store'
  }
}

/** `address` is what the frame was opening. */
export function framePage(address: string): string {
  const href = address.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Sign in to see this part</title><h1>Sign in to see this part</h1><p>The gate in front of this app asks who you are, and asks that in the whole window only.</p><p><a href="${href}" target="_top">Go on in the whole window</a></p></html>\n`
}
