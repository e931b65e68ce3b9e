/**
 * Device-bound sign-ins in a real Chromium with keys in software, over https on several hosts: what waits for a refresh, what is sent on by
 * the gate, and what a thief with the whole cookie jar gets.
 */
import type { BrowserContext, Page } from 'playwright-core'
import t from 'tap'
import { contentOf } from '../fixtures/browser/browser.ts'
import { deviceLab } from '../fixtures/browser/device-lab.ts'

t.test('device keys in a browser', async t => {
  const lab = await deviceLab(t)
  if (lab === null) return
  const { app, url, port, time, browser, person, boundAt, untilBound, lines, cookies } = lab
  /** The browser's cookie has ended, as after the life of a proof. */
  const expire = (context: BrowserContext) => context.clearCookies({ name: cookies.bound })
  const status = (page: Page, target: string, method = 'GET') =>
    page.evaluate(async ([target, method]) => (await fetch(target!, { method: method! })).status, [target, method])

  const { context, page } = await person()

  await t.test('it registers a key on each host, also where the app demands one', async t => {
    t.equal((await page.goto(`${url('one')}/`))?.status(), 200)
    await untilBound(context, page, 'one')
    t.equal((await page.goto(`${url('two')}/x`))?.status(), 200)
    t.equal(page.url(), `${url('two')}/x`)
    const bound = await lines('device.bound')
    t.same(
      bound.map(({ host }) => host).sort(),
      ['gate', 'one', 'two'].map(name => `${name}.lab.test:${port}`),
      'one signature for each host'
    )
    t.same([...new Set(bound.map(({ alg }) => alg))], ['ES256'])
    t.notOk(
      app.seen.some(({ headers }) => /factorgate|secure-session/.test(JSON.stringify(headers))),
      'the app sees none of it'
    )
  })

  await t.test('what waits for a refresh comes through', async t => {
    await page.goto(`${url('one')}/`)
    await expire(context)
    t.equal(await status(page, '/api'), 200, 'a fetch')
    t.ok(await boundAt(context, 'one'))
    await expire(context)
    t.equal(await status(page, '/api', 'POST'), 200, 'a POST')
    await expire(context)
    const all = page.evaluate(() => Promise.all(Array.from({ length: 20 }, async () => (await fetch('/api')).status)))
    t.same([...new Set(await all)], [200], 'twenty at once')
    await expire(context)
    const word = page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const socket = new WebSocket(`wss://${location.host}/ws`)
          socket.onmessage = ({ data }) => resolve(data)
          socket.onerror = () => reject(new Error('the socket failed'))
        })
    )
    t.equal(await word, 'hi', 'a WebSocket')
    await expire(context)
    const event = page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const source = new EventSource('/events')
          source.onmessage = ({ data }) => resolve(data)
          source.onerror = () => reject(new Error('the stream failed'))
        })
    )
    t.equal(await event, 'hello', 'an event stream')
    await expire(context)
    const coming = page.waitForEvent('download')
    await page.evaluate(() => {
      location.href = '/file'
    })
    t.equal((await contentOf(await coming)).toString(), 'the data', 'a download')
    await expire(context)
    t.equal((await page.goto(`${url('one')}/typed`))?.status(), 200, 'an address that is typed')
    t.equal(page.url(), `${url('one')}/typed`)
  })

  await t.test('a link from another site does not wait, and comes to the page all the same', async t => {
    await page.goto(`http://127.0.0.1:${app.port}/mail`)
    await expire(context)
    await page.evaluate(
      href => {
        location.href = href
      },
      `${url('one')}/x?y=1`
    )
    await page.waitForURL(`${url('one')}/x?y=1`)
    t.equal(await page.locator('h1').textContent(), '/x?y=1')
    t.equal((await lines('device.bound')).length, 3, 'with the key that it has')
    await page.goto(`http://127.0.0.1:${app.port}/mail`)
    await expire(context)
    await page.evaluate(
      href => {
        location.href = href
      },
      `${url('gate')}/.factorgate/account`
    )
    await page.getByText('Bound to its device since').first().waitFor()
  })

  await t.test('a thief with the whole cookie jar has it until the bound cookie ends', async t => {
    await page.goto(`${url('one')}/`)
    const thief = await browser.newContext({ storageState: await context.storageState() })
    const stolen = await thief.newPage()
    t.equal((await stolen.goto(`${url('one')}/loot`))?.status(), 200)
    const jar = await thief.cookies()
    time.ahead += 61_000
    await thief.clearCookies({ name: cookies.session, domain: 'two.lab.test' })
    await stolen.goto(`${url('two')}/`)
    t.match(
      stolen.url(),
      `${url('gate')}/.factorgate/login?`,
      'the portal asks for the key before it opens another host'
    )
    await thief.addCookies(jar)
    await stolen.goto(`${url('one')}/loot`)
    time.ahead += 1_231_000
    t.equal(await status(stolen, '/loot'), 401, 'a fetch')
    t.equal(await status(stolen, '/loot', 'POST'), 401, 'a POST')
    for (const way of ['ws', 'events'] as const) {
      await thief.addCookies(jar)
      const opened = await stolen.evaluate(
        way =>
          new Promise(resolve => {
            const one = way === 'ws' ? new WebSocket(`wss://${location.host}/ws`) : new EventSource('/events')
            one.onmessage = () => resolve(true)
            one.onerror = () => resolve(false)
          }),
        way
      )
      t.equal(opened, false, way)
    }
    await thief.addCookies(jar)
    await stolen.goto(`${url('one')}/file`)
    t.match(stolen.url(), `${url('gate')}/.factorgate/login?`, 'a download, and no hand-over at the portal')
    await thief.addCookies(jar)
    await stolen.goto(`${url('two')}/`)
    t.match(stolen.url(), `${url('gate')}/.factorgate/login?`, 'another host')
    const lost = (await lines('device.lost')).map(({ host }) => host)
    t.ok(lost.includes(`one.lab.test:${port}`), lost.join())
    await thief.close()

    await expire(context)
    t.equal(await status(page, '/api'), 200, 'the owner notices nothing')
    await page.goto(`${url('gate')}/.factorgate/`)
    time.ahead += 61_000
    await context.clearCookies({ name: cookies.session, domain: 'two.lab.test' })
    t.equal((await page.goto(`${url('two')}/again`))?.status(), 200)
    t.equal(page.url(), `${url('two')}/again`, 'the owner shows the key on the way to another host')
    t.equal((await page.goto(`${url('gate')}/.factorgate/account`))?.status(), 200)
    t.equal(page.url(), `${url('gate')}/.factorgate/account`)
    const later = (await lines('device.bound')).slice(3).map(({ host }) => host)
    t.same(later, [`two.lab.test:${port}`], 'the new token of that host has a key of its own, and no other is made')
  })

  await t.test('a sign-out ends the keys', async t => {
    await page.goto(`${url('gate')}/.factorgate/logout`)
    await page.getByRole('button', { name: 'Sign out' }).first().click()
    await page.waitForURL(/signed-out/)
    t.equal(await boundAt(context, 'gate'), undefined)
    await page.goto(`${url('one')}/`)
    t.match(page.url(), `${url('gate')}/.factorgate/login?`)
    await context.close()
  })
})
