/** The posture of apps as a value. */

/** Each is stricter than the one before. */
export const postureLevels = ['normal', 'elevated', 'lockdown'] as const
export type PostureLevel = (typeof postureLevels)[number]

export interface Setting {
  readonly level: Exclude<PostureLevel, 'normal'>
  /** Only operators read it. */
  readonly why: string
  /** The operator's name, or the system user's. */
  readonly by: string
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Null for no end. */
  readonly until: number | null
}

/** Where nothing is set, the posture is normal. */
export interface Dial {
  readonly all: Setting | null
  readonly apps: Readonly<Record<string, Setting>>
}

export const normalDial: Dial = { all: null, apps: {} }

/** Null for all apps. */
export interface EndedSetting {
  readonly app: string | null
  readonly setting: Setting
}

export function stricterOf(one: PostureLevel, other: PostureLevel): PostureLevel {
  return postureLevels.indexOf(one) >= postureLevels.indexOf(other) ? one : other
}

/** `app`: null for the posture of all apps. */
export function levelAt(dial: Dial, app: string | null, now: number): PostureLevel {
  return settingAt(dial, app, now)?.level ?? 'normal'
}

export function settingAt({ all, apps }: Dial, app: string | null, now: number): Setting | null {
  const own = app !== null && Object.hasOwn(apps, app) ? standing(apps[app] as Setting, now) : null
  const common = standing(all, now)
  if (own === null || common === null) return own ?? common
  return stricterOf(own.level, common.level) === common.level ? common : own
}

export function splitAt(
  { all, apps }: Dial,
  now: number
): { readonly dial: Dial; readonly ended: readonly EndedSetting[] } {
  const ended: EndedSetting[] = []
  const left = (app: string | null, setting: Setting | null) => {
    if (setting !== null && standing(setting, now) === null) ended.push({ app, setting })
    return standing(setting, now)
  }
  const dial = {
    all: left(null, all),
    apps: Object.fromEntries(Object.entries(apps).filter(([app, setting]) => left(app, setting) !== null))
  }
  return { dial, ended }
}

/** Null for never. */
export function nextEndOf({ all, apps }: Dial): number | null {
  const ends = [all, ...Object.values(apps)].flatMap(setting => (setting?.until == null ? [] : [setting.until]))
  return ends.length === 0 ? null : Math.min(...ends)
}

function standing(setting: Setting | null, now: number): Setting | null {
  return setting === null || (setting.until !== null && now >= setting.until) ? null : setting
}
