/** FIELD N2: a command writes all of its output before it ends, whoever reads it. */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/clock.ts'
import { Accounts } from '../../src/identity/accounts.ts'
import { openStore } from '../../src/store/open.ts'
import { usualConfig } from '../cli/terminal.ts'
import { program } from '../fixtures/process/program.ts'

const people = 300
const groups = Array.from({ length: 8 }, (_, i) => `a-group-with-a-rather-long-name-${i}`)
/** What a pipe takes at once on Linux. */
const pipeBytes = 65_536

t.jobs = 5
const folder = t.testdir({
  'factorgate.yaml': `store: embedded:store\n${usualConfig}`,
  'many.yaml': `portal: { url: "https://gate.lab.example" }\napps:\n${'  - { id: "!", upstream: foo }\n'.repeat(1500)}`
})

t.before(async () => {
  const store = await openStore(`embedded:${path.join(folder, 'store')}`, { clock: systemClock })
  const accounts = new Accounts({ store, clock: systemClock })
  await Promise.all(
    Array.from({ length: people }, (_, i) => accounts.create({ name: `person${i}`, displayName: 'Grüße 👩‍🔬', groups }))
  )
  await store.close()
})

function start(t: Test, argv: readonly string[], stdout: 'pipe' | number = 'pipe') {
  const child = spawn(process.execPath, [...program(), ...argv], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '', FACTORGATE_CONFIG: undefined },
    stdio: ['ignore', stdout, 'pipe']
  })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  let stderr = ''
  child.stderr!.on('data', part => {
    stderr += part
  })
  return { child, ended, stderr: () => stderr }
}

const cases: { argv: readonly string[]; code: number; isWhole: (text: string) => boolean }[] = [
  { argv: ['user', 'list', '--json'], code: 0, isWhole: text => JSON.parse(text).length === people },
  { argv: ['user', 'list'], code: 0, isWhole: text => text.trimEnd().split('\n').length === people + 1 },
  { argv: ['check', '--config', 'many.yaml'], code: 1, isWhole: text => text.includes('apps[1499].upstream') }
]

for (const { argv, code, isWhole } of cases)
  t.test(`FIELD N2 '${argv.join(' ')}' comes whole to a reader that is slower than the command`, async t => {
    const { child, ended } = start(t, argv)
    const parts: Buffer[] = []
    // Small reads: the pipe is full all the time.
    child.stdout!.on('readable', () => {
      for (let part = child.stdout!.read(4096); part !== null; part = child.stdout!.read(4096)) parts.push(part)
      const rest = child.stdout!.read()
      if (rest !== null) parts.push(rest)
    })
    t.equal(await ended, code)
    const text = Buffer.concat(parts).toString()
    t.ok(text.length > pipeBytes, 'it is longer than a pipe')
    t.ok(isWhole(text), 'nothing is cut')
  })

t.test('FIELD N2 a reader that goes away in the middle is no failure and gets no stack trace', async t => {
  const { child, ended, stderr } = start(t, ['user', 'list', '--json'])
  child.stdout!.once('readable', () => child.stdout!.destroy())
  t.equal(await ended, 0)
  t.equal(stderr(), '')
})

t.test('FIELD N2 output that cannot be written is said, with exit code 1', async t => {
  const full = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(full))
  const { ended, stderr } = start(t, ['user', 'list', '--json'], full)
  t.equal(await ended, 1)
  t.match(stderr(), /^factorgate: the result could not be written to standard output: .*no space left/)
  t.notMatch(stderr(), /\n\s+at /)
})
