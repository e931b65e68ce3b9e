/** `factorgate serve` as a process: how it ends, and what a supervisor learns from that. */
import t from 'tap'
import { prepareGate } from '../helpers/gate.ts'

const apps = [{ id: 'one', url: 'http://one.localhost:HOST', upstream: 'http://127.0.0.1:9' }]

t.test('told to end it exits 0; after an error nobody caught 1, so that it is started again', async t => {
  const crash = `process.on('SIGUSR2', () => { throw new Error('a crash') })`
  const gate = await prepareGate(t, {
    apps,
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(crash)}` }
  })
  await gate.start()
  t.equal(await gate.stop('SIGUSR2'), 1)
  t.match(gate.output, /"level":60.*a crash/)
  t.match(await gate.journal(), [{ kind: 'gate.start' }, { kind: 'gate.stop' }], 'in order all the same')
  await gate.start()
  t.equal(await gate.stop('SIGTERM'), 0)
})
