/** What each Redis master says about itself, for `factorgate doctor`. */
import type { RedisClient, RedisServer } from './redis-store.ts'

/** Null where the server does not say. */
export interface RedisInspection {
  readonly name: string
  readonly version: string | null
  /** `always`, `everysec` or `no`; null also without an append-only file. */
  readonly appendFsync: string | null
  readonly usedBytes: number | null
  /** Zero for no limit. */
  readonly maxBytes: number | null
  /** False if the last write of the append-only file or the last snapshot failed. */
  readonly isSaved: boolean
  readonly replicas: number | null
  /** `min-replicas-to-write`. */
  readonly neededReplicas: number | null
  /** Milliseconds since the epoch; `ours` is this machine's clock. */
  readonly clock: { readonly at: number; readonly ours: number } | null
}

/** Rejects with the driver's error. */
export async function inspect(client: RedisClient, now: () => number): Promise<RedisInspection[]> {
  return Promise.all(client.masters().map((server, place) => inspectServer(server, client.nameOf(place), now)))
}

async function inspectServer(server: RedisServer, name: string, now: () => number): Promise<RedisInspection> {
  const text = await server.call('info').catch(() => '')
  const fields = new Map(
    String(text)
      .split(/\r?\n/)
      .filter(line => line.includes(':'))
      .map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const)
  )
  const number = (key: string) => (fields.has(key) ? Number(fields.get(key)) : null)
  const fsync = await server.call('config', 'get', 'appendfsync').catch(() => null)
  const needed = await server.call('config', 'get', 'min-replicas-to-write').catch(() => null)
  const before = now()
  const time = await server.call('time').catch(() => null)
  const after = now()
  return {
    name,
    version: fields.get('redis_version') ?? null,
    appendFsync: fields.get('aof_enabled') === '1' && Array.isArray(fsync) ? String(fsync[1] ?? '') || null : null,
    usedBytes: number('used_memory'),
    maxBytes: number('maxmemory'),
    isSaved: fields.get('aof_last_write_status') !== 'err' && fields.get('rdb_last_bgsave_status') !== 'err',
    replicas: number('connected_slaves'),
    neededReplicas: Array.isArray(needed) && needed.length > 1 ? Number(needed[1]) : null,
    clock: Array.isArray(time)
      ? { at: Number(time[0]) * 1000 + Number(time[1]) / 1000, ours: (before + after) / 2 }
      : null
  }
}
