/** `factorgate check`: every problem of a configuration, for people and editors. Reads; changes nothing. */
import { loadConfig } from '../../config/load.ts'
import { formatProblem } from '../../config/problems.ts'
import { readKeyFile } from '../keyring/key-file.ts'
import { type Command, jsonText, readArgs, UsageError } from './command.ts'

export const command: Command = {
  name: 'check',
  summary: 'Say every problem of a configuration at once.',
  usage: ['factorgate check [--config FILE] [--json]'],
  help: `
  --config FILE  the configuration
  --json         {"file", "ok", "problems", "warnings"}, each with file, line, column, path and message

One problem a line: FILE:LINE:COLUMN, the key, what is wrong. Warnings, and a key file that could not be used on this machine, go to
standard error and do not count. Exit code 0: fine; 1: there are problems; 2: called wrongly, or no file was named and none is
in the usual places.

Example:
  factorgate check --config /etc/factorgate/factorgate.yaml
`,
  async run(args, io) {
    const { values } = readArgs(args, { config: { type: 'string' }, json: { type: 'boolean' } })
    const { config: file } = values
    const loaded = await loadConfig({ ...(file === undefined ? {} : { file }), env: io.env, cwd: io.cwd })
    if (loaded.kind === 'bad' && loaded.file === null)
      throw new UsageError(loaded.problems.map(problem => formatProblem(problem)).join('; '))
    const ok = loaded.kind === 'ok'
    const problems = ok ? [] : loaded.problems
    const warnings = ok ? loaded.warnings : []
    if (values.json) io.stdout(jsonText({ file: loaded.file, ok, problems, warnings }))
    else for (const problem of problems) io.stdout(`${formatProblem(problem)}\n`)
    for (const warning of warnings) io.stderr(`warning: ${formatProblem(warning)}\n`)
    if (!ok) {
      io.stderr(`${loaded.name}: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}\n`)
      return 1
    }
    const keyFile = await readKeyFile(loaded.config.keyFile).then(
      () => null,
      (error: Error) => error.message
    )
    if (keyFile !== null) io.stderr(`warning: ${keyFile}\n`)
    // The last line is the one that is read: a file without a problem may still start no gate here.
    io.stderr(
      `${loaded.name}: ${keyFile === null ? 'fine' : 'no problem, but the gate does not start here: see the key file'}\n`
    )
    return 0
  }
}
