/** A certificate that is renewed while the changed configuration has a fault is served all the same, by each process of the gate. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import tls from 'node:tls'
import t from 'tap'
import { until } from '../fixtures/in-process/until.ts'
import { startGate } from '../fixtures/process/gate.ts'
import { selfSigned } from '../fixtures/process/self-signed.ts'

for (const workers of [1, 2])
  t.test(`${workers} ${workers === 1 ? 'process' : 'processes'}`, async t => {
    const app = { id: 'one', url: 'https://one.localhost:HOST', upstream: 'http://127.0.0.1:9' }
    const gate = await startGate(t, { tls: true, apps: [app], config: { workers } })
    const served = () =>
      new Promise<string>((resolve, reject) => {
        const socket = tls.connect({ port: gate.port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
          resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '')
          socket.destroy()
        })
        socket.on('error', reject)
      })
    const first = await served()
    const config = readFileSync(gate.configFile, 'utf8')
    writeFileSync(gate.configFile, config.replace('"apps"', '"aps"'))
    await selfSigned(gate.folder)
    process.kill(gate.pid, 'SIGHUP')
    // Connections go to the processes in turn.
    await until(
      async () => {
        const seen = await Promise.all(Array.from({ length: 2 * workers }, served))
        return seen.every(one => one !== first && one === seen[0])
      },
      'the new certificate is served',
      50
    )
    t.match(gate.output, /unknown key 'aps'.*is refused because it has problems/)
    t.match(gate.output, /the certificate was read again all the same/)

    const second = await served()
    const refusals = () => gate.output.split('is refused because').length
    const before = refusals()
    const cert = path.join(gate.folder, 'tls.crt')
    writeFileSync(cert, readFileSync(cert, 'utf8').slice(0, 200))
    process.kill(gate.pid, 'SIGHUP')
    await until(() => refusals() > before, 'it is refused again', 50)
    t.equal(await served(), second, 'one that is cut short is not taken')
    t.equal(await gate.stop(), 0)
  })
