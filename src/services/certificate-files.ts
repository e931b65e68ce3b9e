/** The certificates that the configuration names, with their keys. */
import { pemText } from '../../config/reading/text-sources.ts'
import type { Config } from '../../config/schema.ts'
import type { AuditSink } from '../audit/event.ts'
import { CertificateEnd, type CertificateEndInput } from '../watchers/certificate-end.ts'
import type { Services } from './services.ts'

function certificateFilesOf({
  listen,
  redis,
  apps,
  identity
}: Pick<Config, 'listen' | 'redis' | 'apps' | 'identity'>): { readonly what: string; readonly file: string }[] {
  const named: [what: string, file: string | null | undefined][] = [
    ['listen.tls.cert', listen.tls?.cert],
    ['redis.tls.cert', redis.tls?.cert],
    ...apps.map(({ tls }, index): [string, string | null | undefined] => [`apps[${index}].tls.cert`, tls?.cert]),
    ...identity.flatMap((entry, index): [string, string | null][] =>
      entry.kind === 'saml'
        ? [
            [`identity[${index}].cert`, entry.cert],
            [`identity[${index}].metadataCertificate`, entry.metadataCertificate]
          ]
        : []
    )
  ]
  return named.flatMap(([what, file]) => (file == null ? [] : [{ what, file }]))
}

export function certificatesOf(
  config: Config,
  { store, clock, log }: Services,
  issued: CertificateEndInput['issued'],
  audit: AuditSink
): CertificateEnd {
  return new CertificateEnd({ files: certificateFilesOf(config), read: pemText, issued, store, audit, clock, log })
}
