/** Responses outside the pipeline. */
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { strictTransport } from '../../plugins/security-headers.ts'
import { describeError, type ErrorCode } from '../errors.ts'
import type { BegunHead } from '../platform/begun-head.ts'

const words: Partial<Record<ErrorCode, { title: string; now: string }>> = {
  headers_too_large: {
    title: 'The address or the cookies are too long',
    now: 'Use a shorter address. If the address was short, this site has set too many cookies. Delete them in the settings of your browser and try again.'
  },
  shutting_down: { title: 'The gate is restarting', now: 'Wait a moment and try again.' }
}

function refusalPage(code: ErrorCode): string {
  const { sentence } = describeError(code)
  const { title, now } = words[code] ?? { title: 'That request could not be read', now: 'Go back and try again.' }
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>${title}</title><h1>${title}</h1><p>${sentence} The gate in front of the app refused the request. The app has not seen it.</p><p>${now}</p><p><a href="/.factorgate/">To your apps</a></p></html>\n`
}

/** Guesses from a part of the head. Without `Accept`, an oversized one counts as a browser's. */
export function looksForAPage(head: BegunHead | null, packet: Buffer | undefined, code: ErrorCode): boolean {
  const accept = head?.accept ?? /\r\naccept:([^\r\n]*)/i.exec(packet?.toString('latin1') ?? '')?.[1]
  return accept === undefined ? code === 'headers_too_large' : /text\/html/i.test(accept)
}

/** It has the standard security headers (plugins/security-headers.ts). */
export function refusalOf(code: ErrorCode, socket: Duplex | null, isPage = false) {
  const { status, sentence } = describeError(code)
  const body = isPage ? refusalPage(code) : JSON.stringify({ error: { code, message: sentence } })
  const isEncrypted = (socket as Partial<TLSSocket> | null)?.encrypted === true
  const headers: Record<string, string> = {
    'Factorgate-Error': code,
    ...(isPage
      ? {
          'Content-Type': 'text/html; charset=utf-8',
          'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'"
        }
      : { 'Content-Type': 'application/json' }),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    ...(isEncrypted ? { 'Strict-Transport-Security': strictTransport } : {}),
    'Cache-Control': 'no-store',
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close'
  }
  return { status, headers, body }
}
