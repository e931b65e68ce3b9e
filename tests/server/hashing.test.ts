/** The log when processes for password hashes cannot start; and no such process outlives the gate. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { startHashersBy } from '../fixtures/in-process/hash-work.ts'

const apps = `
  - id: app
    title: App
    url: http://app.localhost:PORT
    upstream: http://127.0.0.1:9
    rules: [{ access: mfa }]`

t.test('trouble is one line that says what it costs, and the password is hashed all the same', async t => {
  t.teardown(startHashersBy((spawn, _, args, options) => spawn('/nowhere/at-all', args, options)))
  const { server, log } = await startGateway(t, { apps, hasher: 'real' })
  for (let i = 0; i < 2; i++) t.type(await server.runtime.local.preparePassword('correct horse battery'), 'function')
  const lines = log.filter(({ msg }) => String(msg).includes('password'))
  t.match(
    lines.map(({ level, msg, problem }) => `${level} ${msg} ${problem}`),
    [/^40 .* it hashes them itself .*ENOENT/]
  )
  t.notMatch(JSON.stringify(log), 'correct horse')
})

t.test('when the gate ends, so do they', async t => {
  const started: ChildProcess[] = []
  t.teardown(
    startHashersBy((spawn, ...asked) => {
      const child = spawn(...asked)
      started.push(child)
      return child
    })
  )
  const { server } = await startGateway(t, { apps, hasher: 'real' })
  await server.runtime.local.preparePassword('correct horse battery')
  const ended = Promise.all(started.map(child => child.signalCode ?? once(child, 'exit')))
  for (const child of started) child.ref()
  await server.close()
  await ended
  t.ok(started.length > 0)
})
