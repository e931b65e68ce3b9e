/** `factorgate session list`: a row per session. The id is not secret. */
import { browserName } from '../../../plugins/portal/device-name.ts'
import { defaultTexts } from '../../../plugins/portal/messages/messages.ts'
import { isFullySignedIn } from '../../factor/proof.ts'
import type { Account } from '../../identity/account.ts'
import { sessionRecord } from '../../session/records.ts'
import { boundSince, type Session } from '../../session/session.ts'
import { inBatches } from '../../store/batches.ts'
import { type Command, jsonText, readArgs } from '../command.ts'
import { type CommandContext, configHelp, configOption, withStore } from '../command-context.ts'
import { withProgress } from '../progress.ts'
import { moment, table } from '../table.ts'
import { accountsAt, personNamed } from '../user/person.ts'

export const command: Command = {
  name: 'session list',
  summary: 'List who is signed in, since when and from where.',
  usage: ['factorgate session list [--user NAME] [--json]'],
  help: `
  --user NAME      only the sessions of this person
  --json           an array, with the complete User-Agent, the proofs, and the hosts that are bound to the device
${configHelp}

BOUND says since when the browser proves with a key of its device that the sign-in has not been copied.

Example:
  factorgate session list --user alice
`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configOption, user: { type: 'string' }, json: { type: 'boolean' } })
    return withStore(io, { config: values.config, changes: 'nothing' }, async place => {
      const accounts = values.user === undefined ? await signedIn(place) : [await personNamed(place, values.user)]
      const lists = await withProgress(io, 'people', accounts.length, onDone =>
        inBatches(accounts, account => place.sessions.list(account.id), onDone)
      )
      const rows = accounts.flatMap((account, i) =>
        lists[i]!.map(({ session, lastSeenAt }) => rowOf(account, session, lastSeenAt))
      )
      if (values.json) io.stdout(jsonText(rows))
      else if (rows.length === 0) io.stderr('nobody is signed in\n')
      else
        io.stdout(
          table(
            ['ID', 'USER', 'SINCE', 'LAST SEEN', 'FROM', 'BOUND', 'DEVICE'],
            rows.map(({ id, user, since, lastSeen, from, boundSince, device, signedIn }) => [
              id,
              user,
              moment(Date.parse(since)),
              moment(Date.parse(lastSeen)),
              from,
              boundSince === null ? '-' : moment(Date.parse(boundSince)),
              signedIn ? device : `${device} (no second factor yet)`
            ]),
            io.columns
          )
        )
      return 0
    })
  }
}

function rowOf(account: Account, session: Session, lastSeenAt: number) {
  const { id, createdAt, expiresAt, device, proofs, tokens, devices = {} } = session
  const boundAt = boundSince(session)
  return {
    id,
    user: account.name,
    since: new Date(createdAt).toISOString(),
    lastSeen: new Date(lastSeenAt).toISOString(),
    until: new Date(expiresAt).toISOString(),
    from: device.address,
    device: browserName(device.userAgent, defaultTexts.in('en')),
    userAgent: device.userAgent,
    signedIn: isFullySignedIn(proofs),
    proofs: proofs.map(({ kind, at, userVerified }) => ({ kind, at: new Date(at).toISOString(), userVerified })),
    hosts: Object.keys(tokens),
    boundSince: boundAt === null ? null : new Date(boundAt).toISOString(),
    bound: Object.entries(devices).map(([host, { at }]) => ({ host, at: new Date(at).toISOString() }))
  }
}

/** Accounts with sessions, by name. Removed accounts are left out. */
async function signedIn(place: CommandContext): Promise<Account[]> {
  const ids = new Set<string>()
  for await (const { key, value } of place.store.scan(sessionRecord.prefix)) {
    const session = sessionRecord.parse(value, key)
    if (session !== null) ids.add(session.accountId)
  }
  const found = await inBatches(ids, id => accountsAt(place).byId(id))
  return found.filter(account => account !== null).sort((a, b) => (a.name < b.name ? -1 : 1))
}
