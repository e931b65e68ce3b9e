/** The style sheet and the script of the console, beside the portal's. They are loaded by the console's pages alone. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Asset, assetsPath } from '../portal/assets.ts'
import type { PageScope } from './page-scope.ts'

export const consoleSheet = named('console.css', 'text/css; charset=utf-8')
export const consoleScript = named('console.js', 'text/javascript; charset=utf-8')

/** The hash in the query makes a new address of a new content. */
function named(name: string, type: string): Asset {
  const body = readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8')
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 12)
  return { type, body, path: `${assetsPath}${name}?${hash}` }
}

export function registerConsoleAssets(scope: PageScope): void {
  for (const { path, type, body } of [consoleSheet, consoleScript])
    scope.get(path.replace(/\?.*/, ''), { config: { requires: 'anyone', isData: true } }, async (_request, reply) =>
      reply
        .header('cache-control', 'public, max-age=31536000, immutable')
        .header('cross-origin-resource-policy', 'same-origin')
        .type(type)
        .send(body)
    )
}
