/**
 * The rules of the architecture, checked on import lines: who may import whom, which driver has which file, and what no file may hold. Each
 * rule first meets an invented offender, so that a rule that checks nothing fails.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('../', import.meta.url))
const leftOver = new Set(['node_modules', 'dist', 'var', '.tap', '.git'])

/** Every file of the project, as a path from its root: what git tracks, or without git whatever was neither installed nor built. */
function projectFiles(): string[] {
  const git = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  if (git.status === 0 && git.stdout !== '')
    return git.stdout.split('\0').filter(file => file !== '' && existsSync(path.join(root, file)))
  return filesBelow('')
}

function filesBelow(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter(entry => !leftOver.has(entry.name))
    .flatMap(entry => {
      const name = path.posix.join(folder, entry.name)
      return entry.isDirectory() ? filesBelow(name) : [name]
    })
}

const files = projectFiles()
const text = new Map(files.map(file => [file, readFileSync(path.join(root, file), 'utf8')]))
const code = files.filter(file => /^(src|plugins|config)\/.*\.(tsx?|[cm]?[jt]s)$/.test(file))

interface Import {
  readonly from: string
  /** A path from the root for our own files, a package's name for others. */
  readonly to: string
  readonly isType: boolean
}

const statement = /(?:^|\n)\s*(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"\n]+)['"]/g
const call = /\b(?:import|require)\(\s*['"]([^'"\n]+)['"]\s*\)/g

function importsOf(file: string, source: string): Import[] {
  const resolve = (name: string) =>
    name.startsWith('.') ? path.posix.join(path.posix.dirname(file), name) : packageName(name)
  return [
    ...[...source.matchAll(statement)].map(match => ({
      from: file,
      to: resolve(match[2]!),
      isType: match[1] !== undefined
    })),
    ...[...source.matchAll(call)].map(match => ({ from: file, to: resolve(match[1]!), isType: false }))
  ]
}

function packageName(name: string): string {
  if (name.startsWith('node:')) return 'node'
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')
}

const imports = code.flatMap(file => importsOf(file, text.get(file)!))

const isOurs = (to: string) => /^(src|plugins|config|tests)\//.test(to)
const isFastify = (to: string) => to === 'fastify' || to === 'fastify-plugin' || to.startsWith('@fastify/')
/** The composition: it may import everything, and nothing imports it. */
const isComposition = (file: string) => /^src\/((main|gateway)\.ts|(server|services|cli|build)\/)/.test(file)
const isDomain = (file: string) => file.startsWith('src/') && !isComposition(file)
/** What knows a database by name. The port, its errors and `open.ts`, which picks an adapter, do not. */
const isConcreteStore = (file: string) => /^src\/store\/(redis|lmdb)/.test(file)
/** The steps that `src/gateway.ts` registers, without those that others fill or render: the exchange and the portal. */
const stepFiles = [
  ...text.get('src/gateway.ts')!.matchAll(/^import \{[^}]*Plugin\b[^}]*\} from '\.\.\/(plugins\/[\w-]+\.ts)'/gm)
]
  .map(match => match[1]!)
  .filter(file => file !== 'plugins/exchange.ts')
const isStep = (file: string) => stepFiles.includes(file)

