/**
 * Arbitrary return addresses (THREATS R1 to R8), against the two checks and against the running gate over raw sockets. `FACTORGATE_RUNS`
 * sets the number of cases.
 */
import fc from 'fast-check'
import t from 'tap'
import { validTarget } from '../../../plugins/portal/return-to.ts'
import { ReturnTargets } from '../../../src/apps/return-targets.ts'
import { RouteTable } from '../../../src/apps/route-table.ts'
import { toApp } from '../../../src/services/app-options.ts'
import { Fixture } from '../../fixtures/in-process/callers.ts'
import { runs } from '../../fixtures/in-process/cases.ts'
import { values } from '../../fixtures/in-process/wire.ts'
import { raw } from '../s/sessions-ways.ts'
import { ours } from './redirect-spellings.ts'

const evil = 'evil.test'

/** Its table of all characters takes a second to make. */
const anything = fc.string({ unit: 'binary', maxLength: 12 })

/** Addresses of everything that browsers, servers and validators have read in two ways; many begin like one of ours. */
function addresses(origins: readonly string[]) {
  const hosts = origins.map(origin => new URL(origin).host)
  const pieces = [
    ...[...origins, ...hosts, ...hosts, evil, evil, `${evil}:80`, '127.0.0.1', '[::1]', '0x7f000001', 'localhost', ''],
    ...[
      'http://',
      'https://',
      'http:',
      'HTTP://',
      'javascript:',
      'data:',
      '//',
      '///',
      '/',
      '\\',
      '/\\',
      '\\\\',
      ':',
      '@'
    ],
    ...[
      '.',
      '..',
      '/..',
      ';',
      '?',
      '#',
      '&',
      '=',
      '%',
      '%2f',
      '%5c',
      '%40',
      '%00',
      '%0d%0a',
      '%2e',
      '%E5%98%8A',
      'a:b@'
    ],
    ...[
      '\t',
      '\n',
      '\r',
      '\r\nSet-Cookie: x=1',
      '\0',
      ' ',
      '\x0b',
      '\x7f',
      '\xa0',
      'é',
      '。',
      '／',
      '＠',
      '\u202e',
      '<',
      '"',
      "'"
    ],
    ...['a', '/a', '?rd=http://evil.test', '/.factorgate/callback?code=x', '/x/../../y', '/a%2F..%5cb']
  ]
  const some = (maxLength: number) => fc.array(fc.constantFrom(...pieces), { maxLength }).map(parts => parts.join(''))
  return fc.oneof(
    some(7),
    fc.tuple(fc.constantFrom(...origins), some(5)).map(parts => parts.join('')),
    fc.tuple(fc.constantFrom(...origins), anything).map(parts => parts.join(''))
  )
}

/** Where a browser goes that finds this in `Location`, on a page of `base`. */
function landsOn(location: string, base: string): string {
  try {
    return new URL(location, base).origin
  } catch {
    return 'nowhere'
  }
}

