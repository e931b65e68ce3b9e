/** The language of pages: what the browser asks for, what was chosen in it, what was chosen for the account; and the page of the choice. */
import t from 'tap'
import { PortalTexts } from '../../plugins/portal/index.ts'
import { type Language, languageCodes } from '../../src/messages/languages.ts'
import { negotiate } from '../../src/messages/negotiate.ts'
import { enrolled } from '../fixtures/pipeline/people.ts'
import { openFixture } from '../fixtures/pipeline/portal.ts'
import { Visitor } from '../fixtures/pipeline/visitor.ts'

t.test('the language of an Accept-Language header is found as RFC 4647 says', async t => {
  const table: [header: string | undefined, language: Language | null, why: string][] = [
    [undefined, null, 'no header'],
    ['', null, 'an empty one'],
    ['*', null, 'any language'],
    ['de', 'de', 'one'],
    ['DE-ch', 'de', 'of a region, in any case'],
    ['de-CH-1996', 'de', 'with a variant'],
    ['pt-PT', 'pt', 'of another region'],
    ['fr;q=0.2, it;q=0.8', 'it', 'by weight'],
    ['fr, it', 'fr', 'by order where the weights are the same'],
    ['nl, sv;q=0.9, pl;q=0.1', 'pl', 'the first that there is'],
    ['de;q=0, en;q=0.5', 'en', 'not one that is refused'],
    ['de-AT, de;q=0', null, 'not by way of a region either'],
    ['zh-CN', 'zh', 'simplified Chinese'],
    ['zh-Hans-SG', 'zh', 'simplified Chinese by its script'],
    ['zh-TW', null, 'not simplified for those who read traditional Chinese alone'],
    ['zh-TW, zh;q=0.9, en;q=0.8', 'zh', 'simplified for those who list it'],
    ['zh-Hant, ja;q=0.5', 'ja', 'otherwise their next language'],
    ['ar-EG', 'ar', 'Arabic'],
    ['de;q=2, fr', 'fr', 'a weight that is none makes a range invalid'],
    ['de;q=abc', null, 'the same'],
    ['x'.repeat(2000), null, 'too long a header'],
    ['__proto__, constructor;q=0.9, es;q=0.1', 'es', 'names of no language']
  ]
  for (const [header, language, why] of table) t.equal(negotiate(header, languageCodes), language, why)
  t.equal(negotiate('de, en;q=0.5', ['en', 'fr']), 'en', 'among those that are offered')
})

const at = (path: string) => `http://gate.localhost/.factorgate/${path}`

t.test('a browser without a language gets English; a choice is remembered, also without scripts', async t => {
  const fixture = await openFixture(t)
  const visitor = new Visitor(fixture.app)
  const login = await visitor.get(at('login'))
  t.match(login.body, '<html lang="en">')
  t.match(login.body, '<a href="/.factorgate/language">Language</a>')
  const page = await visitor.send('GET', at('language'), {
    headers: { accept: 'text/html', referer: `${at('login')}?rd=http%3A%2F%2Fnotebooks.localhost%2F` }
  })
  for (const name of ['Deutsch', 'العربية', '日本語']) t.match(page.body, name)
  const chosen = await visitor.submit(page, { language: 'ja' })
  t.match(chosen.url ?? '', '/login?rd=', 'back to where they came from')
  t.match((await visitor.get(at('login'))).body, '<html lang="ja">')
  t.match(
    (await visitor.send('GET', at('nowhere'), { headers: { accept: 'text/html', 'accept-language': 'fr' } })).body,
    '<html lang="ja">',
    'on pages of errors too'
  )
})

t.test('the way back is a page of this host, whatever the address says', async t => {
  const fixture = await openFixture(t)
  const visitor = new Visitor(fixture.app)
  for (const [back, goal] of [
    ['/.factorgate/account?x=1', '/.factorgate/account?x=1'],
    ['http://gate.localhost/.factorgate/enrol', '/.factorgate/enrol'],
    ['https://evil.example/', '/.factorgate/'],
    ['//evil.example/', '/.factorgate/'],
    ['/\\evil.example/', '/.factorgate/'],
    ['http://gate.localhost//evil.example/', '/.//evil.example/'],
    ['javascript:alert(1)', '/.factorgate/'],
    ['/.factorgate/language', '/.factorgate/'],
    ['/\r\nx: y', '/.factorgate/']
  ] as const) {
    const page = await visitor.open(at(`language?back=${encodeURIComponent(back)}`))
    t.match(page.body, `name="back" value="${goal}"`, back)
  }
})

t.test('the account remembers the choice of whoever is signed in, for every browser', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  const page = await visitor.open(at('language'))
  t.match(page.body, 'the mails to you')
  await visitor.submit(page, { language: 'es' })
  t.equal((await fixture.accounts.byId(fixture.ada.id))?.language, 'es')
  t.match((await visitor.get(at('account'))).body, '<html lang="es">')
  await visitor.submit(await visitor.open(at('language')), { language: 'tlh' })
  t.equal((await fixture.accounts.byId(fixture.ada.id))?.language, 'es', 'a language that there is not changes nothing')
})

t.test('texts, languages and a logo of the configuration', async t => {
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
  const fixture = await openFixture(t, {
    look: {
      title: 'Example Lab',
      logo: { type: 'image/svg+xml', body: svg },
      texts: new PortalTexts(['de', 'en'], { de: { 'login.title': 'Hinein', 'login.to': 'in {app} hinein' } })
    }
  })
  const visitor = new Visitor(fixture.app)
  const page = (language: string) =>
    visitor.send('GET', `${at('login')}?rd=${encodeURIComponent('http://notebooks.localhost/')}`, {
      headers: { accept: 'text/html', 'accept-language': language }
    })
  t.match((await page('de')).body, /<h1>Hinein <span dir="auto">in Notebooks hinein/)
  t.match((await page('en')).body, /<h1>Sign in/)
  t.match((await page('fr')).body, '<html lang="de">', 'the first language is for everybody else')
  t.notMatch((await visitor.get(at('language'))).body, 'Français')
  const [, src = ''] = /<img class="logo" src="([^"]*)" alt="Example Lab"/.exec((await page('de')).body) ?? []
  const logo = await visitor.send('GET', new URL(src, at('')).href)
  t.same([logo.status, logo.headers['content-type'], logo.body], [200, 'image/svg+xml', svg.toString()])
  t.match(logo.headers['content-security-policy'], /default-src 'none'.*sandbox/, 'opened by itself, it runs no script')
})
