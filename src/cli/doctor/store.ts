/** Probes a Redis store: memory, saving to disk, and its clock. `factorgate check` finds what prevents a start. */
import type { Config } from '../../../config/schema.ts'
import type { Clock } from '../../clock.ts'
import { storeOf } from '../../services/app-options.ts'
import { inspectStore } from '../../store/open.ts'
import type { RedisInspection } from '../../store/redis/inspection.ts'
import type { ClockedFindings } from './clock.ts'
import type { DoctorFinding } from './finding.ts'

/** Never rejects: `factorgate check` reports an unreachable store. */
export async function askStore(config: Config, clock: Clock): Promise<ClockedFindings> {
  try {
    const { url, options } = storeOf(config, clock)
    const servers = await inspectStore(url, options, clock)
    return {
      findings: servers.flatMap(examineServer),
      clocks: servers.flatMap(({ name, clock: reading }) =>
        reading === null ? [] : [{ of: `the store ${name}`, ...reading }]
      )
    }
  } catch {
    return { findings: [], clocks: [] }
  }
}

/** Above this share of `maxmemory`, Redis soon refuses writes. */
const fullShare = 0.9

/** With fewer replicas, one may be away while another must follow. */
const spareReplicas = 2

export function examineServer(server: RedisInspection): DoctorFinding[] {
  const { name, appendFsync, usedBytes, maxBytes, isSaved, replicas, neededReplicas } = server
  const found: DoctorFinding[] = []
  const add = (degree: DoctorFinding['degree'], wrong: string, mend: string) =>
    found.push({ degree, path: 'store', wrong, mend })
  if (!isSaved)
    add(
      'problem',
      `the store ${name} could not save its data the last time`,
      'Look into the log of Redis; usually its disk is full, or its folder is not its own.'
    )
  if (appendFsync === 'no')
    add(
      'warning',
      `the store ${name} leaves it to the system when it saves (appendfsync no): a power failure loses up to 30 seconds of changes`,
      "Set 'appendfsync everysec' in the configuration of Redis, or 'always' to lose none."
    )
  if (usedBytes !== null && maxBytes !== null && maxBytes > 0 && usedBytes / maxBytes > fullShare)
    add(
      'problem',
      `the store ${name} uses ${Math.round((usedBytes / maxBytes) * 100)} % of its memory (maxmemory), and refuses changes when all is used`,
      'Raise maxmemory in the configuration of Redis.'
    )
  if (replicas !== null && replicas >= spareReplicas && neededReplicas === 0)
    add(
      'warning',
      `the store ${name} takes changes while no replica follows it: cut off from the others, it goes on, and a gate beside it lets in people who were suspended elsewhere`,
      "Set 'min-replicas-to-write 1' and 'min-replicas-max-lag 10' in the configuration of each Redis."
    )
  return found
}
