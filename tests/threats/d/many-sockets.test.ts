/**
 * Thousands of people with an idle page (as in THREATS D5): gate, app and people are separate processes. The test bounds the cost of each
 * socket; `npm run bench` measures it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { cases } from '../../fixtures/in-process/cases.ts'
import { Person } from '../../fixtures/in-process/person.ts'
import { RawClient } from '../../fixtures/pipeline/forwarding.ts'
import { startGate } from '../../fixtures/process/gate.ts'
import { until } from '../../fixtures/process/redis-server.ts'
import { head, password } from '../doors.ts'

/** Ten thousand in `npm run test:deep`, as many as one process of a usual Linux may have. */
const wanted = Math.min(10_000, cases(8_000))
/** Each takes two open files in the gate: one from the person, one to the app. Beside them it has some of its own. */
const ownFiles = 150
/** A third of it was measured: a bound that a regression breaks, and a busy machine does not. */
const kibEach = 60

const lines = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13']

/** A masked frame of a few letters, which the app gives back as it is. */
const frame = Buffer.from([0x82, 0x84, 0, 0, 0, 0, ...Buffer.from('ping')])

t.test('idle WebSockets, thousands at a time', { timeout: 110_000 }, async t => {
  const app = await startApp(t)
  const gate = await startGate(t, {
    apps: [{ id: 'one', title: 'One', url: 'http://one.localhost:HOST', upstream: `http://127.0.0.1:${app}` }]
  })
  const page = `${gate.origin('one')}/`
  const person = new Person(gate.port)
  await person.accept(await gate.invite('alice'), password)
  t.equal((await person.open(page)).body, 'ok', 'signed in')
  const host = new URL(page).host
  const handshake = [
    ...[`Cookie: ${person.cookies(host)}`, `Origin: http://${host}`],
    ...['Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', ...lines]
  ]
  const open = async () => {
    const client = await RawClient.open(gate.port)
    client.send(`${head('GET', '/socket', host, handshake)}\r\n\r\n`)
    return { client, answer: await client.until('\r\n\r\n') }
  }

  const count = Math.min(wanted, Math.floor((fileLimit(gate.pid) - ownFiles) / 2))
  t.ok(
    count >= wanted * 0.9,
    `this machine lets one process have ${fileLimit(gate.pid)} files open: enough for ${count} sockets`
  )
  const clients: RawClient[] = []
  t.teardown(() => {
    for (const { socket } of clients) socket.destroy()
  })
  // What is loaded and compiled with the first of them is no cost of the others.
  for (let n = 0; n < 200; n++) clients.push((await open()).client)
  const before = residentKib(gate.pid)
  const filesBefore = files(gate.pid)
  const warm = clients.length
  let refused = 0
  let good = 0
  while (clients.length < count) {
    const size = Math.min(100, count - clients.length)
    for (const { client, answer } of await Promise.all(Array.from({ length: size }, open))) {
      clients.push(client)
      if (!answer.startsWith('HTTP/1.1 101 ')) refused++
    }
    if (clients.length % 200 === 0 && (await person.request('GET', page)).body === 'ok') good++
  }
  t.equal(refused, 0, `${count} sockets, none refused`)
  const more = files(gate.pid) - filesBefore - (count - warm) * 2
  // A free connection or two may have been opened or closed meanwhile.
  t.ok(Math.abs(more) <= 4, `each is one connection from its person and one to the app: ${more} besides`)
  t.ok(good >= 8, 'the good client is served while they come')
  for (let n = 0; n < 50; n++)
    if ((await person.request('GET', page)).body !== 'ok')
      t.fail(`beside ${count} sockets the good client is not served`)
  t.pass('and when they are there')

  const each = (residentKib(gate.pid) - before) / (count - warm)
  t.comment(`measured: ${count} idle sockets: ${each.toFixed(1)} KiB each, the gate alone`)
  t.ok(each < kibEach, `${each.toFixed(1)} KiB each, fewer than ${kibEach}`)

  const some = clients.filter((_, n) => n % 100 === 0)
  for (const { socket } of some) socket.write(frame)
  const heard = await Promise.all(some.map(client => client.until('ping')))
  t.equal(heard.length, some.length, 'what is said on one arrives, even now')
  t.ok(gate.isRunning)

  for (const { socket } of clients) socket.destroy()
  await until('all places are free again', async () => files(gate.pid) <= filesBefore - warm * 2 + ownFiles / 2)
  t.equal((await person.request('GET', page)).body, 'ok')
})

function fileLimit(pid: number): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1] ?? 0)
}

function files(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

function residentKib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

/** Its port, once it serves. */
function startApp(t: Test): Promise<number> {
  const child: ChildProcess = spawn(process.execPath, [fileURLToPath(new URL('quiet-app.mjs', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const gone = new Promise(resolve => child.once('exit', resolve))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await gone
  })
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('the app ended before it served')))
    child.stdout?.once('data', line => resolve(Number(/serving (\d+)/.exec(String(line))?.[1])))
  })
}
