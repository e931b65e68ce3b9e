/** The style sheet, script and icon of the pages, served from memory. Their names contain a hash of their content, so browsers may keep them for a year. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { accentFor } from '../../src/colours/accent.ts'
import { GateError } from '../../src/errors.ts'
import { withHead } from '../with-head.ts'
import type { Logo } from './options.ts'

export interface Asset {
  readonly type: string
  readonly body: string
  readonly path: string
}

const forAYear = 'public, max-age=31536000, immutable'
export const assetsPath = '/.factorgate/assets/'

const script = named('page', 'js', 'text/javascript; charset=utf-8', read('page.js'))
/** Only the page of a kept POST has it. */
export const keptScript = named('kept', 'js', 'text/javascript; charset=utf-8', read('kept.js'))
/** Its name has no hash, because pages of apps may load it. */
export const sessionScript: Asset = {
  type: 'text/javascript; charset=utf-8',
  body: read('session.js'),
  path: `${assetsPath}session.js`
}
/** Only pages about an app that does not answer load it. */
export const lookScript: Asset = { type: sessionScript.type, body: read('look.js'), path: `${assetsPath}look.js` }
const sheetSource = read('page.css')
const sheets = new Map<string | null, Asset>()

export const tabIcon: Asset = {
  type: 'image/svg+xml',
  path: `${assetsPath}door.svg`,
  body: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke="#0b5a5e" stroke-width="2.500" stroke-linejoin="round"><path fill="#e9c46a" stroke="none" d="M18 6h5v22h-5z"/><path fill="#f8f5ef" d="M8 28V5l11 4v17z"/><path d="M3 28h26M8 28V4h16v24"/></svg>`
}

export function pageScript(): Asset {
  return script
}

/** Includes the accent: the content security policy allows no other place. */
export function pageSheet(accent: string | null): Asset {
  let sheet = sheets.get(accent)
  if (sheet === undefined) {
    const { light, onLight, dark, onDark } = accentFor(accent)
    const colours = `:root{--accent:${light};--on-accent:${onLight}}@media screen and (prefers-color-scheme:dark){:root{--accent:${dark};--on-accent:${onDark}}}`
    sheet = named('page', 'css', 'text/css; charset=utf-8', colours + sheetSource)
    if (sheets.size > 16) sheets.clear()
    sheets.set(accent, sheet)
  }
  return sheet
}

const logoPaths = new WeakMap<Logo, string>()

export function logoPath(logo: Logo): string {
  let path = logoPaths.get(logo)
  if (path === undefined) {
    path = named('logo', logo.type === 'image/png' ? 'png' : 'svg', logo.type, logo.body).path
    logoPaths.set(logo, path)
  }
  return path
}

/** An SVG that is opened by itself may run no script and load nothing. */
const logoPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"

/** Every host serves these, since the gate's error pages also appear on the hosts of apps. */
export function registerAssets(scope: FastifyInstance): void {
  const { portal } = scope
  scope.get(
    '/.factorgate/assets/:name',
    { config: { requires: 'anyone', everyHost: true, isData: true }, ...withHead },
    async (request, reply) => {
      const { name } = request.params as { name: string }
      const { logo } = portal
      if (logo != null && /^logo\.[\w-]+\.(?:png|svg)$/.test(name))
        return reply
          .header('cache-control', assetsPath + name === logoPath(logo) ? forAYear : 'public, max-age=300')
          .header('cross-origin-resource-policy', 'same-origin')
          .header('content-security-policy', logoPolicy)
          .type(logo.type)
          .send(logo.body)
      const unhashed = [sessionScript, lookScript].find(({ path }) => path === assetsPath + name)
      const scriptNamed = unhashed ?? (name.startsWith('kept.') ? keptScript : script)
      const asset = name.endsWith('.css') ? pageSheet(portal.accent) : name.endsWith('.js') ? scriptNamed : tabIcon
      if (asset === tabIcon && name !== 'door.svg') throw new GateError('not_found')
      // Another hash belongs to another version, around an upgrade. It gets today's content, briefly cached.
      const isCurrent = asset.path === assetsPath + name && asset !== tabIcon && asset !== unhashed
      return reply
        .header('cache-control', isCurrent ? forAYear : 'public, max-age=300')
        .header('cross-origin-resource-policy', 'same-origin')
        .type(asset.type)
        .send(asset.body)
    }
  )
}

function named<Body extends string | Buffer>(name: string, extension: string, type: string, body: Body) {
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 8)
  return { type, body, path: `${assetsPath}${name}.${hash}.${extension}` }
}

function read(name: string): string {
  return readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8')
}
