/** Makes what tells people: the sink beside the journal, and the dispatcher of messages. */
import { pemText } from '../../config/reading/text-sources.ts'
import type { Config } from '../../config/schema.ts'
import { mailInvitation } from '../administration/invitation-mail.ts'
import { countingSink } from '../audit/audit-metrics.ts'
import type { AuditSink } from '../audit/event.ts'
import type { RecoveryCodes } from '../factor/recovery-code.ts'
import type { Account } from '../identity/account.ts'
import { newId } from '../ids.ts'
import { Dispatcher, type DispatcherSettings } from '../notify/dispatcher.ts'
import type { MailServer } from '../notify/mail.ts'
import { sealFor } from '../notify/notice.ts'
import { NoticeQueue } from '../notify/notice-queue.ts'
import { notifyingSink } from '../notify/notifying-sink.ts'
import { RefusalCount } from '../notify/refusal-count.ts'
import type { PasswordMail } from '../sign-in/password-reset.ts'
import type { Services } from './services.ts'

type NotifyConfig = NonNullable<Config['notify']>
type Configured = Pick<Config, 'portal'> & { readonly notify: NotifyConfig }

export type InvitationMail = (account: Account, url: string, validSeconds: number | undefined) => Promise<void>

interface Notifying {
  /** Tells people of the events of `sink`. */
  sink(sink: AuditSink): AuditSink
  /** Null without a mail server. */
  readonly passwordMail: PasswordMail | null
  /** Null without a mail server. */
  readonly invitationMail: InvitationMail | null
  start(): void
  stop(): Promise<void>
}

/** Throws if a needed file cannot be read. */
export function notifyingOf(
  config: Configured,
  runtime: Services,
  recoveryCodes: Pick<RecoveryCodes, 'status'>
): Notifying {
  const { store, accounts, clock, log } = runtime
  const journal = countingSink(runtime.journal, runtime.metrics)
  const queue = new NoticeQueue(store)
  const refusals = new RefusalCount()
  const settings: DispatcherSettings = {
    ...messageSettingsOf(config),
    accountById: id => accounts.byId(id),
    codesLeft: async id => (await recoveryCodes.status(id))?.remaining ?? null,
    keyring: () => runtime.keyring
  }
  const dispatcher = new Dispatcher({ store, queue, accounts, journal, clock, log, settings })
  return {
    sink: sink => notifyingSink({ sink, queue, refusals }),
    passwordMail:
      settings.mail === null
        ? null
        : {
            send: ({ id: account, name }, token, { address, request }) => {
              const id = newId()
              const url = `${settings.portalOrigin}/.factorgate/reset/${token}`
              return queue.addOrKeep({
                id,
                kind: 'password-link',
                at: clock(),
                to: [{ kind: 'account', id: account }],
                account,
                name,
                facts: { address, reference: request },
                sealed: runtime.keyring.seal(url, sealFor(id))
              })
            }
          },
    invitationMail:
      settings.mail === null
        ? null
        : (account, url, validSeconds) =>
            mailInvitation({ queue, keyring: runtime.keyring, clock }, account, url, validSeconds),
    start: () => dispatcher.start(),
    stop: () => dispatcher.stop()
  }
}

/** Throws if a needed file cannot be read. */
export function messageSettingsOf({
  portal,
  notify
}: Configured): Omit<DispatcherSettings, 'accountById' | 'codesLeft' | 'keyring'> {
  const { mail, webhooks, operators, gather } = notify
  return {
    mail: mail === null ? null : { server: mailServerOf(mail), from: mail.from, replyTo: mail.replyTo },
    webhooks: webhooks.map(({ url, secret, events, ca }) => ({ url, secret, events, ca: authorities(ca) })),
    operators,
    gatherMs: gather * 1000,
    language: portal.languages[0] ?? 'en',
    lab: portal.title,
    portalOrigin: portal.url.origin,
    contact: portal.contact,
    accent: portal.accent
  }
}

/** Throws if the file of its authorities cannot be read. */
export function mailServerOf({
  server,
  user,
  password,
  ca,
  unsafePlain
}: NonNullable<NotifyConfig['mail']>): MailServer {
  const { host, port, isSecure } = server
  const security = isSecure ? 'smtps' : unsafePlain ? 'plain' : 'starttls'
  return { host, port, security, user: user ?? null, password: password ?? null, ca: authorities(ca) }
}

function authorities(file: string | null): string | null {
  return file === null ? null : pemText(file)
}
