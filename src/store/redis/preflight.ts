/** A Redis is safe for credentials if it persists data and never evicts it. */

/** The oldest version with GETDEL. */
const oldest = [6, 2] as const

/** Null where the server does not say. */
interface RedisFacts {
  readonly version: string | null
  readonly mode: string | null
  readonly role: string | null
  readonly loading: boolean
  readonly appendOnly: boolean | null
  readonly savePoints: boolean | null
  readonly evictionPolicy: string | null
}

/** `unavailable` may recover by itself; otherwise an operator must act. */
export type Suitability =
  | { kind: 'suitable' }
  | { kind: 'unsuitable'; why: string }
  | { kind: 'unavailable'; why: string }

/** `info` comes from INFO, `config` from CONFIG GET; null if the server refuses. */
export function readFacts(info: string | null, config: Readonly<Record<string, string>> | null): RedisFacts {
  const fields = new Map<string, string>()
  for (const line of info?.split(/\r?\n/) ?? []) {
    const colon = line.indexOf(':')
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  const appendOnly = config?.appendonly ?? fields.get('aof_enabled')
  return {
    version: fields.get('redis_version') ?? null,
    // Valkey calls it `server_mode`.
    mode: fields.get('redis_mode') ?? fields.get('server_mode') ?? null,
    role: fields.get('role') ?? null,
    loading: fields.get('loading') === '1',
    appendOnly: appendOnly === undefined ? null : appendOnly === 'yes' || appendOnly === '1',
    savePoints: config?.save === undefined ? null : config.save.trim() !== '',
    evictionPolicy: config?.['maxmemory-policy'] ?? fields.get('maxmemory_policy') ?? null
  }
}

export function checkSuitability(
  facts: RedisFacts,
  options: { isCluster: boolean; unsafeVolatileStore: boolean }
): Suitability {
  if (facts.mode === 'sentinel') return unsuitable('it is a Sentinel; write redis+sentinel://HOST:PORT/MASTER')
  if (facts.mode === 'cluster' && !options.isCluster)
    return unsuitable('it belongs to a Cluster; write redis+cluster://HOST:PORT')
  if (facts.version !== null && !isAtLeast(facts.version, oldest))
    return unsuitable(`it is Redis ${facts.version}, and the gate needs ${oldest.join('.')} or newer`)
  if (facts.loading) return { kind: 'unavailable', why: 'it is still loading its data' }
  if (facts.role !== null && facts.role !== 'master')
    return { kind: 'unavailable', why: 'it is a replica and accepts no writes' }
  if (options.unsafeVolatileStore) return { kind: 'suitable' }

  const accept = "or set 'unsafeVolatileStore: true' to accept that"
  const volatile =
    facts.appendOnly === true || facts.savePoints === true
      ? false
      : facts.appendOnly === false && facts.savePoints === false
  if (volatile)
    return unsuitable(`it loses all data at a restart. Set 'appendonly yes' in its configuration, ${accept}`)
  if (facts.evictionPolicy !== null && facts.evictionPolicy !== 'noeviction')
    return unsuitable(
      `it deletes data when its memory is full (maxmemory-policy ${facts.evictionPolicy}). Set 'maxmemory-policy noeviction', ${accept}`
    )
  if (facts.evictionPolicy === null || (facts.appendOnly !== true && facts.savePoints !== true))
    return unsuitable(
      `it does not say whether it keeps its data. Allow this user +info and +config|get, or set 'unsafeVolatileStore: true' if you know that it does`
    )
  return { kind: 'suitable' }
}

function unsuitable(why: string): Suitability {
  return { kind: 'unsuitable', why }
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [foundMajor = 0, foundMinor = 0] = version.split('.').map(Number)
  return foundMajor > major || (foundMajor === major && foundMinor >= minor)
}
