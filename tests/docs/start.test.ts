/** docs/start.md, done as it says: every block of code is run in an empty folder, and the person opens what the page tells them to open. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { Person } from '../fixtures/in-process/person.ts'
import { freePort } from '../fixtures/process/free-port.ts'
import { program } from '../fixtures/process/program.ts'
import { blocksOf } from './commands.ts'
import { textOf } from './documents.ts'

const installs = 'npm ci\nnpm run build\nnpm link\n'
const patienceMs = 30_000

t.test('docs/start.md leads from an empty folder to a protected app', async t => {
  const page = textOf('docs/start.md')
  const ports = { 8443: await freePort(), 8888: await freePort(), 9090: await freePort() }
  const here = (text: string) => text.replace(/\b(8443|8888|9090)\b/g, port => String(ports[port as unknown as 8443]))
  const blocks = blocksOf(page).filter(({ language }) => language === 'sh')
  const runsFor = (step: string) => blocks.filter(({ under }) => under.startsWith(step)).map(({ text }) => here(text))
  const { npm, run, keepRunning } = shellIn(t)

  t.equal(runsFor('1.')[0], installs)
  t.ok(npm.build, 'the script of the first step exists')
  t.match(await run(runsFor('1.')[1]!), /^factorgate \d+\.\d+/)

  await keepRunning(runsFor('2.')[0]!, async () => answers(ports[8888]))
  const invitation = (await run(runsFor('3.')[0]!)).match(/http\S+\/invite\/\S+/)?.[0]
  t.ok(invitation, 'init prints an invitation')
  // The page uses the usual port of the admin listener, which another gate on this machine may have.
  await run(`sed -i 's/port: 9090/port: ${ports[9090]}/' factorgate.yaml`)

  await keepRunning(runsFor('4.')[0]!, async output => /"?serving /.test(output()))
  const ada = new Person(ports[8443])
  await ada.accept(invitation!, 'a long and quiet evening')
  const app = here(/<(http:\/\/app[^>]+)>/.exec(page)![1]!)
  t.equal((await ada.open(app)).body, 'Hello ada\n', 'the app knows the person')
  const stranger = await new Person(ports[8443]).open(app)
  t.match(stranger.body, /<title>Sign in/)
  t.notMatch(stranger.body, /Hello/)

  t.match(await run(runsFor('6.')[0]!), /^http\S+\/invite\/\S+\n$/)
  const seen = await run(runsFor('7.')[0]!)
  t.match(seen, /grace +researchers/)
  t.match(seen, /forward {2}by rule 1/)
  t.match(seen, /enrol .*name=ada/)
  t.match(seen, /The journal is whole/)

  const used = blocks.filter(({ under }) => /^[1-46-7]\./.test(under))
  t.equal(used.length, blocks.length, 'no block was left out')
  t.equal(blocks.length, 7)
})

/** A shell in an empty folder that knows `factorgate`. `run` rejects when a line fails. */
function shellIn(t: Test) {
  const folder = t.testdir({})
  const bin = path.join(folder, '.bin')
  mkdirSync(bin)
  const command = path.join(bin, 'factorgate')
  writeFileSync(
    command,
    `#!/bin/sh\nexec '${process.execPath}' ${program()
      .map(word => `'${word}'`)
      .join(' ')} "$@"\n`
  )
  chmodSync(command, 0o755)
  const start = (script: string) => {
    const env = {
      ...process.env,
      NODE_OPTIONS: '',
      FACTORGATE_CONFIG: undefined,
      PATH: `${bin}:${path.dirname(process.execPath)}:${process.env.PATH}`
    }
    const child = spawn('sh', ['-e', '-c', script], { cwd: folder, env, detached: true })
    let output = ''
    let stdout = ''
    child.stdout.on('data', part => {
      stdout += part
      output += part
    })
    child.stderr.on('data', part => {
      output += part
    })
    return { child, output: () => output, stdout: () => stdout }
  }
  const run = (script: string) =>
    new Promise<string>((resolve, reject) => {
      const { child, output, stdout } = start(script)
      child.on('error', reject)
      child.on('close', code => {
        if (code === 0) resolve(stdout())
        else reject(new Error(`ended with ${code}: ${script}\n${output()}`))
      })
    })
  const keepRunning = async (script: string, isReady: (output: () => string) => Promise<boolean>) => {
    const { child, output } = start(script)
    const ended = new Promise(resolve => child.once('close', resolve))
    t.teardown(async () => {
      if (child.exitCode === null) process.kill(-child.pid!, 'SIGTERM')
      await ended
    })
    const until = Date.now() + patienceMs
    while (!(await isReady(output))) {
      if (child.exitCode !== null || Date.now() > until) throw new Error(`not ready: ${script}\n${output()}`)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
  const npm = JSON.parse(textOf('package.json')).scripts as Readonly<Record<string, string>>
  return { npm, run, keepRunning }
}

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false
  )
}