/** Readers of texts, and numbers, that the configuration shares: networks, sign-in names, header names, addresses of Redis, limits. */
const leafReaders: readonly string[] = [
  'src/request/networks.ts',
  'src/identity/account.ts',
  'src/identity/suspension.ts',
  'src/identity/ldap/dn.ts',
  'src/identity/ldap/filter-template.ts',
  'src/identity/oidc/client-key.ts',
  'src/factor/kinds.ts',
  'src/throttle/limits.ts',
  'src/budgets/steps.ts',
  'src/unusual/steps.ts',
  'src/device/binding.ts',
  'src/decoys/steps.ts',
  'src/notify/mail-address.ts',
  'src/notify/notice-groups.ts',
  'src/identity/header-profiles.ts',
  'src/request/header-name.ts',
  'src/store/redis/url.ts',
  'src/colours/accent.ts',
  'src/messages/languages.ts',
  'src/messages/overrides.ts',
  'src/messages/visible.ts',
  'src/traces/header-lines.ts'
]
const folderOf = (file: string) => file.split('/').slice(0, 2).join('/')
/** The layers of config/, lowest first; load.ts and print.ts are the highest. */
const configLayers = [
  /^config\/values\//,
  /^config\/schema\//,
  /^config\/(reading\/|schema\.ts)/,
  /^config\/checks\//,
  /^config\//
]
const layerOf = (file: string) => configLayers.findIndex(layer => layer.test(file))

/** Forbidden imports: a sentence, whether an import breaks it, and an invented offender. */
const importRules: readonly (readonly [string, (line: Import) => boolean, Omit<Import, 'isType'>])[] = [
  [
    'config/ knows yaml, tldts, node and the leaf readers of the domain, and nothing else of src/ or plugins/',
    ({ from, to }) =>
      from.startsWith('config/') &&
      !to.startsWith('config/') &&
      !['yaml', 'tldts', 'node'].includes(to) &&
      !leafReaders.includes(to),
    { from: 'config/values/addresses.ts', to: 'src/store/redis/redis.ts' }
  ],
  [
    'a leaf reader loads nothing but what stands in its own room, so that reading a configuration loads no more',
    ({ from, to, isType }) => leafReaders.includes(from) && !isType && to !== 'node' && folderOf(from) !== folderOf(to),
    { from: leafReaders[0]!, to: 'src/clock.ts' }
  ],
  [
    'in config/, values know nothing of schemas, schemas nothing of files, reading nothing of checks, and none of them of load.ts',
    ({ from, to }) => from.startsWith('config/') && to.startsWith('config/') && layerOf(from) < layerOf(to),
    { from: 'config/values/addresses.ts', to: 'config/reading/diagnostics.ts' }
  ],
  [
    'plugins/, the server and the gateway know Fastify, and nobody else',
    ({ from, to }) => !/^(plugins\/|src\/server\/|src\/gateway\.ts$)/.test(from) && isFastify(to),
    { from: 'src/services/services.ts', to: 'fastify' }
  ],
  [
    'the domain knows neither plugins/ nor config/',
    ({ from, to }) => isDomain(from) && /^(plugins|config)\//.test(to),
    { from: 'src/session/sessions.ts', to: 'config/schema.ts' }
  ],
  [
    'the domain holds the store port, never an adapter',
    ({ from, to }) => isDomain(from) && !from.startsWith('src/store/') && isConcreteStore(to),
    { from: 'src/session/sessions.ts', to: 'src/store/lmdb/lmdb.ts' }
  ],
  [
    'a store adapter knows the store, the clock, how a folder is made, files and processes of the machine, and its one driver',
    ({ from, to }) =>
      isConcreteStore(from) &&
      !to.startsWith('src/store/') &&
      !to.startsWith('src/files/') &&
      !['src/clock.ts', 'src/ensure-directory.ts', 'node', 'ioredis', 'lmdb'].includes(to),
    { from: 'src/store/redis/redis.ts', to: 'src/session/session.ts' }
  ],
  [
    'one adapter knows nothing of the other',
    ({ from, to }) => isConcreteStore(from) && isConcreteStore(to) && from.includes('/redis') !== to.includes('/redis'),
    { from: 'src/store/redis/redis.ts', to: 'src/store/lmdb/lmdb.ts' }
  ],
  [
    'plugins never see the whole configuration nor an adapter of the store',
    ({ from, to }) =>
      from.startsWith('plugins/') && (to.startsWith('config/') || isConcreteStore(to) || to === 'src/store/open.ts'),
    { from: 'plugins/enforce.ts', to: 'config/schema.ts' }
  ],
  [
    'no step reaches into another step; what they share is the exchange',
    ({ from, to }) => from.startsWith('plugins/') && isStep(to) && from !== to,
    { from: 'plugins/portal/index.ts', to: 'plugins/enforce.ts' }
  ],
  [
    'nobody imports what composes everything',
    ({ from, to }) => isComposition(to) && !isComposition(from),
    { from: 'plugins/match.ts', to: 'src/gateway.ts' }
  ],
  [
    'the entry and the commands are called by nobody but each other',
    ({ from, to }) =>
      (to === 'src/main.ts' || to.startsWith('src/cli/')) && from !== 'src/main.ts' && !from.startsWith('src/cli/'),
    { from: 'src/server/server.ts', to: 'src/cli/serve.ts' }
  ],
  [
    'in the portal, in the console and in sign-in, one file writes the journal',
    ({ from, to }) =>
      /^(plugins\/(portal|console)|src\/sign-in)\//.test(from) &&
      to.startsWith('src/audit/') &&
      !['src/sign-in/journal.ts', 'src/sign-in/sign-in.ts'].includes(from),
    { from: 'plugins/portal/login.tsx', to: 'src/audit/event.ts' }
  ],
  [
    'nothing that runs imports a test',
    ({ to }) => to.startsWith('tests/'),
    { from: 'src/demo/pages.ts', to: 'tests/fixtures/browser/browser.ts' }
  ]
]