t.test('arbitrary return addresses', { timeout: 60_000 + runs * 500 }, async t => {
  const fixture = await Fixture.start(t)
  const { gate } = fixture
  const origins = [gate.portal, gate.origin('app'), gate.origin('other')]
  const config = await gate.load()
  const apps = config.apps.map(app => toApp(app, config.portal.url.origin))
  const routes = new RouteTable({ apps, portalOrigin: config.portal.url.origin })
  const destinations = new ReturnTargets(routes, apps, gate.server.runtime.clock)

  /** What may stand in a Location: it is what was asked for, it leads to a site of ours however it is read, and no reader can split it. */
  const law = (accept: (address: string) => string | null) =>
    fc.property(addresses(origins), address => {
      const target = validTarget(address, accept)
      if (target === null) return
      const isSame = target === address
      const isOurs = origins.map(origin => new URL(origin).origin).includes(landsOn(target, gate.portal))
      const isClean = /^[\x21-\x7e]+$/.test(target)
      if (!isSame || !isOurs || !isClean) throw new Error(`${JSON.stringify(address)} → ${JSON.stringify(target)}`)
    })

  await t.test('the checks give back what leads to a site of ours, or nothing', async t => {
    fc.assert(
      law(address => destinations.accept(address)),
      { numRuns: runs * 250 }
    )
    t.pass(`${runs * 250} addresses`)
    const good = ours({ portal: gate.portal, app: gate.origin('app') })
    t.same(
      good.filter(address => validTarget(address, one => destinations.accept(one)) !== address),
      [],
      `and ${good.length} good ones are given back`
    )
    // Shown their offenders, the laws fail.
    for (const [what, accept] of [
      ['a beginning', (address: string) => (origins.some(origin => address.startsWith(origin)) ? address : null)],
      ['a host somewhere', (address: string) => (address.includes('gate.localhost') ? address : null)],
      [
        'a host cleaned up',
        (address: string) => (landsOn(address, gate.portal) === origins[0] ? new URL(address).href : null)
      ]
    ] as const)
      t.throws(
        () => fc.assert(law(accept), { numRuns: 20_000 }),
        { message: /Property failed/ },
        `not so with ${what} for an answer`
      )
  })

  await t.test('whatever is sent as `rd`, encoded or not, everyone is sent home or to a site of ours', async t => {
    const person = await fixture.somebody()
    const signed = await person.signedIn()
    const cookie = signed.cookie()
    let accepted = 0
    const property = fc.asyncProperty(
      addresses(origins),
      fc.constantFrom('rd', 'rd', 'rd', 'rd[]', 'rd=&rd'),
      fc.boolean(),
      fc.boolean(),
      async (address, name, isEncoded, isSigned) => {
        const value = isEncoded
          ? encodeURIComponent(Buffer.from(address).toString())
          : Buffer.from(address).toString('latin1')
        const target = `/.factorgate/login?${name}=${value}`
        // A head ends where an unencoded line break says so: what follows then is the address’s own.
        if (/[\r\n]/.test(target)) return
        // Unencoded, it is what a query makes of it. Blanks at its end belong to the request line: node:http reads over several.
        const query = target.slice(target.indexOf('?') + 1).replace(/ +$/, '')
        const asked = isEncoded ? address : new URLSearchParams(query).get('rd')
        const reply = await raw(fixture, isSigned ? [cookie] : [], target, fixture.host())
        const locations = values({ ...reply, isWhole: true }, 'location')
        const about = JSON.stringify({ address, target, status: reply.status, locations })
        if (reply.status >= 500) throw new Error(`a mistake of the gate’s: ${about}`)
        if (locations.length > (isSigned ? 1 : 0)) throw new Error(`a Location: ${about}`)
        for (const location of locations) {
          const isHome = location === '/.factorgate/'
          if (!isHome && location !== asked) throw new Error(`neither home nor what was asked: ${about}`)
          if (!origins.includes(landsOn(location, gate.portal))) throw new Error(`away: ${about}`)
          if (!isHome) accepted++
        }
        if (reply.lines.some(line => /^set-cookie: x=1/i.test(line))) throw new Error(`split: ${about}`)
        // Nobody is shown a way to elsewhere either, in a link, a form or a refresh; the configured contact is one.
        const leads = [...reply.body.matchAll(/(?:href|action|src)="([^"]*)"|url=([^"]*)"/g)].map(
          all => all[1] ?? all[2]!
        )
        const away = leads.filter(
          lead =>
            lead !== 'mailto:help@lab.example' && !origins.includes(landsOn(lead.replaceAll('&amp;', '&'), gate.portal))
        )
        if (away.length > 0) throw new Error(`a way out ${away}: ${about}`)
      }
    )
    await fc.assert(property, { numRuns: runs * 5 })
    t.pass(`${runs * 5} addresses, of which ${accepted} were good`)
  })
})
