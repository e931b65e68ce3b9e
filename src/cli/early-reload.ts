/** A SIGHUP before the gate serves, such as a reload right after a start. By default it would end the process, and systemd would not start it again. */
let isAsked = false

const note = () => {
  isAsked = true
}

export function noteEarlyReloads(): void {
  process.on('SIGHUP', note)
}

/** True if a reload was asked for. The caller listens by now. */
export function takeEarlyReload(): boolean {
  process.off('SIGHUP', note)
  return isAsked
}
