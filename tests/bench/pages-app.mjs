/** An app with one page of 20 kB whose nonce, token and state differ each time. A separate process. */
import http from 'node:http'

const rows = Array.from(
  { length: 150 },
  (_, i) =>
    `<tr class=r><td><a href="/item/${i}" onclick="pick(${i})">Item ${i}</a></td><td>${'text '.repeat(8)}</td></tr>`
).join('\n')
let count = 0

const server = http.createServer((request, response) => {
  request.resume()
  const i = count++
  response.setHeader('content-type', 'text/html; charset=utf-8')
  response.end(`<!doctype html><html><head><meta charset=utf-8><title>Page</title>
<script nonce="n${i}">window.state = {"at": ${i}, "rows": [1, 2, 3]}; start("${i * 7}")</script><script src="/static/app.0a1b2c3d.js"></script></head>
<body><form method=post action="/search"><input type=hidden name=csrf value="${i * 13}"><input name=q></form><table>${rows}</table></body></html>`)
})
server.listen(0, '127.0.0.1', () => console.log(`serving http://127.0.0.1:${server.address().port}`))
