/** `factorgate schema`: prints the configuration's JSON Schema, for editors. */
import { jsonSchema } from '../../config/print.ts'
import { type Command, jsonText, readArgs } from './command.ts'

export const command: Command = {
  name: 'schema',
  summary: 'Print the JSON Schema of the configuration.',
  usage: ['factorgate schema'],
  help: `
Editors use the schema to complete and check the file. VS Code (with the YAML extension) and others need this first line in the file:
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
