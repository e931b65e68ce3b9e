import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { checkKey } from '../../src/keyring/key-check.ts'
import { readKeyFile } from '../../src/keyring/key-file.ts'
import { program } from '../fixtures/process/program.ts'
import { terminal } from './terminal.ts'

t.test('init makes an installation that check accepts, with one operator to invite', async t => {
  const factorgate = terminal(t, { config: null })
  const { code, stdout, stderr } = await factorgate(
    'init',
    'lab',
    '--portal',
    'https://gate.lab.example',
    '--title',
    'My Lab',
    '--user',
    'Olga'
  )
  t.equal(code, 0, stderr)
  t.match(stdout, /^https:\/\/gate\.lab\.example\/\.factorgate\/invite\/[\w-]{43}\n$/)
  t.match(stderr, /lab\/factorgate\.yaml: the configuration[\s\S]*factorgate serve --config lab\/factorgate\.yaml/)
  const config = path.join(factorgate.folder, 'lab/factorgate.yaml')
  t.match(readFileSync(config, 'utf8'), /^# Factorgate[\s\S]*My Lab/)
  t.equal(statSync(path.join(factorgate.folder, 'lab/var/factorgate.key')).mode & 0o777, 0o600)
  const checked = await factorgate('check', '--config', config)
  t.match(checked, { code: 0, stdout: '' })
  t.notMatch(checked.stderr, /key file/, 'the key file can be used')
  t.match(JSON.parse(await factorgate.ok('user', 'list', '--json', '--config', config)), [
    { name: 'olga', groups: ['operators'] }
  ])
  t.match(
    readFileSync(path.join(factorgate.folder, 'lab/var/journal.jsonl'), 'utf8'),
    /"outcome":"added"[\s\S]*"invitation.issue"/
  )
})

t.test('the key that init made is the only one that its store takes', async t => {
  const factorgate = terminal(t, { config: null })
  await factorgate.ok('init')
  const file = path.join(factorgate.folder, 'var/factorgate.key')
  const store = factorgate.store()
  await checkKey(store, await readKeyFile(file), file)
  rmSync(file)
  await factorgate.newKey()
  await t.rejects(
    checkKey(store, await readKeyFile(file), file),
    /does not belong to this store: another key sealed it/
  )
})

t.test('without options it writes into this folder', async t => {
  const factorgate = terminal(t, { config: null })
  t.match(await factorgate.ok('init'), /^http:\/\/localhost:8443\/\.factorgate\/invite\//)
  t.match(JSON.parse(await factorgate.ok('user', 'list', '--json')), [{ name: 'admin', groups: ['operators'] }])
})

t.test('nothing that is there is touched, whatever it is', async t => {
  for (const there of ['factorgate.yaml', 'var/factorgate.key', 'var/store/data.mdb', 'var/journal.jsonl']) {
    const factorgate = terminal(t, { config: null })
    const file = path.join(factorgate.folder, there)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, 'mine')
    const before = readdirSync(factorgate.folder, { recursive: true })
    t.match(
      await factorgate('init'),
      { code: 1, stdout: '', stderr: /there is already .*init never overwrites a file/ },
      there
    )
    t.equal(readFileSync(file, 'utf8'), 'mine')
    t.same(readdirSync(factorgate.folder, { recursive: true }), before, 'and nothing was added')
  }
})

t.test('what breaks off leaves nothing half-made', async t => {
  const factorgate = terminal(t, { config: null })
  writeFileSync(path.join(factorgate.folder, 'var'), 'a file where a folder should be')
  const { code, stdout, stderr } = await factorgate('init')
  t.same([code, stdout], [1, ''])
  t.match(stderr, /^factorgate: [^\n]+\n$/)
  t.notOk(existsSync(path.join(factorgate.folder, 'factorgate.yaml')))
})

t.test('where the app can only lie on a path of the portal, that is said as check says it', async t => {
  const factorgate = terminal(t, { config: null })
  t.match(await factorgate('init', 'a', '--portal', 'https://lab.example'), {
    code: 0,
    stderr: /\nwarning: a\/factorgate\.yaml:\d+:\d+ {2}apps\[0\]\.url {2}has the same host as the portal/
  })
  const beside = await factorgate('init', 'b', '--portal', 'http://gate.localhost:18443')
  t.notMatch(beside.stderr, /warning/)
})

t.test(
  'a place where no folder can be made is said at once',
  { skip: existsSync('/proc/self') ? false : 'no /proc' },
  async t => {
    const factorgate = terminal(t, { config: null })
    for (const argv of [
      ['init', '/proc/x'],
      ['key', 'new', '/proc/x/k']
    ])
      t.match(await factorgate(...argv), { code: 1, stdout: '', stderr: /^factorgate: [^\n]*\/proc[^\n]*\n$/ })
  }
)

t.test('options that cannot be used are said by their names', async t => {
  const factorgate = terminal(t, { config: null })
  for (const [args, sentence] of [
    [['--portal', 'gate.lab.example'], /--portal must be [^;\n]+\nTry: /],
    [['--portal', 'http://gate.lab.example'], /--portal .*http/],
    [['--upstream', 'ftp://x'], /--upstream must be/],
    [['--user', 'a b'], /--user 'a b' is not a valid user name/]
  ] as const) {
    t.match(await factorgate('init', ...args), { code: 2, stdout: '', stderr: sentence }, args.join(' '))
    t.same(readdirSync(factorgate.folder), [])
  }
})

t.test('what breaks off leaves a link of the operator’s to a place that is not there', async t => {
  const factorgate = terminal(t, { config: null })
  const at = (name: string) => path.join(factorgate.folder, name)
  mkdirSync(at('var'))
  symlinkSync(at('not-mounted/journal.jsonl'), at('var/journal.jsonl'))
  t.match(await factorgate('init'), { code: 1, stderr: /journal .* cannot be written/ })
  t.same(readdirSync(factorgate.folder, { recursive: true }).sort(), ['var', 'var/journal.jsonl'])
})

t.test('a signal leaves nothing half-made, and the same init works again', async t => {
  const folder = t.testdir({ data: {} })
  // Ctrl+C at the moment when the configuration is there.
  const interrupting = `import fs from 'node:fs/promises'; import { syncBuiltinESMExports } from 'node:module'
    const { open } = fs
    fs.open = async (file, ...rest) => { const handle = await open(file, ...rest); if (String(file).endsWith('factorgate.yaml') && rest[0] === 'wx') process.kill(process.pid, 'SIGINT'); return handle }
    syncBuiltinESMExports()`
  const preload = `--import=data:text/javascript,${encodeURIComponent(interrupting)}`
  const init = (...options: string[]) =>
    spawnSync(process.execPath, [...options, ...program(), 'init', 'config', '--data', 'data'], {
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: '' },
      encoding: 'utf8'
    })
  const broken = init(preload)
  t.match(broken, { signal: 'SIGINT', stdout: '' }, broken.stderr)
  t.same(readdirSync(folder, { recursive: true }), ['data'])
  t.match(init(), { status: 0, stdout: /\/invite\// })
})

t.test('the rest of another init is called so, and data without a configuration are told how to be used', async t => {
  const factorgate = terminal(t, { config: null })
  const at = (name: string) => path.join(factorgate.folder, name)
  mkdirSync(at('var'))
  await factorgate.ok('key', 'new', at('var/factorgate.key'))
  writeFileSync(at('var/journal.jsonl'), '')
  // A process that was killed leaves its lock, which is a link to nothing.
  symlinkSync('here-0:1:2:3', at('var/journal.jsonl.lock'))
  t.match((await factorgate('init')).stderr, /If this is the rest of an init that was broken off, remove it/)
  writeFileSync(at('var/journal.jsonl'), '{}\n')
  const used = (await factorgate('init')).stderr
  t.notMatch(used, /remove/, 'no word that could cost somebody the key')
  t.match(used, /put its configuration .*factorgate\.yaml back/)
  writeFileSync(at('factorgate.yaml'), '')
  t.match((await factorgate('init')).stderr, /never overwrites a file: choose another folder\n$/)
})
