/** `factorgate user show`: shows one account without secrets. */
import type { Credential } from '../../factor/credential.ts'
import type { RecoveryStatus } from '../../factor/recovery-code.ts'
import type { Misfit } from '../../factor/webauthn-policy.ts'
import type { WaitingInvitation } from '../../identity/invitations.ts'
import { LocalDirectory } from '../../identity/local.ts'
import { PasswordHasher } from '../../identity/password/password.ts'
import { readKeyFile } from '../../keyring/key-file.ts'
import { visible } from '../../messages/visible.ts'
import { type Command, type Io, jsonText, readArgs } from '../command.ts'
import { type CommandContext, configHelp, configOption, withStore } from '../command-context.ts'
import { asSelf } from '../owner.ts'
import { moment, pairs, table } from '../table.ts'
import { summaryOf } from './list.ts'
import { loginsAt } from './logins.ts'
import { accountsAt, credentialsAt, invitationsAt, locksAt, misfitIn, personNamed, recoveryCodesAt } from './person.ts'
import { waitOf } from './wait-words.ts'

export const command: Command = {
  name: 'user show',
  summary: 'Show one person: account, invitation, factors, recovery codes, sessions.',
  usage: ['factorgate user show NAME [--json]'],
  help: `
  --json           the same as JSON, for programs
${configHelp}

Example:
  factorgate user show alice
`,
  async run(args, io) {
    const { values, names } = readArgs(args, { ...configOption, json: { type: 'boolean' } }, ['NAME'])
    return withStore(io, { config: values.config, changes: 'nothing' }, async place => {
      const account = await personNamed(place, names[0]!)
      const credentials = await credentialsAt(place).list(account.id)
      const misfit = misfitIn(place)
      const waits = await locksAt(place).of(account.id)
      const hasher = new PasswordHasher()
      const local = new LocalDirectory({ store: place.store, accounts: accountsAt(place), hasher })
      const person = {
        ...summaryOf(account, credentials, misfit, Math.max(0, ...waits.map(({ until }) => until)) || null),
        formerNames: (account.formerNames ?? []).filter(name => name !== account.name),
        waits: waits.map(waitOf),
        invitation: invitationOf(await invitationsAt(place).waiting(account.id)),
        hasPassword: await local.hasPassword(account.id),
        credentials: credentials.map(credential => ({ ...credentialOf(credential), misfit: misfit(credential) })),
        recoveryCodes: await recoveryOf(place, account.id, io),
        upstreamLogins: await loginsAt(place).appsOf(account.id),
        sessions: (await place.sessions.list(account.id)).length
      }
      io.stdout(values.json ? jsonText(person) : page(person, place.clock(), io.columns))
      return 0
    })
  }
}

type Person = ReturnType<typeof summaryOf> & {
  readonly formerNames: readonly string[]
  readonly waits: readonly ReturnType<typeof waitOf>[]
  /** The invitation that waits. `by`: null if an older release has made it. */
  readonly invitation: ReturnType<typeof invitationOf>
  readonly hasPassword: boolean
  readonly credentials: readonly (ReturnType<typeof credentialOf> & { readonly misfit: Misfit | null })[]
  readonly recoveryCodes: { readonly remaining: number; readonly total: number } | 'unknown' | null
  /** The apps for which a login is stored. */
  readonly upstreamLogins: readonly string[]
  readonly sessions: number
}

function page(person: Person, now: number, columns: number | undefined): string {
  const head = pairs(factsOf(person, now), columns)
  const factors =
    factorTable(person, columns) ||
    `There is no second factor. For ${person.invitation === null ? 'an' : 'a new'} invitation run: factorgate user invite ${person.name}\n`
  const hint = person.waits.length === 0 ? '' : `\nTo end the waits run: factorgate user unlock ${person.name}\n`
  return `${head}\n${factors}${hint}`
}

