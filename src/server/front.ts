/** What a configuration's listeners need: certificates, and the addresses that plain http leads to. */
import type { Logger } from 'pino'
import type { Config } from '../../config/schema.ts'
import { clientAuthoritiesOf } from '../services/directories.ts'
import type { Issuing } from '../services/issuing.ts'
import type { Services } from '../services/services.ts'
import type { IssuedTls } from './issued-contexts.ts'
import type { Listener, TlsFiles } from './listener.ts'
import { PlainHttp, redirectsOf } from './plain-http.ts'
import type { ProxyProtocol } from './proxy-headers.ts'

/** Null for plain HTTP, and if a changed configuration needs a restart. */
export function tlsOf(config: Config, issuing: Issuing | null): TlsFiles | IssuedTls | null {
  const { tls } = config.listen
  if (tls === null) return null
  const clientAuthorities = clientAuthoritiesOf(config)
  const { cert, key, acme } = tls
  if (acme === null) return cert === null || key === null ? null : { cert, key, clientAuthorities }
  if (issuing === null) return null
  const challenges = acme.challenge === 'tls-alpn-01' ? issuing.board : null
  return { source: issuing.certificates, challenges, clientAuthorities }
}

/** A renewed certificate must not wait until somebody has mended a refused configuration. */
export function renewCertificate(listener: Listener, config: Config, log: Logger | null): void {
  const tls = tlsOf(config, null)
  if (tls === null) return
  try {
    listener.reloadTls(tls)
    log?.info('the certificate was read again all the same, from the files of the configuration in use')
  } catch {
    // The old one stays in use, and the refusal names the fault.
  }
}

export async function issuingOf(config: Config, runtime: Services, isFirst: boolean): Promise<Issuing | null> {
  const acme = config.listen.tls?.acme ?? null
  if (acme === null) return null
  // The import is here for a short start.
  const { Issuing } = await import('../services/issuing.ts')
  return Issuing.open(config, acme, runtime, isFirst)
}

export function redirectsFor({ portal, apps }: Config): Map<string, string> {
  return redirectsOf([portal.url, ...apps.map(({ url }) => url)])
}

export function plainHttpOf(
  { listen }: Config,
  issuing: Issuing | null,
  sites: () => ReadonlyMap<string, string>,
  proxyProtocol: ProxyProtocol | null
): PlainHttp {
  const { maxHeaderSize } = listen
  if (issuing === null) return new PlainHttp({ sites, maxHeaderSize, proxyProtocol })
  return new PlainHttp({
    sites,
    maxHeaderSize,
    proxyProtocol,
    challenge: token => issuing.board.answerTo(token),
    lacksCertificate: host => issuing.lacks(host)
  })
}

export function proxyProtocolOf({ listen }: Config, log: Logger): ProxyProtocol | null {
  return listen.proxyProtocol === null ? null : { ...listen.proxyProtocol, warn: sentence => log.warn(sentence) }
}

/** Before Node 24, node:http2 obeys too few limits (docs/http2.md). */
export function offersHttp2({ listen }: Config, nodeVersion = process.versions.node): boolean {
  return listen.tls !== null && listen.http2 === 'auto' && Number.parseInt(nodeVersion, 10) >= 24
}
