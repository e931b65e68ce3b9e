/**
 * What the journal costs at five thousand requests a second: the processor time for lines that are encoded, chained, signed and stored,
 * beside the same lines as release 0.1 wrote them, without a chain; and that of a whole gate, beside one whose lines are made and dropped.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { lineOf } from '../../src/audit/encode-event.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import { Journal } from '../../src/audit/journal.ts'
import { Lines } from '../../src/audit/line-buffer.ts'
import { newReference } from '../../src/audit/reference.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'
import { guarded } from './gates.ts'
import { serveSmall } from './nginx.ts'
import { median, spread, whole } from './numbers.ts'
import { flow } from './open-loop.ts'
import { alternately, ratios } from './pairs.ts'
import { processorDuring, serveScript } from './processes.ts'
import { type Bench, type Found, table } from './report.ts'

const perSecond = 5000
const tickMs = 10

export async function journal(bench: Bench): Promise<Found> {
  const { isQuick } = bench
  const [rounds, seconds] = isQuick ? [2, 2] : [4, 5]
  const folder = mkdtempSync(path.join(tmpdir(), 'factorgate-bench-'))
  try {
    const chained = () => withJournal(path.join(folder, 'chained.jsonl'), seconds)
    const plain = () => withoutChain(path.join(folder, 'plain.jsonl'), seconds)
    await chained()
    const dropped = () => shareFor(seconds, () => {})
    const [ours, before, nothing] = (await alternately(rounds, [chained, plain, dropped])) as [
      number[],
      number[],
      number[]
    ]
    const gates = await wholeGates(bench)
    return {
      title: 'The journal',
      text: `${perSecond} lines a second, ${rounds} × ${seconds} s each, turn by turn; processor time of the process with all its threads.

${table(
  ['', 'share of a core'],
  [
    ['chained and signed', spread(ours)],
    ['lines alone', spread(before)],
    ['events that are made and dropped', spread(nothing)]
  ]
)}

${gates.text}`,
      bars: [
        {
          what: `share of a core for ${perSecond} lines a second`,
          value: median(ours),
          turns: ours,
          limit: 0.05,
          better: 'less'
        },
        ...gates.bars
      ]
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Two gates that differ in nothing but whether the lines of requests reach the journal. */
async function wholeGates({ end, isQuick }: Bench): Promise<Pick<Found, 'text' | 'bars'>> {
  const [rounds, seconds] = isQuick ? [2, 2] : [6, 8]
  const app = (await serveSmall(end)) ?? (await serveScript(end, 'app.mjs'))
  const gateWith = (FACTORGATE_BENCH_JOURNAL: string) =>
    guarded(end, {
      upstream: app.origin,
      env: { NODE_OPTIONS: `--import=${new URL('null-journal.mjs', import.meta.url)}`, FACTORGATE_BENCH_JOURNAL }
    })
  const sides = [await gateWith('file'), await gateWith('null')]
  const measured = await alternately(
    rounds,
    sides.map(({ gate, host, people }) => async () => {
      const cookies = people.map(({ cookie }) => cookie)
      const work = () => flow(end, { port: gate.port, host, cookies, rate: perSecond, seconds }).done
      const { found, seconds: used } = await processorDuring(gate.pid, work)
      return ((used ?? Number.NaN) * 1e6) / found.sent
    })
  )
  const [ours, dropped] = measured as [number[], number[]]
  const compared = ratios(ours, dropped, each => each)
  return {
    text: `Whole gates at ${perSecond} requests a second, ${rounds} × ${seconds} s each, turn by turn.

${table(
  ['', 'processor µs a request'],
  [
    ['with the journal', whole(median(ours))],
    ['the lines are made and dropped', whole(median(dropped))],
    ['ratio', spread(compared)]
  ]
)}`,
    bars: [
      {
        what: `processor time a request at ${perSecond} a second, with the journal against without`,
        value: median(compared),
        turns: compared,
        limit: 1.05,
        better: 'less'
      }
    ]
  }
}

async function withJournal(file: string, seconds: number): Promise<number> {
  const keyring = makeKeyring([newMasterKey()])
  const journal = await Journal.open({ path: file, clock: Date.now, signers: () => keyring.signers('journal') })
  const share = await shareFor(seconds, event => journal.record(event))
  await journal.close()
  return share
}

/** As release 0.1 did it: a write and a sync for each batch. */
async function withoutChain(file: string, seconds: number): Promise<number> {
  const handle = await open(file, 'a')
  let lines = new Lines()
  let writing = Promise.resolve()
  const write = async (batch: Lines) => {
    await handle.write(batch.bytes)
    await handle.datasync()
  }
  const timer = setInterval(() => {
    const batch = lines
    lines = new Lines()
    writing = writing.then(() => write(batch))
  }, 100)
  const share = await shareFor(seconds, event => lines.push(lineOf(event)))
  clearInterval(timer)
  await writing
  await handle.close()
  return share
}

/** Processor seconds for each second. */
async function shareFor(seconds: number, record: (event: AuditEvent) => void): Promise<number> {
  const [began, used] = [performance.now(), process.cpuUsage()]
  let sent = 0
  while (sent < perSecond * seconds) {
    const due = Math.min(perSecond * seconds, ((performance.now() - began) / 1000) * perSecond)
    for (; sent < due; sent++) record(eventOf(sent))
    await new Promise(resolve => setTimeout(resolve, tickMs))
  }
  const { user, system } = process.cpuUsage(used)
  return (user + system) / 1000 / (performance.now() - began)
}

function eventOf(n: number): AuditEvent {
  return {
    kind: 'exchange',
    at: Date.now(),
    request: newReference(),
    account: 'koLGDLbGHge9WA8JLSqgeA',
    name: 'ada',
    session: '3lM_IbrFfVGUy0pZ4ngF8A',
    address: '192.0.2.17',
    app: 'notebooks',
    path: `/notebooks/${n % 1000}/edit`,
    proofs: 'password@900 totp@30',
    decision: 'forward',
    rule: 2,
    ms: 3,
    method: 'GET',
    status: 200,
    bytesIn: 0,
    bytesOut: 12_345
  }
}
