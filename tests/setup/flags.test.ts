/** V8's flags for the test processes, on each Node.js that the tests know. */
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { flagsKnownTo, flagsOfV8 } from './flags.mjs'
import { node24 } from './node-24.mjs'

const programs = [process.execPath, node24()].filter(program => program !== null)

for (const program of new Set(programs)) {
  const node = (...args: string[]) => spawnSync(program, args, { encoding: 'utf8', env: {} })
  const version = node('--version').stdout.trim()

  t.test(`Node.js ${version} starts with the flags that it knows, and optimises functions later`, async t => {
    const flags = flagsKnownTo(program)
    t.match(node(...flags, '-p', '6 * 7'), { status: 0, stdout: '42\n', stderr: '' })
    t.ok(
      flags.some(flag => /budget|invocation/.test(flag)),
      flags.join(' ')
    )
    const others = flagsOfV8.filter(flag => !flags.includes(flag))
    t.ok(
      others.every(flag => node(flag, '-p', '6 * 7').status !== 0),
      `not with ${others.join(' ')}`
    )
  })
}
