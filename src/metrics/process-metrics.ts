/** Metrics of the process itself: memory, processor, event loop, release. */
import { type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Metrics } from './metrics.ts'
import { release } from './release.ts'

/** Milliseconds between the timers that measure the delay. */
const resolution = 20

export function readProcess(metrics: Metrics): void {
  metrics.read('process_resident_memory_bytes', () => process.memoryUsage.rss())
  metrics.read('process_cpu_seconds_total', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  const startedAt = Math.floor(performance.timeOrigin / 1000)
  metrics.read('process_start_time_seconds', () => startedAt)
  let version: string | undefined
  metrics.read('factorgate_build_info', () => {
    version ??= release()
    return [[version, process.versions.node, 1]]
  })
}

/** Measures from the first scrape on, so that a gate whose metrics nobody reads has no timer. */
export function readEventLoop(metrics: Metrics): void {
  let delays: IntervalHistogram | undefined
  metrics.read('factorgate_event_loop_delay_seconds', () => {
    if (delays === undefined) {
      delays = monitorEventLoopDelay({ resolution })
      delays.enable()
      return []
    }
    if (delays.count === 0) return []
    // The measure is the time between two timers.
    const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - resolution / 1000)
    const found = [
      ['50', late(delays.percentile(50))],
      ['99', late(delays.percentile(99))],
      ['100', late(delays.max)]
    ] as const
    delays.reset()
    return found
  })
}
