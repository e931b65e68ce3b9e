/** FIELD A9: no token of ours in the record, and no control character of somebody else's on a terminal. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { routes as consoleRoutes } from '../../plugins/console/page-scope.ts'
import { withoutTricks } from '../../src/audit/encode-event.ts'
import { pathForRecord } from '../../src/audit/path-for-record.ts'
import { Accounts } from '../../src/identity/accounts.ts'
import { newToken } from '../../src/ids.ts'
import { parseTarget } from '../../src/request/target.ts'
import { terminal } from '../cli/terminal.ts'
import { echoApp, startGateway } from '../fixtures/in-process/gateway.ts'

const token = newToken()
const spellings = [
  `/.factorgate/invite/${token}`,
  `/.factorgate/invite/${token}/`,
  `/.factorgate//invite/${token}`,
  `//.factorgate/invite/${token}`,
  `/.factorgate/./invite/${token}`,
  `/.factorgate/x/../invite/${token}`,
  `/.factorgate/invite%2f${token}`,
  `/.factorgate%2finvite%2f${token}`,
  `/.factorgate%252finvite%252f${token}`,
  `/%2efactorgate/invite/${token}`,
  `/.%66actorgate/invite/${token}`,
  `/.FactorGate/INVITE/${token}`,
  `/.factorgate;x/invite;y/${token}`,
  `/.factorgate\\invite\\${token}`,
  `/nb/.factorgate/invite/${token}`,
  `/.factorgate/login/${token}`,
  `/.factorgate/${token}`,
  `/.factorgate/auth/.factorgate/invite/${token}`,
  `/.factorgate/invite/%${token.charCodeAt(0).toString(16)}${token.slice(1)}`,
  `/factorgate/invite/${token}`,
  `/invite/${token}`,
  `/%69nvite/${token}`,
  // Copied so badly that no word of ours is left.
  `/${token}`,
  `/.factorgat/invit/${token}`,
  `/.factor-gate/in-vite/${token}`,
  `/i%20nvite/${token}`,
  `/.f%D0%B0ctorgate/inv%D1%96te/${token}`,
  `/invit/%${token.charCodeAt(0).toString(16)}${token.slice(1)}`,
  `/files/${'x/'.repeat(110)}${token}`
]

t.test("FIELD A9 no spelling of an invitation's address puts its token into the record", async t => {
  const rest = token.slice(1)
  for (const spelling of spellings) {
    const target = parseTarget(spelling)
    t.notMatch(target === null ? '' : pathForRecord(target.path, target.readings, 1024), rest, spelling)
  }
  // Broken by a mail program: neither half may stay.
  for (const between of ['=', '%20', '=%20', '%3D', '.'])
    for (const at of [1, 12, 21, 31, 42]) {
      const spelling = `/invite/${token.slice(0, at)}${between}${token.slice(at)}`
      const { path: kept, readings } = parseTarget(spelling)!
      const half = at > 21 ? token.slice(0, at) : token.slice(at)
      t.notOk(pathForRecord(kept, readings, 1024).includes(half), spelling)
    }
  const kept = [
    `/objects/${'a1'.repeat(32)}/data`,
    `/users/invite/settings/${'long/'.repeat(12)}`,
    '/',
    '/x/y',
    '/.factorgate',
    '/.factorgate/',
    '/.factorgate/login',
    '/.factorgate/enrol/totp',
    '/a%20b'
  ]
  for (const spelling of kept) {
    const target = parseTarget(spelling)!
    t.equal(pathForRecord(target.path, target.readings, 1024), spelling)
  }
  t.equal(pathForRecord(`/.factorgate/invite/${token}`, ['/'], 1024), '/.factorgate/invite/…')
})

t.test('FIELD A9 nor does the gate, whatever carries it', async t => {
  const app = await echoApp(t)
  const gate = await startGateway(t, {
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "${app.url}" }`
  })
  for (const host of ['gate', 'one', 'nobody'])
    for (const spelling of spellings)
      for (const method of ['GET', 'POST'])
        await gate.request(method, `${gate.origin(host)}${spelling}?code=${token}&rd=/${token}`, {
          referer: `${gate.portal}/.factorgate/invite/${token}`
        })
  for (const uri of spellings)
    await gate.request('GET', `${gate.portal}/.factorgate/auth`, {
      'x-forwarded-uri': uri,
      'x-forwarded-host': new URL(gate.origin('one')).host,
      'x-forwarded-method': 'GET'
    })
  await gate.server.close()
  const rest = token.slice(1)
  t.notMatch(readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8'), rest)
  t.notMatch(JSON.stringify(gate.log), rest)
})

t.test('FIELD A9 what people may choose is safe on a terminal, in tables and as JSON', async t => {
  const factorgate = terminal(t)
  await factorgate.newKey()
  const tricky = 'a\u009b31mb\u0085c\u007fd\u202ee\u2028f\u2066g\u001b[2Jh'
  const forbidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/
  await factorgate.ok('user', 'add', 'ada')
  const store = factorgate.store()
  const account = (await new Accounts({ store, clock: factorgate.time.read }).byName('ada'))!
  await store.put(`account:${account.id}`, JSON.stringify({ ...account, displayName: tricky, groups: [tricky] }))
  const commands: string[][] = [
    ['user', 'list'],
    ['user', 'show', 'ada'],
    ['session', 'list'],
    ['explain', '--url', `https://notebooks.lab.example/${tricky}`, '--user', `x${tricky}`, '--group', tricky],
    ['explain', '--url', `https://${tricky}.lab.example/`],
    ['check', '--config', `${tricky}.yaml`],
    ['user', 'show', tricky],
    [tricky]
  ]
  for (const command of commands)
    for (const json of [[], ['--json']]) {
      const { stdout, stderr } = await factorgate(...command, ...json)
      t.notMatch(stdout + stderr, forbidden, JSON.stringify(command).replace(/[^ -~]/g, '?'))
    }
  const shown = JSON.parse((await factorgate('user', 'show', 'ada', '--json')).stdout)
  t.match(JSON.stringify(shown), JSON.stringify(tricky).slice(1, -1), 'JSON stays equal')
  t.same(JSON.parse(withoutTricks(JSON.stringify({ tricky }))), { tricky })
})

t.test('FIELD A9 the record knows every word that a route of ours has', async t => {
  const root = new URL('../../plugins/', import.meta.url)
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(file => /\.tsx?$/.test(file))
  const routes = files.flatMap(file =>
    [...readFileSync(new URL(file, root), 'utf8').matchAll(/'(\/\.factorgate(?:\/[^'?]*)?)'/g)].map(match => match[1]!)
  )
  t.ok(routes.length > 20)
  t.ok(consoleRoutes.length > 10)
  routes.push(...consoleRoutes.map(route => route.path))
  for (const route of routes.filter(route => !/\/(not-a-page|original)/.test(route))) {
    const literal = route.replace(/\/[:*].*$/, '')
    t.equal(pathForRecord(literal, [literal], 1024), literal, `${route}: add the word to src/audit/path-for-record.ts`)
  }
})
