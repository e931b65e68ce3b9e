import t from 'tap'
import { keepFromSharedCaches } from '../../src/forwarding/inbound.ts'
import { startUpstream } from '../fixtures/in-process/upstream.ts'
import { at, get, header, host, makeApp, parse, startGate } from '../fixtures/pipeline/forwarding.ts'
import { longestTurnMs } from '../fixtures/process/cpu-time.ts'

const reply = (...lines: string[]) => `${['HTTP/1.1 200 OK', 'Content-Length: 2', ...lines].join('\r\n')}\r\n\r\nok`

t.test('the app’s own words come back as they are', async t => {
  const lines = ['Server: Old/1.0', 'X-oDD: 1', 'x-odd: 2', 'ETag: W/"1"', 'Date: Mon, 01 Jan 2001 00:00:00 GMT']
  const security = [
    'Content-Security-Policy: default-src x',
    'X-Frame-Options: DENY',
    'Strict-Transport-Security: max-age=1'
  ]
  const cookies = ['Set-Cookie: a=1; Path=/; HttpOnly', 'Set-Cookie: b=2; SameSite=None', 'set-cookie: c="x;y"']
  const latin = [
    'X-Latin: M\xe4rz \xff',
    'Content-Disposition: attachment; filename="M\xe4rz.csv"',
    'WWW-Authenticate: Basic realm="x"'
  ]
  const all = [...lines, ...security, ...cookies, ...latin]
  const up = await startUpstream(t, Buffer.from(reply(...all), 'latin1'))
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const answer = await gate.ask(get())
  t.same(
    parse(answer).lines.filter(line => all.includes(line)),
    all
  )
  t.same(header(answer, 'date').length, 1)
  t.equal(parse(answer).body, 'ok')
})

t.test('so does a head that goes out before its body, or without one', async t => {
  const latin = ['X-Latin: M\xe4rz \xff', 'Content-Disposition: attachment; filename="M\xc3\xa4rz.csv"']
  const head = (...lines: string[]) =>
    Buffer.from(`${['HTTP/1.1 200 OK', ...lines, ...latin].join('\r\n')}\r\n\r\n`, 'latin1')
  let sendBody = () => {}
  const up = await startUpstream(t, (socket, { line }) => {
    if (line.includes('/late')) socket.write(head('Content-Length: 2'))
    else if (line.includes('/chunks')) socket.write(head('Transfer-Encoding: chunked'))
    else socket.end(head())
    sendBody = () => socket.write(line.includes('/late') ? 'ok' : '2\r\nok\r\n0\r\n\r\n')
  })
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const kept = (answer: string) => parse(answer).lines.filter(line => latin.includes(line))
  t.same(kept(await gate.ask(get('/none'))), latin)
  for (const path of ['/late', '/chunks']) {
    const client = await gate.connect()
    client.send(get(path))
    t.same(kept(await client.until('\r\n\r\n')), latin, `${path}: the head is there before the body`)
    sendBody()
    t.match(await client.rest(), /^(?:ok|2\r\nok\r\n0\r\n\r\n)$/)
  }
})

t.test('a reason phrase of its own is kept, one that cannot be written is replaced', async t => {
  for (const [sent, expected] of [
    ['299 Fine By Me', '299 Fine By Me'],
    ['200 \xe4h', '200 OK'],
    ['404', '404 Not Found']
  ] as const) {
    const up = await startUpstream(t, Buffer.from(`HTTP/1.1 ${sent}\r\nContent-Length: 0\r\n\r\n`, 'latin1'))
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
    t.match(await gate.ask(get()), new RegExp(`^HTTP/1.1 ${expected}\r\n`), sent)
  }
})

t.test('what belongs to the connection, or to the gate alone, does not come back', async t => {
  const connection = [
    'Connection: keep-alive, X-Hop',
    'X-Hop: 1',
    'Keep-Alive: timeout=99',
    'Proxy-Authenticate: Basic'
  ]
  const others = ['Upgrade: h2c', 'Trailer: X-T', 'TE: x', 'Proxy-Connection: close']
  const ours = [
    'Factorgate-Error: internal',
    'X-Factorgate-Assertion: x',
    'factorgate_error: x',
    'Alt-Svc: h3=":443"',
    'Set-Cookie2: a=1'
  ]
  const up = await startUpstream(t, reply(...connection, ...others, ...ours))
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const answer = await gate.ask(get())
  const names = [
    'X-Hop',
    'Proxy-Authenticate',
    'Upgrade',
    'Trailer',
    'TE',
    'Proxy-Connection',
    'Set-Cookie2',
    'Alt-Svc',
    'Keep-Alive'
  ]
  for (const name of [...names, 'Factorgate-Error', 'X-Factorgate-Assertion', 'factorgate_error'])
    t.same(header(answer, name), [], name)
  t.same(header(answer, 'connection'), ['close'])
})

