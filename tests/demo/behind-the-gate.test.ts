/** The sample lab behind the gate, as a process, used by a person without scripts: everything that `npm start` shows. */
import { createHash } from 'node:crypto'
import http, { type IncomingMessage } from 'node:http'
import t from 'tap'
import { Agent, WebSocket } from 'undici'
import { SampleLab } from '../../src/demo/sample-lab.ts'
import { rawFile, rawFileBytes } from '../../src/demo/samples.ts'
import { Person } from '../fixtures/in-process/person.ts'
import { startGate } from '../fixtures/process/gate.ts'

t.test('the sample lab behind the gate', async t => {
  const lab = await SampleLab.start({ port: 0 })
  t.teardown(() => lab.close())
  const gate = await startGate(t, {
    apps: [
      {
        id: 'lab',
        title: 'Lab portal',
        url: 'http://lab.localhost:HOST',
        upstream: lab.url,
        rules: [
          { path: '/static/**', methods: ['GET', 'HEAD'], access: 'public' },
          { path: '/admin/**', access: 'mfa', factors: ['webauthn'] },
          { access: 'mfa' }
        ]
      }
    ]
  })
  const origin = gate.origin('lab')
  const ada = new Person(gate.port)
  const headers = () => ({ cookie: ada.cookies(new URL(origin).host), host: new URL(origin).host })

  function ask(
    path: string,
    options: http.RequestOptions = {},
    body?: string
  ): Promise<{ response: IncomingMessage; bytes: Buffer }> {
    return new Promise((resolve, reject) => {
      const request = http.request({
        host: '127.0.0.1',
        port: gate.port,
        path,
        agent: false,
        ...options,
        headers: { ...headers(), ...options.headers }
      })
      request.on('error', reject)
      request.on('response', async response => {
        const parts: Buffer[] = []
        for await (const part of response) parts.push(part)
        resolve({ response, bytes: Buffer.concat(parts) })
      })
      request.end(body)
    })
  }

  t.test('shows a stranger its style sheet and nothing else', async t => {
    const stranger = new Person(gate.port)
    t.equal((await stranger.request('GET', `${origin}/static/lab.css`)).status, 200)
    const page = await stranger.request('GET', `${origin}/samples/AM-26-0126`)
    t.equal(page.status, 302)
    t.ok(page.headers.location?.startsWith(`${gate.portal}/.factorgate/login`))
  })

  t.test('greets whoever accepted an invitation by name', async t => {
    const invitation = await gate.invite('ada', '--display', 'Ada Château', '--group', 'researchers')
    await ada.accept(invitation, 'a long and quiet evening')
    const page = await ada.open(`${origin}/you`)
    t.equal(page.status, 200)
    t.match(page.body, /You are Ada Château/)
    t.match(page.body, /researchers/)
    t.notMatch(page.body, /factorgate=/, 'and never sees the cookie')
  })

  t.test('asks for a passkey where a rule does', async t => {
    const page = await ada.open(`${origin}/admin/`)
    t.notMatch(page.body, /Calibrate/)
    t.notMatch(page.body, /Aldermoor/)
  })

  t.test('resumes a download in the middle', async t => {
    const { response, bytes } = await ask('/samples/AM-26-0126/run.raw', {
      headers: { range: 'bytes=5000000-5099999' }
    })
    t.equal(response.statusCode, 206)
    t.equal(response.headers['content-range'], `bytes 5000000-5099999/${rawFileBytes}`)
    t.ok(bytes.equals(rawFile(5_000_000, 100_000)))
  })

  t.test('takes a deposit', async t => {
    const body = 'ion '.repeat(50_000)
    const { response, bytes } = await ask('/deposit/a.raw', { method: 'PUT' }, body)
    t.equal(response.statusCode, 201)
    t.same(JSON.parse(bytes.toString()), { bytes: 200_000, sha256: createHash('sha256').update(body).digest('hex') })
  })

  t.test('streams its trace while it happens', async t => {
    const request = http.get({
      host: '127.0.0.1',
      port: gate.port,
      path: '/instruments/orbit-2/trace',
      agent: false,
      headers: headers()
    })
    const response = await new Promise<IncomingMessage>(resolve => request.on('response', resolve))
    let text = ''
    for await (const part of response) {
      text += part
      if (text.split('data: ').length > 3) break
    }
    t.match(text, /^data: \[\{"at":\d+,"counts":\d+/m)
  })

  t.test('talks over a WebSocket, and falls silent when the session is revoked', async t => {
    const dispatcher = new Agent({
      connect: { lookup: (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]) }
    })
    t.teardown(() => dispatcher.destroy())
    const url = `${origin.replace('http', 'ws')}/instruments/orbit-2/console`
    const { cookie } = headers()
    const socket = new WebSocket(url, { protocols: 'orbit-console', headers: { cookie, origin }, dispatcher })
    const next = () =>
      new Promise<string>((resolve, reject) => {
        socket.addEventListener('message', event => resolve(event.data), { once: true })
        socket.addEventListener('error', () => reject(new Error('the socket failed')), { once: true })
      })
    t.match(await next(), /Hello, Ada Château/)
    t.equal(socket.protocol, 'orbit-console')
    const reply = next()
    socket.send('echo still here')
    t.equal(await reply, 'still here')

    const closed = new Promise(resolve => socket.addEventListener('close', resolve, { once: true }))
    const { code, stderr } = await gate.run('session', 'revoke', '--user', 'ada')
    t.equal(code, 0, stderr)
    await closed
    t.equal((await ada.request('GET', `${origin}/you`)).status, 302)
  })

  t.test('ends in order', async t => {
    t.equal(await gate.stop(), 0)
    const kinds = (await gate.journal()).map(line => line.kind)
    for (const kind of [
      'gate.start',
      'invitation.accept',
      'enrol',
      'exchange',
      'socket.open',
      'socket.close',
      'session.end',
      'gate.stop'
    ])
      t.ok(kinds.includes(kind), `the journal tells of ${kind}`)
  })
})
