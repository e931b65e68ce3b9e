/** FIELD N8: what the first hour with the program is like: examples, init, the demo, an empty store, a mistake in braces. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { formatProblem, parseConfig } from '../../config/load.ts'
import { command as demo } from '../../src/cli/demo.ts'
import { terminal } from '../cli/terminal.ts'
import { echoApp, startGateway } from '../fixtures/in-process/gateway.ts'
import { program, readsTypeScript } from '../fixtures/process/program.ts'
import { temporaryDirectory } from '../fixtures/process/redis-server.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const examples = path.join(root, 'config/examples')

t.test('FIELD N8 an example for the unit writes only where the unit may', async t => {
  const unit = readFileSync(path.join(examples, 'factorgate.service'), 'utf8')
  t.match(unit, /^ProtectSystem=strict$/m)
  const mayWrite = [...unit.matchAll(/^StateDirectory=(\S+)$/gm)].map(match => `/var/lib/${match[1]}/`)
  // These two are for one's own machine and for containers.
  const files = readdirSync(examples).filter(file => /\.yaml$/.test(file) && !/^(local|compose)\.yaml$/.test(file))
  const texts = files.map(file => [file, readFileSync(path.join(examples, file), 'utf8')] as const)
  // Others are for the proxy in front.
  const ours = texts.filter(([, text]) => /^apps:/m.test(text))
  t.ok(ours.length >= 4)
  for (const [file, text] of ours) {
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

  const files = { crt: path.join(elsewhere, 'a.crt'), key: path.join(elsewhere, 'a.key') }
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=localhost -addext subjectAltName=DNS:localhost,DNS:app.localhost -keyout ${files.key} -out ${files.crt}`
  execFileSync('openssl', words.split(' '), { stdio: 'pipe' })
  const tls = await factorgate('init', 'below/tls', '--tls-cert', files.crt, '--tls-key', files.key)
  t.match(tls.stdout, /^https:\/\/localhost:8443\//, 'a gate with a certificate invites to https')
  t.notMatch(tls.stderr, /warning/)
})

t.test('FIELD N8 a store without people is said at the start, with the way on', async t => {
  const app = await echoApp(t)
  const apps = `  - { id: one, url: "http://one.localhost:PORT", upstream: "${app.url}" }`
  const gate = await startGateway(t, { apps })
  const said = gate.log.filter(line => /nobody has an account/.test(String(line.msg)))
  t.equal(said.length, 1)
  t.match(said[0], { level: 40, msg: /factorgate user add NAME --group operators --config .*factorgate\.yaml/ })
})

const byNpm = { npm_lifecycle_event: 'start' }

/** PROGRAM run by a shell as npm does it, with npm's mark in the environment. Resolves once it has said `word`. */
async function underShell(t: Test, script: string, args: readonly string[], word: RegExp) {
  const node = [process.execPath, ...args].map(arg => `"${arg}"`).join(' ')
  const parent = spawn('sh', ['-c', script.replaceAll('PROGRAM', node)], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', ...byNpm },
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
      if (word.test(said)) resolve()
    })
    parent.stdout.on('close', () => reject(new Error(said)))
  })
  return { kill: () => process.kill(parent.pid!, 'SIGKILL'), ended }
}

t.test('FIELD N8 the demo ends with the npm that has started it', async t => {
  const { kill, ended } = await underShell(
    t,
    "sh -c 'PROGRAM; :'; :",
    [...program(), 'demo', '--port', '0'],
    /deletes its data/
  )
  kill()
  await ended
  t.pass('nothing of it is left')
})

t.test('FIELD N8 it ends too where the shell of npm is killed', async t => {
  // The look at the processes alone: it costs a tenth of a demo.
  const looks = path.join(temporaryDirectory(t), 'looks.mts')
  const looking = new URL('../../src/cli/npm-parent.ts', import.meta.url)
  writeFileSync(
    looks,
    `import { onNpmGone } from ${JSON.stringify(looking.href)}
     onNpmGone(process.env, () => process.exit())
     console.log('looks')`
  )
  const { kill, ended } = await underShell(t, 'PROGRAM; :', [readsTypeScript, looks], /looks/)
  kill()
  await ended
  t.pass('nothing of it is left')
})

t.test('FIELD N8 each signal that ends a demo ends all of it', async t => {
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
    const before = process.listeners(signal)
    let address = ''
    const code = await demo.run(['--port', '0'], {
      env: {},
      cwd: root,
      isTTY: false,
      clock: Date.now,
      wait: async () => {},
      stderr() {},
      stdout(text) {
        address = /http:\/\/[^/]+/.exec(text)?.[0] ?? address
        // The handler of the demo alone: the one of the test runner would end the tests.
        for (const listener of process.listeners(signal))
          if (!before.includes(listener)) setImmediate(listener as () => void)
      }
    })
    t.equal(code, 0, signal)
    t.not(address, '')
    await t.rejects(fetch(address), `${signal}: nobody listens there any more`)
  }
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
    /put a space after the ':'/
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
