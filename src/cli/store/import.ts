/**
 * `factorgate store import`: fills a store from a backup. It verifies the whole file first and writes accounts last, so that nobody can
 * sign in to a half-filled store.
 */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import { Accounts } from '../../identity/accounts.ts'
import { readKeyFile } from '../../keyring/key-file.ts'
import { type Keyring, KeyringError, sealedBy } from '../../keyring/keyring.ts'
import { inBatches } from '../../store/batches.ts'
import type { Store } from '../../store/store.ts'
import { type Command, PersonError, readArgs } from '../command.ts'
import { type CommandContext, configHelp, configOption, withStore } from '../command-context.ts'
import { confirm, yesHelp, yesOption } from '../confirm.ts'
import { asSelf } from '../owner.ts'
import { withProgress } from '../progress.ts'
import { moment } from '../table.ts'
import { isBackedUp, isTooNew, type Line, readLines } from './content.ts'
import { endedSince } from './ended-since.ts'
import { madeAt, readSealed } from './sealed-file.ts'

/** The store has this key while an import runs. */
const marker = 'meta:import'

export const command: Command = {
  name: 'store import',
  summary: 'Fill the store from a sealed backup.',
  usage: ['factorgate store import FILE [--force] [--yes]'],
  help: `
  FILE             a backup of 'factorgate store export'
  --force          empty the store first: everything in it is lost, and everybody is signed out
${yesHelp}
${configHelp}

The command checks the whole file before it writes anything. Without --force the store must be empty. If the import is interrupted,
nobody can sign in. Then run the command again with --force.

Example:
  factorgate store import /backup/factorgate-2026-11-22.sealed --config new.yaml
`,
  async run(args, io) {
    const { values, names } = readArgs(args, { ...configOption, ...yesOption, force: { type: 'boolean' } }, ['FILE'])
    const source = path.resolve(io.cwd, names[0]!)
    // A pipe in its place must not block the command.
    const file = await open(source, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      return await withStore(
        io,
        { config: values.config, changes: 'grant', mayCreate: true, fills: true },
        async place => {
          const { store, clock, config } = place
          const keyring = await asSelf(() => readKeyFile(config.keyFile))
          const count = await verify(file, keyring, config.keyFile)
          if (!values.force) await refuseUnlessEmpty(store)
          else
            await confirm(
              io,
              values.yes,
              'This deletes everything in the store before the import, and signs everybody out.'
            )
          await store.put(marker, new Date(clock()).toISOString())
          if (values.force) await withProgress(io, 'records taken out', null, onDone => empty(store, onDone))
          const isLate = (line: Line) => line.kind === 'value' && line.key.startsWith('account:')
          await withProgress(io, 'records', count, async onDone => {
            let done = 0
            const isDone = () => onDone(++done)
            for (const late of [false, true])
              await write(store, clock(), readLines(readSealed(file, keyring)), line => isLate(line) === late, isDone)
          })
          // Backups of older versions have no address index.
          await new Accounts(place).indexAddresses({ anew: true })
          await store.delete(marker)
          // --force ended all sessions.
          await store.settle?.()
          await place.record({ kind: 'store.import', outcome: 'done', values: count, forced: values.force === true })
          io.stderr(`${count} records are in the store; everybody has to sign in again\n`)
          io.stderr(await whatIsValidAgain(place, await madeAt(file)))
          return 0
        }
      )
    } finally {
      await file.close()
    }
  }
}

/** Without the journal of that time, only a sentence remains. */
async function whatIsValidAgain(place: CommandContext, since: number): Promise<string> {
  const { file } = place.config.journal
  const say = (what: string, names: readonly string[]) => (names.length === 0 ? '' : `${what}: ${names.join(', ')}\n`)
  const first = `The backup was made at ${moment(since)}. What was ended after that is valid again`
  try {
    const { commands, passwords, recoveryCodes } = await endedSince(place, since)
    if (commands.length + passwords.length + recoveryCodes.length === 0)
      return `${first}; the journal ${file} has nothing of that.\n`
    return [
      `${first}. The journal ${file} has this:\n`,
      ...commands.map(command => `  ${command}\n`),
      say('These people have an older password again', passwords),
      say('These people have older recovery codes again', recoveryCodes)
    ].join('')
  } catch (error) {
    return `${first}. The journal ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? error}).\n`
  }
}

/** Returns the number of records. Throws if the file is invalid or needs another key. */
async function verify(file: FileHandle, keyring: Keyring, keyFile: string): Promise<number> {
  // A public key carries the key's id.
  const known = new Set((keyring.publicJwks.keys as readonly { kid: string }[]).map(({ kid }) => kid))
  let count = 0
  try {
    for await (const line of readLines(readSealed(file, keyring))) {
      if (line.kind === 'value') count++
      const key = line.kind === 'value' ? sealedWith(line.value) : null
      if (key !== null && !known.has(key))
        throw new KeyringError(`it holds secrets sealed with the key ${key}, which is not in the key file`)
      if (line.kind === 'value' && isTooNew(line.key, line.value, keyring))
        throw new PersonError(
          'the backup holds records of a newer release of Factorgate; import it with that release; nothing was changed'
        )
    }
  } catch (error) {
    if (!(error instanceof KeyringError)) throw error
    throw new PersonError(
      `${error.message}. Replace ${keyFile} with the copy of the key file that belongs to this backup; nothing was changed`
    )
  }
  return count
}

/** The id of the key that sealed the record or its `secret`; null if none did. */
function sealedWith(value: string): string | null {
  const whole = sealedBy(value)
  if (whole !== null || !value.startsWith('{')) return whole
  const { secret } = JSON.parse(value) as { secret?: unknown }
  return typeof secret === 'string' ? sealedBy(secret) : null
}

async function refuseUnlessEmpty(store: Store): Promise<void> {
  const started = await store.get(marker)
  if (started !== null)
    throw new PersonError(`an import that began at ${started} was interrupted; run it again with --force`)
  // Counters and sessions do not matter.
  for await (const { key } of store.scan(''))
    if (isBackedUp(key))
      throw new PersonError('the store is not empty; to delete everything in it and sign everybody out, add --force')
}

/** Removes accounts first: then nobody is or gets in. */
async function empty(store: Store, onDone: (done: number) => void): Promise<void> {
  for (const prefix of ['account:', ''])
    await inBatches(
      store.scan(prefix),
      async ({ key }) => {
        if (!key.startsWith('meta:')) await store.delete(key)
      },
      onDone
    )
  for await (const { key, members } of store.scanIndexes(''))
    await inBatches(members, ({ member }) => store.unlink(key, member))
}

async function write(
  store: Store,
  now: number,
  lines: AsyncIterable<Line>,
  isWanted: (line: Line) => boolean,
  onValue: () => void
): Promise<void> {
  const left = (until: number | null) => (until === null ? undefined : (until - now) / 1000)
  const isOver = (until: number | null) => until !== null && until <= now
  /** The writes in the order of the lines. */
  async function* writes(): AsyncGenerator<() => Promise<void>> {
    for await (const line of lines) {
      if (!isWanted(line) || line.kind === 'end') continue
      if (line.kind === 'value') {
        if (!isOver(line.until)) yield () => store.put(line.key, line.value, left(line.until))
        onValue()
        continue
      }
      for (const [member, until] of line.members)
        if (!isOver(until)) yield () => store.link(line.key, member, left(until))
    }
  }
  await inBatches(writes(), write => write())
}
