/** What the log says where the clocks of two gates differ. */
import type { Logger } from 'pino'

export function sayClocksApart(log: Pick<Logger, 'error'>): (seconds: number) => void {
  return seconds =>
    log.error(
      { seconds },
      'sign-ins do not count here that another gate made later than now: the clock of this machine is behind, or that of the other gate is ahead; factorgate doctor on both says which, and timedatectl set-ntp true mends it'
    )
}
