/** Makes and sends the message of a batch: a mail, or a POST to a webhook. */
import type { Account } from '../identity/account.ts'
import { digestOf } from '../ids.ts'
import type { Keyring } from '../keyring/keyring.ts'
import type { Language } from '../messages/languages.ts'
import { compose, consoleUrl } from './compose.ts'
import type { Batch, Recipient } from './delivery.ts'
import type { Mailbox, MailServer } from './mail.ts'
import { mailAddress } from './mail-address.ts'
import { type Notice, sealFor } from './notice.ts'
import type { NoticeGroup } from './notice-groups.ts'
import { failure, type SendOutcome } from './outcome.ts'
import { postWebhook } from './webhook.ts'

interface MailSettings {
  readonly server: MailServer
  readonly from: string
  readonly replyTo: string | null
}

interface WebhookSettings {
  readonly url: string
  readonly secret: string
  readonly events: readonly NoticeGroup[]
  readonly ca: string | null
}

export interface SenderInput {
  readonly mail: MailSettings | null
  readonly webhooks: readonly WebhookSettings[]
  /** The language of a reader who has not chosen one. */
  readonly language: Language
  readonly lab: string
  readonly portalOrigin: string
  readonly contact: string | null
  readonly accent: string | null
  readonly accountById: (id: string) => Promise<Account | null>
  /** Null for none. */
  readonly codesLeft: (accountId: string) => Promise<number | null>
  readonly keyring: () => Keyring
}

/** Null if the configuration has none any more. */
export function serverOf(to: Recipient, { mail, webhooks }: Pick<SenderInput, 'mail' | 'webhooks'>): string | null {
  // The path of a webhook may be a secret.
  if (to.kind === 'webhook') return webhooks.some(({ url }) => url === to.url) ? new URL(to.url).origin : null
  return mail === null ? null : `${mail.server.host}:${mail.server.port}`
}

/** Rejects only if the store does. */
export async function sendBatch(
  to: Recipient,
  batch: Batch,
  left: number,
  input: SenderInput,
  now: number
): Promise<SendOutcome> {
  if (to.kind === 'webhook') return sendToWebhook(to.url, batch, input, now)
  const { mail } = input
  if (mail === null) return failure('the configuration names no mail server any more', { isFinal: true })
  const account = to.kind === 'account' ? await input.accountById(to.id) : null
  if (to.kind === 'account' && account === null) return failure('there is no such account any more', { isFinal: true })
  const address = mailAddress(to.kind === 'address' ? to.address : (account?.email ?? ''))
  if (address === null) return failure('the account has no mail address that can be used', { isFinal: true })
  const link = linkOf(batch.notices[0]!, input)
  if (link !== null && typeof link !== 'string') return link
  const isAboutCodes = batch.notices.some(({ kind }) => kind === 'recovery-used')
  const composed = compose({
    ...input,
    language: account?.language ?? input.language,
    reader: account,
    notices: batch.notices,
    left,
    codesLeft: account !== null && isAboutCodes ? await input.codesLeft(account.id) : null,
    link
  })
  const recipient: Mailbox = { name: account?.displayName ?? '', address }
  // The first mail loads nodemailer.
  const { sendMail } = await import('./mail.ts')
  return sendMail(mail.server, {
    ...composed,
    messageId: `${batch.id}.${idPart(to)}@${mail.from.slice(mail.from.lastIndexOf('@') + 1)}`,
    date: now,
    from: { name: input.lab, address: mail.from },
    to: recipient,
    replyTo: mail.replyTo
  })
}

/** Two recipients of one notice get mails with separate ids. */
function idPart(to: Recipient): string {
  if (to.kind === 'account') return to.id
  return to.kind === 'address' ? digestOf(to.address).slice(0, 22) : ''
}

function linkOf({ id, sealed }: Notice, { keyring }: SenderInput): string | null | SendOutcome {
  if (sealed === undefined) return null
  try {
    return keyring().open(sealed, sealFor(id))
  } catch {
    return failure('the link in it was sealed with a key that the key file does not have any more', { isFinal: true })
  }
}

async function sendToWebhook(url: string, batch: Batch, input: SenderInput, now: number): Promise<SendOutcome> {
  const target = input.webhooks.find(webhook => webhook.url === url)
  if (target === undefined) return failure('the configuration does not name this webhook any more', { isFinal: true })
  const [notice] = batch.notices as [Notice, ...Notice[]]
  return postWebhook(target, batch.id, JSON.stringify(bodyOf(notice, input)), now)
}

/** Standard Webhooks: `type`, `timestamp` and `data`. */
export function bodyOf(
  { kind, at, account, name, facts }: Notice,
  { portalOrigin }: Pick<SenderInput, 'portalOrigin'>
) {
  // A program reads the sentence.
  const { ends, reasons: _, ...rest } = facts
  const url = consoleUrl({ kind, ...(account === undefined ? {} : { account }) }, portalOrigin)
  const until = ends === undefined ? {} : { ends: new Date(ends).toISOString() }
  return {
    type: kind.replace('-', '.'),
    timestamp: new Date(at).toISOString(),
    data: { gate: portalOrigin, account, name, ...rest, ...until, ...(url === null ? {} : { console: url }) }
  }
}