t.test('who may call whom', async t => {
  t.ok(imports.length > 200, 'the import lines were found')
  t.same(
    leafReaders.filter(file => !files.includes(file)),
    [],
    'the leaf readers are there'
  )
  for (const [sentence, breaks, offender] of importRules) {
    t.ok(breaks({ ...offender, isType: false }), `an offender is seen: ${sentence}`)
    t.same(
      imports.filter(breaks).map(({ from, to }) => `${from} → ${to}`),
      [],
      sentence
    )
  }
})

t.test('import lines are read whatever their shape', async t => {
  const source = `import a from './a.ts'\nimport {\n  b,\n  type c\n} from '../b/b.ts'\nimport type { d } from "fastify"\nimport '@scope/e/deep'
export { f } from './f.ts'\nexport * from 'node:fs'\nconst g = await import('./g.ts')\nexport const h = 'from "./never.ts"'\n`
  t.same(
    importsOf('src/x/y.ts', source).map(({ to, isType }) => `${to}${isType ? ' (type)' : ''}`),
    ['src/x/a.ts', 'src/b/b.ts', 'fastify (type)', '@scope/e', 'src/x/f.ts', 'node', 'src/x/g.ts']
  )
})

t.test('one driver, one file', async t => {
  const homes: readonly (readonly [driver: string, homes: readonly string[]])[] = [
    ['@node-saml/node-saml', ['src/identity/saml/second-opinion-thread.ts']],
    ['otplib', ['src/factor/totp.ts']],
    ['@simplewebauthn/server', ['src/factor/webauthn-library.ts']],
    ['ioredis', ['src/store/redis/redis.ts']],
    ['lmdb', ['src/store/lmdb/environment.ts']],
    ['ldapts', ['src/identity/ldap/driver.ts']],
    ['nodemailer', ['src/notify/mail.ts']],
    ['tldts', ['config/values/public-suffixes.ts']],
    ['@fastify/http-proxy', ['plugins/forward.ts']],
    [
      '@node-rs/argon2',
      [
        'src/identity/password/hash-processes.ts',
        'src/identity/password/hash-program.mjs',
        'src/identity/password/password.ts'
      ]
    ],
    ['preact-render-to-string', ['plugins/portal/layout.tsx']],
    ['openid-client', ['src/identity/oidc/oidc.ts', 'src/identity/oidc/provider.ts']],
    ['jose', ['client-assertion', 'encrypted-tokens', 'signing-keys'].map(name => `src/identity/oidc/${name}.ts`)],
    ['intl-messageformat', ['src/messages/icu.ts']],
    ['mmdb-lib', ['src/unusual/countries.ts']],
    ['parse5-sax-parser', ['src/integrity/read-page.ts']]
  ]
  for (const [driver, allowed] of homes)
    t.same([...new Set(imports.filter(line => line.to === driver).map(line => line.from))], allowed, driver)

  t.test('what runs imports its dependencies, all of them, and nothing else', async t => {
    const { dependencies, devDependencies } = JSON.parse(text.get('package.json')!)
    const packages = (lines: readonly Import[]) => [
      ...new Set(lines.map(line => line.to).filter(to => !isOurs(to) && to !== 'node'))
    ]
    // preact's JSX runtime is imported by what the compiler writes, beside the types that our files name.
    const isBuild = ({ from }: Import) => from.startsWith('src/build/')
    const ran = packages(imports.filter(line => !isBuild(line) && (!line.isType || line.to === 'preact')))
    t.same(ran.sort(), Object.keys(dependencies).sort())
    const building = packages(imports.filter(isBuild))
    t.same(building.sort(), ['esbuild', 'typescript'])
    t.same(
      building.filter(name => !(name in devDependencies)),
      [],
      'what builds is installed for developers alone'
    )
    const typed = packages(imports.filter(line => line.isType))
    t.same(
      typed.filter(name => !(name in dependencies) && !(name in devDependencies)),
      [],
      'types come from what is installed'
    )
  })
})

