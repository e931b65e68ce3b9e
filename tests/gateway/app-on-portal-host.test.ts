/** An app on the host of the portal: it reads nothing of the gate. */
import t from 'tap'
import { echoApp, navigation, startGateway } from '../fixtures/in-process/gateway.ts'

t.test('an app on the portal’s own host reads nothing of ours', async t => {
  const upstream = await echoApp(t, (_request, response) => {
    response.setHeader('Service-Worker-Allowed', '/')
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
    response.end('app')
  })
  const gate = await startGateway(t, {
    apps: `  - { id: nb, url: "http://gate.localhost:PORT/nb", upstream: "${upstream.url}" }
  - { id: own, url: "http://own.localhost:PORT", upstream: "${upstream.url}" }`
  })
  const { cookies } = await gate.signIn(await gate.account('alice'), 'own')
  const cookie = cookies.gate as string

  t.test('a script, a frame or a worker that asks for a page of ours is refused, a person is not', async t => {
    for (const page of ['account', 'enrol/totp', 'enrol', '', 'challenge', 'login']) {
      const url = `${gate.portal}/.factorgate/${page}`
      for (const dest of ['empty', 'iframe', 'embed', 'object', 'serviceworker', 'script', 'image']) {
        const answer = await gate.request('GET', url, {
          cookie,
          accept: '*/*',
          'sec-fetch-mode': 'cors',
          'sec-fetch-site': 'same-origin',
          'sec-fetch-dest': dest
        })
        t.equal(answer.status, 403, `${page} as ${dest}`)
        t.notMatch(answer.body, /csrf|totp-secret/)
      }
      t.not((await gate.request('GET', url, { cookie, ...navigation })).status, 403, page)
    }
    const sheet = /href="(\/\.factorgate\/assets\/[^"]+\.css)"/.exec(
      (await gate.request('GET', `${gate.portal}/.factorgate/login?switch`, { ...navigation })).body
    )?.[1]
    t.equal(
      (await gate.request('GET', gate.portal + sheet, { 'sec-fetch-dest': 'style' })).status,
      200,
      'style sheets are for pages'
    )
  })

  t.test('it installs no worker there, and widens no worker’s scope', async t => {
    const before = upstream.seen.length
    const worker = await gate.request('GET', `${gate.portal}/nb/sw.js`, { cookie, 'service-worker': 'script' })
    t.equal(worker.status, 403)
    t.equal(upstream.seen.length, before)
    const plain = await gate.request('GET', `${gate.portal}/nb/x`, { cookie })
    t.equal(plain.status, 200)
    t.equal(plain.headers['service-worker-allowed'], undefined)
    const own = await gate.request('GET', `${gate.origin('own')}/sw.js`, {
      cookie: cookies.own as string,
      'service-worker': 'script'
    })
    t.equal(own.headers['service-worker-allowed'], '/', 'on a host of its own an app may')
  })

  t.test('a window that it opens on a page of ours is none of its business', async t => {
    const ours = await gate.request('GET', `${gate.portal}/.factorgate/account`, { ...navigation, cookie })
    t.equal(ours.headers['cross-origin-opener-policy'], 'same-origin')
    const beside = await gate.request('GET', `${gate.portal}/nb/x`, { cookie })
    t.equal(beside.status, 200)
    t.equal(beside.headers['cross-origin-opener-policy'], undefined, 'the same policy would let it read that window')
    const own = await gate.request('GET', `${gate.origin('own')}/x`, { cookie: cookies.own as string })
    t.equal(own.headers['cross-origin-opener-policy'], 'same-origin', 'on a host of its own an app may say it')
  })
})
