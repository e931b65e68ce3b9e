/** Apps that differ from one visit to the next, for a thousand visits: no report, neither while they are learned nor after. */
import t from 'tap'
import { AppMemory } from '../../src/integrity/app-memory.ts'
import { random, visit } from './fixture.ts'

type Make = (i: number, draw: () => number) => readonly [path: string, html: string]

const hex = (draw: () => number, length = 16) =>
  Array.from({ length }, () => Math.floor(draw() * 16).toString(16)).join('')
const mixed = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const base64 = (draw: () => number, length = 22) =>
  Array.from({ length }, () => mixed[Math.floor(draw() * 64)]).join('')
const some = <T>(draw: () => number, all: readonly T[]) => all.filter(() => draw() > 0.5)
const shuffled = <T>(draw: () => number, all: readonly T[]) =>
  all
    .map(one => [draw(), one] as const)
    .sort(([a], [b]) => a - b)
    .map(([, one]) => one)

const apps: Readonly<Record<string, Make>> = {
  'nonces, tokens, timestamps and a field against forged requests': (i, draw) => [
    '/login',
    `<!doctype html><html><head><meta charset=utf-8><meta name=csrf-token content="${base64(draw)}">
    <script nonce="${base64(draw)}">window.__t = ${Date.now() + i}; var csrf = "${base64(draw, 43)}"; start("${hex(draw)}")</script>
    <script nonce="${base64(draw)}" src="/static/app.${hex(draw, 6)}.js?v=${i}" integrity="sha384-${base64(draw, 64)}"></script></head>
    <body><form method=post action="/login?next=%2F${hex(draw)}"><input type=hidden name=_csrf value="${hex(draw, 32)}">
    <input name=user><input type=password name=p></form><p>It is ${new Date(i * 1e7).toISOString()}</p></body></html>`
  ],
  'the order of scripts and statements, parts that come and go, rows': (i, draw) => [
    '/list',
    `<html><head>${shuffled(draw, ['/js/a.js', '/js/b.js', '/js/c.js'])
      .map(src => `<script src="${src}"></script>`)
      .join('')}
    <script>${shuffled(draw, [`var a = ${i};`, `go(${i}, "x${i}");`, 'if (ready) { run() }']).join('\n')}
    ${some(draw, ['showMenu();', 'admin.open("all");', 'tour({steps: 3});']).join('\n')}</script></head><body><table>
    ${Array.from({ length: Math.floor(draw() * 30) }, (_, row) => `<tr onclick="pick(${row}, '${hex(draw)}')"><td><a href="/item/${row + i * 31}" onmouseover="hint('${base64(draw)}')">x</a>`).join('')}</table></body></html>`
  ],
  'state as JSON, in a data block and in code': (i, draw) => {
    const row = () => ({
      id: Math.floor(draw() * 1e9),
      name: base64(draw),
      url: `https://${hex(draw, 8)}.users.example/`,
      tags: some(draw, ['a', 'b', null, 1.5])
    })
    const state = {
      at: i,
      rows: Array.from({ length: Math.floor(draw() * 9) }, row),
      user: draw() > 0.5 ? null : row()
    }
    return [
      '/state',
      `<html><head><script type="application/json" id=x>${JSON.stringify(state)}</script>
      <script id="__NEXT_DATA__" type="application/json">{"buildId":"${base64(draw)}"}</script>
      <script>window.__INITIAL__ = ${JSON.stringify(state)};
self.__next_f.push([1, ${JSON.stringify(JSON.stringify(state))}])</script>
      <script>window.x = JSON.parse('${JSON.stringify(state).replaceAll("'", '')}')</script></head><body><div id=root></div></body></html>`
    ]
  },
  'charts: rows of dates in code, and state as arguments of a function': (i, draw) => {
    const rows = Array.from(
      { length: 1 + Math.floor(draw() * 40) },
      () => `[new Date(2026, ${Math.floor(draw() * 12)}, 1), ${draw()}, fmt("${hex(draw)}")]`
    )
    const names = 'abcdefghijklmnop'.slice(0, 1 + Math.floor(draw() * 14)).split('')
    return [
      '/charts',
      `<html><body><script>data.addRows([${rows.join(',\n')}]);
      window.__NUXT__=(function(${names.join(',')}){return {layout:"default",data:[{items:[${names.map(name => `{id:${name},t:${i}}`).join(',')}]}]}}(${names.map(() => `"${hex(draw)}"`).join(',')}));</script></body></html>`
    ]
  },
  'builds: hashes in the names of files, import maps, preloads': (_, draw) => [
    '/',
    `<html><head><script type=importmap>{"imports":{"vue":"/assets/vue.${hex(draw, 8)}.js","lib":"https://cdn.example/npm/lib@${Math.floor(draw() * 9)}.${Math.floor(draw() * 9)}.0/dist/lib.js"}}</script>
    <link rel=modulepreload href="/assets/index-${base64(draw, 8).replace(/[-_]/g, 'A')}x9.js"><script type=module src="/assets/main-${hex(draw, 10)}.js"></script>
    <link rel=stylesheet href="https://cdn.example/x.${hex(draw, 8)}.css"></head><body><div id=app></div></body></html>`
  ],
  'menus of roles, variants of a test, languages': (i, draw) => [
    '/home',
    `<html lang="${shuffled(draw, ['de', 'en', 'ja'])[0]}"><head><script src="/js/${['a', 'b'][i % 2]}/variant.js"></script></head><body><nav>
    ${some(draw, ['users', 'billing', 'logs', 'settings'])
      .map(item => `<a href="/admin/${item}">${item}</a><form action="/admin/${item}/close" method=post></form>`)
      .join('')}</nav>
    ${i % 2 === 0 ? '<script>variantA({color: "red"})</script>' : '<script>variantB()</script>'}</body></html>`
  ],
  'a wiki: ever new pages, with links of its people, in frames and addresses': (i, draw) => [
    `/wiki/${['Main_Page', 'Rules', 'People'][i % 3]}${draw() > 0.7 ? `_${base64(draw, 5).replace(/[\d_-]/g, 'x')}` : ''}`,
    `<html><head><script>var INFO = {"id": "${hex(draw)}", "ns": ${i}};</script><script src="/lib/exe/js.php?t=${hex(draw)}"></script></head>
    <body><form action="/search" role=search><input name=q></form><p>${hex(draw)}<a href="https://${hex(draw)}.example/">x</a></p></body></html>`
  ],
  'advertisements: ever new origins': (_, draw) => [
    '/news',
    `<html><body><script src="https://ads-${base64(draw, 7)
      .replace(/[-_\d]/g, 'q')
      .toLowerCase()}.example/show.js"></script><iframe src="https://${base64(draw, 9)
      .replace(/[-_\d]/g, 'k')
      .toLowerCase()}.example/"></iframe></body></html>`
  ],
  'names that are drawn anew in code': (_, draw) => [
    '/obfuscated',
    `<html><body><script>var _0x${hex(draw, 6)} = "${hex(draw)}"; window["cb_${hex(draw)}"] = function () { return ${draw()} };
    ${base64(draw, 9).replace(/[-_\d]/g, 'k')}(1)</script></body></html>`
  ],
  'broken HTML of a template engine': (i, draw) => [
    '/broken',
    `<html><head><title>{{ title }}<script>var x = {{ x }}; {% if a %} go(${i}) {% endif %}</script><body class="{{ c }} onload="start(${i})">
    ${some(draw, ['</div></div>', '<p><b>', '<a href={{ url }}>', '<!-- ', '<table><form><tr>']).join('')}<form action="/x" <input name=q value="${hex(draw)}"><script>done("</scr" + "ipt>")</script>`
  ],
  'an app in one page, whatever the path': (i, draw) => [
    `/${['', 'a', 'b/c', 'deep/er'][i % 4]}${draw() > 0.9 ? `/${hex(draw)}` : ''}`,
    `<!doctype html><html><head><script type=module src="/assets/index.js"></script></head><body><div id=root data-t="${i}"></div></body></html>`
  ]
}

t.test('hundreds of visits, half of them learned', async t => {
  for (const [sentence, make] of Object.entries(apps)) {
    const visits = sentence.startsWith('nonces') ? 1000 : 300
    const memory = new AppMemory(0)
    const draw = random(7)
    const reports: string[] = []
    for (let i = 0; i < visits; i++) {
      const [path, html] = make(i, draw)
      const novelty = visit(memory, path, html, i < visits / 2)
      if (novelty !== null) reports.push(`${i} ${path} ${novelty.marks.map(({ kind, value }) => `${kind} ${value}`)}`)
    }
    t.same(reports, [], sentence)
  }
})

t.test('short learning: a few reports at most, and silence after that', async t => {
  for (const [sentence, make] of Object.entries(apps)) {
    const memory = new AppMemory(0)
    const draw = random(11)
    const open = new Set<string>()
    let reports = 0
    for (let i = 0; i < 150; i++) {
      const [path, html] = make(i, draw)
      const novelty = visit(memory, path, html, i < 12, open)
      if (novelty === null) continue
      reports++
      for (const { kind, value } of novelty.marks) open.add(`${kind} ${value}`)
    }
    t.ok(reports <= 4, `${sentence}: ${reports}`)
  }
})
