/** `factorgate notify test`: sends one message now, and shows the server's answer. */
import type { Config } from '../../../config/schema.ts'
import { newId } from '../../ids.ts'
import { visible } from '../../messages/visible.ts'
import { mailAddress } from '../../notify/mail-address.ts'
import type { Notice } from '../../notify/notice.ts'
import type { SendOutcome } from '../../notify/outcome.ts'
import { type SenderInput, sendBatch } from '../../notify/sender.ts'
import { messageSettingsOf } from '../../services/notifying.ts'
import { type Command, type Io, PersonError, readArgs, UsageError } from '../command.ts'
import { configFor, configHelp, configOption } from '../command-context.ts'

export const command: Command = {
  name: 'notify test',
  summary: 'Send a test mail or a test message, and show the answer of the server.',
  usage: ['factorgate notify test --to ADDRESS', 'factorgate notify test --webhooks'],
  help: `
  --to ADDRESS     send a mail to this address
  --webhooks       send a message to each webhook
${configHelp}

Sends at once, and prints one line for each message: the server, and what it answered. Exit code 1 if one of them was not taken.

Example:
  factorgate notify test --to alice@lab.example
`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configOption, to: { type: 'string' }, webhooks: { type: 'boolean' } })
    if (values.to === undefined && !values.webhooks) throw new UsageError('--to or --webhooks is missing')
    const address = values.to === undefined ? null : mailAddress(values.to)
    if (values.to !== undefined && address === null)
      throw new UsageError(`--to must be an address such as alice@lab.example, got '${visible(values.to)}'`)
    const { notify, ...config } = await configFor(io, values.config)
    if (notify === null) throw new PersonError("the configuration has no key 'notify', so nobody is told anything")
    const input = inputOf({ ...config, notify })
    const notice: Notice = { id: newId(), kind: 'test', at: io.clock(), to: [], facts: {} }
    let isTaken = true
    const say = (to: string, outcome: SendOutcome) => {
      io.stdout(`${to}: ${outcome.kind === 'sent' ? outcome.answer : `not taken: ${outcome.why}`}\n`)
      isTaken &&= outcome.kind === 'sent'
    }
    if (address !== null) {
      if (input.mail === null) throw new PersonError("the configuration has no key 'notify.mail'")
      say(
        `${input.mail.server.host}:${input.mail.server.port}`,
        await send({ kind: 'address', address }, notice, input, io)
      )
    }
    if (values.webhooks && input.webhooks.length === 0)
      throw new PersonError("the configuration has no key 'notify.webhooks'")
    for (const { url } of values.webhooks ? input.webhooks : [])
      say(new URL(url).origin, await send({ kind: 'webhook', url }, notice, input, io))
    return isTaken ? 0 : 1
  }
}

function send(to: Parameters<typeof sendBatch>[0], notice: Notice, input: SenderInput, io: Io): Promise<SendOutcome> {
  const now = io.clock()
  return sendBatch(
    to,
    { id: notice.id, notices: [notice], firstTryAt: now, tries: 1, unclear: 0, nextAt: now },
    0,
    input,
    now
  )
}

/** Without accounts: the test goes to an address. */
function inputOf(config: Parameters<typeof messageSettingsOf>[0] & Pick<Config, 'portal'>): SenderInput {
  const none = () => {
    throw new Error('a test message needs no key')
  }
  return { ...messageSettingsOf(config), accountById: async () => null, codesLeft: async () => null, keyring: none }
}
