/** A sign-in that is under way at an institution waits in this browser's cookie alone, for ten minutes, and once. */
import t from 'tap'
import { type BegunLogin, keepBegun, takeBegun } from '../../plugins/portal/institutions/begun-login.ts'
import type { PageContext } from '../../plugins/portal/page-context.ts'
import { noReturn } from '../../plugins/portal/return-to.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'

const keyring = makeKeyring([newMasterKey()])
const start = 1_800_000_000_000

/** A browser that keeps the cookies it gets. */
class Browser {
  readonly jar = new Map<string, string>()
  readonly lines: string[] = []

  page(now = start, secure = true): PageContext {
    const header = (_name: string, line: string) => {
      this.lines.push(line)
      const [pair = ''] = line.split(';')
      const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
      if (/max-age=0/i.test(line)) this.jar.delete(name)
      else this.jar.set(name, value)
    }
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ')
    return {
      now,
      site: { secure, port: '', origin: 'https://gate.lab.example', host: 'gate.lab.example' },
      reply: { header },
      request: { raw: { headers: { cookie } } },
      portal: { keyring: () => keyring, returnTargets: (url: string) => (url.startsWith('https://a.') ? url : null) }
    } as unknown as PageContext
  }
}

const begun: BegunLogin = {
  institution: 'campus',
  isStepUp: true,
  returnTo: { rd: 'https://a.lab.example/data?x=1', state: null },
  values: { nonce: 'nonce of this login', verifier: 'verifier of this login' }
}

t.test('it comes back once, as it was', async t => {
  const browser = new Browser()
  keepBegun(browser.page(), 'state-1', begun)
  t.match(browser.lines[0], /HttpOnly/i)
  t.match(browser.lines[0], /SameSite=Lax/i)
  t.match(browser.lines[0], /Secure/i)
  // What is sealed is base64url, which holds any three or four letters now and then.
  t.notMatch(browser.lines[0], /of this login|lab\.example|campus/, 'nobody reads it')
  t.match(takeBegun(browser.page(start + 599_000), 'state-1', 'campus'), {
    institution: 'campus',
    isStepUp: true,
    values: begun.values,
    returnTo: { rd: begun.returnTo.rd }
  })
  t.equal(takeBegun(browser.page(start + 599_000), 'state-1', 'campus'), null, 'it is over with that')
})

t.test('nobody gets it', async t => {
  const rows: [sentence: string, take: (browser: Browser) => BegunLogin | null][] = [
    ['in another browser', () => takeBegun(new Browser().page(), 'state-1', 'campus')],
    ['under another state', browser => takeBegun(browser.page(), 'state-2', 'campus')],
    ['for another institution', browser => takeBegun(browser.page(), 'state-1', 'other')],
    ['after ten minutes', browser => takeBegun(browser.page(start + 601_000), 'state-1', 'campus')],
    ['long before it began', browser => takeBegun(browser.page(start - 3_600_000), 'state-1', 'campus')],
    [
      'from a cookie that was changed',
      browser => {
        // Not the last one: some of its bits mean nothing.
        const change = (one: string) => (one === 'A' ? 'B' : 'A')
        for (const [name, value] of browser.jar) browser.jar.set(name, value.replace(/.(?=.{9}$)/, change))
        return takeBegun(browser.page(), 'state-1', 'campus')
      }
    ],
    [
      "from another state's cookie under this name",
      browser => {
        keepBegun(browser.page(), 'state-2', begun)
        const [[first], [, second]] = [...browser.jar] as [[string, string], [string, string]]
        browser.jar.set(first, second)
        return takeBegun(browser.page(), 'state-1', 'campus')
      }
    ]
  ]
  for (const [sentence, take] of rows) {
    const browser = new Browser()
    keepBegun(browser.page(), 'state-1', begun)
    t.equal(take(browser), null, sentence)
  }
})

t.test('several may be under way, but not many', async t => {
  const browser = new Browser()
  for (const state of ['1', '2', '3', '4']) keepBegun(browser.page(), state, begun)
  t.equal(browser.jar.size, 4)
  t.ok(takeBegun(browser.page(), '2', 'campus'))
  keepBegun(browser.page(), '5', begun)
  keepBegun(browser.page(), '6', begun)
  t.equal(browser.jar.size, 1, 'one more than four ends the others')
  t.ok(takeBegun(browser.page(), '6', 'campus'))
})

t.test('an address that no cookie holds is forgotten, and the sign-in goes on', async t => {
  const browser = new Browser()
  const rd = `https://a.lab.example/${'x'.repeat(5000)}`
  keepBegun(browser.page(), 'state-1', { ...begun, returnTo: { rd, state: null } })
  t.ok(browser.lines.every(line => line.length < 4096))
  t.match(takeBegun(browser.page(), 'state-1', 'campus'), { returnTo: noReturn, values: begun.values })
})
