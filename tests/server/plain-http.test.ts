/** The listener for plain http: challenges first, then redirects that lead to our own addresses alone, and no room for slow clients. */
import { once } from 'node:events'
import net from 'node:net'
import t, { type Test } from 'tap'
import { PlainHttp, type PlainHttpInput, redirectsOf } from '../../src/server/plain-http.ts'

const site = (url: string) => {
  const { origin, hostname, protocol } = new URL(url)
  return { origin, hostname, secure: protocol === 'https:' }
}
const sites = redirectsOf(
  [
    'https://gate.lab.example:8443',
    'https://notes.lab.example',
    'http://old.lab.example',
    'https://two.lab.example:9443',
    'https://two.lab.example'
  ].map(site)
)

async function start(t: Test, more: Partial<PlainHttpInput> = {}): Promise<(...lines: string[]) => Promise<string>> {
  const listener = new PlainHttp({ sites: () => sites, maxHeaderSize: 8192, ...more })
  const { port } = await listener.listen('127.0.0.1', 0)
  t.teardown(() => listener.close())
  return async (...lines) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('error', () => {})
    const parts: Buffer[] = []
    socket.on('data', part => parts.push(part)).write(lines.join('\r\n'))
    await once(socket, 'close')
    return Buffer.concat(parts).toString('latin1')
  }
}

const end = ['Connection: close', '', '']

t.test(
  'K9 · plain http is asked for other hosts in every way → redirects lead to our https addresses alone',
  async t => {
    const say = await start(t)
    const rows: [sentence: string, line: string, host: string, expected: RegExp][] = [
      [
        'a page',
        'GET /a?b=c',
        'notes.lab.example',
        /^HTTP\/1.1 301 [\s\S]*location: https:\/\/notes.lab.example\/a\?b=c\r\n/
      ],
      ['the port of the site', 'GET /', 'gate.lab.example', /location: https:\/\/gate.lab.example:8443\/\r\n/],
      ['the usual port of several', 'GET /', 'two.lab.example', /location: https:\/\/two.lab.example\/\r\n/],
      ['a form keeps its method', 'POST /form', 'notes.lab.example', /^HTTP\/1.1 308 /],
      ['capitals, a port and a dot', 'GET /', 'NOTES.lab.example.:80', /location: https:\/\/notes.lab.example\/\r\n/],
      [
        'no open redirect by two slashes',
        'GET //evil.example/',
        'notes.lab.example',
        /location: https:\/\/notes.lab.example\/\/evil/
      ],
      [
        'no open redirect by a backslash',
        'GET /\\evil.example',
        'notes.lab.example',
        /location: https:\/\/notes.lab.example\/\\evil/
      ],
      [
        'the absolute form',
        'GET http://notes.lab.example?x',
        'evil.example',
        /location: https:\/\/notes.lab.example\/\?x\r\n/
      ],
      [
        'a user in the absolute form',
        'GET http://notes.lab.example@evil.example/',
        'notes.lab.example',
        /^HTTP\/1.1 400 /
      ],
      ['a host that is not ours', 'GET /', 'evil.example', /^HTTP\/1.1 404 (?![\s\S]*location)/],
      ['a host with a user', 'GET /', 'notes.lab.example@evil.example', /^HTTP\/1.1 404 (?![\s\S]*location)/],
      ['a site without https', 'GET /', 'old.lab.example', /^HTTP\/1.1 404 /],
      ['an asterisk', 'OPTIONS *', 'notes.lab.example', /^HTTP\/1.1 400 /],
      [
        'a challenge that nobody waits for',
        'GET /.well-known/acme-challenge/abc',
        'notes.lab.example',
        /^HTTP\/1.1 301 /
      ]
    ]
    for (const [sentence, line, host, expected] of rows) {
      const answer = await say(`${line} HTTP/1.1`, `Host: ${host}`, ...end)
      t.match(answer, expected, sentence)
      t.equal(
        /\r\nfactorgate-error: /i.test(answer),
        /^HTTP\/1.1 4/.test(answer),
        `a refusal says whose it is: ${sentence}`
      )
    }
    const bad = /^HTTP\/1.1 400 [\s\S]*\r\nfactorgate-error: bad_request\r\n/i
    t.match(await say('GET / HTTP/1.1', ...end), bad, 'no host')
    t.match(await say('nonsense', '', ''), bad, 'no HTTP')
    const body = await say('POST / HTTP/1.1', 'Host: notes.lab.example', 'Content-Length: 1000000', '', 'a')
    t.match(body, /^HTTP\/1.1 308 [\s\S]*connection: close/i, 'a body is neither waited for nor read')
    t.match(
      await say('PUT / HTTP/1.1', 'Host: notes.lab.example', 'Expect: 100-continue', 'Content-Length: 5', '', ''),
      /^HTTP\/1.1 308 /,
      'and not asked for'
    )
  }
)

