/** A stream that is silent while a budget asks and its person confirms: it goes on with what its session has shown. */
import type { ServerResponse } from 'node:http'
import t from 'tap'
import { CountedFlow } from '../../src/budgets/counted-flow.ts'
import type { Proof } from '../../src/factor/proof.ts'
import { echoApp, navigation, startGateway } from '../fixtures/in-process/gateway.ts'
import { download } from '../fixtures/in-process/torrent.ts'
import { until } from '../fixtures/in-process/until.ts'

const MiB = 1024 ** 2
const start = 1_800_000_000_000

const budgets = {
  'a budget': [
    'rules: [{ access: mfa }]',
    'watch: { budgets: [{ id: bulk, per: person, window: 1h, bytes: 2MiB, then: [step-up] }] }'
  ],
  freshFor: ['rules: [{ access: mfa, freshFor: 2MiB }]', '']
} as const

for (const [name, [rules, extra]] of Object.entries(budgets))
  t.test(name, async t => {
    const streams: ServerResponse[] = []
    const { url } = await echoApp(t, (request, response) => {
      if (request.url === '/stream') {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: hello\n\n')
        streams.push(response)
      } else response.end(Buffer.alloc(3 * MiB))
    })
    const time = { now: start }
    const gate = await startGateway(t, {
      clock: () => time.now,
      apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}", ${rules} }`,
      extra
    })
    const { cookies, principal } = await gate.signIn(await gate.account('alice'), 'files')
    const get = (what: string) =>
      download(gate.port, `${gate.origin('files')}${what}`, { cookie: cookies.files as string, ...navigation })
    const { sessions } = gate.server.runtime
    const stream = await get('/stream')
    await until(() => stream.bytes > 0, 'the stream has begun')
    const transfer = await get('/three')
    await until(() => gate.server.runtime.budgets?.held === 1, 'the download is held')
    time.now += 20_000
    await sessions.prove(principal, { kind: 'totp', at: time.now, userVerified: false })
    if (extra !== '') t.equal(await transfer.end, true, 'the download goes on after the proof')
    else transfer.stop()
    time.now += 100_000
    gate.server.runtime.budgets?.tick()
    const before = stream.bytes
    for (const each of streams) each.write('data: more\n\n')
    const over = stream.end.then(() => 'cut')
    t.equal(
      await Promise.race([over, until(() => stream.bytes > before, 'it goes on').then(() => 'goes on')]),
      'goes on'
    )
    stream.stop()
  })

t.test('what was noted of a session before does not take the place of a newer proof', async t => {
  const proved = (at: number): readonly Proof[] => [{ kind: 'totp', at, credentialId: null, generation: 0 } as never]
  const own = proved(start)
  const meter = {
    ...{
      isStrict: true,
      counted: 'bytes',
      mode: 'within',
      flowsFreely: false,
      budget: { direction: 'out' },
      waiting: []
    },
    ...{ pass: () => false, mayFlow: () => 'wait', note: () => {} }
  }
  let noted = proved(start - 1)
  const keeper = { shownBy: () => noted, wait: () => {}, noteSpent: () => {}, leave: () => {}, beginNext: () => {} }
  const facts = { who: { session: 's', proofs: own }, isGuarded: false, isEnforced: true, isLed: false }
  const flow = new CountedFlow(facts as never, [meter as never], keeper, () => start, null)
  t.notOk(flow.sent(1))
  t.equal(flow.proofs, own)
  noted = proved(start + 1)
  t.notOk(flow.sent(1))
  t.equal(flow.proofs, noted, 'and a newer one counts')
})
