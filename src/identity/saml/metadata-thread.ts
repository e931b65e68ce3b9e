/** The thread that reads one metadata file or address, checks its signature, and packs the providers. */
import { X509Certificate } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { buffersOf, type PackedProviders, pack } from './aggregate.ts'
import { MetadataCopy } from './metadata-copy.ts'
import type { IdentityProvider } from './metadata-entity.ts'
import { openMetadata } from './metadata-fetch.ts'
import { MetadataReader } from './metadata-reader.ts'
import { SamlRefusal } from './refusal.ts'

export interface MetadataTask {
  readonly from: { readonly kind: 'file'; readonly file: string } | { readonly kind: 'url'; readonly url: string }
  /** PEM; null accepts unsigned metadata. */
  readonly certificate: string | null
  /** PEM, for the connection; null for Node's. */
  readonly ca: string | null
  /** The tag of the known version; null for any. */
  readonly etag: string | null
  readonly only: readonly string[] | null
  /** Null keeps no copy. */
  readonly copy: string | null
  readonly needsValidUntil: boolean
  /** Milliseconds since the epoch. */
  readonly now: number
}

export type MetadataOutcome =
  | {
      readonly kind: 'read'
      readonly packed: PackedProviders
      readonly etag: string | null
      /** Why no copy was kept. */
      readonly unkept: string | null
    }
  | { readonly kind: 'unchanged' }
  /** `problem` is one line for operators. */
  | { readonly kind: 'refused'; readonly problem: string }

async function readMetadata({
  from,
  certificate,
  ca,
  etag,
  only,
  copy,
  needsValidUntil,
  now
}: MetadataTask): Promise<MetadataOutcome> {
  let kept: MetadataCopy | null = null
  try {
    const wanted = only === null ? null : new Set(only)
    const providers: IdentityProvider[] = []
    const reader = new MetadataReader({
      keys: certificate === null ? null : certificatesOf(certificate).map(each => each.publicKey),
      needsValidUntil,
      now,
      onProvider: provider => {
        if (wanted === null || wanted.has(provider.entityId)) providers.push(provider)
      }
    })
    const opened = await openMetadata(from, { ca, etag })
    if (opened === 'unchanged') return { kind: 'unchanged' }
    const decoder = new TextDecoder('utf-8', { fatal: true })
    kept = copy === null ? null : new MetadataCopy(copy)
    for await (const chunk of opened.chunks) {
      kept?.write(chunk)
      reader.write(decoder.decode(chunk, { stream: true }))
    }
    reader.write(decoder.decode())
    const packed = pack(providers, reader.end())
    return { kind: 'read', packed, etag: opened.etag, unkept: kept?.keep() ?? null }
  } catch (error) {
    kept?.drop()
    if (error instanceof SamlRefusal) return { kind: 'refused', problem: error.message }
    if (error instanceof TypeError && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      return { kind: 'refused', problem: 'the metadata is not UTF-8' }
    throw error
  }
}

function certificatesOf(pem: string): X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  if (found.length === 0) throw new SamlRefusal('metadataCertificate holds no certificate')
  return found.map(each => new X509Certificate(each))
}

if (parentPort !== null) {
  const outcome = await readMetadata(workerData as MetadataTask)
  parentPort.postMessage(outcome, outcome.kind === 'read' ? buffersOf(outcome.packed) : [])
}
