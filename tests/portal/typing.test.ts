/** Typing passwords and codes in a real Chromium: what can be shown, what is said meanwhile, and what waits. */
import type { Page } from 'playwright-core'
import t from 'tap'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { serveStories } from './story-server.ts'

t.test('in a browser', async t => {
  const origin = await serveStories(t)
  const browser = await openBrowser(t)
  const open = async (name: string, options = {}) => {
    const page = await (await openContext(browser, options)).newPage()
    await page.goto(`${origin}/${name}`)
    return page
  }
  const typeOf = (page: Page, id = 'password') => page.locator(`#${id}`).getAttribute('type')

  t.test('a password can be shown, and is hidden again before it is sent', async t => {
    for (const [name, ids] of Object.entries({
      login: ['password'],
      invite: ['password'],
      password: ['old', 'password']
    })) {
      const page = await open(name)
      for (const [at, id] of ids.entries()) {
        const button = page.getByRole('button', { name: 'Show password' }).nth(at)
        t.equal(await button.getAttribute('aria-pressed'), 'false', `${name} ${id}`)
        await page.locator(`#${id}`).fill('correct horse')
        await button.click()
        t.same([await typeOf(page, id), await button.getAttribute('aria-pressed')], ['text', 'true'])
        await button.click()
        t.same([await typeOf(page, id), await button.getAttribute('aria-pressed')], ['password', 'false'])
        await button.click()
      }
      await page.evaluate(`document.querySelector('form.fields').addEventListener('submit', e => e.preventDefault())`)
      await page.evaluate(
        `document.querySelector('form.fields').dispatchEvent(new Event('submit', { cancelable: true }))`
      )
      for (const id of ids) t.equal(await typeOf(page, id), 'password', 'hidden when it is sent')
      await page.context().close()
    }
  })

  t.test('without scripts there is no switch', async t => {
    const page = await open('login', { javaScriptEnabled: false })
    t.equal(await page.getByRole('button', { name: 'Show password' }).count(), 0)
    t.equal(await typeOf(page), 'password')
    await page.context().close()
  })

  t.test('Caps Lock is told, and no more once it is off', async t => {
    const page = await open('login')
    const press = (isOn: boolean) =>
      page.evaluate(
        `document.querySelector('#password').dispatchEvent(new KeyboardEvent('keyup', { key: 'A', modifierCapsLock: ${isOn} }))`
      )
    await press(true)
    const hint = page.getByText('Caps Lock is on.')
    await hint.waitFor()
    t.equal(await hint.getAttribute('role'), 'status', 'readers hear it')
    await press(false)
    await hint.waitFor({ state: 'detached' })
    await page.context().close()
  })

  t.test('a new password says quietly how long it is; a current one does not', async t => {
    const page = await open('invite')
    const field = page.locator('#password')
    for (const [text, said] of [
      ['abc', '3 of at least 8 characters'],
      ['🙂🙂🙂🙂🙂🙂🙂', '7 of at least 8 characters'],
      ['correct horse', 'Long enough.']
    ] as const) {
      await field.fill(text)
      await page.getByText(said, { exact: true }).waitFor()
    }
    await field.fill('')
    await page.getByText('Long enough.').waitFor({ state: 'detached' })
    await page.goto(`${origin}/login`)
    await page.clock.install()
    await page.locator('#password').fill('abc')
    await page.clock.fastForward(1000)
    t.equal(await page.locator('.aid [role=status]').textContent(), '')
    await page.context().close()
  })

  t.test('the digits of a code have a gap in their middle, of one width each', async t => {
    const page = await open('enrol-totp')
    const code = page.locator('#code')
    await code.pressSequentially('12345')
    t.equal(await code.inputValue(), '123 45')
    await code.press('Backspace')
    await code.press('Backspace')
    t.equal(await code.inputValue(), '123', 'it goes with the digits after it')
    await code.fill('123456')
    t.equal(await code.inputValue(), '123 456')
    await code.press('Home')
    await code.press('Delete')
    t.equal(await code.inputValue(), '23 456', 'nothing jumps while somebody corrects it')
    const style = (await page.evaluate(
      `(({ fontVariantNumeric, letterSpacing }) => [fontVariantNumeric, parseFloat(letterSpacing) > 4])(getComputedStyle(document.querySelector('#code')))`
    )) as unknown[]
    t.same(style, ['tabular-nums', true])
    await page.context().close()
  })

  t.test('a wait counts down in seconds and in minutes, and nothing can be sent before its end', async t => {
    const context = await openContext(browser)
    const page = await context.newPage()
    await page.clock.install()
    for (const [name, button, ...said] of [
      ['login-wait', 'Continue', 'in 25 seconds', 'in 5 seconds'],
      ['challenge-wait', 'Confirm', 'in 2 minutes', 'in 80 seconds'],
      ['challenge-wrong-wait', 'Confirm', 'That code did not work', 'You can try again in 10 seconds.']
    ] as const) {
      await page.goto(`${origin}/${name}`)
      const form = page.locator('form:has([data-wait])')
      await page.getByText(said[0]).waitFor()
      t.ok(await form.getByRole('button', { name: button }).isDisabled(), name)
      await page.clock.fastForward(name === 'login-wait' ? 20_000 : name === 'challenge-wait' ? 40_000 : 20_000)
      await page.getByText(said[1]).waitFor()
      await page.clock.fastForward(100_000)
      await page.getByText('You can try again now.').waitFor()
      t.ok(await form.getByRole('button', { name: button }).isEnabled(), name)
    }
    await context.close()
  })

  t.test('without scripts a wait is said in words, and the button stays', async t => {
    const page = await open('challenge-wrong-wait', { javaScriptEnabled: false })
    t.ok(await page.getByText('You can try again in 30 seconds.').isVisible())
    t.ok(await page.getByRole('button', { name: 'Confirm' }).first().isEnabled())
    await page.context().close()
  })

  t.test('what cannot be undone looks different from what leads on, and says what it does', async t => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await open('remove', { colorScheme })
      const button = page.getByRole('button', { name: 'Remove “Passkey on Mac”' })
      t.ok(await button.isVisible(), colorScheme)
      const [colour, ground] = (await page.evaluate(
        `(({ color, backgroundColor }) => [color, backgroundColor])(getComputedStyle(document.querySelector('button.grave')))`
      )) as string[]
      t.equal(colour, colorScheme === 'light' ? 'rgb(144, 40, 21)' : 'rgb(243, 154, 132)')
      t.equal(ground, 'rgba(0, 0, 0, 0)', 'not filled like a step ahead')
      await page.context().close()
    }
  })
})
