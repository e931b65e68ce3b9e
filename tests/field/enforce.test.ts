/** Faults in the gate's own answers, and in the requests that it judges (FIELD A1, F9, F10). */
import t from 'tap'
import { type Answer, echoApp, navigation, type Running, startGateway } from '../fixtures/in-process/gateway.ts'
import { Line } from '../fixtures/in-process/wire.ts'

t.test('FIELD A1 a rule about methods is not bypassed by another method in the query', async t => {
  const app = await echoApp(t)
  const gate = await startGateway(t, {
    apps: `  - id: one
    url: "http://one.localhost:PORT"
    upstream: "${app.url}"
    rules:
      - { path: /x/**, methods: [GET, HEAD, POST], access: public }
      - { path: /x/**, access: deny }
      - { path: /y/**, methods: [DELETE], access: deny }
      - { path: /y/**, access: public }`
  })
  const post = async (target: string, headers = {}) =>
    (await gate.request('POST', `${gate.origin('one')}${target}`, headers)).status
  const spellings = ['?_method=DELETE', '?a=1&_method=delete', '?a;_method=PUT', '?%5Fmethod=PUT', '?_%6dethod=%50UT']
  const odd = [
    '?_METHOD=PATCH',
    '?%20_method=PUT',
    '?+_method=PUT',
    '?.method=PUT',
    '?[method=PUT',
    '?_method=GET&_method=PUT'
  ]
  for (const query of [...spellings, ...odd]) t.equal(await post(`/x/a${query}`), 403, query)
  for (const query of ['?_method=DELETE', '?_method=%20delete']) t.equal(await post(`/y/a${query}`), 403, query)
  for (const query of [
    '',
    '?method=DELETE',
    '?_method=list',
    '?_method=',
    '?a=_method=DELETE',
    '?x_method=PUT',
    '?_method=GET'
  ])
    t.equal(await post(`/x/a${query}`), 200, query)
  const get = await gate.request('GET', `${gate.origin('one')}/x/a?_method=DELETE`)
  t.equal(get.status, 200, 'no framework reads it for a GET')
  t.equal(await post('/y/a', { 'X-HTTP-Method-Override': 'DELETE' }), 200, 'the header is dropped on the way through')
  t.equal(app.seen.at(-1)?.headers['x-http-method-override'], undefined)
})

/** Follows redirects as a browser that is signed in at the portal. Returns the last address and answer, and the length of the longest address. */
async function follow(gate: Running, url: string): Promise<{ url: string; answer: Answer; longest: number }> {
  const { cookies } = await gate.signIn(await gate.server.runtime.accounts.byName('alice').then(one => one as never))
  const jars = new Map([[new URL(gate.portal).host, `${cookies.gate}`]])
  let at = url
  let longest = 0
  for (let hops = 0; hops < 8; hops++) {
    const { host } = new URL(at)
    const answer = await gate.request('GET', at, { ...navigation, cookie: jars.get(host) ?? '' })
    const set = (answer.headers['set-cookie'] ?? []).map(line => line.split(';')[0])
    jars.set(host, [jars.get(host), ...set].filter(Boolean).join('; '))
    if (answer.headers.location === undefined) return { url: at, answer, longest }
    at = new URL(answer.headers.location, at).href
    longest = Math.max(longest, at.length)
  }
  throw new Error(`no end of redirects at ${at.slice(0, 200)}`)
}

