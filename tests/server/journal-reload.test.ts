/** Changes of `journal` that a reload applies: retention and rotation, pseudonyms, exports. A new file waits for a restart. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { startUpstream } from '../fixtures/in-process/upstream.ts'

t.test('the journal follows the configuration', async t => {
  const upstream = await startUpstream(t)
  let now = Date.UTC(2026, 10, 28, 12)
  const gate = await startGateway(t, {
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "${upstream.origin}", rules: [{ access: mfa }] }`,
    journal: '{ file: ./journal.jsonl, rotate: { daily: false } }',
    clock: () => now
  })
  const { journal } = gate.server.runtime
  const change = async (text: string) => {
    const before = readFileSync(gate.configFile, 'utf8')
    writeFileSync(gate.configFile, before.replace(/^journal: .*$/m, `journal: ${text}`))
    return gate.server.reload(await gate.load())
  }
  const files = () => readdirSync(gate.folder).filter(name => /^journal\.jsonl-\d/.test(name))
  const lastName = () => {
    const text = readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8')
    const entries = text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    return entries.findLast(({ kind }) => kind === 'login')?.name
  }
  const write = () => journal.commit({ kind: 'login', at: now, name: 'alice' })
  await write()
  t.equal(lastName(), 'alice')

  t.same(await change('{ file: ./journal.jsonl, rotate: { daily: false }, pseudonyms: [user] }'), [])
  await write()
  t.match(lastName(), /^~[\w-]{20}$/, 'pseudonyms begin with the next line')

  now += 86_400_000
  await write()
  t.same(files(), [], 'there is no rotation yet')
  t.same(await change('{ file: ./journal.jsonl, keep: 1d }'), [])
  await write()
  t.same(files().length, 1, 'the file of yesterday was closed')
  now += 3 * 86_400_000
  await write()
  t.match(files(), [/2026-11-29/], 'and it is removed when its time is over')
  t.equal(lastName(), 'alice', 'names are names again')

  t.same(
    await change('{ file: ./other.jsonl, pseudonyms: [user] }'),
    ['journal.file'],
    'the file alone needs a restart'
  )
  await write()
  t.match(lastName(), /^~/, 'and the rest is applied')
  t.notOk(existsSync(path.join(gate.folder, 'other.jsonl')))

  const out = path.join(gate.folder, 'out.ndjson')
  t.same(await change('{ file: ./journal.jsonl, export: [{ id: out, to: "file:./out.ndjson", format: journal }] }'), [])
  await write()
  await gate.server.close()
  t.match(readFileSync(out, 'utf8'), '"kind":"login"', 'an export begins')
  t.match(gate.server.runtime.metrics.render(), /factorgate_export_lines_total\{exporter="out"\} [1-9]/)
})
