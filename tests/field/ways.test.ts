/** FIELD N1: wherever an app stands and whatever its rules ask, the way ends at the app or at a page that says what is missing. Redirects are followed. */
import t from 'tap'
import type { FactorKind, ProofKind } from '../../src/factor/proof.ts'
import { type Page, type Person, totpCode } from '../fixtures/in-process/person.ts'
import { openSignInGate, read } from '../fixtures/in-process/signing-in.ts'

/** Each app has the same rules, as paths: `/webauthn-totp/5m` wants one of the two, five minutes old at most; `any` takes all. */
const demands: readonly (readonly FactorKind[])[] = [
  ['webauthn', 'totp', 'recovery'],
  ['webauthn'],
  ['totp'],
  ['recovery'],
  ['webauthn', 'recovery']
]
const nameOf = (factors: readonly FactorKind[]) => (factors.length === 3 ? 'any' : factors.join('-'))
const rules = demands
  .flatMap(factors =>
    ['', ', within: 5m'].map(
      within =>
        `      - { path: /${nameOf(factors)}${/\w+$/.exec(within)?.[0].replace(/^/, '/') ?? '/ever'}/**, access: mfa, factors: [${factors}]${within} }`
    )
  )
  .concat(
    '      - { path: /form/**, methods: [POST], access: mfa, factors: [totp], within: 5m }',
    '      - { access: mfa }'
  )
  .join('\n')

const places = {
  'a host of its own': 'http://own.localhost:PORT',
  'a path of a host of its own': 'http://shared.localhost:PORT/nb',
  'the portal’s host': 'http://gate.localhost:PORT',
  'a path of the portal’s host': 'http://gate.localhost:PORT/nb'
}
const apps = Object.values(places)
  .map(
    (url, i) =>
      `  - id: app${i}\n    title: App ${i}\n    url: "${url}"\n    upstream: "UPSTREAM"\n    rules:\n${rules}`
  )
  .join('\n')

const has: readonly (readonly FactorKind[])[] = [['totp'], ['webauthn'], ['recovery', 'webauthn', 'totp']]

/** Who asks: nobody, somebody half-way, somebody whose proofs are fresh, or too old for every rule with a limit. */
const stages: Record<string, { proofs: (one: FactorKind) => ProofKind[]; ago: number }> = {
  nobody: { proofs: () => [], ago: 0 },
  'half signed in': { proofs: () => ['password'], ago: 0 },
  'just signed in': { proofs: one => ['password', one], ago: 0 },
  'signed in for long': { proofs: one => ['password', one], ago: 1000 }
}

const fixture = await openSignInGate(t, apps)
const kinds = { webauthn: /data-passkey="challenge"/, totp: /id="code-totp"/, recovery: /id="code-recovery"/ }

t.test('FIELD N1 no place, challenge and set of factors sends anybody in circles', async t => {
  for (const [place, address] of Object.entries(places)) {
    const root = address.replace('PORT', String(fixture.gate.port))
    const wrong: string[] = []
    for (const held of has) {
      const { account } = await fixture.resident(held)
      for (const [stage, { proofs, ago }] of Object.entries(stages)) {
        if (stage === 'nobody' && held !== has[0]) continue
        const shown = proofs(held[0] as FactorKind)
        const person = await fixture.browserOf(account, shown, ago)
        wrong.push(...(await wrongEnds(root, person, { stage, held, shown, ago })))
      }
    }
    t.same(wrong, [], place)
  }
})

interface Asker {
  readonly stage: string
  readonly held: readonly FactorKind[]
  readonly shown: readonly ProofKind[]
  /** The age of the proofs in seconds. */
  readonly ago: number
}

/** Opens an address under each rule, and says which ways end at a wrong page. */
async function wrongEnds(root: string, person: Person, asker: Asker): Promise<string[]> {
  const wrong: string[] = []
  for (const wanted of demands)
    for (const within of ['ever', '5m'] as const) {
      const url = `${root}/${nameOf(wanted)}/${within}/x`
      const page = await person.open(url)
      if (!(await isRightEnd(page, url, person, asker, wanted, within)))
        wrong.push(`${asker.stage}, has ${asker.held}: ${url} ended at ${page.url}: ${read(page).slice(0, 300)}`)
    }
  return wrong
}

