/** The address of an ACME directory. */
import { isLoopback } from './addresses.ts'
import { type Invalid, invalid, invalidSecret } from './invalid.ts'

/** An https URL; plain http on this machine alone. */
export function readAcmeDirectory(text: string): string | Invalid {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol))
    return invalid('must be the https address of an ACME directory, such as https://acme.lab.example/directory')
  if (url.username !== '' || url.password !== '') return invalidSecret('must not hold a user name or password')
  if (url.hash !== '') return invalid("must not hold a fragment ('#…')")
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return invalid('must be https: whoever is on the way could give the gate a certificate of their own')
  return url.href
}
