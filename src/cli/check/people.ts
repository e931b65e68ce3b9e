/** Checks rules, watch and key file against the store: groups and users that nobody has, and another store's key. Read-only. */
import { nearest, shown } from '../../../config/values/invalid.ts'
import type { Account } from '../../identity/account.ts'
import { checkKey, keyCheck } from '../../keyring/key-check.ts'
import { readKeyFile } from '../../keyring/key-file.ts'
import type { Io } from '../command.ts'
import { withStore } from '../command-context.ts'
import { CannotChangeUser } from '../owner.ts'
import { withProgress } from '../progress.ts'
import { accountsAt } from '../user/person.ts'
import type { CheckFinding, Sound } from './finding.ts'
import { fullLists } from './full-lists.ts'
import { issuedFindings, issuedNames } from './issued.ts'

/** `trouble`: why the store could not be read. */
export async function checkPeople(loaded: Sound, io: Io): Promise<{ found: CheckFinding[]; trouble: string | null }> {
  const found: CheckFinding[] = []
  const { config } = loaded
  try {
    await withStore(io, { config: loaded.file, changes: 'nothing' }, async place => {
      if ((await place.store.get(keyCheck)) !== null)
        await readKeyFile(config.keyFile, io.env).then(
          async ring => {
            await checkKey(place.store, ring, config.keyFile).catch((error: Error) =>
              found.push({ degree: 'problem', path: 'keyFile', message: error.message })
            )
          },
          // Already reported.
          () => {}
        )
      const people = await withProgress(io, 'people', null, onDone => accountsAt(place).list(onDone))
      found.push(...unknown(config, people))
      found.push(...issuedFindings(await issuedNames(config, place.store), place.clock()))
      found.push(...(await fullLists(config, place.store, place.clock)))
      return 0
    })
    return { found, trouble: null }
  } catch (error) {
    if (error instanceof CannotChangeUser) throw error
    return { found, trouble: (error as Error).message }
  }
}

type Person = Pick<Account, 'name' | 'groups' | 'formerNames'>

function unknown({ apps, identity, watch }: Sound['config'], people: readonly Person[]): CheckFinding[] {
  const warning = (path: string, message: string): CheckFinding => ({ degree: 'warning', path, message })
  if (people.length === 0)
    return [
      warning(
        'store',
        'nobody has an account yet; add the first operator with: factorgate user add NAME --group operators'
      )
    ]
  // Accounts of a directory appear here only after their first sign-in.
  if (identity.some(({ kind }) => kind !== 'local')) return []
  const groups = [...new Set(people.flatMap(person => person.groups))]
  const names = people.map(({ name }) => name)
  const instead = (word: string, known: readonly string[]) => {
    const renamed = known === names ? people.find(({ formerNames }) => formerNames?.includes(word)) : undefined
    if (renamed !== undefined) return `; this person is called ${shown(renamed.name)} now`
    const guess = nearest(word, known)
    return guess === null ? '' : `; did you mean ${shown(guess)}?`
  }
  return wordsOf({ apps, watch }).flatMap(({ at, groups: wantedGroups, users: wantedUsers }) => [
    ...wantedGroups.flatMap((group, g) =>
      groups.includes(group)
        ? []
        : [warning(`${at}.groups[${g}]`, `nobody is in the group ${shown(group)}${instead(group, groups)}`)]
    ),
    ...wantedUsers.flatMap((user, u) =>
      names.includes(user)
        ? []
        : [warning(`${at}.users[${u}]`, `there is no account ${shown(user)}${instead(user, names)}`)]
    )
  ])
}

interface Words {
  readonly at: string
  readonly groups: readonly string[]
  readonly users: readonly string[]
}

/** The places where the configuration names groups and users. */
function wordsOf({ apps, watch }: Pick<Sound['config'], 'apps' | 'watch'>): Words[] {
  const words = (at: string, named: { groups?: readonly string[] | null; users?: readonly string[] | null }) => ({
    at,
    groups: named.groups ?? [],
    users: named.users ?? []
  })
  const exempt = (at: string, decoys: { readonly exempt?: Parameters<typeof words>[1] | null } | null | undefined) =>
    decoys?.exempt == null ? [] : [words(`${at}.exempt`, decoys.exempt)]
  return [
    ...apps.flatMap((app, a) => [
      ...app.rules.map((rule, r) => words(`apps[${a}].rules[${r}]`, rule)),
      ...exempt(`apps[${a}].onDecoy`, app.onDecoy)
    ]),
    ...(watch === null ? [] : [words('watch.posture.lockdown', watch.posture.lockdown)]),
    ...exempt('watch.decoys', watch?.decoys)
  ]
}
