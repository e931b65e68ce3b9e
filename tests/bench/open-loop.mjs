/**
 * Load at a constant rate: request n is due at n / rate, and its latency counts from then, so that a stalled server is charged for requests
 * that it delayed. `open-loop.mjs {port, path, host, cookies, rate, leadSeconds, seconds}`; times within the lead do not count, since this
 * script is still cold. It ends by itself or at SIGTERM, and prints what it measured.
 */
import net from 'node:net'

const { port, path, host, cookies, rate, leadSeconds, seconds } = JSON.parse(process.argv[2])
const maxConnections = 512
const patienceMs = 10_000
const requests = cookies.map(cookie =>
  Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n\r\n`)
)

const total = Math.floor(rate * (leadSeconds + seconds))
const times = []
const refused = {}
const waiting = []
const idle = []
let connections = 0
let sent = 0
let answered = 0
let last = total

class Connection {
  due = 0
  #text = ''
  #isBusy = false

  constructor() {
    connections++
    this.socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    this.socket.setEncoding('latin1')
    this.socket.on('data', part => this.#heard(part))
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      connections--
      const at = idle.indexOf(this)
      if (at >= 0) idle.splice(at, 1)
      if (this.#isBusy) this.#finish('closed', false)
    })
  }

  send(bytes, due) {
    this.due = due
    this.#isBusy = true
    this.#text = ''
    this.socket.write(bytes)
  }

  #heard(part) {
    this.#text += part
    const end = this.#text.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#text.slice(0, end + 2))?.[1]
    if (length === undefined) return this.socket.destroy()
    if (this.#text.length >= end + 4 + Number(length)) this.#finish(this.#text.slice(9, 12), true)
  }

  #finish(status, isKept) {
    this.#isBusy = false
    answered++
    if (status !== '200') refused[status] = (refused[status] ?? 0) + 1
    else if (this.due >= counted) times.push(performance.now() - this.due)
    const due = waiting.shift()
    if (isKept && due !== undefined) this.send(requests[answered % requests.length], due)
    else if (isKept) idle.push(this)
    else if (due !== undefined) issue(due)
    if (answered >= last) tell()
  }
}

function issue(due) {
  const connection = idle.pop() ?? (connections < maxConnections ? new Connection() : undefined)
  if (connection === undefined) waiting.push(due)
  else connection.send(requests[sent % requests.length], due)
}

function tell() {
  times.sort((a, b) => a - b)
  const at = share => times[Math.min(times.length - 1, Math.ceil(times.length * share) - 1)] ?? null
  const found = { sent, answered, refused, p50: at(0.5), p99: at(0.99), max: at(1) }
  process.stdout.write(JSON.stringify(found), () => process.exit(0))
}

const start = performance.now() + 20
const counted = start + leadSeconds * 1000
const timer = setInterval(() => {
  const now = performance.now()
  while (sent < last && start + (sent * 1000) / rate <= now) {
    issue(start + (sent * 1000) / rate)
    sent++
  }
  if (sent >= last && now > start + (last * 1000) / rate + patienceMs) tell()
}, 1)
process.on('SIGTERM', () => {
  last = sent
  clearInterval(timer)
  if (answered >= last) tell()
  setTimeout(tell, patienceMs)
})
