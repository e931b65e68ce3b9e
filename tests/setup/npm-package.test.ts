/** The npm package: packed, unpacked into an empty folder beside the packages that it asks for, and used there. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { headingsOf, linksIn } from '../docs/links.ts'
import { formsOf, Person } from '../fixtures/in-process/person.ts'
import { freePort } from '../fixtures/process/free-port.ts'
import { program, root } from '../fixtures/process/program.ts'
import { temporaryDirectory } from '../fixtures/process/redis-server.ts'

const maxBytes = 2_500_000

t.test('the npm package', async t => {
  const folder = temporaryDirectory(t)
  const at = (...names: string[]) => path.join(folder, ...names)
  const env = { ...process.env, NODE_OPTIONS: '', FACTORGATE_CONFIG: '', npm_config_cache: at('cache') }
  const run = (command: string, args: readonly string[], cwd = folder) => {
    const { status, stdout, stderr } = spawnSync(command, args, { env, cwd, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`)
    return { stdout, stderr }
  }
  program() // builds what has changed
  const pack = ['pack', '--json', '--ignore-scripts', '--offline', '--pack-destination', folder]
  const [packed] = JSON.parse(run('npm', pack, root).stdout)
  run('tar', ['-xzf', at(packed.filename)])
  const files: string[] = packed.files.map(({ path }: { path: string }) => path)
  const installed = at('package')

  t.test('holds what runs and what people read, and nothing else', async t => {
    t.same(readdirSync(installed).sort(), [
      ...['ARCHITECTURE.md', 'CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md'],
      ...['config', 'dist', 'docs', 'package.json']
    ])
    t.same(
      files.filter(file => /\.tsx?$|\.map$|\.test\.|(^|\/)(tests|var|secrets|node_modules)\/|\.key$|\.env/.test(file)),
      [],
      'no sources, no tests, no secrets'
    )
    t.ok(packed.size < maxBytes, `${packed.size} bytes`)
    t.comment(`measured: ${packed.size} bytes packed, ${packed.unpackedSize} unpacked, ${files.length} files`)
    t.equal(statSync(path.join(installed, 'dist/src/main.js')).mode & 0o111, 0o111, 'the program can be executed')
  })

  t.test('links of its pages lead somewhere in it', async t => {
    // These three are about the sources, and say which file of them.
    const ofSources = ['ARCHITECTURE.md', 'docs/THREATS.md', 'docs/FIELD.md']
    const pages = files.filter(file => file.endsWith('.md') && !ofSources.includes(file))
    t.ok(pages.length > 40)
    const dead = pages.flatMap(page =>
      linksIn(readFileSync(path.join(installed, page), 'utf8'))
        .filter(link => {
          const [file = '', anchor] = link.split('#')
          const target = path.join(installed, file === '' ? page : path.join(path.dirname(page), file))
          if (!target.startsWith(installed) || !existsSync(target)) return true
          return (
            anchor !== undefined && target.endsWith('.md') && !headingsOf(readFileSync(target, 'utf8')).includes(anchor)
          )
        })
        .map(link => `${page}: ${link}`)
    )
    t.same(dead, [])
  })

  // Only the packages that npm would install for it, each with its own.
  const { dependencies } = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) {
    mkdirSync(path.dirname(at('package/node_modules', name)), { recursive: true })
    symlinkSync(path.join(root, 'node_modules', name), at('package/node_modules', name))
  }
  const { bin } = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'))
  const factorgate = path.join(installed, bin.factorgate)

  t.test('writes a configuration that it finds right', async t => {
    t.match(
      run(process.execPath, [factorgate, 'init', 'gate']).stdout,
      /^http:\/\/localhost:8443\/\.factorgate\/invite\/\S+\n$/
    )
    t.match(run(process.execPath, [factorgate, 'check', '--config', 'gate/factorgate.yaml']).stderr, /no problem/)
  })

  t.test('shows the demonstration', async t => {
    const port = await freePort()
    const demo = spawn(process.execPath, [factorgate, 'demo', '--port', String(port)], {
      env,
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    const ended = new Promise(resolve => demo.once('exit', resolve))
    t.teardown(() => demo.kill('SIGKILL'))
    let said = ''
    await new Promise<void>((resolve, reject) => {
      const hear = (part: Buffer) => {
        said += part
        if (/\/invite\/\S+\s/.test(said)) resolve()
      }
      demo.stdout.on('data', hear)
      demo.stderr.on('data', hear)
      demo.once('exit', code => reject(new Error(`ended with ${code}: ${said}`)))
    })
    const page = await new Person(port).open(/http\S+\/invite\/\S+/.exec(said)![0])
    t.ok(
      formsOf(page.body).some(({ names }) => names.includes('password')),
      'the invitation opens'
    )
    demo.kill('SIGINT')
    t.equal(await ended, 0)
  })
})
