/** Scripts of an app on the portal's own host that read the gate's pages, by any method (THREATS R9, R17): they gain nothing. */
import t from 'tap'
import { Caller, codeOf, Fixture, type HttpReply } from '../../fixtures/in-process/callers.ts'
import { isDeep } from '../../fixtures/in-process/cases.ts'
import { posts } from '../m/login-steps.ts'

const form = 'application/x-www-form-urlencoded'

/** As a browser speaks for a script, a frame and a worker of the same origin. No script can leave these out or change them. */
const scripted = ['empty', 'iframe', 'frame', 'object', 'embed', 'worker', 'serviceworker', 'image', 'script']

t.test('forms answer eyes alone', async t => {
  const fixture = await Fixture.start(t)
  const ada = await fixture.somebody()
  const signed = await ada.signedIn()
  const [credential] = await fixture.runtime.credentials.list(ada.account.id)
  const invitation = await fixture.runtime.invitations.issue(ada.account.id)
  const callers = {
    nobody: new Caller(fixture),
    'half-way': await ada.halfWay(),
    invited: await ada.proved(['invitation', 'password']),
    'signed in': signed
  }
  const places: Readonly<Record<string, string>> = {
    ID: String(credential?.id),
    SESSION: String(signed.principal?.session.id),
    TOKEN: invitation
  }
  const forms = posts
    // `session` has no form and no answer, and prolongs nothing for a stranger.
    .filter(path => !path.startsWith('webauthn/') && path !== 'session')
    .map(path => path.replace(/ID|SESSION|TOKEN/, word => places[word] as string))
  const says = (dest: string) => ({
    'sec-fetch-dest': dest,
    'sec-fetch-mode': dest === 'iframe' || dest === 'frame' ? 'navigate' : 'cors',
    'sec-fetch-site': 'same-origin',
    origin: fixture.gate.portal,
    accept: 'text/html'
  })
  const tellsNothing = (answer: HttpReply, what: string) => {
    t.equal(answer.status, 403, what)
    t.equal(codeOf(answer), 'foreign_origin', what)
    // A person may be looking at a frame (FIELD F8): what stands there is words and links, the same for everybody.
    if (/as i?frame$/.test(what)) t.notMatch(answer.body, /<form|<input|<script/, `${what}: nothing to press`)
    else t.notMatch(answer.headers['content-type'] ?? '', /html/, `${what}: no HTML of ours`)
    t.notMatch(answer.body, /csrf|totp-secret|name="ceremony"/, what)
    t.notOk(answer.headers['set-cookie'], `${what}: no cookie`)
  }

  t.test('every form, with a wrong token, without one, and even with the right one', async t => {
    // Who was seen is written every few seconds, by time alone: written now, and again before the comparison.
    const { sessions } = fixture.runtime
    await sessions.flush()
    const before = await fixture.dump()
    let turn = 0
    for (const [who, caller] of Object.entries(callers))
      for (const path of forms)
        for (const dest of scripted) {
          const all = ['csrf=x', '', `csrf=${caller.csrf()}`, 'csrf=x&code=1&username=a&password=b']
          // One body each, in turn, so that each form meets each body; `npm run test:deep` sends all four.
          for (const body of isDeep ? all : [all[turn++ % all.length]!]) {
            const headers = { ...says(dest), 'content-type': form }
            tellsNothing(
              await caller.send('POST', `/.factorgate/${path}`, { headers, body }),
              `${who} ${path} as ${dest}`
            )
          }
        }
    await sessions.flush()
    t.equal(await fixture.dump(), before, 'and nothing has changed')
  })

  t.test('every page, signing out among them', async t => {
    for (const [who, caller] of Object.entries(callers))
      for (const page of [
        '',
        'login',
        'challenge',
        'enrol/totp',
        'account',
        'logout',
        'signed-out',
        `invite/${invitation}`
      ])
        for (const dest of scripted)
          tellsNothing(
            await caller.send('GET', `/.factorgate/${page}`, { headers: says(dest) }),
            `${who} ${page} as ${dest}`
          )
    t.equal((await signed.get('/.factorgate/account')).status, 200, 'a person still sees it')
  })

  t.test('what is for scripts answers them, and never with HTML', async t => {
    for (const path of ['webauthn/options?for=login', 'webauthn/verify?for=enrol', 'webauthn/options?for=nothing'])
      for (const mode of ['cors', 'navigate'])
        for (const csrf of ['x', signed.csrf()]) {
          const answer = await signed.send('POST', `/.factorgate/${path}`, {
            headers: { ...says('empty'), 'sec-fetch-mode': mode, 'content-type': 'application/json' },
            body: JSON.stringify({ csrf })
          })
          t.match(answer.headers['content-type'], /^application\/json/, `${path} ${mode}`)
          t.notMatch(answer.body, /csrf|</, path)
        }
    const options = await signed.send('POST', '/.factorgate/webauthn/options?for=login', {
      headers: { ...says('empty'), 'content-type': 'application/json' },
      body: JSON.stringify({ csrf: signed.csrf() })
    })
    t.equal(options.status, 200)
  })

  t.test('the chain that began with a refused form: no token, no factor, no codes', async t => {
    const headers = { ...says('empty'), 'content-type': form }
    const first = await signed.send('POST', '/.factorgate/login', { headers, body: 'csrf=x' })
    const csrf = /name="csrf" value="([^"]+)"/.exec(first.body)?.[1] ?? signed.csrf()
    const body = new URLSearchParams({ csrf, code: '000000', ceremony: 'A'.repeat(43), name: 'Evil' }).toString()
    const enrol = await signed.send('POST', '/.factorgate/enrol/totp', { headers, body })
    t.notMatch(enrol.body, /totp-secret/, 'even with a token from elsewhere')
    t.equal((await fixture.runtime.credentials.list(ada.account.id)).length, 1)
  })
})
