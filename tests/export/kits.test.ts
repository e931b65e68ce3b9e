/** Export to a real rsyslog and to a collector that can be made ill: every line arrives, over outages of each kind. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { Destination } from '../../src/export/destination.ts'
import { HttpsCollector } from '../../src/export/https-collector.ts'
import { ocsfOf } from '../../src/export/ocsf.ts'
import { SyslogDatagrams } from '../../src/export/syslog-datagrams.ts'
import { SyslogStream } from '../../src/export/syslog-stream.ts'
import { type InstitutionKit, lacksKit, startKit } from '../fixtures/process/institution-kit.ts'
import { until } from '../fixtures/process/redis-server.ts'
import { drain, exporterOf, makeJournal, now } from './exporting.ts'

const sender = { host: 'gate', processId: 1 }

/** Names in the order of arrival, each once. */
const namesOf = (
  lines: readonly string[],
  of: (line: { readonly msg: string; readonly user: { readonly name: string } }) => unknown
) => [...new Set(lines.map(line => of(JSON.parse(line))))]

async function exportTo(t: Test, destination: Destination) {
  const journal = makeJournal(t)
  let time = now
  const { exporter, said } = exporterOf(journal.file, destination, {
    encode: line => ocsfOf(line, '1'),
    clock: () => time
  })
  t.teardown(() => exporter.close())
  return {
    journal,
    said,
    step: () => {
      time += 20_000
      return exporter.step()
    }
  }
}

t.test('rsyslog', { skip: lacksKit('syslog') }, async t => {
  const kit = await startKit(t, 'syslog')
  // Without the line that the server is still writing.
  const logged = () => kit.read('log/all.jsonl').split('\n').slice(0, -1)
  const tlsOf = (name: string | null) => ({
    ca: kit.ca,
    cert: name === null ? null : path.join(kit.folder, `tls/${name}.pem`),
    key: name === null ? null : path.join(kit.folder, `tls/${name}.key`)
  })
  await t.test('TLS: lines arrive over a restart of the server, as RFC 5424 has them', async t => {
    const tls = tlsOf(null)
    const { journal, said, step } = await exportTo(
      t,
      new SyslogStream({ host: '127.0.0.1', port: kit.port, tls, sender })
    )
    await journal.write('a', 'b')
    await drain({ step })
    await kit.stop()
    await journal.write('c')
    t.match(await step(), { kind: 'failed' })
    await kit.start()
    await drain({ step })
    t.equal(said.failures, 1)
    await arrived(t, logged, 3)
    t.match(JSON.parse(logged()[0]!), { input: 'tls', pri: '85', host: 'gate', app: 'factorgate', msgid: 'login' })
    t.same(
      namesOf(logged(), ({ msg }) => JSON.parse(msg).user.name),
      ['a', 'b', 'c']
    )
  })
  await t.test('TCP and UDP', async t => {
    const before = logged().length
    const tcp = new SyslogStream({ host: '127.0.0.1', port: kit.port + 2, tls: null, sender })
    const udp = new SyslogDatagrams({ host: 'localhost', port: kit.port + 3, sender })
    const inputs = () =>
      new Set(
        logged()
          .slice(before)
          .map(line => JSON.parse(line).input)
      )
    // Neither way has a confirmation, and the server may still be starting, so lines are sent until one is there.
    for (const [input, way] of [
      ['tcp', tcp],
      ['udp', udp]
    ] as const) {
      const exported = await exportTo(t, way)
      await until(`a line arrives over ${input}`, async () => {
        await exported.journal.write('d')
        await drain(exported)
        return inputs().has(input)
      })
    }
    t.same(inputs(), new Set(['tcp', 'udp']))
  })
})

t.test('a collector', { skip: lacksKit('collector') }, async t => {
  const kit = await startKit(t, 'collector')
  const tokenFile = path.join(kit.folder, 'token')
  writeFileSync(tokenFile, 'collector-secret\n')
  const tls = { ca: kit.ca, cert: null, key: null }
  const url = `https://localhost:${kit.port}/`
  const to = new HttpsCollector({ url, tls, tokenFile, compresses: true, timeoutMs: 2_000 })
  const control = new ModeSwitch(kit)
  const { journal, said, step } = await exportTo(t, to)
  let count = 0
  for (const mode of ['ok', '503', '429', '400', '401', 'hang', 'cut', 'redirect'])
    await t.test(`that is ${mode}`, async t => {
      await control.set(mode)
      await journal.write(`line ${++count}`)
      t.equal((await step()).kind, mode === 'ok' ? 'sent' : 'failed', said.problems.at(-1) ?? mode)
      await control.set('ok')
      await drain({ step })
      const lines = readFileSync(path.join(kit.folder, 'log/all.jsonl'), 'utf8').split('\n').filter(Boolean)
      const uids = new Set(lines.map(line => JSON.parse(line).metadata.uid))
      t.equal(uids.size, count, 'each line has one id, also where it arrived twice')
      t.equal(namesOf(lines, ({ user }) => user.name).length, count)
    })
  t.equal(said.missing, 0)
})

class ModeSwitch {
  readonly #kit: InstitutionKit
  constructor(kit: InstitutionKit) {
    this.#kit = kit
  }

  async set(mode: string): Promise<void> {
    const { request } = await import('node:https')
    const { ca, port } = this.#kit
    await new Promise<void>((resolve, reject) => {
      const options = { method: 'POST', ca: readFileSync(ca), agent: false as const }
      request(`https://localhost:${port}/_control/${mode}`, options, answer => {
        answer.resume()
        answer.on('end', () => resolve())
      })
        .on('error', reject)
        .end()
    })
  }
}

/** rsyslog writes its file a moment after it has read. */
async function arrived(t: Test, logged: () => string[], count: number): Promise<void> {
  await until(`${count} lines arrive`, async () => logged().length >= count)
  t.pass(`${count} lines arrived`)
}
