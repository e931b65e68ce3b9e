/**
 * Passes each notice to its recipients, and sends due messages. Everything is in the store, so that a restart loses nothing, and only one
 * of several gates sends: it claims a message first. A message is sent at least once. After a crash, or a connection that breaks after the
 * last byte, the result is unknown; then it is tried again, with the same Message-ID or `webhook-id`, at most three times.
 */
import { randomInt } from 'node:crypto'
import type { AuditSink } from '../audit/event.ts'
import type { Clock } from '../clock.ts'
import { operators } from '../identity/account.ts'
import type { Accounts } from '../identity/accounts.ts'
import { KeptAnswer } from '../store/kept-answer.ts'
import type { Store } from '../store/store.ts'
import { Channel, type ChannelLog } from './channel.ts'
import { type Claim, Deliveries } from './deliveries.ts'
import { type Delivery, dueAt, failed, postponed, type Recipient, sent, settleMs } from './delivery.ts'
import { recipientsOf } from './fan-out.ts'
import { isUrgent, type Notice } from './notice.ts'
import type { NoticeQueue } from './notice-queue.ts'
import { failure, type SendOutcome } from './outcome.ts'
import { type SenderInput, sendBatch, serverOf } from './sender.ts'

export interface DispatcherSettings extends SenderInput {
  /** Empty for the members of the group `operators`. */
  readonly operators: readonly string[]
  /** The least time between two mails to one recipient. */
  readonly gatherMs: number
}

interface DispatcherInput {
  readonly store: Store
  readonly queue: NoticeQueue
  readonly accounts: Pick<Accounts, 'byName' | 'byFormerName' | 'list'>
  readonly journal: AuditSink
  readonly clock: Clock
  readonly log: ChannelLog
  readonly settings: DispatcherSettings
  /** From 0 to 1. For tests. */
  readonly chance?: () => number
  /** For tests. */
  readonly send?: typeof sendBatch
}

/** The longest time between two reads of the store. */
const pollMs = 30_000
const atOnce = 4
const operatorsKeptMs = 60_000
/** How long an ending gate waits for a server's answer. */
const lastWaitMs = 5_000

export class Dispatcher {
  readonly #input: DispatcherInput
  readonly #deliveries: Deliveries
  readonly #channels = new Map<string, Channel>()
  readonly #operators: KeptAnswer<readonly Recipient[]>
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | null = null
  #isWanted = false
  #isStopped = false
  #unsubscribe = () => {}

  constructor(input: DispatcherInput) {
    this.#input = input
    this.#deliveries = new Deliveries(input.store)
    this.#operators = new KeptAnswer(input.clock, operatorsKeptMs)
  }