t.test('pending challenges come first, whatever the host', async t => {
  const say = await start(t, {
    challenge: async token => {
      if (token === 'broken') throw new Error('the store is away')
      return token === 'abc' ? 'abc.thumbprint' : null
    },
    lacksCertificate: host => host === 'gate.lab.example'
  })
  const ask = (path: string, host = 'gate.lab.example', method = 'GET') =>
    say(`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...end)
  t.match(await ask('/.well-known/acme-challenge/abc'), /^HTTP\/1.1 200 [\s\S]*\r\n\r\nabc\.thumbprint$/)
  t.match(await ask('/.well-known/acme-challenge/abc', '192.0.2.1'), /\r\n\r\nabc\.thumbprint$/)
  t.match(
    await ask('/.well-known/acme-challenge/abc', 'x', 'HEAD'),
    /^HTTP\/1.1 200 [\s\S]*content-length: 14\r\n[\s\S]*\r\n\r\n$/
  )
  t.match(await ask('/.well-known/acme-challenge/abc', 'notes.lab.example', 'POST'), /^HTTP\/1.1 308 /)
  t.match(await ask('/.well-known/acme-challenge/../abc', 'notes.lab.example'), /^HTTP\/1.1 301 /)
  t.match(await ask('/.well-known/acme-challenge/broken', 'notes.lab.example'), /^HTTP\/1.1 301 /)
  const early = await ask('/')
  t.match(
    early,
    /^HTTP\/1.1 503 [\s\S]*factorgate-error: no_certificate\r\n[\s\S]*retry-after: 30\r\n[\s\S]*has no certificate yet/,
    'no redirect to a site that has none'
  )
})

t.test('D4 a client that sends a byte at a time, or nothing, is cut, and others are served', async t => {
  const say = await start(t, { requestTimeoutMs: 300 })
  const silent = say('')
  const slow = say('GET / HTTP/1.1', 'Host: notes.lab.example', 'X-A: ')
  const stalled = say('POST / HTTP/1.1', 'Host: notes.lab.example', 'Content-Length: 5', '', 'a')
  t.match(await say('GET / HTTP/1.1', 'Host: notes.lab.example', ...end), /^HTTP\/1.1 301 /)
  await Promise.all([silent, slow, stalled])
  t.match(
    await say(`GET /${'a'.repeat(20_000)} HTTP/1.1`, 'Host: notes.lab.example', ...end),
    /^HTTP\/1.1 431 [\s\S]*headers_too_large/
  )
})

t.test('what the parser refuses is refused by the gate, and says so once', async t => {
  const say = await start(t)
  const rows: [line: string, headers: string[], expected: RegExp][] = [
    ['DESCRIBE / HTTP/1.1', [], /^HTTP\/1.1 400 [\s\S]*Factorgate-Error: bad_request\r\n/],
    ['GET / HTTP/1.1', ['Expect: tea'], /^HTTP\/1.1 417 [\s\S]*factorgate-error: bad_request\r\n/],
    ['GET / HTTP/1.1', ['Transfer-Encoding: chunked', '', 'zz'], /^HTTP\/1.1 301 /]
  ]
  for (const [line, headers, expected] of rows) {
    const said = await say(line, 'Host: notes.lab.example', ...headers, ...end)
    t.match(said, expected, line)
    t.equal(said.split('HTTP/1.1 ').length, 2, `${line}: one answer`)
  }
})
