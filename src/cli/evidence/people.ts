/** People and their usable second factors, with pseudonyms if names are hidden. */
import { csvLine } from '../../evidence/csv.ts'
import type { PersonEvidence } from '../../evidence/evidence.ts'
import type { Pseudonymiser } from '../../evidence/pseudonymiser.ts'
import type { Credential } from '../../factor/credential.ts'
import type { Account } from '../../identity/account.ts'
import type { Keyring } from '../../keyring/keyring.ts'
import { inBatches } from '../../store/batches.ts'
import type { Io } from '../command.ts'
import type { CommandContext } from '../command-context.ts'
import { withProgress } from '../progress.ts'
import { summaryOf } from '../user/list.ts'
import { accountsAt, credentialsAt, misfitIn, recoveryCodesAt } from '../user/person.ts'
import type { EvidenceFolder } from './folder.ts'

const factorColumns = ['person', 'account', 'factor', 'added', 'lastUsed', 'lastUsedFrom', 'model', 'synced', 'status']

/** Everybody, sorted by name. It also writes `factors.csv`. */
export async function readPeople(
  place: CommandContext,
  {
    folder,
    pseudonymiser,
    keyring,
    io
  }: { folder: EvidenceFolder; pseudonymiser: Pseudonymiser; keyring: Keyring; io: Io }
): Promise<PersonEvidence[]> {
  const credentials = credentialsAt(place)
  const recovery = recoveryCodesAt(place, keyring)
  const misfit = misfitIn(place)
  const found = await withProgress(io, 'people', null, onDone => accountsAt(place).list(onDone))
  const people = await withProgress(io, 'people', found.length, onDone =>
    inBatches(
      found,
      async account => {
        const own = await credentials.list(account.id)
        // A record that the key file does not open stops nothing.
        const codes = await recovery.status(account.id).catch(() => null)
        const person = personOf(account, own, misfit, codes?.remaining ?? null, pseudonymiser)
        return { person, rows: own.map(one => csvLine(factorRow(person, one, misfit(one), pseudonymiser))) }
      },
      onDone
    )
  )
  people.sort(({ person: { name: a } }, { person: { name: b } }) => (a < b ? -1 : a > b ? 1 : 0))
  const factors = await folder.open('factors.csv')
  await factors.write(csvLine(factorColumns))
  for (const { rows } of people) await factors.write(rows.join(''))
  await factors.close()
  return people.map(({ person }) => person)
}

function personOf(
  account: Account,
  credentials: readonly Credential[],
  misfit: ReturnType<typeof misfitIn>,
  recoveryCodes: number | null,
  pseudonymiser: Pseudonymiser
): PersonEvidence {
  const { factors, status } = summaryOf(account, credentials, misfit)
  const countOf = (kind: string) => factors.find(one => one.kind === kind)?.count ?? 0
  const isHidden = pseudonymiser.kinds.has('user')
  const { suspended } = account
  return {
    account: account.id,
    name: pseudonymiser.of('user', account.name),
    displayName: isHidden ? null : account.displayName,
    email: account.email === null ? null : pseudonymiser.of('user', account.email),
    directory: account.directory,
    groups: account.groups,
    status,
    passkeys: countOf('webauthn'),
    codes: countOf('totp'),
    recoveryCodes,
    createdAt: account.createdAt,
    suspended: suspended === null ? null : { at: suspended.at, why: pseudonymiser.text(suspended.why) }
  }
}

function factorRow(
  { name, account }: PersonEvidence,
  credential: Credential,
  misfit: string | null,
  pseudonymiser: Pseudonymiser
): (string | boolean | null)[] {
  const { kind, createdAt, lastUsedAt, lastUsedFrom, disabledAt } = credential
  const isKey = credential.kind === 'webauthn'
  return [
    name,
    account,
    kind,
    new Date(createdAt).toISOString(),
    lastUsedAt === null ? null : new Date(lastUsedAt).toISOString(),
    lastUsedFrom === null ? null : pseudonymiser.of('client', lastUsedFrom),
    isKey ? credential.aaguid : null,
    isKey ? credential.backedUp : null,
    disabledAt !== null ? 'disabled' : misfit === null ? 'usable' : `not accepted: ${misfit}`
  ]
}
