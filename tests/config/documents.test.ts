import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { Check } from 'typebox/schema'
import { parse } from 'yaml'
import { configSchema, loadConfig, parseConfig } from '../../config/load.ts'
import { jsonSchema, reference } from '../../config/print.ts'
import { documentedRecipes } from '../../config/recipes/documented.ts'
import { recipePages, recipesTable } from '../../config/recipes/pages.ts'
import { testedRecipes } from '../../config/recipes/tested.ts'
import type { Node } from '../../config/schema/schema-builders.ts'
import { initTemplate } from '../../config/template.ts'
import { temporaryDirectory } from '../fixtures/process/redis-server.ts'
import { selfSigned } from '../fixtures/process/self-signed.ts'
import { said } from './read.ts'

const room = path.join(import.meta.dirname, '../../config')
/** Envoy and Traefik have YAML of their own. */
const examples = readdirSync(path.join(room, 'examples')).filter(name => /^(?!envoy|traefik).*\.yaml$/.test(name))
const text = (name: string) => readFileSync(path.join(room, name), 'utf8')

function accepts(yaml: string): boolean {
  return Check(jsonSchema(), parse(yaml))
}

t.test('the generated documents are up to date (npm run docs)', async t => {
  t.equal(text('factorgate.schema.json'), `${JSON.stringify(jsonSchema(), null, 2)}\n`)
  t.equal(text('reference.md'), reference())
  const pages = readdirSync(path.join(room, '../docs/apps'))
  t.same(pages.sort(), [...recipePages().keys()].sort())
  for (const [name, page] of recipePages()) t.equal(text(`../docs/apps/${name}`), page)
})

t.test('FIELD N4 README, docs/apps and the run of the lab apps say the same, and the gate takes it', async t => {
  t.ok(readFileSync(path.join(room, '../README.md'), 'utf8').includes(recipesTable()), 'README.md holds the table')
  for (const { id, gate } of [...testedRecipes, ...documentedRecipes]) {
    const loaded = parseConfig(
      `portal: { url: https://gate.lab.example }\ntrustedProxies: [10.0.0.1]\napps:\n${gate}`,
      'apps.yaml',
      { GALAXY_SECRET: 'a long shared secret' }
    )
    // Cockpit asks for a password of its own before that header means anything.
    const expected = id === 'cockpit' ? [/passHeaders\[0\] {2}clients can send any value/] : []
    t.match(said(loaded), expected, id)
    t.equal(said(loaded).length, expected.length, id)
  }
  const installed = testedRecipes.find(({ id }) => id === 'jupyter')
  t.match(installed?.env, { ALLOW_REMOTE: 'False' }, 'a notebook server as installed')
  t.same(installed?.app, [])
  t.equal(parse(installed?.gate ?? '')[0].preserveHost, false)
})

t.test('every key has a title, a description and an example or a default', async t => {
  const walk = (node: Node, where: string) => {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      const at = `${where}.${key}`
      const isExplained = child.title !== undefined && (child.description?.length ?? 0) > 5
      const isShown =
        child.examples !== undefined || child.properties !== undefined || child.items?.properties !== undefined
      if (!isExplained || !isShown) t.fail(`${at} lacks words`)
      if (child.description?.endsWith('.') !== true) t.fail(`the description of ${at} is no sentence`)
      for (const inner of [child, child.items ?? {}, ...(child.anyOf ?? [])]) walk(inner, at)
    }
  }
  walk(configSchema as Node, '')
  t.pass('walked')
})

t.test('every example and default in the schema is one the loader takes', async t => {
  const minimal = parse(
    'portal: { url: https://gate.lab.example }\napps: [{ id: a, url: https://a.lab.example, upstream: http://b }]'
  )
  const env = {
    REDIS_PASSWORD: 'x',
    SENTINEL_PASSWORD: 'x',
    GALAXY_SECRET: 'x',
    NGINX_SECRET: 'a-secret-of-nginx',
    MAIL_PASSWORD: 'x',
    HOOK_SECRET: 'x'.repeat(24)
  }
  const tried: string[] = []
  const attempt = (at: readonly (string | number)[], value: unknown) => {
    const config = structuredClone(minimal)
    let place = config
    for (const step of at.slice(0, -1)) place = place[step] ??= step === 'rules' ? [{ access: 'mfa' }] : {}
    place[at.at(-1)!] = value
    const loaded = parseConfig(JSON.stringify(config), '/etc/gate/factorgate.yaml', env)
    const own = at.join('.').replace(/\.(\d+)/g, '[$1]')
    // This test does not check what an example needs beside it (a Sentinel store, an existing file).
    const isAboutShape = (message: string) =>
      !/beside it|is for a store|names? a (readable )?file|must differ|must not be longer/.test(message)
    const problems = loaded.kind === 'ok' ? [] : loaded.problems
    const real = problems.filter(problem => problem.path.startsWith(own) && isAboutShape(problem.message))
    t.same(real, [], `${own}: ${JSON.stringify(value)}`)
    tried.push(own)
  }
  const walk = (node: Node, at: readonly (string | number)[]) => {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      const here = [...at, key]
      for (const value of child.examples ?? []) attempt(here, value)
      if (child.default !== undefined && child.default !== null) attempt(here, child.default)
      for (const inner of [child, ...(child.anyOf ?? [])]) walk(inner, here)
      if (child.items?.properties) walk(child.items, [...here, 0])
    }
  }
  walk(configSchema as Node, [])
  t.ok(tried.length > 80, `${tried.length} tried`)
})

