/** Each page of a refusal has one real action, and pages about an app that does not answer look again by themselves. */
import t from 'tap'
import type { ErrorContext } from '../../plugins/portal/error-context.ts'
import { renderError } from '../../plugins/portal/error-page.tsx'
import { type ErrorCode, errorCodes } from '../../src/errors.ts'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { enrolled } from '../fixtures/pipeline/people.ts'
import { openFixture } from '../fixtures/pipeline/portal.ts'
import { serveStories } from './story-server.ts'

const context: ErrorContext = {
  title: 'Example Lab',
  contact: 'mailto:helpdesk@lab.example',
  accent: null,
  reference: 'ABCD-1234',
  portalOrigin: 'https://gate.lab.example',
  appTitle: 'دفاتر',
  person: { displayName: 'Ada & Bob' },
  address: 'https://notebooks.lab.example/a?b=c&d="e"',
  again: '/a',
  front: '/'
}
const actionsOn = (html: string) =>
  [...html.matchAll(/<a class="(button|button second)" href="([^"]*)"[^>]*>(.*?)<\/a>/g)].map(
    ([, look, href, label]) => ({
      look,
      href: (href as string).replaceAll('&amp;', '&').replaceAll('&quot;', '"'),
      label: (label as string).replace(/<[^>]*>/g, '')
    })
  )
const mailOn = (html: string): Record<string, string> => {
  const { href = 'mailto:nobody' } = actionsOn(html).find(one => one.href.startsWith('mailto:')) ?? {}
  const fields: Record<string, string> = Object.fromEntries(new URL(href).searchParams)
  return { to: new URL(href).pathname, ...fields }
}

t.test('each refusal has one action that stands out, whatever is known of the request', async t => {
  const bare = { ...context, contact: null, again: null, address: null, front: null, person: null }
  for (const code of errorCodes)
    for (const known of [context, bare]) {
      const actions = actionsOn(renderError(code, known))
      t.equal(actions.filter(({ look }) => look === 'button').length, 1, code)
      t.equal(actions[0]?.look, 'button', `${code}: the first`)
      t.equal(new Set(actions.map(({ label }) => label)).size, actions.length, `${code}: each once`)
    }
})

t.test('"Ask for access" is a mail with the app, the page, the person and the reference', async t => {
  t.same(mailOn(renderError('not_allowed', context)), {
    to: 'helpdesk@lab.example',
    subject: 'Access to دفاتر',
    body: [
      'I need access to this page of دفاتر, because …',
      '',
      'https://notebooks.lab.example/a?b=c&d="e"',
      'Signed in as Ada & Bob.',
      'Reference: ABCD-1234'
    ].join('\r\n')
  })
  const long = { ...context, address: `https://notebooks.lab.example/${'x'.repeat(9000)}` }
  t.ok((mailOn(renderError('not_allowed', long)).body ?? '').length < 1200, 'mail programs take 2,000 signs')
  for (const contact of [null, 'Room 3', 'https://help.lab.example/'])
    t.same(
      actionsOn(renderError('not_allowed', { ...context, contact })).map(({ label }) => label),
      ['Sign in as somebody else', 'Your apps'],
      `${contact} takes no mail`
    )
})

t.test('through the gate, the mail names what was refused', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  await fixture.accounts.update(fixture.ada.id, { groups: [] })
  const page = await visitor.open('http://notebooks.localhost/tree?a=1')
  const reference = /<dt>Reference<\/dt><dd><bdi>(.*?)</.exec(page.body)?.[1]
  t.match(mailOn(page.body), {
    subject: 'Access to Notebooks',
    body: `http://notebooks.localhost/tree?a=1\r\nSigned in as Ada Lovelace.\r\nReference: ${reference}`
  })
})

t.test('a page looks again only where the app may come back, and never repeats what may act twice', async t => {
  const look = (code: ErrorCode, more: Partial<ErrorContext> = {}) =>
    /data-look="([^"]*)"(?: data-ready="([^"]*)")?/.exec(renderError(code, { ...context, ...more }))?.slice(1) ?? null
  const rows: [string, ErrorCode, Partial<ErrorContext>, unknown][] = [
    ['not reachable', 'app_unreachable', {}, ['/a', undefined]],
    ['maintained', 'app_maintenance', {}, ['/a', undefined]],
    ['too slow: the request may still run', 'app_timeout', {}, ['/', 'دفاتر answers again.']],
    ['a form was sent', 'app_unreachable', { again: null }, ['/', 'دفاتر answers again.']],
    ['a form waits in another tab', 'app_unreachable', { unsent: { href: '/', isForeign: false } }, null],
    ['not allowed', 'not_allowed', {}, null],
    ['no app', 'app_unreachable', { front: null }, null]
  ]
  for (const [name, code, more, expected] of rows) t.same(look(code, more), expected, name)
})

t.test('in a browser', async t => {
  const origin = await serveStories(t)
  const browser = await openBrowser(t)
  /** The answers of the app, one for each look. */
  async function open(name: string, answers: { status: number; code?: string }[]) {
    const page = await (await openContext(browser)).newPage()
    const asked: string[] = []
    await page.route(/\/(?:tree.*)?$/, route => {
      asked.push(new URL(route.request().url()).pathname)
      const { status, code } = answers.shift() ?? { status: 200 }
      return route.fulfill({ status, headers: code === undefined ? {} : { 'factorgate-error': code }, body: '' })
    })
    await page.clock.install()
    await page.goto(`${origin}/${name}`)
    const answered = async () => {
      const response = page.waitForResponse(() => true)
      await page.clock.runFor(60_000)
      await response
    }
    return { page, asked, answered }
  }

  t.test('a page about an app that is down loads again when the app answers', async t => {
    const { page, asked, answered } = await open('error-app_unreachable', [
      { status: 502, code: 'app_unreachable' },
      { status: 503, code: 'app_maintenance' }
    ])
    t.ok(await page.getByText('This page looks again by itself').isVisible())
    await answered()
    const reloaded = page.waitForEvent('load')
    while (asked.length < 3) await answered()
    await reloaded
    t.same(asked, ['/tree', '/tree', '/tree'])
    await page.context().close()
  })

  t.test('after a request that took too long it says that the app is back, and repeats nothing', async t => {
    const { page, asked, answered } = await open('error-app_timeout', [{ status: 504, code: 'app_timeout' }])
    await answered()
    while (asked.length < 2) await answered()
    await page.getByText('Notebooks answers again.').waitFor()
    t.same(asked, ['/', '/'])
    await page.context().close()
  })

  t.test('without scripts it does not promise that', async t => {
    const context = await openContext(browser, { javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${origin}/error-app_unreachable`)
    t.notOk(await page.getByText('This page looks again').isVisible())
    t.ok(await page.getByRole('link', { name: 'Try again' }).isVisible())
    await context.close()
  })
})
