/** The Debian package, installed, removed and purged by dpkg below a folder of its own. Programs that change the system only say that they were called. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { exitCodeOf, spawnServing } from '../fixtures/process/gate.ts'
import { program, root } from '../fixtures/process/program.ts'
import { temporaryDirectory } from '../fixtures/process/redis-server.ts'

const hasDpkg = spawnSync('dpkg', ['--version']).status === 0 && spawnSync('dpkg-deb', ['--version']).status === 0
const skip = hasDpkg ? false : 'no dpkg on this machine'

t.test('the Debian package', { skip }, async t => {
  const folder = temporaryDirectory(t)
  const at = (...names: string[]) => path.join(folder, ...names)
  const installed = (...names: string[]) => at('root', ...names)
  for (const name of ['shims', 'root/var/lib/dpkg/updates', 'root/var/lib/dpkg/info'])
    mkdirSync(at(name), { recursive: true })
  for (const name of ['status', 'available']) writeFileSync(installed('var/lib/dpkg', name), '')
  const shim = (name: string, rest: string) => {
    writeFileSync(at('shims', name), `#!/bin/sh\necho "${name} $*" >> ${at('calls')}\n${rest}\n`)
    chmodSync(at('shims', name), 0o755)
  }
  for (const name of ['adduser', 'systemctl', 'ldconfig']) shim(name, '')
  // Without the owner, who does not exist here.
  shim('install', 'while [ $# -gt 1 ]; do last=$2; shift; done; exec mkdir -p -m 0700 "$last"')
  const env = {
    ...process.env,
    NODE_OPTIONS: '',
    FACTORGATE_CONFIG: '',
    PATH: `${at('shims')}:${process.env.PATH}:/usr/sbin:/sbin`
  }
  const run = (command: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(command, args, { env, cwd: folder, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`)
    return { stdout, stderr, said: stdout + stderr }
  }
  // Scripts run outside the folder, since it has no shell; they find it in DPKG_ROOT.
  const dpkg = (...args: string[]) =>
    run(
      'dpkg',
      `--root=${installed()}`,
      `--log=${at('log')}`,
      '--force-not-root',
      '--force-script-chrootless',
      '--force-depends',
      '--force-unsafe-io',
      ...args
    )
  const factorgate = (...args: string[]) => run(installed('usr/bin/factorgate'), ...args)

  program() // builds what has changed, alone
  const made = run(process.execPath, path.join(root, 'src/build/deb.mjs'), '--out', at('out'), '--compression', 'none')
  const file = made.stdout.trim()
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))

  t.test('says what it is and needs', async t => {
    t.match(path.basename(file), new RegExp(`^factorgate_${version}_(amd64|arm64)\\.deb$`))
    const fields = run('dpkg-deb', '--field', file).stdout
    t.match(fields, /^Depends: nodejs \(>= 20\.19\), adduser/m)
    t.match(fields, `Version: ${version}\n`)
    const listed = run('dpkg-deb', '--contents', file).stdout.trim().split('\n')
    const isForDevelopers = (line: string) => /node_modules\/(typescript|tap|esbuild|@types)\/|\.(map|ts)$/.test(line)
    t.same(listed.filter(isForDevelopers), [], 'nothing of developers')
    t.same(
      listed.filter(line => !/^[-dl]\S+ root\/root /.test(line)),
      [],
      'all of it belongs to root'
    )
    t.same(
      listed.filter(line => /^-.{4}w|^-.{7}w|^-..[sS]/.test(line)),
      [],
      'and only root may write there'
    )
    t.same(
      listed.filter(line => /^-..x/.test(line)).map(line => line.split(' ./').pop()),
      ['usr/lib/factorgate/dist/src/main.js'],
      'one file is a program'
    )
    const ofPackages = listed
      .map(line => /^-.*\/node_modules\/(.*)$/.exec(line)?.[1])
      .filter(name => name !== undefined)
    t.same(
      ofPackages.filter(name => !/\.([cm]?js|json|node|wasm)$|(licen[cs]e|copying|notice)[^/]*$/i.test(name)),
      [],
      'of packages only code and licences'
    )
    t.same(
      listed.filter(line => / \.\/(etc|var)\//.test(line)),
      [],
      'no configuration and no data'
    )
  })

  t.test('installs a program that works, and starts nothing', async t => {
    const { said } = dpkg('--install', file)
    t.match(said, /factorgate init \/etc\/factorgate --data \/var\/lib\/factorgate/, 'it says what comes next')
    const calls = readFileSync(at('calls'), 'utf8')
    t.match(calls, /^adduser --system --group .*factorgate$/m)
    t.notMatch(calls, /^systemctl/m)
    for (const name of ['etc/factorgate', 'var/lib/factorgate'])
      t.equal(statSync(installed(name)).mode & 0o777, 0o700, name)
    t.match(factorgate('--version').stdout, version)

    const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
    const load = Object.keys(dependencies).map(name => `await import('${name}')`)
    writeFileSync(installed('usr/lib/factorgate/load.mjs'), load.join('\n'))
    t.equal(run(process.execPath, installed('usr/lib/factorgate/load.mjs')).said, '', 'each package loads')
    rmSync(installed('usr/lib/factorgate/load.mjs'))

    const unit = readFileSync(installed('usr/lib/systemd/system/factorgate.service'), 'utf8')
    t.notMatch(unit, '/opt/')
    const [, main] = /^ExecStart=\/usr\/bin\/node (\S+) serve /m.exec(unit)!
    t.equal(
      realpathSync(installed(main!)),
      realpathSync(installed('usr/bin/factorgate')),
      'the unit starts this program'
    )
    const [, readme] = /^Documentation=file:\/\/(\S+)$/m.exec(unit)!
    t.ok(existsSync(installed(readme!)))
  })

  t.test('makes an installation with what it brings along, and serves it', async t => {
    const config = installed('etc/factorgate/factorgate.yaml')
    t.match(
      factorgate('init', path.dirname(config), '--data', installed('var/lib/factorgate')).stdout,
      /\/\.factorgate\/invite\/[\w-]{43}\n$/
    )
    writeFileSync(config, readFileSync(config, 'utf8').replace(/port: (8443|9090)/g, 'port: 0'))
    const gate = await spawnServing(t, installed('usr/bin/factorgate'), ['serve', '--config', config], env)
    t.equal(await exitCodeOf(gate), 0)
  })

  t.test('removing keeps what people made; purging keeps the data and says so', async t => {
    dpkg('--remove', 'factorgate')
    t.notOk(existsSync(installed('usr/lib/factorgate')))
    t.ok(existsSync(installed('etc/factorgate/factorgate.yaml')))
    const { said } = dpkg('--purge', 'factorgate')
    t.notOk(existsSync(installed('etc/factorgate')))
    t.ok(existsSync(installed('var/lib/factorgate/factorgate.key')))
    t.match(said, /\/var\/lib\/factorgate stays/)
    t.same(readFileSync(installed('var/lib/dpkg/status'), 'utf8').trim(), '')
  })
})
