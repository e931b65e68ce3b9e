/** The posture now, for operators. */
import type { Clock } from '../../clock.ts'
import { readDial } from '../../posture/dial-record.ts'
import { levelAt, type PostureLevel, type Setting, splitAt } from '../../posture/posture.ts'
import type { Store } from '../../store/store.ts'

export interface PostureView {
  /** Null if nothing is set for all apps. */
  readonly all: Setting | null
  readonly apps: readonly { readonly app: string; readonly setting: Setting }[]
  /** What counts for an app; null for all. */
  level(app: string | null): PostureLevel
}

/** Null if the record is damaged. Rejects with RecordTooNew and StoreUnreachable. */
export async function readPosture(store: Store, clock: Clock): Promise<PostureView | null> {
  const dial = await readDial(store)
  if (dial === null) return null
  const now = clock()
  const standing = splitAt(dial, now).dial
  return {
    all: standing.all,
    apps: Object.entries(standing.apps).map(([app, setting]) => ({ app, setting })),
    level: app => levelAt(standing, app, now)
  }
}