/** The rooms of ARCHITECTURE.md, from top to bottom: a folder with a slash at its end, or a file. */
const rooms = [...text.get('ARCHITECTURE.md')!.matchAll(/^\| `((?:src|plugins|config)\/[^`]*)` \|/gm)].map(
  match => match[1]!
)

/** The room of a file; undefined where the table has none. */
const roomOf = (file: string) => rooms.find(room => (room.endsWith('/') ? file.startsWith(room) : file === room))

/** Lines that point from a room to one above it, or to a file without a room. */
function pointingUp(lines: readonly Import[]): string[] {
  return lines
    .filter(({ to }) => isOurs(to) && !to.startsWith('tests/'))
    .filter(({ from, to }) => {
      const [above, below] = [roomOf(from), roomOf(to)]
      return above !== below && !(rooms.indexOf(above ?? '') < rooms.indexOf(below ?? ''))
    })
    .map(({ from, to }) => `${from} → ${to}`)
}

t.test('rooms', async t => {
  const up: Import = { from: 'src/policy/decide.ts', to: 'src/apps/route-table.ts', isType: true }
  t.same(pointingUp([up]), ['src/policy/decide.ts → src/apps/route-table.ts'], 'an offender is seen, types included')
  t.same(pointingUp(imports), [], 'arrows point downwards, types included')
  t.same(
    code.filter(file => roomOf(file) === undefined),
    [],
    'every file lies in a room of ARCHITECTURE.md'
  )
  t.same(
    rooms.filter(room => !code.some(file => roomOf(file) === room)),
    [],
    'every room of ARCHITECTURE.md is there'
  )
  t.ok(code.filter(file => /^src\/[^/]+$/.test(file)).length <= 6, 'at most six files lie directly in src/')
})

t.test('only src/platform leans on the insides of Node or V8', async t => {
  const insides =
    /\b_(?:readableState|writableState|header|writeRaw|handle|read|send|httpMessage)\b|\b(?:assign|detach)Socket\b|\bdestroySoon\b|setFlagsFromString|runInNewContext|process\.binding|\bkOn[A-Z]\w+|\.prototype\./
  for (const offender of ['socket._readableState', 'response._header +=', "from 'node:v8'\nsetFlagsFromString("])
    t.match(offender, insides)
  const leaning = files.filter(file => /^(?:src|plugins|config)\/.*\.tsx?$/.test(file) && insides.test(text.get(file)!))
  t.ok(leaning.length > 0)
  t.same(
    leaning.filter(file => !file.startsWith('src/platform/')),
    []
  )
  const tests = files.filter(file => /^tests\/platform\/.*\.test\.ts$/.test(file)).map(file => text.get(file)!)
  t.same(
    files.filter(file => /^src\/platform\/.*\.ts$/.test(file) && !tests.some(one => one.includes(`/${file}'`))),
    [],
    'each file there has a test'
  )
})

