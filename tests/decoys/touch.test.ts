/** Who touches a decoy, whether they meant to, and what follows. */
import type { IncomingHttpHeaders } from 'node:http'
import t from 'tap'
import { judgeTouch } from '../../src/decoys/touch.ts'
import { isLinkedHere, type Led, ledBy } from '../../src/metering/led.ts'

const site = { origin: 'https://files.lab.example', secure: true }
const page = { accept: 'text/html,*/*' }
const agents = {
  oldSafari:
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.6 Safari/605.1.15',
  safari:
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15',
  chrome: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  oldFirefox: 'Mozilla/5.0 (Windows NT 10.0; rv:78.0) Gecko/20100101 Firefox/78.0',
  oldPhone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 15_7 like Mac OS X) AppleWebKit/605.1.15 CriOS/120.0 Mobile Safari/604.1'
}

const cases: [string, Record<string, string>, Led | null][] = [
  ['a click in the app', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' }, null],
  ['a script of the app', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }, null],
  ['an address that was typed', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, null],
  ['curl', { 'user-agent': 'curl/8.9', accept: '*/*' }, null],
  ['a program without a name', {}, null],
  ['a program that asks for HTML', { accept: 'text/html', 'user-agent': 'python-requests/2.32' }, null],
  ['a link on another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, 'other_site'],
  ['a picture on another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 'other_site'],
  ['a link of another app of the lab', { 'sec-fetch-site': 'same-site', 'sec-fetch-user': '?1' }, 'other_site'],
  ['a picture in a page of the app', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'no-cors' }, 'embedded'],
  ...(
    [
      ['navigate', 'iframe', 'an iframe'],
      ['navigate', 'frame', 'a frame'],
      ['navigate', 'object', 'an object'],
      ['no-cors', 'embed', 'an embed'],
      ['navigate', 'embed', 'an embed that turns out to be a page'],
      ['cors', 'image', 'a picture with crossorigin'],
      ['cors', 'font', 'a font'],
      ['cors', 'script', 'a module script'],
      ['cors', 'manifest', 'a manifest'],
      ['same-origin', 'track', 'subtitles'],
      ['same-origin', 'worker', 'a worker'],
      ['cors', 'style', 'a style with crossorigin']
    ] as const
  ).map(([mode, destination, what]): [string, Record<string, string>, Led] => [
    `${what} in a page of the app`,
    { ...page, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': mode, 'sec-fetch-dest': destination },
    'embedded'
  ]),
  [
    'a click in the app, with its destination',
    { ...page, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    null
  ],
  [
    'a script of the app, with its destination',
    { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
    null
  ],
  ['a prefetch', { 'sec-purpose': 'prefetch', 'sec-fetch-site': 'same-origin' }, 'prefetch'],
  ['a prerender', { 'sec-purpose': 'prefetch;prerender', 'sec-fetch-site': 'none' }, 'prefetch'],
  ['a prefetch by an old browser', { purpose: 'prefetch' }, 'prefetch'],
  ['a WebSocket of a foreign page', { origin: 'https://evil.example', upgrade: 'websocket' }, 'other_site'],
  ['a WebSocket of the app', { origin: site.origin, upgrade: 'websocket' }, null],
  ['a foreign Referer', { referer: 'https://evil.example/', 'user-agent': agents.oldSafari }, 'other_site'],
  [
    'a worker of the app that passes a foreign link on',
    { 'sec-fetch-site': 'same-origin', referer: 'https://evil.example/' },
    'other_site'
  ],
  ['a host that begins like ours', { referer: 'https://files.lab.example.evil.example/' }, 'other_site'],
  ['an old browser that hides the Referer', { ...page, 'user-agent': agents.oldSafari }, 'unknown_link'],
  ['an old Firefox', { ...page, 'user-agent': agents.oldFirefox }, 'unknown_link'],
  ['an old telephone', { ...page, 'user-agent': agents.oldPhone }, 'unknown_link'],
  [
    'an old browser, from a page of the app',
    { ...page, 'user-agent': agents.oldSafari, referer: `${site.origin}/x` },
    null
  ],
  [
    'a picture in a page of the app, on plain http or by an old browser',
    { accept: 'image/avif,image/webp,*/*;q=0.8', 'user-agent': agents.oldSafari, referer: `${site.origin}/wiki` },
    'embedded'
  ],
  [
    'its style sheet',
    { accept: 'text/css,*/*;q=0.1', 'user-agent': agents.oldSafari, referer: `${site.origin}/wiki` },
    'embedded'
  ],
  ['a script of an old browser', { accept: '*/*', 'user-agent': agents.oldSafari }, null],
  ['a program that says it is a new Chrome', { ...page, 'user-agent': agents.chrome }, null],
  ['a program that says it is a new Safari', { ...page, 'user-agent': agents.safari }, null]
]

t.test('a browser that was led there is told from a person who went there', async t => {
  for (const [name, headers, led] of cases) t.equal(ledBy(headers, site), led, name)
  const plain = { origin: 'http://files.lab.example', secure: false }
  t.equal(ledBy({ ...page, 'user-agent': agents.chrome }, plain), 'unknown_link', 'no browser says it on plain http')
})

t.test('a link in a page of the app is told from an address that somebody typed', async t => {
  const navigate = { ...page, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const referer = `${site.origin}/wiki`
  const rows: [string, IncomingHttpHeaders, boolean][] = [
    ['a click', { ...navigate, 'sec-fetch-site': 'same-origin' }, true],
    ['a typed address', { ...navigate, 'sec-fetch-site': 'none' }, false],
    ['a script', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', referer }, false],
    ['a click in an old browser', { ...page, 'user-agent': agents.oldSafari, referer }, true],
    ['a script in a page, in an old browser', { accept: '*/*', 'user-agent': agents.oldSafari, referer }, true],
    ['a typed address in a new browser', { ...page, 'user-agent': agents.chrome }, false],
    ['a program', { 'user-agent': 'curl/8.9', referer }, false]
  ]
  for (const [name, headers, is] of rows) t.equal(isLinkedHere(headers, site), is, name)
})

t.test('what follows depends on who it is, and whether they meant to', async t => {
  const steps = ['notify', 'suspend'] as const
  const usual = {
    signedIn: 'fully',
    led: null,
    isReportOnly: false,
    steps,
    isJustProved: false,
    isLinked: false
  } as const
  const of = (more: Partial<Parameters<typeof judgeTouch>[0]>) => judgeTouch({ ...usual, ...more })
  t.match(of({}), { outcome: 'touched', steps: ['journal', 'notify', 'suspend'], isStopped: true })
  t.match(of({ signedIn: 'nobody' }), { outcome: 'stranger', steps: ['journal'], isStopped: false })
  t.match(of({ signedIn: 'half' }), { outcome: 'half_way', steps: ['journal', 'notify'], isStopped: false })
  t.match(of({ led: 'prefetch' }), { outcome: 'led', steps: ['journal', 'notify'], isStopped: true })
  t.match(of({ led: 'prefetch', steps: ['notify'] }), { outcome: 'led', isStopped: false }, 'nothing would stop it')
  t.match(of({ isReportOnly: true }), { outcome: 'reported', steps: ['journal', 'notify'], isStopped: false })
  t.match(of({ steps: ['step-up'] }), { outcome: 'touched', steps: ['journal', 'step-up'], isStopped: true })
  t.match(of({ steps: ['step-up'], isJustProved: true }), { steps: ['journal'], isStopped: false })
  t.match(of({ steps: ['suspend'], isJustProved: true }), { steps: ['journal', 'suspend'], isStopped: true })
})
