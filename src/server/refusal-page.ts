/** The error page for requests that node:http cannot parse. It is one document without styles and scripts. */
import { describeError, type ErrorCode } from '../errors.ts'

const words: Partial<Record<ErrorCode, { title: string; now: string }>> = {
  headers_too_large: {
    title: 'That address, or what came with it, is too long',
    now: 'Use a shorter address. If it was short, this site’s cookies have grown too many: delete them in your browser’s settings and try again.'
  },
  shutting_down: { title: 'The gate is restarting', now: 'Wait a moment and try again.' }
}

export function refusalPage(code: ErrorCode): string {
  const { sentence } = describeError(code)
  const { title, now } = words[code] ?? { title: 'That could not be read', now: 'Go back and try again.' }
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>${title}</title><h1>${title}</h1><p>${sentence} It was refused by the gate in front of the app; the app has not seen it.</p><p>${now}</p><p><a href="/.factorgate/">To your apps</a></p></html>\n`
}

/** Guesses from the raw bytes whether a browser sent the request. An oversized head without `Accept` counts as one. */
export function looksForAPage(packet: Buffer | undefined, code: ErrorCode): boolean {
  const accept = /\r\naccept:([^\r\n]*)/i.exec(packet?.toString('latin1') ?? '')
  return accept === null ? code === 'headers_too_large' : /text\/html/i.test(accept[1] as string)
}
