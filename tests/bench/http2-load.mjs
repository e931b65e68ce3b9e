/** Requests over HTTP/2, several at a time on each connection, for so many seconds: `http2-load.mjs INPUT` prints how many were answered 200 as JSON. */
import { connect } from 'node:http2'

const { origin, authority, cookie, path, connections, streams, seconds } = JSON.parse(process.argv[2])
const end = performance.now() + seconds * 1000
let requests = 0

function one(session) {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path, ':authority': authority, cookie })
    let status = 0
    stream.on('response', headers => {
      status = headers[':status']
    })
    stream.on('error', reject)
    stream.on('close', () => (status === 200 ? resolve() : reject(new Error(`an answer was ${status}`))))
    stream.resume()
  })
}

async function follow(session) {
  while (performance.now() < end) {
    await one(session)
    requests++
  }
}

const before = performance.now()
await Promise.all(
  Array.from({ length: connections }, async () => {
    const session = connect(origin, { rejectUnauthorized: false })
    await Promise.all(Array.from({ length: streams }, () => follow(session)))
    session.close()
  })
)
console.log(JSON.stringify({ requests, perSecond: (requests * 1000) / (performance.now() - before) }))
