/**
 * A SIGHUP before the gate serves. By default it ends the process, and systemd takes that for a wish and does not start the gate again: a
 * reload right after a start would leave no gate.
 */
let isAsked = false

const note = () => {
  isAsked = true
}

export function noteEarlyReloads(): void {
  process.on('SIGHUP', note)
}

/** True if a reload was asked for meanwhile. The caller listens by now. */
export function takeEarlyReload(): boolean {
  process.off('SIGHUP', note)
  return isAsked
}
