/** The style sheet of the console, beside the portal's, for the console's pages alone. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { type Asset, assetsPath } from '../portal/assets.ts'

const body = readFileSync(new URL('./assets/console.css', import.meta.url), 'utf8')
const hash = createHash('sha256').update(body).digest('base64url').slice(0, 12)

export const consoleSheet: Asset = {
  type: 'text/css; charset=utf-8',
  body,
  path: `${assetsPath}console.css?${hash}`
}

/** The hash in the query changes the address of a changed sheet. */
export function registerConsoleAssets(scope: FastifyInstance): void {
  scope.get(`${assetsPath}console.css`, { config: { requires: 'anyone', isData: true } }, async (_request, reply) =>
    reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .header('cross-origin-resource-policy', 'same-origin')
      .type(consoleSheet.type)
      .send(consoleSheet.body)
  )
}
