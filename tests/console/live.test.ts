/** The event stream of who is in: what it sends, and when it ends. */
import http from 'node:http'
import t, { type Test } from 'tap'
import { type Desk, openDesk } from '../fixtures/in-process/console.ts'
import type { Person } from '../fixtures/in-process/person.ts'

interface Stream {
  readonly status: number
  /** Resolves with the first event. */
  readonly first: Promise<string>
  readonly ended: Promise<void>
}

function openStream(t: Test, { gate, admin }: Desk, browser: Person, of = ''): Promise<Stream> {
  const { host, pathname } = new URL(`${admin}${of}/events`)
  const headers = { host, cookie: browser.cookies(host), 'sec-fetch-dest': 'empty', accept: 'text/event-stream' }
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port: gate.port, path: pathname, headers }, response => {
      const first = new Promise<string>(resolve => response.setEncoding('utf8').once('data', resolve))
      const ended = new Promise<void>(resolve => response.on('end', resolve).on('error', () => resolve()))
      resolve({ status: response.statusCode ?? 0, first, ended })
    })
    request.on('error', reject)
    t.teardown(() => request.destroy())
  })
}

t.test('it sends the page’s content without a token, and ends with the session', async t => {
  const desk = await openDesk(t)
  const { account, browser } = await desk.person('oscar', { groups: ['operators'] })
  t.match((await browser.open(`${desk.admin}/`)).body, 'data-live="/.factorgate/admin/events"')
  const stream = await openStream(t, desk, browser)
  t.equal(stream.status, 200)
  const event = await stream.first
  t.match(event, /^data: <p>One person is signed in/)
  t.notMatch(event, /csrf|<form/)
  t.match((await browser.open(`${desk.admin}/watch`)).body, 'data-live="/.factorgate/admin/watch/events"')
  t.notMatch((await browser.open(`${desk.admin}/watch?page=2`)).body, 'data-live', 'a later page stands still')
  const watch = await openStream(t, desk, browser, '/watch')
  const shown = await watch.first
  t.match(shown, /^data: <p>.*watch:/s)
  t.notMatch(shown, /csrf|<form|<html/)
  await desk.gate.server.runtime.sessions.endAccount(account.id, 'revoked')
  await stream.ended
  await watch.ended
  t.pass('the streams have ended')
})

t.test('it ends with the proof that opened it', async t => {
  const desk = await openDesk(t)
  const { browser } = await desk.person('oscar', { groups: ['operators'], secondsAgo: 890 })
  const stream = await openStream(t, desk, browser)
  await stream.first
  desk.time.advance(20)
  desk.gate.server.runtime.live.expire(desk.time.read())
  await stream.ended
  t.equal((await openStream(t, desk, browser)).status, 401)
})

t.test('a session has a few of them, and others have none', async t => {
  const desk = await openDesk(t)
  const { browser } = await desk.person('oscar', { groups: ['operators'] })
  const open = []
  for (let i = 0; i < 4; i++) open.push(await openStream(t, desk, browser))
  t.same(
    open.map(({ status }) => status),
    [200, 200, 200, 200]
  )
  t.equal((await openStream(t, desk, browser)).status, 503)
  const { browser: other } = await desk.person('ada')
  t.equal((await openStream(t, desk, other)).status, 403)
})
