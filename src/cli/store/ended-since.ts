/** What the journal says was ended, and is valid again in a store with an earlier state. */
import type { Entry } from '../../audit/journal-files.ts'
import { JournalReader } from '../../audit/journal-reader.ts'
import type { Account } from '../../identity/account.ts'
import { visible } from '../../messages/visible.ts'
import type { CommandContext } from '../command-context.ts'
import { tokensAt } from '../token/place.ts'
import { loginsAt } from '../user/logins.ts'
import { accountsAt, credentialsAt } from '../user/person.ts'

interface EndedSince {
  /** Commands that end it again. */
  readonly commands: readonly string[]
  /** People whose older password, or whose spent recovery codes, are valid again. */
  readonly passwords: readonly string[]
  readonly recoveryCodes: readonly string[]
}

const kinds = [
  'user.change',
  'factor.remove',
  'token.revoke',
  'upstream-login.store',
  'upstream-login.remove',
  'password.change',
  'recovery.issue',
  'proof'
]

/** Rejects if the journal cannot be read. */
export async function endedSince(place: CommandContext, since: number): Promise<EndedSince> {
  const reader = new JournalReader({ path: place.config.journal.file })
  const commands: string[] = []
  const changes = new Map<string, Entry[]>()
  for await (const entry of reader.search({ kinds, from: since, limit: Number.POSITIVE_INFINITY })) {
    const { kind, account, token, outcome, factor } = entry
    if (kind === 'token.revoke') {
      if (typeof token === 'string' && (await tokensAt(place).byId(token)) !== null)
        commands.push(`factorgate token revoke ${token}`)
    } else if (typeof account === 'string' && (kind !== 'proof' || (factor === 'recovery' && outcome === 'verified')))
      changes.set(account, [...(changes.get(account) ?? []), entry])
  }
  const [passwords, recoveryCodes]: [string[], string[]] = [[], []]
  for (const [id, entries] of changes) {
    const account = await accountsAt(place).byId(id)
    if (account === null) continue
    commands.push(...(await commandsFor(place, account, entries)))
    const has = (kind: string, outcomes: readonly unknown[]) =>
      entries.some(entry => entry.kind === kind && outcomes.includes(entry.outcome))
    if (has('password.change', ['changed', 'reset'])) passwords.push(account.name)
    if (has('proof', ['verified']) || has('recovery.issue', ['issued'])) recoveryCodes.push(account.name)
  }
  return { commands, passwords: passwords.sort(), recoveryCodes: recoveryCodes.sort() }
}

/** `entries` are this person's, newest first. */
async function commandsFor(place: CommandContext, account: Account, entries: readonly Entry[]): Promise<string[]> {
  const user = (words: string) => `factorgate user ${words}`
  const { name } = account
  const changed = entries.filter(({ kind }) => kind === 'user.change')
  if (changed.some(({ outcome }) => outcome === 'removed')) return [user(`remove ${name}`)]
  const commands: string[] = []
  const last = changed.find(({ outcome }) => outcome === 'suspended' || outcome === 'resumed')
  if (last?.outcome === 'suspended' && account.suspended === null)
    commands.push(user(`suspend ${name} --why ${shellWord(String(last.why ?? 'as before the restore'))}`))
  const groups = changed.find(({ groups }) => typeof groups === 'string')?.groups as string | undefined
  // A directory's groups come with each sign-in.
  const isOurs = account.theirGroups === undefined && groups !== undefined
  const lost = account.groups.filter(group => isOurs && !groups.split(',').includes(group))
  if (lost.length > 0)
    commands.push(user(`set ${name} ${lost.map(group => `--remove-group ${shellWord(group)}`).join(' ')}`))
  const factors = await credentialsAt(place).list(account.id)
  const removed = entries.filter(({ kind }) => kind === 'factor.remove')
  const reset = removed.find(({ outcome }) => outcome === 'reset')
  if (reset !== undefined && factors.some(({ createdAt }) => createdAt < Date.parse(reset.at)))
    commands.push(user(`reset-factors ${name}`))
  else
    for (const { id } of factors)
      if (removed.some(({ credential }) => credential === id))
        commands.push(user(`reset-factors ${name} --factor ${id}`))
  const apps = await loginsAt(place).appsOf(account.id)
  const logins = entries.filter(({ kind }) => kind.startsWith('upstream-login.'))
  for (const app of apps)
    if (logins.find(entry => entry.app === app)?.kind === 'upstream-login.remove')
      commands.push(user(`forget-login ${name} ${app}`))
  return commands
}

function shellWord(text: string): string {
  return `'${visible(text).replaceAll("'", "'\\''")}'`
}
