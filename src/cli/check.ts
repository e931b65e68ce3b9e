/** `factorgate check`: lists every problem of a configuration, and whether the gate would start here. */
import { loadConfig } from '../../config/load.ts'
import { formatProblem, type Problem } from '../../config/reading/diagnostics.ts'
import { examine } from './check/examine.ts'
import { type Command, jsonText, readArgs, UsageError } from './command.ts'

export const command: Command = {
  name: 'check',
  summary: 'List all problems of a configuration.',
  usage: ['factorgate check [--config FILE] [--live] [--strict] [--json]'],
  help: `
  --config FILE  the configuration
  --live         also ask every app (with its health path), every institution and the store, and check that the ports are free
  --strict       count a warning as a problem
  --json         {"file", "ok", "problems", "warnings", "notes"}; each problem and warning has file, line, column, path and message

Each line is one problem: FILE:LINE:COLUMN, the key, and what is wrong. Everything that would stop the gate from starting on this
machine is a problem, such as a missing key file, or a file that the gate's user may not read. If root runs the command, it takes the
owner of the data as the gate's user. Warnings go to standard error. Exit code 0: no problem; 1: there are problems, or there are
warnings and --strict is given; 2: wrong usage, or there is no configuration file.

Example:
  factorgate check --config /etc/factorgate/factorgate.yaml --strict
`,
  async run(args, io) {
    const { values } = readArgs(args, {
      config: { type: 'string' },
      json: { type: 'boolean' },
      live: { type: 'boolean' },
      strict: { type: 'boolean' }
    })
    const { config: file } = values
    const loaded = await loadConfig({ ...(file === undefined ? {} : { file }), env: io.env, cwd: io.cwd })
    if (loaded.kind === 'bad' && loaded.file === null)
      throw new UsageError(loaded.problems.map(problem => formatProblem(problem)).join('; '))
    const found = loaded.kind === 'ok' ? await examine(loaded, io, values.live === true) : nothing(loaded.problems)
    const { problems, warnings, notes } = found
    const ok = problems.length === 0 && !(values.strict && warnings.length > 0)
    if (values.json) io.stdout(jsonText({ file: loaded.file, ok, problems, warnings, notes }))
    else for (const problem of problems) io.stdout(`${formatProblem(problem)}\n`)
    for (const warning of warnings) io.stderr(`warning: ${formatProblem(warning)}\n`)
    for (const note of notes) io.stderr(`note: ${note}\n`)
    io.stderr(`${loaded.name}: ${countOf(problems.length, warnings.length)}\n`)
    return ok ? 0 : 1
  }
}

const nothing = (problems: readonly Problem[]) => ({ problems, warnings: [], notes: [] })

/** `2 problems, 1 warning` */
export function countOf(problems: number, warnings: number): string {
  const count = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`
  if (problems > 0)
    return warnings > 0 ? `${count(problems, 'problem')}, ${count(warnings, 'warning')}` : count(problems, 'problem')
  return warnings === 0 ? 'no problem found' : `no problem, ${count(warnings, 'warning')}`
}
