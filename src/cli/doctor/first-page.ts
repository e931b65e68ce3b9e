/** What the first page of an app tells of settings that do not fit: a name that the app refuses, and a redirect that leads nowhere else. */
import { toPublicLocation, type UrlMapping } from '../../forwarding/url-mapping.ts'
import type { DoctorFinding } from './finding.ts'

export interface FirstPage {
  /** In the configuration. */
  readonly path: string
  readonly id: string
  readonly where: string
  readonly mapping: UrlMapping
  /** What the gate sends as `Host`, and what a client beside the gate would send. */
  readonly host: string
  readonly ownHost: string
  readonly publicPath: string
  readonly status: number
  readonly location: string | null
  readonly setsCookie: boolean
}

/** Django and Jupyter answer 400 or 403 to a name that they do not know, Transmission 421. */
const refusals: ReadonlySet<number> = new Set([400, 403, 421])

/** Asks again under the upstream's own name where the app may refuse the public one. Null if it answers the same. */
export async function refusedName(
  page: FirstPage,
  ask: (host: string) => Promise<{ readonly status: number }>
): Promise<DoctorFinding | null> {
  const { path, id, where, host, ownHost, status } = page
  if (!refusals.has(status) || host === ownHost) return null
  const own = await ask(ownHost).catch(() => null)
  if (own === null || (own.status >= 400 && own.status !== 401)) return null
  return {
    degree: 'warning',
    path,
    wrong: `the app '${id}' at ${where} answers ${status} under its public name ${host}, and ${own.status} under ${ownHost}`,
    mend: "Add the public name to the hosts that the app accepts, or write 'preserveHost: false' for this app."
  }
}

/** A redirect from the first page to itself, as browsers see it through the gate. One that sets a cookie may be a test of cookies. */
export function roundTrip({ path, id, where, mapping, ...page }: FirstPage): DoctorFinding | null {
  const { publicPath, status, location, setsCookie } = page
  if (status < 300 || status > 399 || location === null || setsCookie) return null
  const first = `${mapping.publicOrigin}${publicPath}`
  const seen = toPublicLocation(location, mapping)
  if (!URL.canParse(seen, first)) return null
  const { origin, pathname, search } = new URL(seen, first)
  if (`${origin}${pathname}` !== first || search !== '') return null
  return {
    degree: 'warning',
    path,
    wrong: `the app '${id}' at ${where} redirects people from its first page to the same page (${location}), without end`,
    mend: 'If it wants https: let it believe the header X-Forwarded-Proto of the gate, or switch off its own redirect to https. If it wants another name: tell it its public address.'
  }
}
