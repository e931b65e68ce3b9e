/** What people read first must not lie: links lead somewhere, samples load, commands exist, dependencies are all accounted for. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parseConfig } from '../../config/load.ts'
import { selfSigned } from '../fixtures/process/self-signed.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (file: string) => readFileSync(path.join(root, file), 'utf8')
const documents = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'src/README.md',
  'plugins/README.md',
  'tests/README.md',
  'src/demo/README.md'
]

t.test('links and pictures lead somewhere', async t => {
  for (const document of documents) {
    const text = read(document)
    const targets = [...text.matchAll(/\]\(([^)#\s]+)\)|(?:src|srcset)="([^"]+)"/g)].map(match => match[1] ?? match[2]!)
    for (const target of targets.filter(each => !/^https?:/.test(each)))
      t.ok(existsSync(path.join(root, path.dirname(document), target)), `${document}: ${target}`)
  }
})

t.test('the sample configuration of the README loads', async t => {
  const [, apps] = /```yaml\n(apps:[\s\S]*?)```/.exec(read('README.md'))!
  // As `factorgate init` with the README's options writes it.
  const sample = `listen: { host: 0.0.0.0, port: 8443, tls: { cert: tls.crt, key: tls.key } }
portal: { url: "https://gate.lab.example:8443" }
${apps}`
  const folder = t.testdir({})
  await selfSigned(folder, { commonName: 'lab.example' })
  const loaded = parseConfig(sample, path.join(folder, 'factorgate.yaml'))
  t.same(loaded.kind === 'bad' ? loaded.problems : loaded.warnings, [])
})

t.test('every command the README names is one', async t => {
  const [known] = /entries: readonly Entry\[\] = \[([\s\S]*?)\n\]/.exec(read('src/cli/run.ts'))!
  const commands = [...known!.matchAll(/name: '([a-z]+)'/g)].map(match => match[1])
  const named = [...read('README.md').matchAll(/(?:^|`|-- |npx )factorgate ([a-z]+)/gm)].map(match => match[1])
  t.ok(named.length > 8)
  t.same(
    named.filter(name => !commands.includes(name)),
    []
  )
  const added = /command line: (.*)\./.exec(read('CHANGELOG.md'))![1]!
  t.same(
    [...added.matchAll(/`([a-z]+)`/g)].map(match => match[1]).filter(name => !commands.includes(name)),
    []
  )
})

t.test('every npm script the documents name is one', async t => {
  const scripts = Object.keys(JSON.parse(read('package.json')).scripts)
  for (const document of [...documents, '.ci/run'])
    for (const [, name] of read(document).matchAll(/npm run (?:--silent |-s )?([a-z:]+)/g))
      t.ok(scripts.includes(name!), `${document}: ${name}`)
})

t.test('SECURITY.md says why for each dependency, and for nothing else', async t => {
  const table = read('SECURITY.md').split('## What it is made of')[1]!
  const said = [...table.matchAll(/^\| ([^|]+) \|/gm)]
    .flatMap(match => match[1]!.split(','))
    .map(name => name.trim())
    .filter(name => name !== 'package' && !/^-+$/.test(name))
  t.same(said.sort(), Object.keys(JSON.parse(read('package.json')).dependencies).sort())
})

t.test('the licence is the whole Apache licence', async t => {
  const text = read('LICENSE')
  t.match(text, /Apache License\s+Version 2\.0, January 2004/)
  t.match(text, /END OF TERMS AND CONDITIONS/)
  t.equal(JSON.parse(read('package.json')).license, 'Apache-2.0')
})
