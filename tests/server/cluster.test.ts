/** Several worker processes (`workers: 2`): shared sign-ins, one start and end, one page of metrics. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { Socket } from 'node:net'
import tls from 'node:tls'
import t from 'tap'
import { Person, totpCode } from '../fixtures/in-process/person.ts'
import { download } from '../fixtures/in-process/torrent.ts'
import { startUpstream } from '../fixtures/in-process/upstream.ts'
import { type Gate, startGate } from '../fixtures/process/gate.ts'
import { selfSigned } from '../fixtures/process/self-signed.ts'

const password = 'two hands of one gate'
const MiB = 1024 ** 2
const flood = Buffer.alloc(16 * MiB, 'factorgate ')

/** The running child processes of a process. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise(resolve => setTimeout(resolve, 20))
}

async function metrics(gate: Gate): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${gate.adminPort}/metrics`)
  return response.text()
}

const number = (text: string, name: string) =>
  Number(new RegExp(`^${name.replace(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN)

t.test('two processes, one gate', async t => {
  const app = await startUpstream(t, (socket, { line, headers }) => {
    if (headers.some(([name]) => name.toLowerCase() === 'upgrade'))
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    else if (line.startsWith('GET /endless')) socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbegun')
    else if (line.startsWith('GET /flood')) {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${flood.length}\r\n\r\n`)
      socket.write(flood)
    } else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  })
  const apps = ['one', 'files', 'few'].map(id => ({
    id,
    title: id,
    url: `http://${id}.localhost:HOST`,
    upstream: app.origin
  }))
  const budgets = JSON.parse(`[
    { "id": "theft", "per": "person", "app": "files", "window": "1h", "bytes": "8MiB", "then": ["cut"] },
    { "id": "few", "per": "person", "app": "few", "window": "1h", "requests": 10, "then": ["cut"] }
  ]`)
  const gate = await startGate(t, { apps, config: { workers: 2, watch: { budgets } } })
  const one = gate.origin('one')
  const person = new Person(gate.port)
  await person.accept(await gate.invite('ada'), password)
  const { host } = new URL(one)
  t.equal((await person.open(`${one}/`)).body, 'ok')

  await t.test('whoever is signed in is so with each of them, and what they count is added up', async t => {
    t.equal(childrenOf(gate.pid).length, 2)
    const before = number(await metrics(gate), 'factorgate_requests_total{app="one",status="2xx"}')
    // Each request has a connection of its own, and the workers take them in turn.
    for (let i = 0; i < 20; i++) t.equal((await person.request('GET', `${one}/${i}`)).status, 200)
    const after = await metrics(gate)
    t.equal(number(after, 'factorgate_requests_total{app="one",status="2xx"}'), before + 20)
    t.equal(number(after, 'factorgate_workers'), 2)
    t.equal(number(after, 'factorgate_store_up'), 1, 'a yes of two is still a yes')
    t.equal(await gate.admin('/readyz'), 200)
    const served = new Set((await gate.journal()).flatMap(line => (line.kind === 'gate.start' ? [line.worker] : [])))
    t.same([...served].sort(), [1, 2], 'the journal says which one began')
  })

  await t.test('FIELD G6 a form that is pressed twice is answered alike by whichever of them', async t => {
    const ada = new Person(gate.port)
    const half = await ada.submit(await ada.open(`${one}/g6`), { username: 'ada', password }, /login/)
    const portal = new URL(half.url)
    const body = new URLSearchParams({
      csrf: /name="csrf" value="([^"]+)"/.exec(half.body)?.[1] ?? '',
      // The enrolment has used the current code.
      code: totpCode(person.secret ?? '', Date.now() + 30_000)
    }).toString()
    const cookie = ada.cookies(portal.host)
    const press = () =>
      new Person(gate.port).request('POST', half.url.replace('/challenge?', '/challenge/totp?'), {
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin: portal.origin, cookie },
        body
      })
    const answers = [...(await Promise.all([press(), press()])), await press(), await press()]
    t.same(answers.map(({ status }) => status).sort(), [302, 302, 302, 303])
    t.equal(new Set(answers.map(({ headers }) => headers['set-cookie']?.join())).size, 1, 'all with the same cookies')
  })

  await t.test('a changed file is loaded by both, and drops no connection', async t => {
    const held = await hold(gate.port, host, person.cookies(host), '/endless')
    const config = JSON.parse(await readFile(gate.configFile, 'utf8'))
    config.portal.title = 'Another Name'
    await writeFile(gate.configFile, JSON.stringify(config))
    await until(async () => (await gate.journal()).filter(line => line.kind === 'gate.reload').length >= 2)
    for (let i = 0; i < 4; i++) t.match((await new Person(gate.port).open(one)).body, /Another Name/)
    t.notOk(held.destroyed, 'what was open stays open')
    held.destroy()
    await writeFile(gate.configFile, '{')
    await until(() => gate.output.includes('the changed configuration is refused'))
    t.match((await new Person(gate.port).open(one)).body, /Another Name/, 'a bad one is refused')
    await until(async () => number(await metrics(gate), 'factorgate_config_ok') === 0)
    t.equal(number(await metrics(gate), 'factorgate_reloads_total{outcome="applied"}'), 1, 'once, not for each of them')
    await writeFile(gate.configFile, JSON.stringify(config))
  })

  await t.test('FIELD A5 a rule tightened by a reload cuts what both hold, and nothing else', async t => {
    const all = (end: string) =>
      Promise.all(
        // The workers take connections in turn, so each holds two of four.
        [0, 1, 2, 3].flatMap(() => [
          hold(gate.port, host, person.cookies(host), `/endless/${end}`),
          hold(gate.port, host, person.cookies(host), `/socket/${end}`, true)
        ])
      )
    const kept = await all('kept')
    const ends = (await all('cut')).map(socket => new Promise<void>(resolve => socket.once('close', () => resolve())))
    const config = JSON.parse(await readFile(gate.configFile, 'utf8'))
    config.apps[0].rules = [
      { path: '/endless/cut', access: 'deny' },
      { path: '/socket/cut', access: 'deny' },
      { access: 'mfa' }
    ]
    await writeFile(gate.configFile, JSON.stringify(config))
    await Promise.all(ends)
    t.same(
      kept.map(socket => socket.destroyed),
      kept.map(() => false)
    )
    for (const socket of kept) socket.destroy()
  })

  await t.test(
    'they share the budgets: what passes one is cut in both, is told once, and nothing new begins in either (O1)',
    async t => {
      const [files, few] = [gate.origin('files'), gate.origin('few')]
      await person.open(`${files}/`)
      await person.open(`${few}/`)
      const cookie = person.cookies(new URL(files).host)
      // The workers take connections in turn, so each has four of eight.
      const all = await Promise.all(Array.from({ length: 8 }, () => download(gate.port, `${files}/flood`, { cookie })))
      const begun = all.filter(({ status }) => status === 200)
      t.same(new Set(await Promise.all(begun.map(({ end }) => end))), new Set([false]), 'no transfer looks whole')
      const bytes = begun.reduce((sum, transfer) => sum + transfer.bytes, 0)
      t.ok(bytes > 4 * MiB && bytes <= (8 + 8) * MiB, `${(bytes / MiB).toFixed(1)} MiB of 8 have left`)
      const codeAt = async (url: string) => (await person.request('GET', url)).headers['factorgate-error']
      for (let i = 0; i < 4; i++) t.equal(await codeAt(`${files}/`), 'budget_spent')
      const codes: unknown[] = []
      await until(async () => {
        codes.push(await codeAt(`${few}/`))
        return codes.slice(-4).filter(code => code === 'budget_spent').length === 4
      })
      t.ok(codes.indexOf('budget_spent') >= 9, 'requests too')
      t.equal(await codeAt(`${one}/`), undefined, 'another app is not concerned')
      const passed = async () =>
        (await gate.journal()).filter(({ kind, outcome }) => kind === 'watch.budget' && outcome === 'passed')
      await until(async () => (await passed()).length >= 2)
      t.same((await passed()).map(({ budget: id, name }) => `${id} ${name}`).sort(), ['few ada', 'theft ada'])
    }
  )

  await t.test('a session that ends is cut in every process, and refused by every process (O6)', async t => {
    const open = await Promise.all(
      [0, 1, 2, 3].map(i =>
        i % 2 === 0
          ? hold(gate.port, host, person.cookies(host), '/endless')
          : hold(gate.port, host, person.cookies(host), '/socket', true)
      )
    )
    const ends = open.map(socket => new Promise<void>(resolve => socket.once('close', () => resolve())))
    const { code } = await gate.run('session', 'revoke', '--user', 'ada')
    t.equal(code, 0)
    await Promise.all(ends)
    for (let i = 0; i < 4; i++) t.equal((await person.request('GET', `${one}/`)).status, 302)
  })

  await t.test('another takes the place of one that falls', async t => {
    const [first] = childrenOf(gate.pid)
    process.kill(first!, 'SIGKILL')
    await until(() => childrenOf(gate.pid).filter(pid => pid !== first).length === 2)
    await until(async () => number(await metrics(gate), 'factorgate_workers') === 2)
    t.match(gate.output, /a worker process crashed; another one replaces it/)
    for (let i = 0; i < 4; i++) t.equal((await new Person(gate.port).request('GET', `${one}/`)).status, 302)
    t.equal(await gate.admin('/readyz'), 200)
  })

  await t.test('a connection that was handed to a worker just before it was killed does not stay open', async t => {
    const [first] = childrenOf(gate.pid)
    process.kill(first!, 'SIGSTOP')
    // Node gives each worker a connection in turn, and a worker that does not answer gets one.
    const answers = [0, 1, 2, 3].map(i =>
      new Person(gate.port).request('GET', `${one}/${i}`).then(({ status }) => status, String)
    )
    await Promise.any(answers)
    process.kill(first!, 'SIGKILL')
    const ends = await Promise.all(answers)
    t.equal(ends.filter(end => end === 302).length, 3, ends.join())
    await until(() => childrenOf(gate.pid).filter(pid => pid !== first).length === 2)
    await until(async () => number(await metrics(gate), 'factorgate_workers') === 2)
  })

  await t.test('all of them end in order with the first', async t => {
    const workers = childrenOf(gate.pid)
    t.equal(await gate.stop(), 0)
    t.same(workers.filter(isAlive), [])
    const lines = await gate.journal()
    t.equal(lines.filter(({ kind }) => kind === 'gate.stop').length, 2)
  })

  await t.test('a TLS ticket of one worker counts with the other; none outlives a crew that was killed', async t => {
    const config = await readFile(gate.configFile, 'utf8')
    const secure = JSON.parse(config.replaceAll(/http:(?=\/\/\w+\.localhost)/g, 'https:'))
    secure.listen.tls = await selfSigned(gate.folder)
    await writeFile(gate.configFile, JSON.stringify(secure))
    await gate.start()
    const workers = childrenOf(gate.pid)
    t.equal(workers.length, 2)
    const options = { host: '127.0.0.1', port: gate.port, rejectUnauthorized: false }
    const first = tls.connect(options)
    const [session] = (await once(first, 'session')) as [Buffer]
    first.destroy()
    // The workers take connections in turn.
    for (let i = 0; i < 4; i++) {
      const again = tls.connect({ ...options, session })
      await once(again, 'secureConnect')
      t.ok(again.isSessionReused())
      again.destroy()
    }
    await gate.stop('SIGKILL')
    await until(() => !workers.some(isAlive))
  })
})

t.test('what keeps one of them from starting is said once, and nothing stays', async t => {
  const other = await startUpstream(t)
  const gate = await startGate(t, {
    apps: [{ id: 'a', title: 'A', url: 'http://a.localhost:HOST', upstream: other.origin }]
  })
  const config = JSON.parse(await readFile(gate.configFile, 'utf8'))
  const file = `${gate.configFile}.2`
  await writeFile(file, JSON.stringify({ ...config, workers: 2, admin: false }))
  const { code, stderr } = await gate.run('serve', '--config', file)
  t.equal(code, 1)
  t.equal(stderr.match(/another program listens on this address already/g)?.length, 1, stderr)
  t.match(stderr, /Nothing was started/)
  t.notMatch(stderr, /\n\s+at /)
})

/** Opens a connection with an endless response, and resolves once it has begun. */
function hold(port: number, host: string, cookie: string, path: string, isSocket = false): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const headers = {
      host,
      cookie,
      ...(isSocket
        ? {
            connection: 'Upgrade',
            upgrade: 'websocket',
            origin: `http://${host}`,
            'sec-websocket-version': '13',
            'sec-websocket-key': 'x'.repeat(22)
          }
        : {})
    }
    const request = http.get({ host: '127.0.0.1', port, path, agent: false, headers })
    request.on('error', reject)
    request.on('upgrade', (_response, socket) => {
      socket.on('error', () => {})
      socket.resume()
      resolve(socket as Socket)
    })
    request.on('response', response => {
      response.on('error', () => {})
      response.once('data', () => resolve(response.socket))
    })
  })
}

t.test('the end of the gate does not wait for a worker that stands still', async t => {
  const gate = await startGate(t, { apps: [], config: { workers: 2, shutdownTimeout: '1s' } })
  const workers = childrenOf(gate.pid)
  t.equal(workers.length, 2)
  process.kill(workers[0]!, 'SIGSTOP')
  t.equal(await gate.stop(), 0)
  t.same(workers.filter(isAlive), [])
  t.match(gate.output, /a worker process has not answered for a long time and is killed/)
})
