/** `factorgate schema`: prints the configuration's JSON Schema, for editors. */
import { jsonSchema } from '../../config/print.ts'
import { type Command, jsonText, readArgs } from './command.ts'

export const command: Command = {
  name: 'schema',
  summary: 'Print the JSON Schema of the configuration.',
  usage: ['factorgate schema'],
  help: `
Editors complete and check the file with it. In VS Code (YAML extension) and others a first line does:
  # yaml-language-server: $schema=./factorgate.schema.json

Example:
  factorgate schema > factorgate.schema.json
`,
  async run(args, io) {
    readArgs(args, {})
    io.stdout(jsonText(jsonSchema()))
    return 0
  }
}
