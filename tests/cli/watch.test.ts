/** `factorgate watch show`: who has used how much of which budget. */
import t from 'tap'
import { commandAt } from '../fixtures/in-process/command.ts'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { download, startTorrent } from '../fixtures/in-process/torrent.ts'
import { live } from '../fixtures/in-process/watched-lab.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'

t.test('watch show lists the fullest budget first, for people and for programs', async t => {
  const { url } = await startTorrent(t)
  const gate = await startGateway(t, {
    // In one process a command and a gate on one embedded store could wait for each other.
    store: (await startRedis(t)).url,
    apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}" }`,
    extra:
      'watch: { budgets: [{ id: day, per: person, window: 1d, bytes: 100MiB, then: [journal] }, { id: many, per: app, window: 10m, requests: 4, then: [cut] }] }'
  })
  for (const name of ['alice', 'bob']) {
    const { cookies } = await gate.signIn(await gate.account(name), 'files')
    await (await download(gate.port, `${gate.origin('files')}/${10 * 1024 ** 2}`, { cookie: cookies.files })).end
  }
  await gate.server.runtime.budgets?.flush()
  const command = commandAt(gate.configFile)
  const show = (...args: string[]) => command('watch', 'show', ...args)
  const table = await show()
  t.equal(table.code, 0, table.stderr)
  const lines = table.stdout.trim().split('\n')
  t.match(lines[0], /^BUDGET +FOR +USED +OF +WINDOW +STATE$/)
  t.match(lines[1], /^many +files +2 requests \(50 %\) +4 requests +10 minutes +within$/)
  t.match(lines[2], /^day +(alice|bob) +10 MiB \(10 %\) +100 MiB +1 day +within$/)
  t.notMatch(table.stdout, 'ALARM')
  t.match(await command('report'), { code: 0, stderr: /note: other gates on this store have journals of their own/ })
  const line = { kind: 'watch.budget', at: Date.now(), outcome: 'passed', steps: 'journal,cut' } as const
  for (const name of ['bob', ...Array(11).fill('alice')])
    await gate.server.runtime.journal.commit({ ...line, name, why: `${name} has fetched more.` })
  const alarmed = await show()
  t.match(alarmed.stdout, /\n\nALARM +WHAT +DONE\n20\S+ \d\d:\d\d UTC +alice has fetched more\. +journal, cut\n/)
  t.equal(alarmed.stdout.match(/has fetched more/g)?.length, 10)
  t.match(alarmed.stderr, /older alarms: factorgate journal search --kind watch\n/)
  t.match(await show('--user', 'bob'), { stdout: /bob has fetched more/, stderr: /^(?!.*older alarms)/s })
  const { stdout } = await show('--user', 'alice', '--json')
  t.match(JSON.parse(stdout).budgets, [
    {
      budget: 'day',
      user: 'alice',
      per: 'person',
      used: 10 * 1024 ** 2,
      limit: 100 * 1024 ** 2,
      state: 'within',
      passedAt: null
    }
  ])
})

t.test('watch show has the people beside their usual, and one of them in detail', async t => {
  const { url } = await startTorrent(t)
  const gate = await startGateway(t, {
    store: (await startRedis(t)).url,
    apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}" }`,
    extra: 'watch: { unusual: {} }'
  })
  const command = commandAt(gate.configFile)
  const empty = await command('watch', 'show')
  t.match(empty, { code: 0, stdout: '', stderr: /nobody has fetched anything today/ })
  const [alice, bob] = [await gate.account('alice'), await gate.account('bob')]
  await live(gate.server.runtime.store, Date.now(), [
    { account: alice.id, usualMb: 20, today: { files: 4000 } },
    { account: bob.id, usualMb: 400, today: { files: 100 } }
  ])
  const { stdout, stderr } = await command('watch', 'show')
  t.match(
    stdout,
    /^PERSON +TODAY +USUAL +BUSY DAY +TIMES USUAL +LEVEL\nalice +3\.7 GiB +\d.* \d+ +\w+\nbob +95\.4 MiB .* – +\w+\n$/,
    stderr
  )
  const one = await command('watch', 'show', '--user', 'alice')
  t.match(one.stdout, /score \d+, and a proof is asked for from 54 on.*\n +\d+ +\S.*left today; \d+ MiB is usual/s)
  t.notMatch(one.stdout, 'bob')
  t.match(one.stderr, /at most a minute old.*alarms have it: .*--kind watch\.unusual --user alice/)
  const { people, person, budgets, alarms, apps } = JSON.parse(
    (await command('watch', 'show', '--user', 'alice', '--json')).stdout
  )
  t.match(people, [{ user: 'alice', bytes: 4e9, days: { length: 14 } }])
  t.match(person, { thresholds: { alarming: 54 }, apps: [{ app: 'files' }], places: [{}, {}] })
  t.same([budgets, alarms, apps], [[], [], []])
})
