/** Lines of requests that the gate answers itself have the body bytes both ways, as those of apps have. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { type Running, startGateway } from '../fixtures/in-process/gateway.ts'
import { startUpstream } from '../fixtures/in-process/upstream.ts'

async function lines(gate: Running): Promise<Record<string, unknown>[]> {
  await gate.server.runtime.journal.flush()
  const text = readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8')
  return text
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))
}

const form = 'name=nobody&password=wrong'
const rows: readonly (readonly [name: string, method: string, path: string, body: string, hasAnswer: boolean])[] = [
  ['a page', 'GET', '/.factorgate/login', '', true],
  ['a head', 'HEAD', '/.factorgate/login', '', false],
  ['a redirect', 'GET', '/', '', false],
  ['a form', 'POST', '/.factorgate/login', form, true],
  ['a page that is not there', 'GET', '/.factorgate/nothing', '', true]
]

t.test('bytes of the gate', async t => {
  const upstream = await startUpstream(t)
  const gate = await startGateway(t, {
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "${upstream.origin}", rules: [{ access: mfa }] }`
  })
  const answered: (readonly [number, number])[] = []
  for (const [name, method, at, body, hasAnswer] of rows) {
    const headers =
      body === '' ? {} : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length }
    const answer = await gate.request(method, gate.portal + at, { accept: 'text/html', ...headers }, body || undefined)
    t.equal(answer.body.length > 0, hasAnswer, name)
    answered.push([body.length, Buffer.byteLength(answer.body)])
  }
  const found = (await lines(gate)).filter(({ kind }) => kind === 'exchange')
  t.same(
    found.map(({ bytesIn, bytesOut }) => [bytesIn, bytesOut]),
    answered
  )
  t.same(new Set(found.map(({ httpVersion }) => httpVersion)), new Set(['1.1']))
})