t.test('S6: an app cannot plant our cookies, nor have the browser throw them away', async t => {
  const planted = [
    '__Host-factorgate=evil; Path=/; Secure',
    '__host-Factorgate=evil',
    'factorgate=evil; Domain=lab.example',
    ' factorgate =evil',
    'factorgate-nonce=evil',
    '__Host-factorgate-nonce=evil',
    '__Host-factorgate-known=evil',
    '__Secure-factorgate=evil',
    '=factorgate=evil',
    '==__Host-factorgate=evil',
    'factorgate'
  ]
  const up = await startUpstream(
    t,
    reply(...planted.map(line => `Set-Cookie: ${line}`), 'Set-Cookie: myfactorgate=1', 'Set-Cookie: a=factorgate=1')
  )
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  t.same(header(await gate.ask(get()), 'set-cookie'), ['myfactorgate=1', 'a=factorgate=1'])
  for (const [sent, expected] of [
    ['"cookies"', []],
    ['"cache", "cookies", "storage"', ['"cache", "storage"']],
    ['"*"', ['"cache", "storage"']],
    ['"cache"', ['"cache"']]
  ] as const) {
    const other = await startUpstream(t, reply(`Clear-Site-Data: ${sent}`))
    const another = await startGate(t, [makeApp({ upstreams: [at(other)] })])
    t.same(header(await another.ask(get()), 'clear-site-data'), expected, sent)
  }
})

t.test('S16: a redirect is the browser’s to follow', async t => {
  const up = await startUpstream(
    t,
    'HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n'
  )
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const answer = await gate.ask(get())
  t.equal(parse(answer).status, 302)
  t.same(header(answer, 'location'), ['https://elsewhere.example/'])
  t.equal(up.requests.length, 1)
})

t.test(
  'R23 CWE-601 · Location, Content-Location and Refresh name odd paths → they speak of the public address',
  async t => {
    const inside = '10.1.2.3:8888'
    const shapes: [string, string, [string, string][]][] = [
      [
        '',
        '',
        [
          ['/x?y#z', '/x?y#z'],
          ['x/../y', 'x/../y'],
          [`http://${inside}/x`, `https://${host}/x`],
          [`http://${inside}`, `https://${host}`],
          [`//${inside}/x`, `https://${host}/x`],
          [`http://${host}/x`, `https://${host}/x`],
          [`https://${host}:443/x?u=http://${inside}/`, `https://${host}/x?u=http://${inside}/`],
          [`HTTP://${inside.toUpperCase()}/X`, `https://${host}/X`],
          ['http://10.1.2.3:8889/x', 'http://10.1.2.3:8889/x'],
          [`http://${inside}.evil.example/x`, `http://${inside}.evil.example/x`],
          [`http://${inside}@evil.example/x`, `http://${inside}@evil.example/x`],
          ['https://idp.example/login', 'https://idp.example/login'],
          ['/M\xe4rz%2f', '/M\xe4rz%2f']
        ]
      ],
      [
        '/nb',
        '',
        [
          ['/', '/nb/'],
          ['/login?next=/tree', '/nb/login?next=/tree'],
          ['/nb/tree', '/nb/tree'],
          ['/nbx', '/nb/nbx'],
          ['?page=2', '?page=2'],
          [`http://${inside}/x`, `https://${host}/nb/x`],
          [`http://${inside}`, `https://${host}/nb/`],
          [`https://${host}/x`, `https://${host}/nb/x`],
          [`https://${host}/nb/x`, `https://${host}/nb/x`],
          ['/.factorgate/logout', '/.factorgate/logout']
        ]
      ],
      [
        '/nb',
        '/inner',
        [
          ['/inner/x', '/nb/x'],
          ['/inner', '/nb'],
          ['/inner?x', '/nb?x'],
          ['/inner//evil.example/', '/nb//evil.example/'],
          ['/innerx', '/innerx'],
          ['/nb/x', '/nb/x'],
          [`http://${inside}/inner/x`, `https://${host}/nb/x`]
        ]
      ],
      [
        '',
        '/inner',
        [
          ['/inner/x', '/x'],
          ['/inner', '/'],
          ['/inner?x', '/?x'],
          // Without its base path, what follows would be a host for browsers.
          ['/inner//evil.example/', '/.//evil.example/'],
          ['/inner/\\evil.example/', '/./\\evil.example/'],
          ['/inner/\t/evil.example/', '/./\t/evil.example/'],
          ['/x', '/x']
        ]
      ],
      [
        '/nb',
        '/nb',
        [
          ['/nb/x', '/nb/x'],
          ['/x', '/x']
        ]
      ]
    ]
    let sent = ''
    const up = await startUpstream(t, socket => {
      const lines = [`Location: ${sent}`, `Content-Location: ${sent}`, `Refresh: 3; url=${sent}`, `X-Other: ${sent}`]
      socket.write(Buffer.from(reply(...lines), 'latin1'))
    })
    for (const [prefix, basePath, table] of shapes) {
      const real = { origin: `http://${inside}`, socketPath: null, basePath }
      // The first upstream answers; the second only adds its host name.
      const app = makeApp({ prefix, upstreams: [at(up, basePath), real] })
      for (const [value, expected] of table) {
        const gate = await startGate(t, [app])
        sent = value
        const answer = await gate.ask(get(`${prefix}/`))
        const title = `${value} from ${basePath || '/'} at ${prefix || '/'}`
        t.same(header(answer, 'location'), [expected], title)
        t.same(header(answer, 'content-location'), [expected])
        t.same(header(answer, 'refresh'), [`3; url=${expected}`])
        t.same(header(answer, 'x-other'), [value])
      }
    }
  }
)

