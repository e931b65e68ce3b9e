/** Addresses that messages go to: mail servers, mail addresses and webhooks. */
import { mailAddress } from '../../src/notify/mail-address.ts'
import { isLoopback } from './addresses.ts'
import { type Invalid, invalid, invalidSecret } from './invalid.ts'

export interface MailServerTarget {
  /** Without brackets. */
  readonly host: string
  readonly port: number
  /** True for `smtps`. */
  readonly isSecure: boolean
}

/** `smtps://HOST[:PORT]` or `smtp://HOST[:PORT]`. */
export function readMailServer(text: string): MailServerTarget | Invalid {
  const [, scheme = '', rest = ''] = /^(smtps?):\/\/([^/?#\s]*)\/?$/i.exec(text) ?? []
  if (rest.includes('@'))
    return invalidSecret('must not hold a user or password: use the keys user, userFile and passwordFile')
  const url = URL.canParse(`https://${rest}`) ? new URL(`https://${rest}`) : null
  if (scheme === '' || url === null || !/^([\w-]+(\.[\w-]+)*|\[[0-9a-f:.]+\])$/i.test(url.hostname))
    return invalid('must be smtps://HOST or smtp://HOST, with a port if it is not 465 or 587')
  const isSecure = scheme.toLowerCase() === 'smtps'
  const [, port] = /:(\d+)$/.exec(rest) ?? []
  return {
    host: url.hostname.replace(/[[\]]/g, ''),
    port: port === undefined ? (isSecure ? 465 : 587) : Number(port),
    isSecure
  }
}

/** One address, without a name. */
export function readMailAddress(text: string): string | Invalid {
  return mailAddress(text) ?? invalid('must be one mail address such as gate@lab.example, without a name')
}

/** An https URL; plain http on this machine alone. Its path may be a secret, so no message quotes it. */
export function readWebhookUrl(text: string): string | Invalid {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol))
    return invalidSecret('must be an address that begins with https://')
  if (url.username !== '' || url.password !== '') return invalidSecret('must not hold a user or password')
  if (url.hash !== '') return invalidSecret("must not hold a fragment ('#…')")
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return invalidSecret('must begin with https://: plain http is allowed on this machine alone')
  return url.href
}
