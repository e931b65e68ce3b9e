/** `factorgate doctor`: finds what is wrong with an installation, and says how to mend it. Read-only. */
import { loadConfig } from '../../config/load.ts'
import { formatProblem, type Problem } from '../../config/reading/diagnostics.ts'
import { visible } from '../messages/visible.ts'
import { countOf } from './check.ts'
import { colours } from './colour.ts'
import { type Command, type Io, jsonText, readArgs, UsageError } from './command.ts'
import type { ProbeResult } from './doctor/finding.ts'
import { runProbes } from './doctor/finding.ts'
import { badConfiguration, examineAll } from './doctor/probes.ts'
import { wrapped } from './table.ts'

export const command: Command = {
  name: 'doctor',
  summary: 'Find what is wrong with this installation, and how to mend it.',
  usage: ['factorgate doctor [--config FILE] [--strict] [--json]'],
  help: `
  --config FILE  the configuration
  --strict       count a warning as a problem
  --json         {"file", "ok", "probes"}; each probe has id, title and findings, each finding has degree, path, wrong and mend

Looks at the configuration and its files, the certificate, the names of all hosts, the clock, the store, the apps, the institutions, the
disks, and the gate itself, which may run or not. It asks only hosts that the configuration names. It sends every app one GET without
cookies. Each finding says what is wrong and what to do.

Exit code 0: no problem; 1: there are problems, or there are warnings and --strict is given; 2: wrong usage, or there is no configuration
file.

Example:
  factorgate doctor --config /etc/factorgate/factorgate.yaml
`,
  async run(args, io) {
    const { values } = readArgs(args, {
      config: { type: 'string' },
      json: { type: 'boolean' },
      strict: { type: 'boolean' }
    })
    const { config: file } = values
    const loaded = await loadConfig({ ...(file === undefined ? {} : { file }), env: io.env, cwd: io.cwd })
    if (loaded.kind === 'bad' && loaded.file === null)
      throw new UsageError(loaded.problems.map((problem: Problem) => formatProblem(problem)).join('; '))
    const results =
      loaded.kind === 'ok' ? await examineAll(loaded, io) : await runProbes([badConfiguration(loaded.problems)], 1000)
    const all = results.flatMap(({ findings }) => findings)
    const problems = all.filter(({ degree }) => degree === 'problem').length
    const warnings = all.length - problems
    const ok = problems === 0 && !(values.strict && warnings > 0)
    if (values.json) io.stdout(jsonText({ file: loaded.file, ok, probes: results }))
    else io.stdout(page(results, io))
    io.stderr(`${loaded.name}: ${countOf(problems, warnings)}\n`)
    return ok ? 0 : 1
  }
}

const gap = '  '

function page(results: readonly ProbeResult[], io: Io): string {
  const paint = colours(io)
  const heads = { ok: paint.green('ok     '), warning: paint.yellow('warning'), problem: paint.red('problem') }
  const hang = ' '.repeat('problem'.length) + gap
  const lines = results.flatMap(({ title, findings }) => {
    if (findings.length === 0) return [`${heads.ok}${gap}${title}`]
    return findings.flatMap(({ degree, path, wrong, mend }) => {
      const what = `${title}: ${path === '' ? '' : `${path}: `}${wrong}`
      const [first = '', ...rest] = wrapped(visible(what), io.columns, hang.length)
      return [
        `${heads[degree]}${gap}${first}`,
        ...rest.map(line => hang + line),
        ...wrapped(`→ ${visible(sentence(mend))}`, io.columns, hang.length).map(line => hang + line)
      ]
    })
  })
  return `${lines.join('\n')}\n`
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.…]$/.test(text) ? '' : '.'}`
}
