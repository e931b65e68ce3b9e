/** The peak memory of a process during some work. */
import { forgetPeak, memory } from './processes.ts'

interface Watched<T> {
  readonly result: T
  /** MB, 10⁶ bytes; null where the system does not tell. */
  readonly peakMemory: number | null
}

const lookEveryMs = 100

/** The kernel's own peak is exact. On systems without it, the samples may miss a short peak. */
export async function watched<T>(pid: number, work: () => Promise<T>): Promise<Watched<T>> {
  let peak = 0
  const isExact = forgetPeak(pid)
  const look = () => {
    peak = Math.max(peak, memory(pid)?.now ?? 0)
  }
  const timer = setInterval(look, lookEveryMs)
  let result: T
  try {
    result = await work()
  } finally {
    clearInterval(timer)
  }
  look()
  if (isExact) peak = Math.max(peak, memory(pid)?.peak ?? 0)
  return { result, peakMemory: peak === 0 ? null : peak }
}
