/** The peer of the gate: @fastify/http-proxy without options or checks, in a separate process. `bare-proxy.mjs UPSTREAM` */
import proxy from '@fastify/http-proxy'
import Fastify from 'fastify'

const app = Fastify({ logger: false })
await app.register(proxy, { upstream: process.argv[2] })
const address = await app.listen({ host: '127.0.0.1', port: 0 })
console.log(`serving ${address}`)