  start(): void {
    this.#input.store
      .subscribe('notice:', () => this.wake())
      .then(unsubscribe => {
        if (this.#isStopped) unsubscribe()
        else this.#unsubscribe = unsubscribe
      })
      // Without change notices it looks every half minute.
      .catch(() => {})
    this.wake()
  }

  /** Waits some seconds for pending answers. Later, their claims expire, and they are tried again. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#unsubscribe()
    if (this.#running === null) return
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, lastWaitMs)
    })
    await Promise.race([this.#running, late])
    clearTimeout(timer)
  }

  /** Calls during a run cause one more. */
  wake(): void {
    if (this.#isStopped) return
    if (this.#running !== null) {
      this.#isWanted = true
      return
    }
    clearTimeout(this.#timer)
    this.#running = this.#run().finally(() => {
      this.#running = null
    })
  }

  async #run(): Promise<void> {
    let waitMs = pollMs
    do {
      this.#isWanted = false
      const now = this.#input.clock()
      waitMs = await this.run().then(
        next => (next === null ? pollMs : Math.min(pollMs, Math.max(50, next - now))),
        error => {
          this.#input.log.warn({ err: error }, 'the gate could not look which messages are due; it tries again')
          return pollMs
        }
      )
    } while (this.#isWanted && !this.#isStopped)
    if (this.#isStopped) return
    this.#timer = setTimeout(() => this.wake(), waitMs)
    this.#timer.unref()
  }

  /** Returns the next due time, or null. Rejects if the store does. */
  async run(): Promise<number | null> {
    const nextNotice = await this.#handOut()
    const nextDelivery = await this.#deliver()
    const next = [nextNotice, nextDelivery].filter(at => at !== null)
    return next.length === 0 ? null : Math.min(...next)
  }

  async #handOut(): Promise<number | null> {
    const { clock, settings, accounts, queue } = this.#input
    const input = {
      // The person may have been renamed meanwhile.
      byName: async (name: string) => (await accounts.byName(name)) ?? (await accounts.byFormerName(name)),
      hasMail: settings.mail !== null,
      operators: () => this.#operatorsNow(),
      webhooks: settings.webhooks
    }
    let next: number | null = null
    for (const notice of await queue.waiting()) {
      if (this.#isStopped) break
      // A step that fails at its end withdraws its notice.
      const readyAt = isUrgent(notice) ? notice.at : notice.at + settleMs
      if (readyAt > clock() && readyAt - clock() <= settleMs) {
        next = Math.min(next ?? readyAt, readyAt)
        continue
      }
      if (!(await queue.claim(notice))) continue
      for (const to of await recipientsOf(notice, input)) await this.#deliveries.add(to, notice)
      await queue.remove(notice)
    }
    return next
  }

  #operatorsNow(): Promise<readonly Recipient[]> {
    const { settings, accounts } = this.#input
    if (settings.operators.length > 0)
      return Promise.resolve(settings.operators.map(address => ({ kind: 'address', address })))
    return this.#operators.get(async () => {
      const all = await accounts.list()
      const found = all.filter(({ groups, suspended }) => groups.includes(operators) && suspended === null)
      return found.filter(({ email }) => email !== null).map(({ id }) => ({ kind: 'account', id }) as const)
    })
  }

  async #deliver(): Promise<number | null> {
    const { clock, settings } = this.#input
    const due: string[] = []
    let next: number | null = null
    for (const { id, delivery } of await this.#deliveries.pending()) {
      const at = Math.max(dueAt(delivery, settings.gatherMs) ?? 0, this.#channelOf(delivery.to)?.pausedUntil ?? 0)
      if (at <= clock()) due.push(id)
      else next = Math.min(next ?? at, at)
    }
    const worker = async () => {
      for (let id = due.shift(); id !== undefined && !this.#isStopped; id = due.shift()) {
        const again = await this.#try(id)
        if (again !== null) next = Math.min(next ?? again, again)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    return next
  }

  /** Returns its next due time; null for never, or while another gate has it. */
  async #try(id: string): Promise<number | null> {
    const { clock, settings, send = sendBatch, chance = spread } = this.#input
    const claim = await this.#deliveries.claim(id, settings.gatherMs, clock())
    if (claim === null) return null
    const channel = this.#channelOf(claim.to)
    let next: Delivery
    // Another message may have found the server down.
    if (channel !== null && channel.pausedUntil > clock()) next = postponed(claim, channel.pausedUntil)
    else {
      const outcome = await send(claim.to, claim.batch, claim.left, settings, clock()).catch(error =>
        failure(`the message could not be made: ${(error as Error).message}`)
      )
      channel?.noteOutcome(outcome, clock())
      next = this.#judge(claim, outcome, chance(), channel?.pausedUntil ?? 0)
    }
    await this.#deliveries.settle(id, claim, next)
    return dueAt(next, settings.gatherMs)
  }

  #judge(claim: Claim, outcome: SendOutcome, chance: number, pausedUntil: number): Delivery {
    const { clock, journal } = this.#input
    const now = clock()
    const { batch, to } = claim
    const line = { at: now, ...whoseOf(to), notices: kindsOf(batch.notices), message: batch.id, tries: batch.tries }
    if (outcome.kind === 'sent') {
      journal.record({ kind: 'notice.sent', ...line, outcome: 'sent', answer: outcome.answer })
      return sent(claim, now)
    }
    const { next, isGivenUp } = failed(claim, outcome, now, chance)
    if (isGivenUp) journal.record({ kind: 'notice.failed', ...line, outcome: 'given_up', why: outcome.why })
    // While a server is down, its messages wait for the server instead of their own retry.
    const waitsForServer = !isGivenUp && outcome.isServers && !outcome.isUnclear
    return waitsForServer ? postponed({ ...claim, ...next, batch: next.batch ?? batch }, pausedUntil) : next
  }

  #channelOf(to: Recipient): Channel | null {
    const name = serverOf(to, this.#input.settings)
    if (name === null) return null
    const channel = this.#channels.get(name) ?? new Channel(name, this.#input.log)
    this.#channels.set(name, channel)
    return channel
  }
}

function whoseOf(to: Recipient): { account?: string; recipient?: string } {
  if (to.kind === 'account') return { account: to.id }
  return { recipient: to.kind === 'address' ? to.address : new URL(to.url).origin }
}

function kindsOf(notices: readonly Notice[]): string {
  const counts = new Map<string, number>()
  for (const { kind } of notices) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].map(([kind, count]) => (count === 1 ? kind : `${kind}:${count}`)).join(' ')
}

function spread(): number {
  return randomInt(1000) / 1000
}
