/** Probes SAML metadata: readable, signed by the configured certificate, in date, and with the configured providers. */
import { pemText } from '../../../config/reading/text-sources.ts'
import type { Config } from '../../../config/schema.ts'
import { dayMs } from '../../clock.ts'
import { Aggregate } from '../../identity/saml/aggregate.ts'
import { loadMetadata } from '../../identity/saml/metadata-load.ts'
import { metadataSource } from '../../identity/saml/metadata-source.ts'
import type { ProbeFinding } from './finding.ts'

type SamlConfig = Extract<Config['identity'][number], { kind: 'saml' }>

const soonMs = dayMs
const pem = (file: string | null) => (file === null ? null : pemText(file))

/** `signal` ends the reading. Nothing is kept on disk. */
export async function probeSaml(
  one: SamlConfig,
  path: string,
  now: number,
  signal: AbortSignal
): Promise<ProbeFinding[]> {
  const { metadata, idp } = one
  const at = `${path}.metadata`
  if (metadata.kind === 'mdq') return probeMdq(one, metadata.url, at, now, signal)
  const isFile = metadata.kind === 'file'
  const outcome = await loadMetadata(
    {
      from: isFile ? { kind: 'file', file: metadata.file } : { kind: 'url', url: metadata.url },
      certificate: pem(one.metadataCertificate),
      ca: pem(one.ca),
      only: idp,
      copy: null,
      etag: null,
      needsValidUntil: !isFile,
      now
    },
    signal
  )
  if (outcome.kind !== 'read')
    return [unusable(at, outcome.kind === 'refused' ? outcome.problem : 'it has not changed')]
  const aggregate = new Aggregate(outcome.packed)
  const found = (idp ?? [])
    .filter(entityId => aggregate.find(entityId) === null)
    .map(entityId => missing(path, entityId))
  if (idp === null && aggregate.size === 0) found.push(unusable(at, 'it describes no identity provider'))
  const { validUntil } = aggregate.summary
  if (validUntil !== null && validUntil - now < soonMs)
    found.push({
      degree: 'warning',
      path: at,
      wrong: `the metadata ends at ${new Date(validUntil).toISOString()}`,
      mend: 'look whether its publisher still makes a new version'
    })
  return found
}

/** A metadata query server is asked for each configured provider. */
async function probeMdq(
  { metadataCertificate, ca, idp, refresh }: SamlConfig,
  address: string,
  at: string,
  now: number,
  signal: AbortSignal
): Promise<ProbeFinding[]> {
  const source = metadataSource({
    from: { kind: 'mdq', address },
    certificate: pem(metadataCertificate),
    ca: pem(ca),
    only: idp,
    refreshSeconds: refresh,
    clock: () => now,
    kept: new Map(),
    copies: null,
    onChange: () => {}
  })
  signal.addEventListener('abort', () => source.close(), { once: true })
  const found: ProbeFinding[] = []
  for (const entityId of idp ?? []) {
    try {
      if ((await source.find(entityId)) === null) found.push(missing(at.replace(/\.metadata$/, ''), entityId))
    } catch (error) {
      found.push(unusable(at, ((error as Error).cause as Error | undefined)?.message ?? (error as Error).message))
    }
  }
  return found
}

function missing(path: string, entityId: string): ProbeFinding {
  const wrong = `the metadata does not describe the identity provider ${entityId}`
  return { degree: 'problem', path: `${path}.idp`, wrong, mend: 'write its entity id exactly, or correct the metadata' }
}

function unusable(path: string, problem: string): ProbeFinding {
  const mend = "correct the address, the file or 'metadataCertificate', or ask the publisher"
  return { degree: 'problem', path, wrong: `the metadata cannot be used: ${problem}`, mend }
}
