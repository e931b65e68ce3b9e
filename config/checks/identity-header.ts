/** Checks of a proxy in front that signs people in: its secret, its addresses, and header names that must differ. */
import { normalName } from '../../src/request/header-name.ts'
import { networkCovers, parseNetwork } from '../../src/request/networks.ts'
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftConfig, DraftSource } from '../schema.ts'
import { checkHeaderSecret } from './header-secret.ts'

type DraftHeader = DraftSource<'header'>

export function checkHeader(
  entry: DraftHeader,
  path: string,
  { trustedProxies }: Pick<DraftConfig, 'trustedProxies'>,
  diagnostics: Diagnostics
): void {
  checkHeaderSecret(entry.secret?.value, `${path}.secret.value`, `${path}.secret.valueFile`, diagnostics)
  checkNames(entry, path, diagnostics)
  entry.from?.forEach((network, index) => {
    if (network !== undefined) checkFrom(network, `${path}.from[${index}]`, trustedProxies, diagnostics)
  })
  const { headers, mfa } = entry
  if (mfa != null && headers?.mfa === null)
    diagnostics.problem(`${path}.mfa`, `needs ${path}.headers.mfa beside it: the header with these values`)
  if (mfa === null && headers?.mfa != null)
    diagnostics.problem(
      `${path}.headers.mfa`,
      `needs ${path}.mfa.values beside it: the values that say that a second factor was checked`
    )
}

function checkNames({ headers, secret }: DraftHeader, path: string, diagnostics: Diagnostics): void {
  const seen = new Map<string, string>()
  const named = [
    ...Object.entries(headers ?? {}).map(([key, name]) => [`${path}.headers.${key}`, name] as const),
    [`${path}.secret.header`, secret?.header] as const
  ]
  for (const [key, name] of named) {
    if (name == null) continue
    const first = seen.get(normalName(name))
    if (first === undefined) seen.set(normalName(name), key)
    else diagnostics.problem(key, `must differ from ${first}: the gate cannot tell the two headers apart`)
  }
}

function checkFrom(
  network: string,
  key: string,
  trustedProxies: DraftConfig['trustedProxies'],
  diagnostics: Diagnostics
): void {
  const peer = parseNetwork(network)
  if ('fault' in peer) return
  if (peer.bits === 0) {
    diagnostics.warning(key, 'includes every address, so the secret alone decides who is believed; list the proxies')
    return
  }
  if (peer.bits < (peer.address.family === 6 ? 64 : 24))
    diagnostics.advise(
      key,
      'is wide: whoever in this network knows the secret can sign in as anybody; list the proxies'
    )
  const trusted = trustedProxies?.map(one => (one === undefined ? null : parseNetwork(one)))
  const isTrusted = trusted?.some(one => one !== null && !('fault' in one) && networkCovers(one, peer))
  if (isTrusted === false)
    diagnostics.advise(
      key,
      'is not in trustedProxies, so everybody who comes through this proxy has its address in limits, rules and the journal; list it there too'
    )
}