t.test('cookies of a sub-path app stay on its path, and none names an inside host', async t => {
  const shapes: [string, string, [string, string][]][] = [
    [
      '/nb',
      '',
      [
        ['a=1', 'a=1'],
        ['a=1; Path=/; Secure', 'a=1; Path=/nb; Secure'],
        ['a=1;path=/hub/', 'a=1;path=/nb/hub/'],
        ['a=1; Path=/nb/x', 'a=1; Path=/nb/x'],
        ['__Host-a=1; Path=/; Secure', '__Host-a=1; Path=/; Secure'],
        ['a=path=/; HttpOnly', 'a=path=/; HttpOnly'],
        ['a=1; Domain=127.0.0.1; Path=/', 'a=1; Path=/nb'],
        [`a=1; Domain=${host}`, `a=1; Domain=${host}`],
        ['a=1; Domain=.lab.example', 'a=1; Domain=.lab.example']
      ]
    ],
    [
      '/nb',
      '/inner',
      [
        ['a=1; Path=/inner', 'a=1; Path=/nb'],
        ['a=1; Path=/inner/x', 'a=1; Path=/nb/x']
      ]
    ],
    [
      '',
      '',
      [
        ['a=1; Domain=127.0.0.1; Path=/x', 'a=1; Path=/x'],
        ['a=1; Path=/', 'a=1; Path=/']
      ]
    ],
    ['', '/inner', [['a=1; Path=/inner', 'a=1; Path=/']]]
  ]
  let sent = ''
  const up = await startUpstream(t, socket => socket.write(reply(`Set-Cookie: ${sent}`)))
  for (const [prefix, basePath, table] of shapes) {
    const gate = await startGate(t, [makeApp({ prefix, upstreams: [at(up, basePath)] })])
    for (const [value, expected] of table) {
      sent = value
      t.same(header(await gate.ask(get(`${prefix}/`)), 'set-cookie'), [expected], value)
    }
  }
})

t.test('large and many headers come back whole', async t => {
  const cookies = Array.from({ length: 60 }, (_, i) => `Set-Cookie: c${i}=${'x'.repeat(500)}`)
  const up = await startUpstream(t, reply(...cookies, `X-Large: ${'y'.repeat(15_000)}`))
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const answer = await gate.ask(get())
  t.equal(header(answer, 'set-cookie').length, 60)
  t.equal(header(answer, 'x-large')[0]?.length, 15_000)
})