t.test('nothing goes round in a circle', async t => {
  const line = (from: string, to: string): Import => ({ from, to, isType: true })
  t.same(circle(edgesOf([line('a', 'b'), line('b', 'a')])), ['a', 'b', 'a'], 'a circle is seen, types included')
  t.equal(circle(edgesOf(imports)), null, 'no circle between files, types included')
})

function edgesOf(lines: readonly Import[]): ReadonlyMap<string, ReadonlySet<string>> {
  const edges = new Map<string, Set<string>>()
  for (const { from, to } of lines) edges.set(from, (edges.get(from) ?? new Set()).add(to))
  return edges
}

/** One circle in a graph, as a walk that ends where it began; null if there is none. */
function circle(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] | null {
  const done = new Set<string>()
  const walk = (node: string, trail: readonly string[]): string[] | null => {
    if (trail.includes(node)) return [...trail.slice(trail.indexOf(node)), node]
    if (done.has(node)) return null
    for (const next of edges.get(node) ?? []) {
      const found = walk(next, [...trail, node])
      if (found !== null) return found
    }
    done.add(node)
    return null
  }
  for (const node of edges.keys()) {
    const found = walk(node, [])
    if (found !== null) return found
  }
  return null
}

/** Exported names of a file, without records: `tests/store/records.test.ts` finds those by their class. */
function exportsOf(source: string): string[] {
  const line = /^export (?:async |abstract )*(?:const|let|function\*?|class|interface|type) ([\w$]+)/gm
  return [...source.matchAll(line)].map(([, name]) => name!).filter(name => !name.endsWith('Record'))
}

/** What is taken of each file by others; `*` for all that it exports. */
function takenNames(sources: ReadonlyMap<string, string>): ReadonlyMap<string, ReadonlySet<string>> {
  const taken = new Map<string, Set<string>>()
  const take = (from: string, name: string, what: string) => {
    const to = path.posix.join(path.posix.dirname(from), name)
    taken.set(to, (taken.get(to) ?? new Set()).add(what))
  }
  const listed = /(?:^|\n)\s*(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s+from\s+'(\.[^']+)'/g
  const whole = /(?:\b(?:import|export)\s+(?:type\s+)?\*(?: as \w+)? from\s+|\bimport\()'(\.[^']+)'/g
  for (const [file, source] of sources) {
    for (const [, names, name] of source.matchAll(listed))
      for (const each of names!.split(',')) {
        const [, what = ''] = /^\s*(?:type )?([\w$]+)/.exec(each) ?? []
        take(file, name!, what)
      }
    for (const [, name] of source.matchAll(whole)) take(file, name!, '*')
  }
  return taken
}

t.test('a file exports only what another file uses', async t => {
  const scripts = new Map(files.filter(file => /\.(tsx?|[cm]?js)$/.test(file)).map(file => [file, text.get(file)!]))
  const unused = (sources: ReadonlyMap<string, string>) => {
    const taken = takenNames(sources)
    return [...sources].flatMap(([file, source]) => {
      const names = taken.get(file)
      const left = names?.has('*') ? [] : exportsOf(source).filter(name => !names?.has(name))
      return left.map(name => `${file}: ${name}`)
    })
  }
  const offenders = new Map([
    ['src/a.ts', 'export function askedFor() {}\nexport function nobodyAsksForThis() {}'],
    ['src/b.ts', "import { type Other, askedFor as mine } from './a.ts'\nfunction nobodyAsksForThis() {}"]
  ])
  t.same(unused(offenders), ['src/a.ts: nobodyAsksForThis'], 'an offender is seen, although another file has the name')
  // The build loads it from dist/; Node and tap load those of tests/setup/ by their names.
  const isLoadedByName = (line: string) => /^(src\/evidence\/bill-file\.ts|tests\/setup\/[\w-]+\.mjs): /.test(line)
  t.same(
    unused(scripts).filter(line => !isLoadedByName(line)),
    [],
    'leave out `export` where a name serves its own file alone'
  )
})

