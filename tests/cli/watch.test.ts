/** `factorgate watch show`: who has used how much of which budget. */
import t from 'tap'
import { commandAt } from '../fixtures/in-process/command.ts'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { download, startTorrent } from '../fixtures/in-process/torrent.ts'

t.test('watch show lists the fullest budget first, for people and for programs', async t => {
  const { url } = await startTorrent(t)
  const gate = await startGateway(t, {
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
  t.match(lines[0], /^BUDGET +FOR +USED +OF +WITHIN +STATE$/)
  t.match(lines[1], /^many +files +2 requests \(50 %\) +4 requests +10 minutes +within$/)
  t.match(lines[2], /^day +(alice|bob) +10 MiB \(10 %\) +100 MiB +1 day +within$/)
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