t.test('every example file loads without a warning, and editors accept it', async t => {
  t.ok(examples.length >= 4)
  const ca = readFileSync((await selfSigned(temporaryDirectory(t))).cert, 'utf8')
  for (const name of examples) {
    const folder = t.testdir({ [name]: text(`examples/${name}`), 'redis-password': 'p\n', 'redis-ca.crt': ca })
    const env = { REDIS_PASSWORD: 'p', SENTINEL_PASSWORD: 'p', GALAXY_SECRET: 's' }
    const loaded = await loadConfig({ file: name, cwd: folder, env })
    const expected = name === 'redis.yaml' ? [/admin\.host {2}health and metrics answer/] : []
    t.match(said(loaded), expected)
    t.equal(said(loaded).length, expected.length, name)
    t.equal(loaded.kind, 'ok', name)
    t.ok(accepts(text(`examples/${name}`)), `${name} fits the JSON Schema`)
  }
})

t.test('the JSON Schema refuses what the loader refuses', async t => {
  const base = 'apps: [{ id: a, url: https://a.example, upstream: http://b }]\n'
  t.ok(accepts(`${base}portal: { url: https://g.example }`))
  t.ok(
    accepts(
      `${base}portal: { url: https://g.example }\nlisten: { port: "\${PORT}", host: "\${HOST}" }\nunsafeHttp: \${X}`
    )
  )
  for (const [sentence, yaml] of [
    ['an unknown key', `${base}portal: { url: https://g.example, titel: x }`],
    ['a missing key', 'portal: { url: https://g.example }'],
    ['a duration without a unit', `${base}portal: { url: https://g.example }\nshutdownTimeout: 30`],
    ['a hop count', `${base}portal: { url: https://g.example }\ntrustedProxies: 1`],
    ['a portal with a path', `${base}portal: { url: https://g.example/x }`],
    [
      'an upstream of another kind',
      'portal: { url: https://g.example }\napps: [{ id: a, url: https://a.example, upstream: ftp://b }]'
    ],
    ['admin: true', `${base}portal: { url: https://g.example }\nadmin: true`]
  ] as const)
    t.notOk(accepts(yaml), sentence)
})

t.test('the template of `init` passes `check` as it stands', async t => {
  const rows = [
    [{}, 'http://localhost:8443', 'http://app.localhost:8443'],
    [{ portalUrl: 'http://localhost:9000' }, 'http://localhost:9000', 'http://app.localhost:9000'],
    [{ portalUrl: 'http://gate.localhost:9000' }, 'http://gate.localhost:9000', 'http://app.localhost:9000'],
    [{ portalUrl: 'http://app.localhost:9000' }, 'http://app.localhost:9000', 'http://first.localhost:9000'],
    [{ portalUrl: 'https://app.lab.example' }, 'https://app.lab.example', 'https://first.lab.example'],
    [
      { portalUrl: 'https://gate.lab.example', title: 'A "lab" # $' + '{X}: é' },
      'https://gate.lab.example',
      'https://app.lab.example'
    ],
    [{ portalUrl: 'https://lab.example' }, 'https://lab.example', 'https://lab.example'],
    [{ portalUrl: 'https://10.0.0.1', upstream: 'unix:/run/a.sock' }, 'https://10.0.0.1', 'https://10.0.0.1']
  ] as const
  for (const [options, portal, app] of rows) {
    const yaml = initTemplate(options)
    const loaded = parseConfig(yaml, '/srv/factorgate.yaml')
    if (loaded.kind === 'bad') t.fail(said(loaded).join('\n'))
    else {
      t.equal(loaded.config.portal.url.origin, portal)
      t.equal(loaded.config.apps[0]?.url.origin, app)
      const shares = said(loaded).filter(warning => /has the same host as the portal/.test(warning))
      t.equal(shares.length, portal === app ? 1 : 0, 'a path on the portal only where there is no other way')
      t.equal(loaded.config.portal.title, 'title' in options ? options.title : 'Example Lab')
      t.equal(loaded.config.keyFile, '/srv/var/factorgate.key')
      t.ok(accepts(yaml), 'and fits the JSON Schema')
    }
  }
  t.equal(parseConfig(initTemplate({ portalUrl: 'nonsense' }), '/x.yaml').kind, 'bad')
})

t.test('all that the template says in comments is true once uncommented', async t => {
  const yaml = initTemplate({ portalUrl: 'https://gate.lab.example' })
    .replace(/^( *)# (rpId|contact|accent|- \{)/gm, '$1$2')
    .replace('trustedProxies: []           # ', 'trustedProxies: ')
  const loaded = parseConfig(yaml, '/srv/factorgate.yaml')
  t.same(said(loaded), [])
  t.equal(loaded.kind === 'ok' && loaded.config.apps[0]!.rules.length, 4)
})
