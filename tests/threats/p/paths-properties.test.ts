/**
 * Harmless odd addresses are forwarded byte for byte, to an app on a separate host, under a path, and behind a base path, over raw sockets;
 * and a server's reading of the bytes after a prefix of the gate.
 */
import fc from 'fast-check'
import t from 'tap'
import { type App, type Match, RouteTable } from '../../../src/apps/route-table.ts'
import { parseTarget } from '../../../src/request/target.ts'
import { runs } from '../../fixtures/in-process/cases.ts'
import { sampleApp } from '../../fixtures/in-process/sample-app.ts'
import { Lab, values } from '../../fixtures/in-process/wire.ts'
import { oddPath } from '../../request/odd-paths.ts'
import { habits, servers } from '../../request/servers.ts'

const query = fc.oneof(fc.constant(''), fc.constant('?'), fc.stringMatching(/^\?[!$-~"]{0,12}$/))

t.test('what is forwarded is what came', { timeout: 60_000 + runs * 1_500 }, async t => {
  const lab = await Lab.start(t, {
    apps: `
  - { id: app, url: "http://app.localhost:PORT", upstream: "UP" }
  - { id: root, url: "http://root.localhost:PORT", upstream: "UP", rules: [{ access: public }] }
  - { id: based, url: "http://based.localhost:PORT", upstream: "UP/base", rules: [{ access: public }] }
  - { id: cut, url: "http://lab.localhost:PORT/app1", upstream: "UP", rules: [{ access: public }] }
  - { id: moved, url: "http://lab.localhost:PORT/app2", upstream: "UP/deep/base", rules: [{ access: public }] }
  - { id: kept, url: "http://lab.localhost:PORT/app3", upstream: "UP/app3", rules: [{ access: public }] }`
  })
  /** Host, the path in the app's address, and what its server has instead. */
  const places = [
    ['root', '', ''],
    ['based', '', '/base'],
    ['lab', '/app1', ''],
    ['lab', '/app2', '/deep/base'],
    ['lab', '/app3', '/app3']
  ] as const
  const forwarded = new Map<string, number>()
  const property = fc.asyncProperty(
    fc.constantFrom(...places),
    oddPath,
    query,
    async ([name, prefix, base], odd, query) => {
      const target = prefix + odd + query
      const mark = lab.mark()
      const reply = await lab.ask(target, [], { host: `${name}.localhost:${lab.port}` })
      const { requests, bytes } = await lab.since(mark)
      const about = JSON.stringify({ name, target, status: reply.status, lines: requests.map(({ line }) => line) })
      const isOurs = values(reply, 'factorgate-error').length > 0
      if (isOurs) {
        if (bytes !== '') throw new Error(`refused, and forwarded: ${about}`)
        // On a host of its own there is nothing to get away from: only what is no path is refused.
        if (prefix === '' && base === '' && parseTarget(target) !== null)
          throw new Error(`a harmless path is refused: ${about}`)
        return
      }
      if (requests.length !== 1 || requests[0]!.line !== `GET ${base}${odd}${query} HTTP/1.1`)
        throw new Error(`other bytes: ${about}`)
      forwarded.set(prefix + base, (forwarded.get(prefix + base) ?? 0) + 1)
    }
  )
  // Enough for each of the five apps to have some, whatever is drawn.
  const numRuns = Math.max(200, runs * 5)
  await fc.assert(property, { numRuns })
  const counts = places.map(([, prefix, base]) => forwarded.get(prefix + base) ?? 0)
  t.ok(
    counts.every(count => count > numRuns / 50),
    `of ${numRuns} odd addresses ${counts.join(', ')} arrived at the five apps, byte for byte`
  )
})

const app = (id: string, host: string, prefix: string, basePath: string): App =>
  sampleApp({
    id,
    origin: `https://${host}`,
    prefix,
    upstreams: [{ origin: 'http://127.0.0.1:9', socketPath: null, basePath }]
  })

/** What the server serves in the end; null where it refuses, or serves what lies outside of its own tree of paths. */
function servedBy(names: readonly string[], path: string): string | null {
  const all = { ...servers, ...habits }
  try {
    const served = names.reduce((so, name) => all[name]!(so), path)
    return served.startsWith('/') ? served : null
  } catch {
    return null
  }
}

type Placed = Extract<Match, { kind: 'app' }>

/** Throws where a server takes what was forwarded for something outside of its base, or for a path that nobody judged. */
function judge({ app, path, readings }: Placed, names: readonly string[], about: unknown): boolean {
  const base = app.upstreams[0]!.basePath
  const served = servedBy(names, base + path)
  if (served === null) return false
  const inner = served === base ? '/' : served.slice(base.length)
  const bare = (one: string) => one.replace(/\/$/, '')
  if (served !== base && !served.startsWith(`${base}/`))
    throw new Error(`it leaves ${base} for ${served}: ${JSON.stringify(about)}`)
  if (!readings.some(reading => bare(reading) === bare(inner)))
    throw new Error(`nobody judged ${inner}: ${JSON.stringify(about)}`)
  return true
}

t.test('no server leaves the path before its app, nor serves there what nobody has judged', async t => {
  const routes = new RouteTable({
    portalOrigin: 'https://gate.test',
    apps: [
      app('one', 'lab.test', '/app1', '/base'),
      app('two', 'lab.test', '/admin', ''),
      app('kept', 'lab.test', '/kept', '/kept'),
      app('rest', 'rest.test', '', '/x')
    ]
  })
  const ways = fc.array(fc.constantFrom(...Object.keys({ ...servers, ...habits })), { minLength: 1, maxLength: 4 })
  const prefix = fc.constantFrom('/app1', '/app1', '/kept', '', '/%61pp1', '/app1/', '/admin', '/APP1')
  let judged = 0
  fc.assert(
    fc.property(prefix, oddPath, fc.constantFrom('lab.test', 'rest.test'), ways, (before, odd, host, names) => {
      const target = parseTarget(before + odd)
      if (target === null) return
      const match = routes.match(host, target)
      if (
        match.kind === 'app' &&
        match.app.upstreams[0]!.basePath !== '' &&
        judge(match, names, [host, before + odd, names])
      )
        judged++
    }),
    { numRuns: runs * 250 }
  )
  t.ok(judged > runs * 25, `${judged} were judged`)

  // Shown offenders, it fails: a gate that reads once, and one that lets `..` through.
  const one = app('one', 'lab.test', '/app1', '/base')
  const match = (path: string, readings: readonly string[]) =>
    ({ kind: 'app', app: one, path, readings }) as unknown as Placed
  t.throws(() => judge(match('/%61dmin', ['/%61dmin']), ['decodes escapes'], ''), { message: /nobody judged/ })
  t.throws(() => judge(match('/../x', ['/../x']), ['resolves dots'], ''), { message: /leaves/ })
})
