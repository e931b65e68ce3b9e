/** Clients that disconnect during the session look-up: the app gets no request, and nothing stays open. */
import { readFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import t from 'tap'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { startUpstream, webSocketLines } from '../fixtures/in-process/upstream.ts'

t.test('who leaves while the store is asked about them is not forwarded, and is in the journal', async t => {
  const app = await startUpstream(t)
  const gate = await startGateway(t, {
    apps: `  - { id: one, title: One, url: "http://one.localhost:PORT", upstream: "${app.origin}", rules: [{ access: public }] }`
  })
  const { store, live, journal } = gate.server.runtime
  const get = store.get.bind(store)
  for (const [title, lines] of [
    ['a request', []],
    ['a WebSocket', webSocketLines]
  ] as const) {
    let asked = () => {}
    let answer = () => {}
    const isAsked = new Promise<void>(resolve => {
      asked = resolve
    })
    const mayAnswer = new Promise<void>(resolve => {
      answer = resolve
    })
    store.get = async key => {
      if (!key.startsWith('token:')) return get(key)
      asked()
      await mayAnswer
      return null
    }
    const client = net.connect(gate.port, '127.0.0.1')
    const made = 'a'.repeat(43)
    client.write(
      `GET /${lines.length} HTTP/1.1\r\nHost: one.localhost:${gate.port}\r\nCookie: factorgate=${made}\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`
    )
    await isAsked
    client.resetAndDestroy()
    // When a later connection is answered, the end of the earlier one has arrived.
    t.equal((await gate.request('GET', `${gate.portal}/.factorgate/login`)).status, 200)
    answer()
    store.get = get
    const isTold = async () => {
      await journal.flush()
      const text = readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8')
      return text.split('\n').some(line => line.includes(`"path":"/${lines.length}"`) && line.includes('client left'))
    }
    while (!(await isTold())) await new Promise(setImmediate)
    t.equal(live.size, 0, `${title}: nothing stays`)
    t.equal(app.requests.length, 0, `${title}: nothing is asked`)
  }
})
