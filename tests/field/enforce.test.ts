/** Faults of the field in what the gate answers instead of an app, and in what it judges (FIELD A1, A5, F6, F8, F9, F10). */
import t from 'tap'
import { echoApp, startGateway } from '../helpers/gateway.ts'

t.test('FIELD A1 a rule about methods is not stepped round by another method in the query', async t => {
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
  t.equal(get.status, 200, 'no framework looks there for a GET')
  t.equal(await post('/y/a', { 'X-HTTP-Method-Override': 'DELETE' }), 200, 'the header is dropped on the way through')
  t.equal(app.seen.at(-1)?.headers['x-http-method-override'], undefined)
})
