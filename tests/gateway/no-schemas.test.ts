import Fastify from 'fastify'
import t from 'tap'
import { noSchemas } from '../../plugins/no-schemas.ts'

t.test('a route with a schema is refused, and one without is served', async t => {
  const app = Fastify({ schemaController: noSchemas })
  t.teardown(() => app.close())
  app.get('/plain', async () => 'ok')
  t.equal((await app.inject('/plain')).body, 'ok')
  const checked = Fastify({ schemaController: noSchemas })
  t.teardown(() => checked.close().catch(() => {}))
  checked.get('/', { schema: { querystring: { type: 'object' } } }, async () => 'ok')
  await t.rejects(async () => await checked.ready(), /no route schemas/)
  const answering = Fastify({ schemaController: noSchemas })
  t.teardown(() => answering.close().catch(() => {}))
  answering.get('/', { schema: { response: { 200: { type: 'string' } } } }, async () => 'ok')
  await t.rejects(async () => await answering.ready(), /no route schemas/)
})
