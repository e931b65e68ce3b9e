/** The `unsafe…` keys that a configuration sets. */
import type { Config } from '../../../config/schema.ts'

/** `unsafeHttp`, `apps[notebooks].tls.unsafeAnyCertificate` */
export function unsafeKeysOf(config: Config): string[] {
  return found(config, '')
}

function found(value: unknown, place: string): string[] {
  if (Array.isArray(value)) return value.flatMap((one, i) => found(one, `${place}[${idOf(one) ?? i}]`))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = place === '' ? key : `${place}.${key}`
    return key.startsWith('unsafe') && inner !== false && inner !== null && inner !== undefined
      ? [at]
      : found(inner, at)
  })
}

function idOf(value: unknown): string | null {
  const { id } = (typeof value === 'object' && value !== null ? value : {}) as { id?: unknown }
  return typeof id === 'string' ? id : null
}
