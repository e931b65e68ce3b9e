/** Checks of `notify`: the mail server, its sign-in, and the webhooks. */
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftConfig } from '../schema.ts'
import { isLoopback } from '../values/addresses.ts'
import { checkAuthorities } from './certificates.ts'

/** Standard Webhooks asks for 24 bytes. */
const secretLength = 24

export function checkNotify({ notify }: DraftConfig, now: number, diagnostics: Diagnostics): void {
  if (notify == null) return
  const { mail, webhooks, operators } = notify
  if (mail != null) checkMail(mail, now, diagnostics)
  if (mail === null && webhooks?.length === 0)
    diagnostics.warning('notify', 'tells nobody anything: give it mail, or webhooks, or leave it out')
  if (mail === null && operators !== undefined && operators.length > 0)
    diagnostics.problem('notify.operators', 'needs notify.mail beside it')
  const seen = new Map<string, number>()
  webhooks?.forEach((webhook, index) => {
    const path = `notify.webhooks[${index}]`
    if (webhook?.ca != null) checkAuthorities(webhook.ca, `${path}.ca`, now, diagnostics)
    if (webhook?.secret !== undefined && !isLong(webhook.secret))
      diagnostics.problem(
        `${path}.secret`,
        `must have ${secretLength} characters or more, or be whsec_ and the base64 of as many bytes: others could guess it and send messages in the gate's name`
      )
    if (webhook?.url === undefined) return
    const first = seen.get(webhook.url)
    if (first === undefined) seen.set(webhook.url, index)
    else diagnostics.problem(`${path}.url`, `must differ from notify.webhooks[${first}].url: put their events into one`)
  })
}

type DraftMail = NonNullable<NonNullable<NonNullable<DraftConfig['notify']>['mail']>>

function checkMail(
  { server, user, password, unsafePlain, ca }: DraftMail,
  now: number,
  diagnostics: Diagnostics
): void {
  const at = 'notify.mail'
  if (ca != null) checkAuthorities(ca, `${at}.ca`, now, diagnostics)
  if (user != null && password === null)
    diagnostics.problem(`${at}.user`, `needs ${at}.password or ${at}.passwordFile beside it`)
  if (password != null && user === null)
    diagnostics.problem(`${at}.password`, `needs ${at}.user or ${at}.userFile beside it`)
  if (server === undefined || unsafePlain !== true) return
  if (server.isSecure)
    diagnostics.problem(`${at}.unsafePlain`, 'contradicts smtps://, which is always TLS: remove one of the two')
  else if (!isLoopback(server.host))
    diagnostics.warning(
      `${at}.unsafePlain`,
      'mails may go out without TLS: others on the network can read them, the links in them, and the password'
    )
}

function isLong(secret: string): boolean {
  const bytes = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64').length : Buffer.byteLength(secret)
  return bytes >= secretLength
}
