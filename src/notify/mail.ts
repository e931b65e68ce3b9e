/** The mail client, with every use of nodemailer: one message to one address over SMTP (RFC 5321), with TLS unless the operator disables it. */
import { Readable } from 'node:stream'
import MailComposer from 'nodemailer/lib/mail-composer'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { failure, oneLine, type SendOutcome } from './outcome.ts'

export interface MailServer {
  readonly host: string
  readonly port: number
  /** `smtps`: TLS from the first byte (RFC 8314 §3.3). `starttls`: required. `plain`: STARTTLS if offered. */
  readonly security: 'smtps' | 'starttls' | 'plain'
  readonly user: string | null
  readonly password: string | null
  /** PEM; null for Node's own authorities. */
  readonly ca: string | null
}

/** Name and address are separate, otherwise a comma in a name would make two addresses. */
export interface Mailbox {
  readonly name: string
  readonly address: string
}

export interface Mail {
  /** Without angle brackets; equal for every try. */
  readonly messageId: string
  /** Milliseconds since the epoch. */
  readonly date: number
  readonly from: Mailbox
  readonly to: Mailbox
  readonly replyTo: string | null
  readonly subject: string
  readonly language: string
  readonly text: string
  readonly html: string
}

/**
 * In milliseconds. `socketTimeout`: between two pieces of an answer. `wholeTimeout`: for the whole mail, shorter than the claim of a gate.
 * Otherwise a server that answers letter by letter would hold up all messages.
 */
const usualWaits = {
  connectionTimeout: 10_000,
  greetingTimeout: 10_000,
  dnsTimeout: 10_000,
  socketTimeout: 30_000,
  wholeTimeout: 120_000
} as const
/** How long a server may take to say goodbye, in milliseconds. */
const goodbyeMs = 5_000

type Waits = Partial<Record<keyof typeof usualWaits, number>>

/** Never rejects. `waits` is for tests. */
export async function sendMail(server: MailServer, mail: Mail, waits: Waits = {}): Promise<SendOutcome> {
  return talked(server, waits, async (connection, progress) => {
    const composed = await compose(mail)
    return spoken(connection, server, mail, composed, progress)
  })
}

/** Signs in and sends nothing. Never rejects. */
export async function tryMailServer(server: MailServer, waits: Waits = {}): Promise<SendOutcome> {
  return talked(server, waits, async (connection, progress) => {
    await signedIn(connection, server, progress)
    return 'signed in'
  })
}

async function talked(
  server: MailServer,
  waits: Waits,
  work: (connection: SMTPConnection, progress: Progress) => Promise<string>
): Promise<SendOutcome> {
  const { wholeTimeout, ...each } = { ...usualWaits, ...waits }
  const connection = new SMTPConnection({
    ...each,
    host: server.host,
    port: server.port,
    secure: server.security === 'smtps',
    requireTLS: server.security === 'starttls',
    ...(server.ca === null ? {} : { tls: { ca: server.ca } })
  })
  const progress: Progress = { step: 'connect', isHandedOver: false }
  // Errors outside a step arrive here.
  let timer: NodeJS.Timeout | undefined
  const broken = new Promise<never>((_, reject) => {
    const late = () => reject(new Error(`the mail server was not done within ${wholeTimeout / 1000} s`))
    timer = setTimeout(late, wholeTimeout)
    connection.on('error', reject)
    connection.on('end', () => reject(Object.assign(new Error('the connection has ended'), { code: 'ECONNECTION' })))
  })
  try {
    const answer = await Promise.race([work(connection, progress), broken])
    connection.quit()
    setTimeout(() => connection.close(), goodbyeMs).unref()
    return { kind: 'sent', answer: oneLine(answer) }
  } catch (error) {
    connection.close()
    return judged(error as SmtpError, progress)
  } finally {
    clearTimeout(timer)
  }
}

type SmtpError = Error & { readonly code?: string; readonly responseCode?: number; readonly response?: string }

interface Progress {
  step: 'connect' | 'login' | 'send'
  /** The mail is sent to the server. */
  isHandedOver: boolean
}

function signedIn(connection: SMTPConnection, { user, password }: MailServer, progress: Progress): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error | null) => (error ? reject(error) : resolve())
    connection.connect(error => {
      if (error) return reject(error)
      progress.step = 'login'
      if (user === null) resolve()
      else connection.login({ credentials: { user, pass: password ?? '' } }, settle)
    })
  })
}

async function spoken(
  connection: SMTPConnection,
  server: MailServer,
  { from, to }: Mail,
  composed: Buffer,
  progress: Progress
): Promise<string> {
  await signedIn(connection, server, progress)
  progress.step = 'send'
  return new Promise((resolve, reject) => {
    const message = new Readable({
      // Read when the server accepts the mail.
      read() {
        progress.isHandedOver = true
        this.push(composed)
        this.push(null)
      }
    })
    connection.send({ from: from.address, to: [to.address] }, message, (error, info) =>
      error ? reject(error) : resolve(info.response)
    )
  })
}

/** What to do, by code and words of nodemailer, Node.js and OpenSSL. */
const hints: readonly (readonly [RegExp, string])[] = [
  [
    /wrong version number|packet length too long/,
    'no TLS at this port: smtps:// has port 465, smtp:// with STARTTLS 587'
  ],
  [/Greeting never received/, 'smtp:// waits for the server to speak first: write smtps:// where the port expects TLS'],
  [/self.signed certificate|unable to (verify|get)/, "set 'ca' to the authority of the server's certificate"],
  [/^ETLS /, 'the server does not offer STARTTLS: turn it on there, or write smtps://']
]

/** A refused recipient ends the mail. Other refusals concern the server or the configuration, which may change. */
function judged({ code, responseCode, response, message }: SmtpError, { step, isHandedOver }: Progress): SendOutcome {
  const says = `${step === 'login' ? 'sign-in at the mail server: ' : ''}${response || message}`
  const hint = step === 'connect' ? (hints.find(([words]) => words.test(`${code} ${says}`))?.[1] ?? null) : null
  const why = hint === null ? says : `${says} (${hint})`
  if (step !== 'send') return failure(why, { isServers: true })
  if (responseCode === undefined) return failure(why, { isServers: true, isUnclear: isHandedOver })
  const isFinal = responseCode >= 500
  // 421: the server closes (RFC 5321 §3.8). With a refused sender, no mail goes out.
  const isServers = responseCode === 421 || (code === 'EENVELOPE' && !isAboutRecipient(message))
  return failure(why, { isFinal: isFinal && !isServers, isServers })
}

/** nodemailer says "Can't send mail - all recipients were rejected", or "Mail command failed" for the sender. */
function isAboutRecipient(message: string): boolean {
  return /recipient/i.test(message)
}

function compose(mail: Mail): Promise<Buffer> {
  const { messageId, date, from, to, replyTo, subject, language, text, html } = mail
  const made = new MailComposer({
    messageId: `<${messageId}>`,
    date: new Date(date),
    from: { name: from.name, address: from.address },
    to: { name: to.name, address: to.address },
    ...(replyTo === null ? {} : { replyTo }),
    subject,
    text,
    html,
    // RFC 3834 §5: prevents vacation replies.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All', 'Content-Language': language },
    disableFileAccess: true,
    disableUrlAccess: true
  })
  return new Promise((resolve, reject) =>
    made.compile().build((error, bytes) => (error ? reject(error) : resolve(bytes)))
  )
}
