/** Commands in this process on a gate's configuration, as somebody at the terminal gives them. */
import path from 'node:path'
import { run } from '../../src/cli/run.ts'

export interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `factorgate ARGV… --config FILE`. */
export function commandAt(configFile: string): (...argv: string[]) => Promise<Said> {
  return async (...argv) => {
    const said = { stdout: '', stderr: '' }
    const code = await run([...argv, '--config', configFile], {
      stdout: text => {
        said.stdout += text
      },
      stderr: text => {
        said.stderr += text
      },
      env: {},
      cwd: path.dirname(configFile),
      isTTY: false,
      clock: Date.now,
      wait: async () => {}
    })
    return { code, ...said }
  }
}
