/** A page that goes on by itself, for requests that must not, or need not, be redirected. */
import type { FastifyReply } from 'fastify'
import type { PageContext } from './page-context.ts'

export function sendMetaRefresh({ reply, say }: PageContext, href: string): FastifyReply {
  const { entry, handOver } = say
  const there = href.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
  return reply
    .type('text/html; charset=utf-8')
    .header('cache-control', 'no-store')
    .header(
      'content-security-policy',
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    .send(
      `<!doctype html><html lang="${entry.tag}" dir="${entry.direction}"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${there}"><title>${handOver.signedIn}</title><p><a href="${there}">${handOver.goOn}</a></p></html>\n`
    )
}
