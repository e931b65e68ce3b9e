/**
 * The app behind both: 100 bytes for `/data` (where there is no nginx to do that), any amount down from `/source?bytes=N`, any amount up
 * to `/sink`. In a process of its own, so that its memory and its time are not the gate's.
 */
import http from 'node:http'

const small = Buffer.alloc(100, 'x')
const piece = Buffer.alloc(64 * 1024, 'y')

function source(response, bytes) {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes })
  let left = bytes
  const more = () => {
    while (left > 0) {
      const part = left >= piece.length ? piece : piece.subarray(0, left)
      left -= part.length
      if (!response.write(part)) return void response.once('drain', more)
    }
    response.end()
  }
  more()
}

function sink(request, response) {
  let bytes = 0
  request.on('data', part => {
    bytes += part.length
  })
  request.on('end', () => response.end(String(bytes)))
}

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://app')
  if (url.pathname === '/source') source(response, Number(url.searchParams.get('bytes')))
  else if (url.pathname === '/sink') sink(request, response)
  else response.end(small)
})
server.requestTimeout = 0
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => console.log(`serving http://127.0.0.1:${server.address().port}`))
