/** Device-bound sign-ins: which hosts have keys, and what is counted and recorded. */
import { LRUCache } from 'lru-cache'
import { whoIsRequired } from '../../config/checks/device.ts'
import type { Config } from '../../config/schema.ts'
import type { DevicePort } from '../../plugins/device-port.ts'
import type { App } from '../apps/route-table.ts'
import { DeviceBinding } from '../session/device-binding.ts'
import type { Services } from './services.ts'

/** The reasons of Chromium. A browser may send anything, so all others count together. */
const skipReasons = new Set(['unreachable', 'server_error', 'quota_exceeded'])
/** A lost key is one event, however many requests its page sends. */
const lostOnceMs = 10 * 60_000

/** Null if no app asks for device keys. */
export function deviceOf(
  { device, portal }: Pick<Config, 'device' | 'portal'>,
  apps: readonly App[],
  runtime: Services
): DevicePort | null {
  const hosts = boundHosts(portal.url, apps)
  if (hosts.size === 0) return null
  const { clock, metrics, strangers } = runtime
  const told = new LRUCache<string, true>({ max: 10_000, ttl: lostOnceMs, perf: { now: clock } })
  return {
    binding: new DeviceBinding({ ...runtime, clock, terms: { lifetimeSeconds: device.lifetime, hosts } }),
    onLost({ id, client }, { session, account, host }) {
      const key = `${session.id} ${host}`
      if (told.has(key)) return
      told.set(key, true)
      const facts = { request: id, account: account.id, session: session.id, address: client.address, host }
      strangers.record({ kind: 'device.lost', at: clock(), ...facts })
    },
    onSkipped(text) {
      const reason = /^[a-z_]{1,32}/.exec(text)?.[0] ?? ''
      metrics.count('factorgate_device_skips_total', skipReasons.has(reason) ? reason : 'other')
    }
  }
}

/** It warns at every start, because most browsers do not get in. */
export function warnOfRequired({ apps }: Pick<Config, 'apps'>, log: Pick<Services['log'], 'warn'>): void {
  const closed = apps.filter(one => [one, ...one.rules].some(({ deviceBound }) => deviceBound === 'required'))
  if (closed.length === 0) return
  const ids = closed.map(({ id }) => id)
  log.warn(
    { apps: ids },
    `deviceBound: required: into these apps, or parts of them, the gate lets ${whoIsRequired}: ${ids.join(', ')}`
  )
}

/** Browsers keep keys for https only. The portal needs one, otherwise its stolen cookie would open every app. */
function boundHosts(portal: { readonly secure: boolean; readonly host: string }, apps: readonly App[]): Set<string> {
  const bound = apps.filter(app => app.isDeviceBound && app.origin.startsWith('https:')).map(({ host }) => host)
  return new Set(bound.length > 0 && portal.secure ? [portal.host, ...bound] : [])
}
