/** `factorgate key new`: creates a key file. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { createKeyFile } from '../../keyring/key-file.ts'
import { visible } from '../../messages/visible.ts'
import { type Command, PersonError, readArgs } from '../command.ts'
import { asOwnerOf } from '../owner.ts'

export const command: Command = {
  name: 'key new',
  summary: 'Make a key file that only its owner can read.',
  usage: ['factorgate key new FILE'],
  help: `
  FILE  the new file, with mode 0600. Its folder must exist. The command never overwrites a file

Prints the id of the key. Set the file as keyFile in the configuration, and keep a copy in another place.

Example:
  factorgate key new /etc/factorgate/factorgate.key
`,
  async run(args, io) {
    const { names } = readArgs(args, {}, ['FILE'])
    const file = path.resolve(io.cwd, names[0]!)
    const folder = path.dirname(file)
    // A mistyped path must not create the key in an unknown place.
    if (!existsSync(folder))
      throw new PersonError(
        `the folder ${visible(folder)} does not exist; make it first: mkdir -p -m 700 ${visible(folder)}`
      )
    const id = await asOwnerOf(file, () => createKeyFile(file))
    io.stderr(`${file} is written. Keep a copy in a safe place.\n`)
    io.stdout(`${id}\n`)
    return 0
  }
}
