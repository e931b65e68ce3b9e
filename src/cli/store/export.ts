/** `factorgate store export`: writes a sealed backup while the gate runs. */
import { open } from 'node:fs/promises'
import path from 'node:path'
import { readKeyFile } from '../../keyring/key-file.ts'
import { type Command, PersonError, readArgs } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { inWords, naming } from '../error-report.ts'
import { asOwnerOf, asSelf } from '../owner.ts'
import { withProgress } from '../progress.ts'
import { linesOf } from './content.ts'
import { writeSealed } from './sealed-file.ts'
import { written } from './unfinished.ts'

export const command: Command = {
  name: 'store export',
  summary: 'Write a sealed backup of the store.',
  usage: ['factorgate store export FILE'],
  help: `
  FILE             the new file, with mode 0600. The command never overwrites a file
${configHelp}

The backup holds accounts, hashed passwords, factors, recovery codes and known addresses. It does not hold sessions and invitations.
It is sealed with the key file, and nothing else opens it. Keep a copy of the key file in another place.

Example:
  factorgate store export /backup/factorgate-2026-11-22.sealed
`,
  async run(args, io) {
    const { values, names } = readArgs(args, configOption, ['FILE'])
    const target = path.resolve(io.cwd, names[0]!)
    return withStore(io, { config: values.config, changes: 'grant' }, async place => {
      const { store, clock, config } = place
      const keyring = await asSelf(() => readKeyFile(config.keyFile))
      const size = await written(target, {
        // The service's user may not be able to write there.
        make: () =>
          asOwnerOf(target, () => open(target, 'wx', 0o600)).catch(error => {
            if (error.code === 'EEXIST')
              throw new PersonError(
                `${target} exists already, and the command never overwrites a file; choose another name`
              )
            throw error.code === 'ENOENT'
              ? new PersonError(`there is no folder ${path.dirname(target)}; make it, or choose another one`)
              : error
          }),
        write: async file => {
          try {
            await naming(target, async () => {
              await withProgress(io, 'lines', null, onDone =>
                writeSealed(file, { keyring, createdAt: clock(), lines: counted(linesOf(store, clock()), onDone) })
              )
              await file.sync()
            })
            return (await file.stat()).size
          } finally {
            await file.close()
          }
        },
        onLeft: error =>
          io.stderr(
            `${target} is half written and could not be removed: ${inWords((error as NodeJS.ErrnoException).code ?? String(error))}. Remove it.\n`
          )
      })
      await place.record({ kind: 'store.export', outcome: 'written', bytes: size })
      io.stderr(`${target}: ${size} bytes. Keep a copy of ${config.keyFile} in another place: nothing else opens it.\n`)
      return 0
    })
  }
}

async function* counted<T>(items: AsyncIterable<T>, onDone: (done: number) => void): AsyncGenerator<T> {
  let done = 0
  for await (const item of items) {
    yield item
    onDone(++done)
  }
}
