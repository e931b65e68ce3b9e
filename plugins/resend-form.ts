/** The form that sends a kept POST on: its only field, and the proof in it that the gate has made it for this person. */
import type { Keyring } from '../src/keyring/keyring.ts'

/** The encoding of the form is `text/plain`, which hardly any other form has. */
export const resendField = 'factorgate-kept'
const purpose = 'kept-post'

/** The value of the field. `csrfKey`: of the person's present sign-in. */
export function resendValue(keyring: Keyring, id: string, csrfKey: string): string {
  return `${id}.${keyring.mac(purpose, `${id}:${csrfKey}`)}`
}

export function isRightMac(keyring: Keyring, id: string, csrfKey: string, mac: string): boolean {
  return keyring.verifyMac(purpose, `${id}:${csrfKey}`, mac)
}