t.test('files', async t => {
  const scripts = files.filter(file => /\.(ts|tsx|mjs|js)$/.test(file))
  // Lists of words and of sentences: long, and nothing in them to follow.
  const lists = [
    'src/identity/password/common-passwords.ts',
    'plugins/portal/messages/sentences.ts',
    'plugins/console/messages/sentences.ts'
  ]
  const lines = (file: string) => text.get(file)!.split('\n').length - 1
  t.same(
    scripts
      .filter(file => lines(file) > (file.startsWith('tests/') ? 600 : 400) && !lists.includes(file))
      .map(file => `${file}: ${lines(file)}`),
    [],
    'none is longer than 400 lines, no table of tests longer than 600'
  )
  t.same(
    files.filter(file => /^(src|plugins)\/(.*\/)?(utils?|helpers?|common|types|misc|lib)(\/|\.tsx?$)/.test(file)),
    [],
    'no folder or file for unrelated things'
  )
  t.same(
    code.filter(file => !/^(#!.*\n)?\s*(\/\*\*|\/\/)/.test(text.get(file)!)),
    [],
    'each begins by saying what it is'
  )
})

t.test('one question, asked in one place', async t => {
  const asksDecide = /\b(?:import|export)\s+(?:\{[^}]*\bdecide\b[^}]*\}|\*[^'"]*)\s*from\s*['"][^'"]*\/decide\.ts['"]/
  const makesPermit = /\bas\s+(?:unknown\s+as\s+)?Permit\b|<Permit>/
  for (const offender of [
    "import { type Question, decide } from '../policy/decide.ts'",
    "import * as d from './decide.ts'",
    "export { decide } from './decide.ts'"
  ])
    t.match(offender, asksDecide)
  for (const offender of ['{ appId } as Permit', '{} as unknown as Permit', '<Permit>{}'])
    t.match(offender, makesPermit)
  const found = (pattern: RegExp) => code.filter(file => pattern.test(text.get(file)!))
  t.same(found(asksDecide), ['src/apps/authorize.ts'], 'decide() is asked by authorize() alone')
  t.same(found(makesPermit), ['src/policy/decide.ts'], 'a Permit is made by decide() alone')
})

t.test('records are compared and replaced in one loop', async t => {
  const replaces = /\b#?store\.replace\(/
  t.match('await this.#store.replace(key, text, next)', replaces)
  t.same(
    code.filter(file => replaces.test(text.get(file)!)),
    ['src/store/change.ts']
  )
})

t.test('the domain gets time and randomness from outside', async t => {
  const unowned = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.env\b/
  t.match('const at = Date.now()', unowned)
  // An adapter waits for its database in real time.
  t.same(
    code.filter(
      file => isDomain(file) && file !== 'src/clock.ts' && !isConcreteStore(file) && unowned.test(text.get(file)!)
    ),
    []
  )
})

t.test('every room says what it holds', async t => {
  const rooms = new Set([
    'config',
    'tests',
    ...code.flatMap(file => file.match(/^(src|plugins)(\/[^/.]+(?=\/))?/)?.[0] ?? [])
  ])
  t.same(
    [...rooms].filter(room => !files.includes(`${room}/README.md`)),
    []
  )
  const tables = [...rooms].filter(room => room !== 'tests' && /^\| file +\|/m.test(text.get(`${room}/README.md`)!))
  t.ok(tables.length > 30)
  // The README of plugins/ lists the steps by their names, without `.ts`.
  const isNamed = (room: string, file: string) => {
    const readme = text.get(`${room}/README.md`)!
    return readme.includes(file) || (room === 'plugins' && readme.includes(`\n${path.parse(file).name} `))
  }
  t.same(
    tables.flatMap(room =>
      code
        .filter(file => path.dirname(file) === room && !isNamed(room, path.basename(file)))
        .map(file => `${room}/README.md lacks ${path.basename(file)}`)
    ),
    [],
    'a table of files in a README is complete'
  )
})

t.test('what the map and the READMEs name exists', async t => {
  const named = (markdown: string) => [...markdown.matchAll(/`([^`\n]+)`/g)].map(match => match[1]!)
  const isFile = (name: string) => /^[a-z][\w./-]*\.(tsx?|mjs)$/.test(name)
  const filesOf = (name: string) => files.filter(file => file === name || file.endsWith(`/${name}`))
  t.same([isFile('src/clock.ts'), isFile('t.test'), filesOf('src/no.ts').length], [true, false, 0])
  const maps = [
    'ARCHITECTURE.md',
    ...files.filter(file => /^(src|plugins|config|tests)\/(.*\/)?README\.md$/.test(file))
  ]
  t.same(
    maps.flatMap(map =>
      named(text.get(map)!)
        .filter(name => isFile(name) && filesOf(path.posix.normalize(name).replace(/^(\.\.\/)+/, '')).length === 0)
        .map(name => `${map}: ${name}`)
    ),
    [],
    'each file'
  )
  // Some line of the map that names a function names its file too.
  const homeless = (markdown: string) => {
    const lines = markdown.split('\n').map(named)
    const functions = new Set(lines.flat().flatMap(name => /^#?(\w+)\(\)$/.exec(name)?.[1] ?? []))
    return [...functions].filter(name => {
      const beside = lines.filter(line => line.some(other => other === `${name}()` || other === `#${name}()`)).flat()
      const definition = new RegExp(`\\b${name}\\b\\s*[(<=]`)
      return !beside
        .filter(isFile)
        .flatMap(filesOf)
        .some(file => definition.test(text.get(file)!))
    })
  }
  t.same(homeless('`gone()` in `src/clock.ts`\n`systemClock()` in `src/ids.ts`'), ['gone', 'systemClock'])
  t.same(homeless(text.get('ARCHITECTURE.md')!), [], 'each function, in a file that stands beside it')
})

t.test('no test is switched off', async t => {
  const off = new RegExp(['\\.(only|skip|todo)\\s*\\(', '\\b(only|skip|todo):\\s*(true|["\'`])'].join('|'))
  t.match(`t.${'skip'}('later')`, off)
  t.match(`{ ${'todo'}: 'later' }`, off)
  t.same(
    files.filter(file => /^tests\/.*\.(test|bench)\.tsx?$/.test(file) && off.test(text.get(file)!)),
    []
  )
})

t.test('nothing names the place it was made in', async t => {
  const registries = [
    'registry.npm' + 'js',
    'registry.yarn' + 'pkg',
    'deb.deb' + 'ian',
    'archive.ubu' + 'ntu',
    'proxy.go' + 'lang',
    'py' + 'pi.org'
  ]
  const places = ['/wor' + 'k/', '/ro' + 'ot/.', '/ho' + 'me/', '/Us' + 'ers/']
  for (const [file, source] of text)
    for (const word of [...registries, ...places]) if (source.includes(word)) t.fail(`${file} names ${word}`)
  t.equal(
    JSON.stringify(JSON.parse(text.get('package-lock.json')!)).includes('"resolved"'),
    false,
    'the lock file names no address'
  )
})
