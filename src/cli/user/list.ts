/** `factorgate user list`: lists all accounts as a table or JSON. */
import type { Credential } from '../../factor/credential.ts'
import { credentialKinds } from '../../factor/kinds.ts'
import type { Account } from '../../identity/account.ts'
import { type OperatorWord, resumeAskMs, type Suspension } from '../../identity/suspension.ts'
import { inBatches } from '../../store/batches.ts'
import { type Command, jsonText, readArgs } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { withProgress } from '../progress.ts'
import { moment, table } from '../table.ts'
import { accountsAt, credentialsAt, locksAt, misfitIn } from './person.ts'

export const command: Command = {
  name: 'user list',
  summary: 'List everybody, with groups, factors and status.',
  usage: ['factorgate user list [--waiting] [--json]'],
  help: `
  --waiting        only people who must wait after wrong tries, or have a factor switched off
  --json           an array of people, with more details than the table
${configHelp}

Example:
  factorgate user list --json | jq -r '.[] | select(.status == "not enrolled") | .name'
`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configOption, waiting: { type: 'boolean' }, json: { type: 'boolean' } })
    return withStore(io, { config: values.config, changes: 'nothing' }, async place => {
      const credentials = credentialsAt(place)
      const misfit = misfitIn(place)
      const accounts = await withProgress(io, 'people', null, onDone => accountsAt(place).list(onDone))
      const waits = await locksAt(place).ofAccounts()
      const everybody = await withProgress(io, 'people', accounts.length, onDone =>
        inBatches(
          accounts,
          async account =>
            summaryOf(account, await credentials.list(account.id), misfit, waits.get(account.id) ?? null),
          onDone
        )
      )
      const people = values.waiting
        ? everybody.filter(({ waitsUntil, factorsOff }) => waitsUntil !== null || factorsOff > 0)
        : everybody
      const hasOthers = people.some(({ directory }) => directory !== 'local')
      if (values.json) io.stdout(jsonText(people))
      else if (people.length === 0 && values.waiting)
        io.stderr(
          "nobody must wait, and nobody's factor is switched off; networks that must wait: factorgate user waits\n"
        )
      else if (people.length === 0)
        io.stderr("nobody has an account yet; add somebody with 'factorgate user add NAME'\n")
      else
        io.stdout(
          table(
            ['NAME', ...(hasOthers ? ['FROM'] : []), 'GROUPS', 'FACTORS', 'STATUS'],
            people.map(({ name, directory, groups, factors, ...person }) => [
              name,
              ...(hasOthers ? [directory] : []),
              groups.join(', ') || '-',
              factors.map(({ kind, count }) => (count === 1 ? kind : `${count} ${kind}`)).join(', ') || '-',
              statusOf(person)
            ]),
            io.columns
          )
        )
      return 0
    })
  }
}

/** `enrolled; must wait until 2026-11-22 20:15 UTC` */
export function statusOf({
  status,
  waitsUntil,
  factorsOff
}: Pick<ReturnType<typeof summaryOf>, 'status' | 'waitsUntil' | 'factorsOff'>): string {
  return [
    status,
    ...(waitsUntil === null ? [] : [`must wait until ${moment(Date.parse(waitsUntil))}`]),
    ...(factorsOff === 0 ? [] : [`${factorsOff === 1 ? 'a factor is' : `${factorsOff} factors are`} switched off`])
  ].join('; ')
}

/** `waitsUntil`: the end of the longest wait after wrong tries. `status` is `suspended`, `enrolled`, or `not enrolled` without a usable second factor. */
export function summaryOf(
  account: Account,
  credentials: readonly Credential[],
  misfit: (credential: Credential) => unknown,
  waitsUntil: number | null = null
) {
  const usable = credentials.filter(credential => credential.disabledAt === null && misfit(credential) === null)
  const factors = credentialKinds
    .map(kind => ({ kind, count: usable.filter(credential => credential.kind === kind).length }))
    .filter(({ count }) => count > 0)
  const { id, name, displayName, email, groups, directory, externalId, suspended, createdAt } = account
  const status = suspended !== null ? 'suspended' : factors.length > 0 ? 'enrolled' : 'not enrolled'
  return {
    name,
    id,
    displayName,
    email,
    groups,
    directory,
    externalId: externalId ?? null,
    factors,
    status,
    waitsUntil: waitsUntil === null ? null : new Date(waitsUntil).toISOString(),
    factorsOff: credentials.filter(({ disabledAt }) => disabledAt !== null).length,
    suspended: suspended === null ? null : suspensionOf(suspended),
    createdAt: new Date(createdAt).toISOString()
  }
}

/**
 * `watch`: what the watch said, if an operator has given another reason since. `confirmed`, `resumeAsked`: who has found it right, and the
 * first of two who want to end it.
 */
function suspensionOf({ at, why, watchWord, confirmed, resumeAsked }: Suspension) {
  const iso = (time: number) => new Date(time).toISOString()
  const word = (given: OperatorWord) => ({ at: iso(given.at), by: given.name, why: given.why })
  return {
    at: iso(at),
    why,
    watch: watchWord === undefined ? null : { at: iso(watchWord.at), why: watchWord.why },
    confirmed: confirmed === undefined ? null : word(confirmed),
    resumeAsked: resumeAsked === undefined ? null : { ...word(resumeAsked), until: iso(resumeAsked.at + resumeAskMs) }
  }
}
