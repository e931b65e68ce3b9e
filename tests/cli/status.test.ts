import { writeFile } from 'node:fs/promises'
import t from 'tap'
import { systemClock } from '../../src/clock.ts'
import { makeFinding } from '../../src/integrity/finding.ts'
import { nothingOpen, openRecord } from '../../src/integrity/records.ts'
import { openStore } from '../../src/store/open.ts'
import { commandAt } from '../fixtures/in-process/command.ts'
import { freePort } from '../fixtures/process/free-port.ts'
import { prepareGate, startGate } from '../fixtures/process/gate.ts'
import { until } from '../fixtures/process/redis-server.ts'

t.test('status says what runs, what was refused, and that nothing runs', async t => {
  for (const workers of [1, 2]) {
    const gate = await prepareGate(t, { apps: [], config: { workers } })
    const before = commandAt(gate.configFile)
    const idle = await before('status')
    t.equal(idle.code, 1, 'no gate runs')
    t.match(
      idle.stdout,
      /^gate +does not run\nwhy +No gate runs here: nothing listens on port \d+\. Start it with 'systemctl start factorgate' or 'factorgate serve'\.$/m
    )
    await before('user', 'add', 'alice')
    await before('posture', 'set', 'lockdown', '--why', 'odd sign-ins')
    await gate.start()
    const running = await gate.run('status')
    t.equal(running.code, 0, `${workers} workers: ${running.stderr}`)
    for (const line of [
      /^gate +runs and is ready$/m,
      /^version +\d+\.\d+\.\d+/m,
      new RegExp(`^process +${gate.pid}, ${workers === 1 ? '1 worker' : '2 workers'}$`, 'm'),
      /^configuration +\/.*factorgate\.yaml, loaded 20/m,
      /^store +embedded, answers$/m,
      /^posture +lockdown for all apps without an end, by \S+: odd sign-ins$/m,
      /^journal +can be written$/m,
      /^signed in +0 people, 0 sessions$/m,
      /^connections +0 sockets/m
    ])
      t.match(running.stdout, line)
    const json = JSON.parse((await gate.run('status', '--json')).stdout)
    t.match(json, {
      gate: 'ready',
      running: { workers, refused: null, isStoreUp: true, startedAt: /^20.*Z$/ },
      exports: [],
      postures: [{ app: null, level: 'lockdown', why: 'odd sign-ins', until: null, at: /^20.*Z$/ }],
      failingMessages: 0
    })
    const { readFile } = await import('node:fs/promises')
    const sound = await readFile(gate.configFile, 'utf8')
    await writeFile(gate.configFile, sound.replace('"portal"', '"prtal"'))
    const refused = async () => (await fetch(`http://127.0.0.1:${gate.adminPort}/status`)).json()
    await until('the file is refused', async () => ((await refused()) as { refused: unknown }).refused !== null)
    await writeFile(gate.configFile, `${sound}\n`)
    await until('the file is loaded', async () => ((await refused()) as { refused: unknown }).refused === null)
    await gate.stop()
  }
})

t.test('a gate that stands still is said to', async t => {
  const gate = await startGate(t, { apps: [] })
  process.kill(gate.pid, 'SIGSTOP')
  const [status, doctor] = await Promise.all([gate.run('status'), gate.run('doctor')])
  t.equal(status.code, 1)
  t.match(
    status.stdout.replace(/\s+/g, ' '),
    /\(admin\) does not answer as a gate does\. If it is the gate, it stands still/
  )
  t.equal(doctor.code, 1)
  t.match(
    doctor.stdout.replace(/\s+/g, ' '),
    /admin\.port: what listens on port \d+ \(admin\) does not answer → If it is the gate/
  )
})

t.test('status names an institution that does not answer', async t => {
  const port = await freePort()
  const gate = await prepareGate(t, {
    apps: [],
    config: {
      identity: [
        { id: 'local', kind: 'local' },
        {
          ...{ id: 'institute', kind: 'ldap', preset: 'openldap', servers: [`ldap://127.0.0.1:${port}`] },
          bind: { dn: 'cn=gate,dc=lab', password: 'gate-secret' },
          base: 'dc=lab'
        }
      ]
    }
  })
  await gate.start()
  const line = /^warning +institute does not work: ldap:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/m
  // The gate asks the directory at its start, and serves meanwhile.
  await until('the directory was asked', async () => line.test((await gate.run('status')).stdout))
  t.match(JSON.parse((await gate.run('status', '--json')).stdout), {
    gate: 'ready',
    warnings: [/^institute does not work: /]
  })
  await gate.stop()
})

t.test('status and check say of which app the list of findings is full, until something is approved', async t => {
  const gate = await prepareGate(t, {
    apps: ['wiki', 'plain'].map(id => ({
      id,
      url: `http://${id}.localhost:HOST`,
      upstream: 'http://127.0.0.1:9',
      ...(id === 'wiki' ? { integrity: {} } : {})
    }))
  })
  const run = commandAt(gate.configFile)
  const full = /^findings +The list of what is new in the app 'wiki' is full: further changes are not listed/m
  const said = async () => {
    const [status, json, check] = [await run('status'), await run('status', '--json'), await run('check')]
    return { rows: status.stdout, lists: JSON.parse(json.stdout).fullLists, check: check.stdout + check.stderr }
  }
  const before = await said()
  t.notMatch(before.rows, /^findings/m)
  t.same(before.lists, [])
  t.notMatch(before.check, /is full/)
  const finding = makeFinding(
    'wiki',
    '/start',
    [{ kind: 'script', value: 'https://cdn.example' }],
    'change',
    Date.now()
  )
  const record = { ...nothingOpen, findings: [finding], full: { change: Date.now() } }
  const store = await openStore(`embedded:${gate.folder}/store`, { clock: systemClock })
  // An app without the setting may have a record of before.
  for (const app of ['wiki', 'plain']) await openRecord.put(store, app, record, 3600)
  await store.close()
  await run('user', 'add', 'eve')
  await run('user', 'suspend', 'eve', '--why', 'x')
  const { rows, lists, check } = await said()
  t.match(rows, /^suspended +1 person, none by the watch; factorgate user show NAME says why$/m)
  t.match(rows, /^new in apps +wiki: 1 finding; run factorgate watch app wiki$/m)
  t.notMatch(rows, 'watch app plain', 'nobody watches it any more')
  t.match(rows, full)
  t.equal(rows.match(/^findings/gm)?.length, 1)
  t.match(lists, [/'wiki' is full: further changes.* Approve what belongs to the app/])
  t.match(check, /apps\[0\]\.integrity.*'wiki' is full/)
  await run('watch', 'app', 'wiki', '--approve', finding.id, '--why', 'ours')
  t.notMatch((await run('status')).stdout, /^findings/m)
})

t.test('what a store that does not answer would say is null, and neither none nor nothing', async t => {
  const gate = await prepareGate(t, { apps: [], config: { store: `redis://127.0.0.1:${await freePort()}` } })
  const { code, stdout, stderr } = await commandAt(gate.configFile)('status', '--json')
  t.equal(code, 1)
  t.match(stderr, /note: the store does not say who is signed in or suspended, and which posture is set: /)
  t.match(JSON.parse(stdout), { people: null, suspended: null, newInApps: null, postures: null, failingMessages: null })
})
