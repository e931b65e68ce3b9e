/**
 * Device keys on a slow network in a real Chromium: the answer to the registration arrives after the first page of the app, its pictures and its
 * scripts have been asked for without the new key's cookie.
 */
import t from 'tap'
import { DeviceBinding } from '../../src/session/device-binding.ts'
import { deviceLab } from '../fixtures/browser/device-lab.ts'

const dot = Buffer.from('R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==', 'base64')
const count = 12
const markup = `<!doctype html><title>First page</title><h1>First page</h1>${Array.from({ length: count }, (_, i) => `<img src="/${i}.gif">`).join('')}
<script>
  const said = Promise.all([
    fetch('/read').then(({ status }) => status),
    fetch('/save', { method: 'POST', body: 'the text' }).then(answer => answer.text())
  ])
</script>`

/** Stored registrations are answered when `release` is called. */
function holdRegistrations(onStale: () => void) {
  const { register, bindingOf } = DeviceBinding.prototype
  let isStored = () => {}
  let release = () => {}
  const stored = new Promise<void>(resolve => {
    isStored = resolve
  })
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  DeviceBinding.prototype.register = async function (...given) {
    const answer = await register.apply(this, given)
    isStored()
    await released
    return answer
  }
  DeviceBinding.prototype.bindingOf = function (...given) {
    const binding = bindingOf.apply(this, given)
    if (binding === 'stale') onStale()
    return binding
  }
  const restore = () => {
    release()
    Object.assign(DeviceBinding.prototype, { register, bindingOf })
  }
  return { stored, release, restore }
}

for (const host of ['one', 'two'])
  t.test(`the first page of ${host}, while its key is being registered`, async t => {
    let stored: Promise<void> = Promise.resolve()
    const lab = await deviceLab(t, (request, response) => {
      const { url = '' } = request
      if (url.endsWith('.gif')) return void response.writeHead(200, { 'content-type': 'image/gif' }).end(dot)
      if (url === '/save') return void request.pipe(response)
      // The page comes when the key is stored, and before the browser has its cookie.
      stored.then(() => response.writeHead(200, { 'content-type': 'text/html' }).end(markup))
    })
    if (lab === null) return
    const { context, page } = await lab.person()
    const bound = (await lab.lines('device.bound')).length
    let stale = 0
    const held = holdRegistrations(() => {
      stale++
      if (stale === 3) held.release()
    })
    t.teardown(held.restore)
    stored = held.stored
    const answer = await page.goto(`${lab.url(host)}/first`)
    t.match([answer?.status(), page.url()], [200, `${lab.url(host)}/first`], 'nobody is sent to sign in')
    t.same(await page.evaluate('said'), [200, 'the text'], 'the requests of scripts come through, with their body')
    const shown = page.evaluate(() => [...document.images].filter(({ naturalWidth }) => naturalWidth > 0).length)
    t.equal(await shown, count, 'no picture is missing')
    t.ok(stale >= 3, `${stale} requests came without the cookie of the key`)
    await lab.untilBound(context, page, host)
    const keys = (await lab.lines('device.bound')).slice(bound)
    t.same(
      keys.map(line => line.host),
      [`${host}.lab.test:${lab.port}`],
      'one token with one key'
    )
    t.equal((await lab.lines('device.lost')).length, 0)
  })
