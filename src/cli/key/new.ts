/** `factorgate key new`: creates a key file. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { createKeyFile } from '../../keyring/key-file.ts'
import { type Command, PersonError, readArgs, visible } from '../command.ts'
import { asOwnerOf } from '../owner.ts'

export const command: Command = {
  name: 'key new',
  summary: 'Make a key file, for its owner alone.',
  usage: ['factorgate key new FILE'],
  help: `
  FILE  where to put it; never written over. Mode 0600. Its folder must be there

Prints the id of the key. Name the file as keyFile in the configuration, and keep a copy elsewhere.

Example:
  factorgate key new /etc/factorgate/factorgate.key
`,
  async run(args, io) {
    const { names } = readArgs(args, {}, ['FILE'])
    const file = path.resolve(io.cwd, names[0]!)
    const folder = path.dirname(file)
    // A mistyped path must not create the key in an unknown place.
    if (!existsSync(folder))
      throw new PersonError(`there is no folder ${visible(folder)}; make it first: mkdir -p -m 700 ${visible(folder)}`)
    const id = await asOwnerOf(file, () => createKeyFile(file))
    io.stderr(`${file} is written. Keep a copy in a safe place.\n`)
    io.stdout(`${id}\n`)
    return 0
  }
}
