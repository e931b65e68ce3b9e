/** Checks a secret that travels in a header. */
import type { Diagnostics } from '../reading/diagnostics.ts'

/** Shorter ones can be guessed over a network in an installation's life. */
const minSecretLength = 16

/** It stands in config/examples where the secret belongs. */
export const exampleSecret = 'write-the-secret-here'

/** `key` and `fileKey` are the two keys that may hold it. */
export function checkHeaderSecret(
  value: string | null | undefined,
  key: string,
  fileKey: string,
  diagnostics: Diagnostics
): void {
  if (value == null) return
  const at = diagnostics.isGiven(fileKey) ? fileKey : key
  if (value.length < minSecretLength)
    diagnostics.problem(at, `must have at least ${minSecretLength} characters; make one with: openssl rand -hex 32`)
  else if (value === exampleSecret)
    diagnostics.problem(at, 'is the text of the example, which everybody knows; make one with: openssl rand -hex 32')
  else if (!/^[\x21-\x7e]+$/.test(value))
    diagnostics.problem(
      at,
      'must be letters, digits and punctuation of ASCII without spaces, because it travels in a header; make one with: openssl rand -hex 32'
    )
}
