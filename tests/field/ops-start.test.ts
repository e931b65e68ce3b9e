/** FIELD N8: what the first hour with the program is like: examples, init, the demo, an empty store, a mistake in braces. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { formatProblem, parseConfig } from '../../config/load.ts'
import { terminal } from '../cli/terminal.ts'
import { echoApp, startGateway } from '../helpers/gateway.ts'
import { temporaryDirectory } from '../helpers/redis-server.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const examples = path.join(root, 'config/examples')

t.test('FIELD N8 an example for the unit writes only where the unit may', async t => {
  const unit = readFileSync(path.join(examples, 'factorgate.service'), 'utf8')
  t.match(unit, /^ProtectSystem=strict$/m)
  const mayWrite = [...unit.matchAll(/^StateDirectory=(\S+)$/gm)].map(match => `/var/lib/${match[1]}/`)
  // These two are for one's own machine and for containers.
  const files = readdirSync(examples).filter(file => /\.yaml$/.test(file) && !/^(local|compose)\.yaml$/.test(file))
  t.ok(files.length >= 4)
  for (const file of files) {
    const text = readFileSync(path.join(examples, file), 'utf8')
    const journal = /^journal: (.*)$/m.exec(text)?.[1] ?? '(default)'
    const store = /^store: (?:embedded:)?(.*)$/m.exec(text)?.[1] ?? '(default)'
    for (const place of /^rediss?/.test(store) ? [journal] : [journal, store])
      t.ok(
        mayWrite.some(folder => place.startsWith(folder)),
        `${file}: ${place}`
      )
  }
})

t.test('FIELD N8 init says paths that one can read', async t => {
  const factorgate = terminal(t, { config: null })
  const elsewhere = temporaryDirectory(t)
  mkdirSync(path.join(factorgate.folder, 'below'), { recursive: true })
  const far = await factorgate('init', path.join(elsewhere, 'gate'))
  t.equal(far.code, 0, far.stderr)
  t.notMatch(far.stderr, /\.\.\//)
  t.match(far.stderr, `--config ${path.join(elsewhere, 'gate/factorgate.yaml')}`)
  const near = await factorgate('init', 'below/x')
  t.match(near.stderr, '--config below/x/factorgate.yaml')
  const here = await factorgate('init')
  t.match(here.stderr, '--config factorgate.yaml')
})

t.test('FIELD N8 a store without people is said at the start, with the way on', async t => {
  const app = await echoApp(t)
  const apps = `  - { id: one, url: "http://one.localhost:PORT", upstream: "${app.url}" }`
  const gate = await startGateway(t, { apps })
  const said = gate.log.filter(line => /nobody has an account/.test(String(line.msg)))
  t.equal(said.length, 1)
  t.match(said[0], { level: 40, msg: /factorgate user add NAME --group operators --config .*factorgate\.yaml/ })
})

/** The demo as npm starts it: through shells, with npm's mark in the environment. Resolves once it serves. */
async function demo(t: Test, script: string): Promise<{ parent: ChildProcess; ended: Promise<void> }> {
  const parent = spawn('sh', ['-c', script.replaceAll('DEMO', `"${process.execPath}" --import=tsx src/main.ts demo`)], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', npm_lifecycle_event: 'start' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true
  })
  t.teardown(() => {
    try {
      process.kill(-parent.pid!, 'SIGKILL')
    } catch {
      // All of it has ended, as it should.
    }
  })
  // The pipe ends with the last process that holds it.
  const ended = new Promise<void>(resolve => parent.stdout.on('close', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    let said = ''
    parent.stdout.on('data', chunk => {
      said += chunk
      if (/forgets everything/.test(said)) resolve()
    })
    parent.stdout.on('close', () => reject(new Error(said)))
  })
  return { parent, ended }
}

t.test('FIELD N8 the demo ends with whatever has started it', { jobs: 2 }, async t => {
  const scripts: [string, string, NodeJS.Signals][] = [
    ['a shell between is killed', 'DEMO; :', 'SIGKILL'],
    ['npm above the shell is killed', "sh -c 'DEMO; :'; :", 'SIGKILL']
  ]
  for (const [name, script, signal] of scripts)
    t.test(name, async t => {
      const { parent, ended } = await demo(t, script)
      process.kill(parent.pid!, signal)
      await ended
      t.pass('nothing of it is left')
    })
  for (const signal of ['SIGTERM', 'SIGHUP'] as const)
    t.test(`${signal} to the demo itself`, async t => {
      const { parent, ended } = await demo(t, 'exec DEMO')
      const code = new Promise(resolve => parent.on('exit', resolve))
      process.kill(parent.pid!, signal)
      await ended
      t.equal(await code, 0)
    })
})

const head = 'portal: { url: "https://gate.lab.example" }\ntrustedProxies: [10.0.0.1]\n'
const app = (rule: string) =>
  `${head}apps:\n  - id: one\n    url: https://one.lab.example\n    upstream: http://127.0.0.1:1\n    rules:\n      - ${rule}\n${'      - { access: mfa }\n'.repeat(8)}`
const mistakes: [name: string, text: string, said: RegExp][] = [
  [
    'a list without brackets',
    app('{ methods: GET, HEAD, POST, PUT, DELETE, access: deny }'),
    /put \[ \] around a list/
  ],
  [
    'a text with commas',
    `${head.replace(' }', ', title: Notebooks, wikis, by hand, and more }')}apps: []\n`,
    /quotes around text with commas/
  ],
  [
    'no blank after any colon',
    `${head}apps: [{id:one,title:One,url:"https://one.lab.example",upstream:"http://127.0.0.1:1"}]\n`,
    /is a blank missing after the ':'/
  ],
  ['a brace that is not closed', app('{ path: /x, access: mfa'), /opened before is not closed/],
  ['a brace too many', app('{ path: /x, access: mfa }}'), /unexpected here/],
  ['a bracket that is not closed in braces', app('{ groups: [a, b, access: mfa }'), /not closed/],
  ['a quote that is not closed', app('{ path: "/x, access: mfa }'), /never closed/],
  ['a comma left out', app('{ path: /x access: mfa }'), /flow style|missing/],
  ['a variable without quotes', app(`{ path: $\{X}, access: mfa }`), /put quotes around it/]
]

t.test('FIELD N8 one mistake in braces makes one message', async t => {
  for (const [name, text, said] of mistakes) {
    const loaded = parseConfig(text, '/etc/factorgate/factorgate.yaml')
    const lines = loaded.kind === 'bad' ? loaded.problems.map(problem => formatProblem(problem)) : []
    t.equal(lines.length, 1, `${name}: ${lines.join(' | ')}`)
    t.match(lines[0] ?? '', said, name)
  }
})
