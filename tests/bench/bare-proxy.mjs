/** What the gate is measured against: @fastify/http-proxy as it comes, in a process of its own, checking nothing. `bare-proxy.mjs UPSTREAM` */
import proxy from '@fastify/http-proxy'
import Fastify from 'fastify'

const app = Fastify({ logger: false })
await app.register(proxy, { upstream: process.argv[2] })
const address = await app.listen({ host: '127.0.0.1', port: 0 })
console.log(`serving ${address}`)
