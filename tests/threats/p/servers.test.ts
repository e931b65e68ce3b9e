/**
 * Real servers behind the gate: the policy never judges a spelling more mildly than a server reads it, directly and through the gate.
 * `FACTORGATE_RUNS` sets the number of arbitrary paths.
 */
import fc from 'fast-check'
import t from 'tap'
import { runs } from '../../fixtures/in-process/cases.ts'
import { head, Lab, values } from '../../fixtures/in-process/wire.ts'
import { oddPath } from '../../request/odd-paths.ts'
import { answersOf, missed, type RealServer, resolvedBy, sayMissing, startRealServers } from './real-servers.ts'

/** Spellings that some server of the field undoes. */
const known = [
  ...['/admin/x', '/public/../admin/x', '/public/%2e%2e/admin/x', '/public/%2e%2e%2fadmin/x', '/public/..;/admin/x'],
  ...['//admin/x', '/./admin/x', '/%61dmin/x', '/admin;a=b/x', '/public/a/../../admin/x', '/public/..%2f..%2fadmin/x'],
  ...['/public//..//admin/x', '/public/.%2e/admin/x', '/x/..;a/admin/x', '/public/%2e%2e;/admin/x', '/admin%2fx'],
  ...['/admin/./x', '/admin//x', '/public/%2e%2e//admin/x', '/;/admin/x', '/admin/x;y', '/admin/x?/public/', '/admin'],
  ...[
    '/admin/',
    '/admin/%78',
    '/a/../admin/x',
    '/a/%2e./%61%64min/x',
    '/public/..',
    '/public/../',
    '/public/x/..%2f../admin'
  ]
]
const harmless = [
  '/public/x',
  '/public/./x',
  '/public//x',
  '/x',
  '/a/x',
  '/a/../x',
  '/a/%78',
  '/a;b/x',
  '/public/%78',
  '/'
]
const pieces = [
  '/',
  '/',
  '/',
  '//',
  '..',
  '..',
  '%2e%2e',
  '.%2e',
  '..;',
  ';a',
  '.',
  '%2f',
  '%5c',
  '\\',
  '%252e',
  'public',
  'admin',
  'x',
  '%61dmin'
]
const climbing = fc
  .tuple(fc.constantFrom('/public/', '/a/', '/', '/public/x/'), fc.array(fc.constantFrom(...pieces), { maxLength: 7 }))
  .map(([start, parts]) => `${start}${parts.join('')}/admin/x`)

const isUnder = (folder: string, path: string) => path === folder || path.startsWith(`${folder}/`)
const slug = ({ name }: RealServer) => name.toLowerCase().replace(/[^a-z0-9]+/g, '-')

t.test('a server that could have been asked is a failure, not a silence', async t => {
  const heard = (...missing: Parameters<typeof sayMissing>[1]) => {
    const verdicts: boolean[] = []
    sayMissing({ ok: (isOk: unknown) => verdicts.push(isOk === true) } as never, missing)
    return verdicts
  }
  const php = (isHere: boolean, mayBeBrought: boolean) => missed('PHP', 'php is not installed', isHere, mayBeBrought)
  t.same(heard(php(false, true), php(true, true), php(true, false)), [false, false, false])
  t.same(heard(php(false, false)), [true])
})

t.test('what a server takes a spelling for', { timeout: 60_000 + runs * 1_000 }, async t => {
  const { running, missing } = await startRealServers(t)
  sayMissing(t, missing)
  const apps = running.map(
    server => `
  - id: most-${slug(server)}
    url: "http://most-${slug(server)}.localhost:PORT"
    upstream: "http://127.0.0.1:${server.port}"
    rules: [{ path: /admin/**, access: deny }, { access: public }]
  - id: only-${slug(server)}
    url: "http://only-${slug(server)}.localhost:PORT"
    upstream: "http://127.0.0.1:${server.port}"
    rules: [{ path: /public/**, access: public }, { access: deny }]`
  )
  const lab = await Lab.start(t, {
    apps: `\n  - { id: app, url: "http://app.localhost:PORT", upstream: "UP" }${apps.join('')}`
  })

  for (const server of running)
    await t.test(server.name, { timeout: 30_000 + runs * 500 }, async t => {
      let disguised = 0
      let forwarded = 0
      const judge = async (target: string) => {
        const direct = (await answersOf(server, head('x', target)))[0]
        const taken = direct === undefined ? null : resolvedBy(direct)
        for (const rule of ['most', 'only']) {
          const host = `${rule}-${slug(server)}.localhost:${lab.port}`
          const reply = await lab.ask(target, [], { host })
          const isOurs = values(reply, 'factorgate-error').length > 0
          const served = isOurs ? null : resolvedBy(reply)
          const wrong = (path: string) => (rule === 'most' ? isUnder('/admin', path) : !isUnder('/public', path))
          if (served !== null && wrong(served))
            throw new Error(`${target} is let through (${rule}), and taken for ${served}`)
          if (taken !== null && wrong(taken) && !isOurs)
            throw new Error(`${target} is let through (${rule}), and means ${taken}`)
          if (!isOurs && served !== taken)
            throw new Error(`${target} is ${taken}, but through the gate it is ${served}`)
          if (isOurs && taken !== null && wrong(taken)) disguised++
          if (!isOurs) forwarded++
        }
      }
      for (const target of [...known, ...harmless]) await judge(target)
      t.ok(disguised > 20, `${disguised} disguises were seen through`)
      t.ok(forwarded >= harmless.length, `${forwarded} harmless ones went through`)
      const host = `most-${slug(server)}.localhost:${lab.port}`
      const hidden = head(host, '/admin/x', ['Remote-User: root'], { keep: true })
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        await lab.ask('/x', [`Content-Length: ${hidden.length}`], { host, method, body: hidden })
        const next = await lab.ask('/public/x', [], { host })
        if (resolvedBy(next) !== '/public/x')
          t.fail(`after ${method} with a body the next is answered: ${next.status} ${next.body}`)
      }
      t.pass('a body that is left unread is nobody’s request')
      await fc.assert(fc.asyncProperty(fc.oneof(climbing, oddPath), judge), { numRuns: runs })
      t.pass(`and ${runs} arbitrary paths`)
    })
})
