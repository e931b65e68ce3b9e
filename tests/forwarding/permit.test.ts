import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { GateError } from '../../src/errors.ts'
import { startUpstream } from '../fixtures/in-process/upstream.ts'
import { at, get, header, host, makeApp, parse, startGate } from '../fixtures/pipeline/forwarding.ts'

t.test('without a Permit nothing is forwarded, even where the step before forgot to refuse', async t => {
  const up = await startUpstream(t)
  const policy = { rules: [{ outcome: { access: 'deny' as const } }], caseSensitive: true }
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)], policy })])
  const lines = [`Origin: https://${host}`, 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
  for (const text of [get(), get('/', lines).replace('Connection: close', 'Connection: Upgrade')]) {
    const answer = await gate.ask(text)
    t.equal(parse(answer).status, 500)
    t.same(header(answer, 'factorgate-error'), ['internal'])
  }
  t.equal(up.bytes().length, 0)
})

t.test('every check is asked before the handler forwards, even one that is registered behind it', async t => {
  const up = await startUpstream(t)
  const later = (app: FastifyInstance) => {
    app.addHook('onRequest', (_request, _reply, done) => done(new GateError('not_allowed')))
  }
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })], { later })
  const upgrade = get('/', [`Origin: https://${host}`, 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'])
  for (const text of [get(), get('/', [], 'PROPFIND'), upgrade.replace('Connection: close', 'Connection: Upgrade')])
    t.same(header(await gate.ask(text), 'factorgate-error'), ['not_allowed'])
  t.equal(up.bytes().length, 0)
})
