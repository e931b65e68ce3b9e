/** A worker that is killed leaves no connection that nobody reads. */
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import t from 'tap'
import { closeUntaken } from '../../src/platform/handed-connections.ts'

const program = `
  const server = require('node:net').createServer(socket => socket.end(String(process.pid)))
  server.listen(0, '127.0.0.1')
`

t.test('what a killed worker had not taken is closed, and what others have taken is served', async t => {
  cluster.setupPrimary({ exec: `${t.testdir({ 'worker.cjs': program })}/worker.cjs`, execArgv: [] })
  const workers: Worker[] = []
  t.teardown(() => {
    for (const worker of workers) worker.process.kill('SIGKILL')
  })
  let port = 0
  for (let i = 0; i < 2; i++) {
    const worker = cluster.fork()
    workers.push(worker)
    closeUntaken(worker)
    const [address] = (await once(worker, 'listening')) as [AddressInfo]
    port = address.port
  }
  const [stopped, other] = workers as [Worker, Worker]
  stopped.process.kill('SIGSTOP')
  const answers = Array.from({ length: 6 }, async () => {
    const socket = net.connect(port, '127.0.0.1')
    let text = ''
    socket.on('error', () => {})
    socket.on('data', data => {
      text += data
    })
    await once(socket, 'close')
    return text
  })
  await Promise.any(answers)
  stopped.process.kill('SIGKILL')
  const texts = await Promise.all(answers)
  t.same(texts.sort(), ['', ...Array(5).fill(String(other.process.pid))])
})