function factsOf(person: Person, now: number): (readonly [string, string])[] {
  const { recoveryCodes: codes, suspended, formerNames, waits } = person
  return [
    ['name', person.name],
    ...(formerNames.length === 0 ? [] : [['before', formerNames.join(', ')] as const]),
    ['displayed', person.displayName],
    ['id', person.id],
    ['e-mail', person.email ?? '-'],
    ['groups', person.groups.join(', ') || '-'],
    ['from', person.directory],
    ...(person.externalId === null ? [] : [['id there', person.externalId] as const]),
    ['since', moment(Date.parse(person.createdAt))],
    ...(person.invitation === null ? [] : [['invited', invitationInWords(person.invitation)] as const]),
    ['status', suspended === null ? person.status : `suspended ${moment(Date.parse(suspended.at))}: ${suspended.why}`],
    ...(suspended?.watch == null
      ? []
      : [['the watch', `${moment(Date.parse(suspended.watch.at))}: ${suspended.watch.why}`] as const]),
    ...(suspended?.confirmed == null ? [] : [['confirmed', `by ${inWords(suspended.confirmed)}`] as const]),
    ...(suspended?.resumeAsked == null || Date.parse(suspended.resumeAsked.until) <= now
      ? []
      : [
          [
            'let in',
            `wanted by ${inWords(suspended.resumeAsked)} (another operator must agree before ${moment(Date.parse(suspended.resumeAsked.until))})`
          ] as const
        ]),
    ['password', person.hasPassword ? 'set' : 'none'],
    [
      'recovery',
      codes === null
        ? 'no codes'
        : codes === 'unknown'
          ? 'not readable'
          : `${codes.remaining} of ${codes.total} codes left`
    ],
    ...(person.upstreamLogins.length === 0 ? [] : [['logins at', person.upstreamLogins.join(', ')] as const]),
    ['sessions', String(person.sessions)],
    ...waits.map(
      ({ what, failures, until }) =>
        ['must wait', `until ${moment(Date.parse(until))}: ${what}, ${failures} wrong tries`] as const
    )
  ]
}

function factorTable({ credentials }: Person, columns: number | undefined): string {
  return table(
    ['FACTOR', 'NAME', 'SINCE', 'LAST USED', 'FROM'],
    credentials.map(({ kind, name, createdAt, lastUsedAt, lastUsedFrom, disabledAt, misfit }) => [
      kind,
      disabledAt !== null
        ? `${name} (switched off after too many wrong tries)`
        : misfit !== null
          ? `${name} (not accepted by factors.webauthn.policy: ${misfit})`
          : name,
      moment(Date.parse(createdAt)),
      moment(lastUsedAt === null ? null : Date.parse(lastUsedAt)),
      lastUsedFrom ?? '-'
    ]),
    columns
  )
}

function invitationOf(waiting: WaitingInvitation | null) {
  if (waiting === null) return null
  const { madeAt, until, by, isAccepted } = waiting
  return { at: new Date(madeAt).toISOString(), until: new Date(until).toISOString(), by, accepted: isAccepted }
}

/** `2026-11-22 20:15 UTC by oscar; the invitation waits until 2026-11-23 20:15 UTC` */
function invitationInWords({ at, until, by, accepted }: NonNullable<Person['invitation']>): string {
  const made = `${moment(Date.parse(at))}${by === null ? '' : ` by ${visible(by)}`}`
  const used = accepted ? '; its link was used, and a second factor has not followed yet' : ''
  return `${made}; the invitation waits until ${moment(Date.parse(until))}${used}`
}

/** `oscar, 2026-11-22 20:15 UTC: talked to her` */
function inWords({ by, at, why }: { readonly by: string; readonly at: string; readonly why: string }): string {
  return `${by}, ${moment(Date.parse(at))}: ${why}`
}

function credentialOf({ id, kind, name, createdAt, lastUsedAt, lastUsedFrom, disabledAt }: Credential) {
  const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString())
  return {
    id,
    kind,
    name,
    createdAt: new Date(createdAt).toISOString(),
    lastUsedAt: iso(lastUsedAt),
    lastUsedFrom,
    disabledAt: iso(disabledAt)
  }
}

/** Remaining codes are sealed, so this needs the key file. */
async function recoveryOf(place: CommandContext, accountId: string, io: Io): Promise<Person['recoveryCodes']> {
  try {
    const keyring = await asSelf(() => readKeyFile(place.config.keyFile))
    const status: RecoveryStatus | null = await recoveryCodesAt(place, keyring).status(accountId)
    return status === null ? null : { remaining: status.remaining, total: status.total }
  } catch (error) {
    io.stderr(`warning: the recovery codes cannot be counted: ${(error as Error).message}\n`)
    return 'unknown'
  }
}
