/** A gate on one machine is called localhost, and people type the address that it listens on. */
import t from 'tap'
import { startGateway } from '../fixtures/in-process/gateway.ts'

const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }

t.test('a page at the address of this machine leads to its name, and to no other host', async t => {
  const gate = await startGateway(t, {
    apps: '  - { id: one, url: "http://localhost:PORT", upstream: "http://127.0.0.1:9" }'
  })
  const port = new URL(gate.portal).port
  const at = (host: string, headers: Record<string, string> = page, method = 'GET') =>
    gate.request(method, `http://127.0.0.1:${port}//x?y=%2F`, { ...headers, host })
  for (const host of [`127.0.0.1:${port}`, `[::1]:${port}`]) {
    const { status, headers } = await at(host)
    t.same([status, headers.location], [302, `http://localhost:${port}//x?y=%2F`], host)
  }
  for (const host of ['127.0.0.1', `127.0.0.2:${port}`, `127.0.0.1.evil.example:${port}`, `evil@127.0.0.1:${port}`])
    t.same([(await at(host)).status, (await at(host)).headers['factorgate-error']], [421, 'misdirected'], host)
  t.equal((await at(`127.0.0.1:${port}`, { accept: '*/*' })).status, 421, 'programs are not led elsewhere')
  t.equal((await at(`127.0.0.1:${port}`, page, 'POST')).status, 421)
})

t.test('a gate that has no site of that name serves the address to nobody', async t => {
  const gate = await startGateway(t, {
    apps: '  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:9" }'
  })
  const { port } = new URL(gate.portal)
  t.equal((await gate.request('GET', `http://127.0.0.1:${port}/`, page)).status, 421)
})
