/** Tells a user who may not reach the gate's files to run the command as their owner. */
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { visible } from '../messages/visible.ts'

/** True if this user may not reach `file`, so that nobody knows whether it exists. */
export function isHidden(file: string): boolean {
  try {
    statSync(file)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES'
  }
}

/** "this user (uid 1000) has no access to …; run the command as …" */
export function noAccess(file: string): string {
  const { wrong, mend } = accessTrouble(file)
  return `${wrong}; ${mend}`
}

export function accessTrouble(file: string): { readonly wrong: string; readonly mend: string } {
  const who = `this user (uid ${process.geteuid?.() ?? 'unknown'})`
  const closed = closedFolder(file)
  const owner = statSync(closed, { throwIfNoEntry: false })?.uid
  const as = owner === 0 ? 'sudo' : `sudo -u ${owner === undefined ? 'USER' : nameOf(owner)}`
  return {
    wrong: `${who} has no access to ${visible(closed)}`,
    mend: `run the command as the owner: ${as} factorgate …`
  }
}

/** The outermost folder that this user may not enter; the file itself if all are open. */
function closedFolder(file: string): string {
  const whole = path.resolve(file)
  const steps = whole.split(path.sep).filter(Boolean)
  let here: string = path.sep
  for (const step of steps) {
    here = path.join(here, step)
    try {
      accessSync(here, here === whole ? constants.R_OK : constants.X_OK)
    } catch {
      return here
    }
  }
  return whole
}

/** The name from /etc/passwd, otherwise `#1000`, as sudo takes it. */
function nameOf(uid: number): string {
  try {
    for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const [name = '', , id] = line.split(':')
      if (Number(id) === uid && /^[a-z_][\w-]*\$?$/i.test(name)) return name
    }
  } catch {
    // The system has no such file.
  }
  return `'#${uid}'`
}
