/** A terminal for tests: commands in this process, in a separate folder, with a test clock. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Test } from 'tap'
import type { Io } from '../../src/cli/command.ts'
import { run } from '../../src/cli/run.ts'
import { openLmdb } from '../../src/store/lmdb/lmdb.ts'
import type { Store } from '../../src/store/store.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Terminal {
  readonly folder: string
  readonly time: TestClock
  /** Runs one command and answers what it said. */
  (...argv: string[]): Promise<Ran>
  /** The same, and throws unless it ends with 0; answers stdout. */
  ok(...argv: string[]): Promise<string>
  /** `key new` where the usual configuration has its key. */
  newKey(): Promise<string>
  /** The gateway's view of the same store; closed with the test. */
  store(): Store
  journal(): Record<string, unknown>[]
}

/** What `terminal` works on, unless told otherwise. */
export const usualConfig = `portal: { url: "https://gate.lab.example", title: Example Lab }
listen: { port: 8443 }
apps:
  - id: notebooks
    url: https://notebooks.lab.example
    upstream: http://127.0.0.1:8888
    rules:
      - { path: /static/**, methods: [GET], access: public }
      - { path: /admin/**, groups: [operators], access: mfa, factors: [webauthn], within: 5m }
      - { path: /admin/**, access: deny }
      - { groups: [researchers], networks: [127.0.0.0/8], access: mfa }
`

/** `config`: the text of factorgate.yaml, or null for none. */
export function terminal(
  t: Test,
  options: { config?: string | null; env?: Io['env']; ask?: Io['ask'] } = {}
): Terminal {
  const folder = t.testdir({})
  const { config = usualConfig, env = {} } = options
  if (config !== null) writeFileSync(path.join(folder, 'factorgate.yaml'), config)
  const time = new TestClock()
  const call = async (...argv: string[]): Promise<Ran> => {
    let stdout = ''
    let stderr = ''
    const code = await run(argv, {
      stdout: text => {
        stdout += text
      },
      stderr: text => {
        stderr += text
      },
      env,
      cwd: folder,
      isTTY: false,
      ...(options.ask === undefined ? {} : { ask: options.ask }),
      clock: time.read,
      wait: async milliseconds => time.advance(milliseconds / 1000)
    })
    return { code, stdout, stderr }
  }
  const ok = async (...argv: string[]): Promise<string> => {
    const { code, stdout, stderr } = await call(...argv)
    if (code !== 0) throw new Error(`factorgate ${argv.join(' ')} ended with ${code}: ${stderr}`)
    return stdout
  }
  return Object.assign(call, {
    folder,
    time,
    ok,
    newKey(): Promise<string> {
      mkdirSync(path.join(folder, 'var'), { recursive: true })
      return ok('key', 'new', 'var/factorgate.key')
    },
    store(): Store {
      const store = openLmdb(path.join(folder, 'var/store'), { clock: time.read })
      t.teardown(() => store.close())
      return store
    },
    /** Its lines, without the checkpoints. */
    journal(): Record<string, unknown>[] {
      const file = path.join(folder, 'var/journal.jsonl')
      if (!existsSync(file)) return []
      return readFileSync(file, 'utf8')
        .split('\n')
        .filter(line => line !== '')
        .map(line => JSON.parse(line))
        .filter(({ kind }) => kind !== 'journal.checkpoint')
    }
  })
}
