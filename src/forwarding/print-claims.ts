/** Writes the claim pattern into the examples for other proxies (`npm run docs`). */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { claimPattern } from './claims.ts'

export function traefikExample(text: string): string {
  return text.replace(
    /^authResponseHeadersRegex = .*$/m,
    () => `authResponseHeadersRegex = '(?i)^(?:Cookie|${claimPattern()})$'`
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = new URL('../../config/examples/traefik.toml', import.meta.url)
  writeFileSync(file, traefikExample(readFileSync(file, 'utf8')))
}
