/** The certificates that the configuration names and that somebody has to renew, with their keys. */
import type { Config } from '../../config/schema.ts'

export function certificateFilesOf({
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