t.test(
  'D22 CWE-1333 · a header of an app with very many blanks → it is read at once, and as the app meant it',
  async t => {
    const blanks = ' '.repeat(60_000)
    let sent = ''
    const up = await startUpstream(t, socket => void socket.write(reply(sent)))
    const gate = await startGate(t, [makeApp({ prefix: '/nb', upstreams: [at(up)] })])
    for (const [line, expected] of [
      [`Set-Cookie: a=1; Path=/hub${blanks}x`, `a=1; Path=/nb/hub${blanks}x`],
      [`Set-Cookie: a=1; Domain=hub${blanks}x; Path=/hub`, `a=1; Domain=hub${blanks}x; Path=/nb/hub`],
      [`Refresh: 3; url=/hub${blanks}x`, `3; url=/nb/hub${blanks}x`],
      [`Refresh: 3; url='${blanks}x`, `3; url='${blanks}x`],
      [`X-Folded: a \r\n\t b${blanks}x\r\n c`, `a b${blanks}x c`]
    ] as const) {
      sent = line
      let answer = ''
      const longest = await longestTurnMs(async () => {
        answer = await gate.ask(get('/nb/'))
      })
      const [name = ''] = line.split(':')
      t.ok(header(answer, name.toLowerCase())[0] === expected, `${line.slice(0, 40)}…`)
      t.ok(longest < 2_000, `${Math.round(longest)} ms in one turn`)
    }
  }
)

t.test('what was made for a person is for no shared cache, unless the app says something of caches (R15)', async t => {
  const rows: [said: string[], isLeft: boolean][] = [
    [[], false],
    [['X-Cache-Control', 'private'], false],
    [['Expires', '0', 'Vary', 'Cookie'], false],
    [['Cache-Control', 'max-age=600'], true],
    [['cache-control', 'must-revalidate, immutable'], true],
    [['CACHE-CONTROL', 'no-store'], true],
    [['Cache-Control', 'max-age=1', 'Cache-Control', 'public'], true]
  ]
  for (const [said, isLeft] of rows) {
    const headers = [...said, 'Content-Length', '2']
    keepFromSharedCaches(headers)
    const added = isLeft ? [] : ['Cache-Control', 'private']
    t.same(headers, [...added, ...said, 'Content-Length', '2'], said.join(': '))
  }
})

t.test('FIELD F24 a service worker gets a scope below the path of its app, and no other', async t => {
  const portal = { sharesPortal: true }
  const table: [
    said: string,
    more: { readonly prefix?: string; readonly sharesPortal?: boolean },
    basePath: string,
    heard: string | null
  ][] = [
    ['/', { prefix: '/nb' }, '', '/nb/'],
    ['/', { prefix: '/nb' }, '/nb', '/nb/'],
    ['/', { prefix: '/nb' }, '/inner', '/nb/'],
    ['/deep/', { prefix: '/nb' }, '', '/nb/deep/'],
    ['/deep', { prefix: '/nb' }, '', '/nb/deep'],
    ['/nb/', { prefix: '/nb' }, '/nb', '/nb/'],
    ['/inner/x/', { prefix: '/nb' }, '/inner', '/nb/x/'],
    ['/nb', { prefix: '/nb' }, '/nb', null],
    ['/nbx/', { prefix: '/nb' }, '/nb', null],
    ['/other/', { prefix: '/nb' }, '/nb', null],
    ['/x/', { prefix: '/nb', ...portal }, '', null],
    ['/', { prefix: '/nb', ...portal }, '', null],
    ['/', {}, '', '/'],
    ['/deep/', {}, '', '/deep/']
  ]
  const hostile = [
    '..',
    '../',
    '/..',
    '/../',
    '/x/../../',
    '/%2e%2E/',
    '/.%2e/x/',
    '/./',
    '//',
    '///',
    '/x\\..\\',
    '/\t../',
    '/x?../'
  ]
  for (const value of [...hostile, 'x/', '', `https://${host}/`, 'https://x.example/'])
    table.push([value, { prefix: '/nb' }, '', null])
  for (const [said, more, basePath, heard] of table) {
    const up = await startUpstream(t, Buffer.from(reply(`Service-Worker-Allowed: ${said}`), 'latin1'))
    const gate = await startGate(t, [makeApp({ ...more, upstreams: [at(up, basePath)] })])
    const answer = await gate.ask(get(`${more.prefix ?? ''}/sw.js`))
    t.same(header(answer, 'service-worker-allowed'), heard === null ? [] : [heard], `${said} at ${basePath}`)
  }
})