t.test('FIELD F10 a long link leads to its address', async t => {
  const app = await echoApp(t)
  const gate = await startGateway(t, {
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "${app.url}" }
  - { id: sub, url: "http://labs.localhost:PORT/nb", upstream: "${app.url}" }`
  })
  await gate.account('alice')
  const at = (text: string) => gate.origin('one') + text
  const sized = (begin: string, unit: string, octets: number) =>
    at(begin + unit.repeat(Math.floor((octets - begin.length) / unit.length)))
  const whole: [string, string][] = [
    ['4 kB and a little', sized('/x?q=', 'a', 4200)],
    ['8,000 octets of query', sized('/x?q=', 'a', 8000)],
    ['8,000 octets of many parameters', sized('/x?', 'a=1&', 8000)],
    ['8,000 octets of escapes', sized('/x?q=', '%E4%BD%A0', 8000)],
    ['8,000 octets of plus signs and percent signs', sized('/x?q=', '+%2B', 8000)],
    ['8,000 octets of path', sized('/', 'aa/', 8000)],
    ['10 kB', sized('/x?q=', 'a/b', 10_000)]
  ]
  for (const [title, link] of whole) {
    const { url, answer, longest } = await follow(gate, link)
    t.equal(answer.status, 200, title)
    t.equal(url, link, title)
    t.ok(longest < 12_400, `${title}: ${longest}`)
  }
  const cut: [string, string, string][] = [
    ['a query that fits nowhere: the page without it', sized('/x/y?q=', '%E4', 14_000), at('/x/y')],
    ['a path that fits nowhere: the front page', sized('/', '%E4', 14_000), at('/')],
    ['of a sub-path app its own', `${gate.origin('labs')}/nb/${'%E4'.repeat(4600)}`, `${gate.origin('labs')}/nb/`]
  ]
  for (const [title, link, expected] of cut) {
    const { url, answer } = await follow(gate, link)
    t.equal(answer.status, 200, title)
    t.equal(url, expected, title)
  }
})

t.test('FIELD F10 an unreadable request is refused with a page, if a person may be reading', async t => {
  const gate = await startGateway(t, {
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:1", rules: [{ access: deny }] }`
  })
  const host = `Host: one.localhost:${gate.port}`
  const long = 'x'.repeat(17_000)
  const browser = 'Accept: text/html,application/xhtml+xml,*/*;q=0.8'
  const table: [string, string[], number, RegExp][] = [
    ['a browser with a long address', [`GET /${long} HTTP/1.1`, host, browser], 431, /<!doctype html>/],
    [
      'a browser with many cookies',
      ['GET / HTTP/1.1', host, browser, `Cookie: a=${long}`],
      431,
      /<!doctype html>.*cookies/s
    ],
    ['a program', ['GET / HTTP/1.1', host, 'Accept: */*', `X: ${long}`], 431, /^{"error":{"code":"headers_too_large"/],
    ['a browser or a program', [`GET /${'x'.repeat(80_000)} HTTP/1.1`, host], 431, /<!doctype html>/],
    ['a browser whose header is no header', ['GET / HTTP/1.1', host, browser, 'X : y'], 400, /<!doctype html>/],
    ['a program whose header is no header', ['GET / HTTP/1.1', host, 'X : y'], 400, /^{"error":{"code":"bad_request"/]
  ]
  for (const [title, lines, status, body] of table)
    for (const before of [[], ['GET /.factorgate/jwks.json HTTP/1.1', host]]) {
      const line = new Line(gate.port)
      if (before.length > 0) {
        line.send(`${before.join('\r\n')}\r\n\r\n`)
        await line.until(text => text.includes(']}'))
      }
      const seen = line.received.length
      line.send(`${lines.join('\r\n')}\r\n\r\n`)
      const answer = (await line.closed()).slice(seen)
      const [head = '', text = ''] = answer.split('\r\n\r\n')
      const name = `${title}${before.length > 0 ? ', on a connection that was used' : ''}`
      t.match(head, new RegExp(`^HTTP/1.1 ${status} `), name)
      t.match(head, /factorgate-error: /i, name)
      t.match(text, body, name)
    }
})

const browserAccept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
/** The headers of real clients: a navigation is redirected, others get 401 as a page or as JSON. */
const clients: [string, 'redirect' | 'page' | 'json', Record<string, string>][] = [
  [
    'Chrome',
    'redirect',
    {
      accept: browserAccept,
      'user-agent': 'Mozilla/5.0 Chrome/120',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document'
    }
  ],
  [
    'Chrome over plain http',
    'redirect',
    { accept: browserAccept, 'user-agent': 'Mozilla/5.0 Chrome/120', 'upgrade-insecure-requests': '1' }
  ],
  [
    'Safari before 16.4',
    'redirect',
    { accept: browserAccept, 'user-agent': 'Mozilla/5.0 (Macintosh) AppleWebKit/605 Version/15.6 Safari/605' }
  ],
  [
    'old Firefox',
    'redirect',
    { accept: browserAccept, 'user-agent': 'Mozilla/5.0 (X11; rv:60.0) Gecko/20100101 Firefox/60.0' }
  ],
  [
    'Internet Explorer 11',
    'redirect',
    {
      accept: 'text/html, application/xhtml+xml, */*',
      'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Trident/7.0; rv:11.0) like Gecko'
    }
  ],
  [
    'a browser with cached Basic credentials',
    'redirect',
    { accept: browserAccept, 'user-agent': 'Mozilla/5.0 Firefox/60.0', authorization: 'Basic YTpi' }
  ],
  ['Lynx', 'redirect', { accept: 'text/html, text/plain, text/sgml, */*;q=0.01', 'user-agent': 'Lynx/2.9.0' }],
  ['w3m', 'redirect', { accept: 'text/html, text/*;q=0.5, image/*', 'user-agent': 'w3m/0.5.3' }],
  [
    'a service worker that makes the navigation anew',
    'page',
    {
      accept: browserAccept,
      'user-agent': 'Mozilla/5.0 Chrome/120',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty'
    }
  ],
  [
    'the same, of its own origin',
    'page',
    {
      accept: browserAccept,
      'user-agent': 'Mozilla/5.0 Chrome/120',
      'sec-fetch-mode': 'same-origin',
      'sec-fetch-dest': 'empty'
    }
  ],
  [
    'a service worker that keeps the address alone',
    'page',
    {
      accept: '*/*',
      'user-agent': 'Mozilla/5.0 Chrome/120',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty'
    }
  ],
  [
    'fetch',
    'json',
    {
      accept: '*/*',
      'user-agent': 'Mozilla/5.0 Chrome/120',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty',
      referer: 'http://one.localhost/page'
    }
  ],
  [
    'fetch for JSON in a worker',
    'json',
    {
      accept: 'application/json',
      'user-agent': 'Mozilla/5.0 Chrome/120',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty'
    }
  ],
  [
    'jQuery',
    'json',
    {
      accept: 'text/html, */*; q=0.01',
      'user-agent': 'Mozilla/5.0 Chrome/120',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty',
      'x-requested-with': 'XMLHttpRequest'
    }
  ],
  [
    'jQuery in an old browser',
    'json',
    { accept: 'text/html, */*; q=0.01', 'user-agent': 'Mozilla/5.0 Firefox/60.0', 'x-requested-with': 'XMLHttpRequest' }
  ],
  ['htmx', 'json', { accept: 'text/html, */*', 'user-agent': 'Mozilla/5.0 Firefox/60.0', 'hx-request': 'true' }],
  [
    'an event stream',
    'json',
    {
      accept: 'text/event-stream',
      'user-agent': 'Mozilla/5.0 Chrome/120',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty'
    }
  ],
  [
    'a picture in a page',
    'json',
    {
      accept: 'image/avif,image/webp,*/*;q=0.8',
      'user-agent': 'Mozilla/5.0 Chrome/120',
      'sec-fetch-mode': 'no-cors',
      'sec-fetch-dest': 'image'
    }
  ],
  ['curl', 'json', { accept: '*/*', 'user-agent': 'curl/8.5.0' }],
  ['wget', 'json', { accept: '*/*', 'user-agent': 'Wget/1.21' }],
  ['git', 'json', { accept: '*/*', 'user-agent': 'git/2.43.0' }],
  ['python-requests', 'json', { accept: '*/*', 'user-agent': 'python-requests/2.31' }],
  [
    'Java, whose Accept begins with text/html',
    'json',
    { accept: 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2', 'user-agent': 'Java/17.0.9' }
  ],
  [
    'R with httr',
    'json',
    { accept: 'application/json, text/xml, application/xml, */*', 'user-agent': 'libcurl/8.5 r-curl/5.2 httr/1.4' }
  ],
  [
    'Microsoft Office',
    'json',
    { accept: 'text/html, */*', 'user-agent': 'Mozilla/4.0 (compatible; ms-office; MSOffice 16)' }
  ],
  ['the WebDAV redirector of Windows', 'json', { 'user-agent': 'Microsoft-WebDAV-MiniRedir/10.0' }],
  [
    'PowerShell',
    'json',
    { accept: 'text/html', 'user-agent': 'Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1' }
  ],
  ['Cyberduck', 'json', { accept: 'text/html', 'user-agent': 'Cyberduck/8.7' }],
  ['davfs2', 'json', { accept: 'text/html', 'user-agent': 'davfs2/1.6.1 neon/0.32.4' }],
  ['a program with a token', 'json', { accept: 'text/html', 'user-agent': 'Mozilla/5.0 x', authorization: 'Bearer t' }],
  ['who downloads in pieces', 'json', { accept: 'text/html,*/*', 'user-agent': 'Mozilla/5.0 x', range: 'bytes=0-' }]
]

t.test('FIELD F9 a person gets a page, a program gets JSON, and the way back is the address asked for', async t => {
  const gate = await startGateway(t, {
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:1" }`
  })
  const link = `${gate.origin('one')}/deep/page?x=1`
  for (const [name, expected, headers] of clients) {
    const referer = `${gate.origin('one')}/worker.js`
    const answer = await gate.request('GET', link, { referer, ...headers })
    t.equal(answer.headers['factorgate-error'], 'sign_in_required', name)
    if (expected === 'redirect') {
      t.equal(answer.status, 302, name)
      t.equal(new URL(answer.headers.location as string).searchParams.get('rd'), link, name)
      continue
    }
    t.equal(answer.status, 401, name)
    t.match(answer.headers['content-type'], expected === 'page' ? /^text\/html/ : /^application\/json/, name)
    if (expected === 'page') t.match(answer.body, `rd=${encodeURIComponent(link)}`, `${name}: the way back`)
    else t.notMatch(JSON.parse(answer.body).error.challengeUrl, /worker\.js/, name)
  }
})

t.test('FIELD F9 a worker is known by its script, whatever that is called', async t => {
  const app = await echoApp(t)
  const gate = await startGateway(t, {
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "${app.url}", rules: [{ path: /open/**, access: public }, { access: mfa }] }`
  })
  const one = gate.origin('one')
  const { cookies } = await gate.signIn(await gate.account('alice'), 'one')
  const cookie = String(cookies.one).replace('factorgate=', `factorgate-${gate.port}=`)
  const fetched = {
    accept: '*/*',
    'sec-fetch-mode': 'cors',
    'sec-fetch-dest': 'empty',
    'sec-fetch-site': 'same-origin'
  }
  const kind = async (script: string) => {
    const answer = await gate.request('GET', `${one}/deep?x=1`, { ...fetched, referer: one + script })
    t.equal(answer.status, 401, script)
    return String(answer.headers['content-type']).split(';')[0]
  }
  for (const script of [
    '/a/sw',
    '/service-worker',
    '/serviceworker.php?v=1',
    '/x/service_worker?a',
    '/w.cjs',
    '/w.mjs'
  ])
    t.equal(await kind(script), 'text/html', script)
  for (const script of ['/bg?v=2', '/open/bg', '/app/tasks/'])
    for (const [who, sent, expected] of [
      ['nobody has fetched it', null, 'application/json'],
      ['a stranger says it is one', {}, 'application/json'],
      ['a page of somebody who is in', { cookie, worker: false }, 'application/json'],
      ['a worker of somebody who is in', { cookie }, 'text/html']
    ] as const) {
      if (sent !== null) {
        const { worker = true, ...headers } = sent as { cookie?: string; worker?: boolean }
        await gate.request('GET', one + script, { ...headers, ...(worker ? { 'service-worker': 'script' } : {}) })
      }
      t.equal(await kind(script), expected, `${script}: ${who}`)
    }
  t.equal(await kind('/bg?v=3'), 'application/json', 'another script is another')
})