async function isRightEnd(
  page: Page,
  url: string,
  person: Person,
  { held, shown, ago }: Asker,
  wanted: readonly FactorKind[],
  within: 'ever' | '5m'
): Promise<boolean> {
  const text = read(page)
  const isEnough = shown.length > 1 && wanted.includes(shown[1] as FactorKind) && (within === 'ever' || ago === 0)
  if (isEnough) return page.url === url && page.status === 200 && page.body.includes('app: ')
  if (shown.length === 0) return /Sign in to App \d/.test(text)
  const offered = held.filter(kind => wanted.includes(kind))
  if (offered.length === 0)
    return /This part of App \d needs .*You have not set that up yet/.test(text) && leadsOn(page.body, person)
  for (const [kind, field] of Object.entries(kinds))
    if (field.test(page.body) !== offered.includes(kind as FactorKind)) return false
  if (shown.length === 1) return /This is the last step before App \d opens/.test(text)
  return /This part of App \d needs/.test(text) && (within === 'ever' || text.includes('at most 5 minutes old'))
}

/** The page that says what is missing has a link, and it leads to a page. */
async function leadsOn(body: string, person: Person): Promise<boolean> {
  const href = /<a class="button" href="([^"]+)"/.exec(body)?.[1]?.replaceAll('&amp;', '&')
  return href !== undefined && (await person.open(fixture.gate.portal + href)).status === 200
}

t.test(
  'FIELD N1 a confirmation leads to the app, in every place; so does a factor that is added on the way',
  async t => {
    for (const [place, address] of Object.entries(places)) {
      const root = address.replace('PORT', String(fixture.gate.port))
      const { account, secret } = await fixture.resident(['totp'])
      const person = await fixture.browserOf(account, ['password', 'totp'], 1000)
      const asked = await person.open(`${root}/totp/5m/x`)
      t.notMatch(read(asked), /To change your account/, 'the reason is the app’s')
      const inside = await person.submit(asked, { code: totpCode(secret, fixture.time.now) }, /totp/)
      t.match([inside.url, inside.status], [`${root}/totp/5m/x`, 200], place)
      fixture.time.advance(30)

      // Recovery codes are wanted, and there are none: made on the way, used, and there.
      const none = await person.open(`${root}/recovery/ever/x`)
      t.match(read(none), /needs a recovery code\. You have not set that up yet/)
      const make = /href="([^"]*enrol\/recovery[^"]*)"/.exec(none.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
      const list = await person.submit(await person.open(fixture.gate.portal + make), {}, /enrol\/recovery/)
      const code = /<li>([0-9a-z-]+)<\/li>/.exec(list.body)?.[1] ?? ''
      const challenged = await person.submit(list, { saved: 'yes' }, /saved/)
      const there = await person.submit(challenged, { code }, /recovery/)
      t.match([there.url, there.status], [`${root}/recovery/ever/x`, 200], place)
    }
  }
)

t.test('FIELD N1 what a script or a form was refused is asked for, though the page around it is open', async t => {
  for (const [place, address] of Object.entries(places)) {
    const root = address.replace('PORT', String(fixture.gate.port))
    const { account, secret } = await fixture.resident(['totp', 'recovery'])
    for (const [method, path] of [
      ['GET', '/totp/5m/data.json'],
      ['POST', '/form/send'],
      ['DELETE', '/totp/5m/x']
    ] as const) {
      const person = await fixture.browserOf(account, ['password', 'totp'], 1000)
      await person.open(`${root}/`)
      const headers = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*', referer: `${root}/page` }
      const refused = await person.request(method, root + path, { headers })
      t.equal(refused.status, 401, `${place}: ${method} ${path}`)
      const { challengeUrl } = JSON.parse(refused.body).error
      const asked = await person.open(challengeUrl)
      t.match(
        read(asked),
        /This part of App \d needs a confirmation at most 5 minutes old, with a code from your authenticator app/
      )
      t.notMatch(asked.body, /id="code-recovery"/)
      const back = await person.submit(asked, { code: totpCode(secret, fixture.time.now) }, /totp/)
      t.equal(back.url, `${root}/page`, 'back to the page that asked')
      t.not((await person.request(method, root + path, { headers })).status, 401, 'and now it may')
      fixture.time.advance(30)
    }
  }
})

t.test('FIELD N1 a clock that was put back sends nobody in circles', async t => {
  const root = `http://gate.localhost:${fixture.gate.port}`
  const { account, secret } = await fixture.resident(['totp'])
  fixture.time.advance(3600)
  const person = await fixture.browserOf(account, ['password', 'totp'])
  fixture.time.advance(-3600)
  // The session is moved back with the clock (FIELD A9), and its proof with it.
  t.equal((await person.open(`${root}/totp/5m/x`)).url, `${root}/totp/5m/x`)
  fixture.time.advance(301)
  const asked = await person.open(`${root}/totp/5m/x`)
  t.match(read(asked), /at most 5 minutes old/)
  const inside = await person.submit(asked, { code: totpCode(secret, fixture.time.now) }, /totp/)
  t.equal(inside.url, `${root}/totp/5m/x`)
})
