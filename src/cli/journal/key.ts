/** `factorgate journal key`: prints the public keys that sign the journal. */
import { journalPurpose } from '../../audit/journal.ts'
import { readKeyFile } from '../../keyring/key-file.ts'
import { type Command, jsonText, readArgs } from '../command.ts'
import { configFor, configHelp, configOption } from '../command-context.ts'

export const command: Command = {
  name: 'journal key',
  summary: 'Print the public key that verify needs.',
  usage: ['factorgate journal key [--json]'],
  help: `
  --json           an array of the keys, the current one first
${configHelp}

The gate signs its journal with a key that it derives from the key file. This prints the public half, which is no secret. Give it to whoever
verifies the journal, and do so before you need it. During a key rotation there are two, the current one first.

Example:
  factorgate journal key > journal-key.txt
  factorgate journal verify --key journal-key.txt journal.jsonl*
`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configOption, json: { type: 'boolean' } })
    const { keyFile } = await configFor(io, values.config)
    const keys = (await readKeyFile(keyFile, io.env)).signers(journalPurpose)
    if (values.json) io.stdout(jsonText(keys.map(({ keyId, publicKey }) => ({ key: keyId, publicKey }))))
    else for (const { publicKey } of keys) io.stdout(`${publicKey}\n`)
    return 0
  }
}
