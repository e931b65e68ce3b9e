/** Who may open the operators' console, with which proof, and what others see. */
import t from 'tap'
import { openDesk, textOf } from '../fixtures/in-process/console.ts'
import { Person } from '../fixtures/in-process/person.ts'

const operator = { groups: ['operators'] }
const desk = { groups: ['helpdesk'] }

t.test('who may open what', async t => {
  const { person, admin, gate } = await openDesk(t)
  const ada = (await person('ada', { groups: ['researchers'] })).account
  const oscar = (await person('oscar', operator)).account
  const reads = ['/', '/people', `/people/${ada.id}`, '/waits']
  const cases = [
    [
      'an operator opens every page',
      operator,
      [...reads, `/people/${ada.id}/suspend`, `/people/${oscar.id}/reset`],
      200
    ],
    [
      'the help desk reads, invites and resets',
      desk,
      [...reads, `/people/${ada.id}/invite`, `/people/${ada.id}/reset`],
      200
    ],
    ['the help desk does not suspend or change', desk, [`/people/${ada.id}/suspend`, `/people/${ada.id}/change`], 403],
    ['the help desk does not touch operators', desk, [`/people/${oscar.id}/invite`, `/people/${oscar.id}/reset`], 403],
    ['others may open nothing', { groups: ['researchers'] }, [...reads, `/people/${ada.id}/invite`], 403],
    ['a person without groups may open nothing', {}, reads, 403],
    ['a proof of 14 minutes is fresh', { ...operator, secondsAgo: 14 * 60 }, reads, 200],
    ['a proof of 16 minutes is not', { ...operator, secondsAgo: 16 * 60 }, reads, 302],
    ['a code does not do', { ...operator, proof: 'totp' as const }, reads, 302],
    ['a password alone does not do', { ...operator, proof: null }, reads, 302]
  ] as const
  let n = 0
  for (const [sentence, who, pages, status] of cases) {
    const { browser } = await person(`p${n++}`, who)
    for (const page of pages)
      t.equal((await browser.request('GET', admin + page)).status, status, `${sentence}: ${page}`)
  }
  const stranger = await new Person(gate.port).request('GET', `${admin}/`)
  t.match(stranger.headers.location, /\/\.factorgate\/login\?/, 'a stranger signs in first')
})

t.test('what others see is the ordinary page, which does not name the console', async t => {
  const { person, admin } = await openDesk(t)
  const { browser } = await person('ada', { groups: ['researchers'] })
  const refused = await browser.open(`${admin}/`)
  t.equal(refused.headers['factorgate-error'], 'not_allowed')
  t.match(textOf(refused), 'You may not open this')
  t.notMatch(textOf(refused), /console/i)
  const half = await (await person('eve', { groups: ['researchers'], proof: null })).browser.open(`${admin}/`)
  t.notMatch(textOf(half), /console/i, 'nor does the challenge of a person who is half signed in')
})

t.test('the step-up says what it is for, and leads back', async t => {
  const { person, admin } = await openDesk(t)
  const { browser } = await person('oscar', { ...operator, secondsAgo: 16 * 60 })
  const page = await browser.open(`${admin}/people?q=a`)
  t.match(page.url, /\/\.factorgate\/challenge\?rd=/)
  t.match(
    textOf(page),
    'operators’ console needs a confirmation at most 15 minutes old, with your passkey or security key'
  )
  t.equal(new URL(page.url).searchParams.get('rd'), `${admin}/people?q=a`)
})

t.test('a form that is sent after the proof has aged asks for the passkey, and nothing is done', async t => {
  const { person, admin, time, gate } = await openDesk(t)
  const { account: ada } = await person('ada')
  const { browser } = await person('oscar', operator)
  const form = await browser.open(`${admin}/people/${ada.id}/suspend`)
  time.advance(16 * 60)
  const answer = await browser.submit(form, { reason: 'left the lab' })
  t.match(answer.url, /\/\.factorgate\/challenge\?rd=/)
  t.equal((await gate.server.runtime.accounts.byId(ada.id))?.suspended, null)

  // Back with a new proof. An institution leads there as another site does.
  const again = await person('oscar', operator)
  const { host } = new URL(admin)
  browser.hold(host, again.browser.cookies(host))
  const back = new URL(answer.url).searchParams.get('rd') ?? ''
  const there = await browser.request('GET', back, { headers: { 'sec-fetch-site': 'cross-site' } })
  t.match(textOf(there), 'too late after your last confirmation, so nothing was done')
  const sent = await browser.submit(there, { reason: 'left the lab' })
  t.match(textOf(sent), 'ada is suspended')
  t.notMatch(textOf(sent), 'nothing was done')
})

t.test('nobody else makes an operator believe that a form was sent', async t => {
  const { person, admin, time } = await openDesk(t)
  const { account: ada } = await person('ada')
  const { browser } = await person('oscar', operator)
  const { browser: other } = await person('olga', operator)
  const page = `${admin}/people/${ada.id}/resume`
  const forms = [await browser.open(page), await other.open(page)] as const
  time.advance(16 * 60)
  const asked = await other.submit(forms[1], { reason: 'x' })
  const foreign = new URL(asked.url).searchParams.get('rd') ?? ''
  t.match(foreign, /\?undone=/)
  const own = new URL((await browser.submit(forms[0], { reason: 'x' })).url).searchParams.get('rd') ?? ''
  const wrong = own.replace('/resume', '/suspend')
  for (const link of [`${page}?undone`, `${page}?undone=1`, foreign, wrong])
    for (const method of ['GET', 'POST'])
      for (const site of ['none', 'cross-site', 'same-site']) {
        const { headers } = await browser.request(method, link, { headers: { 'sec-fetch-site': site } })
        const { pathname, searchParams } = new URL(headers.location ?? '', admin)
        t.equal(pathname, '/.factorgate/challenge')
        t.notMatch(searchParams.get('rd'), /undone=/, `${method}, ${site}, before the proof`)
      }
  const { host } = new URL(admin)
  browser.hold(host, (await person('oscar', operator)).browser.cookies(host))
  // The last proof leads there from a page of ours, also where the link led to the challenge.
  for (const link of [`${page}?undone`, `${page}?undone=1`, foreign, wrong])
    for (const site of ['none', 'cross-site', 'same-origin'])
      t.notMatch(
        textOf(await browser.request('GET', link, { headers: { 'sec-fetch-site': site } })),
        'nothing was done',
        `${link}: ${site}`
      )
  t.match(textOf(await browser.open(own)), 'nothing was done')
})

t.test('the console stands on the portal’s host alone', async t => {
  const { person, gate } = await openDesk(t)
  const { browser } = await person('oscar', operator)
  const elsewhere = await browser.request('GET', `${gate.origin('notebooks')}/.factorgate/admin/`)
  t.equal(elsewhere.status, 302)
  t.equal(elsewhere.headers.location, `${gate.portal}/.factorgate/admin/`)
})
