/** THREATS W1, W2 and W17 to W20: whose challenge it is, for what, and how often it is good. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { loadConfig } from '../../../config/load.ts'
import type { Authenticator } from '../../fixtures/in-process/authenticator.ts'
import {
  Caller,
  codeOf,
  elsewhere,
  type Fixture,
  type HttpReply,
  newKey,
  tally
} from '../../fixtures/in-process/callers.ts'
import type { Row } from '../table.ts'
import { copyOf, Forger, isRefusal, ways } from './webauthn-forger.ts'

export function ceremonyRows(fixture: Fixture): Row[] {
  const { gate, time, runtime } = fixture
  const forger = new Forger(fixture)

  return [
    {
      id: 'W1',
      refs: 'L3 §7.2 step 11',
      tried: 'an assertion replayed; an answer to a ceremony that was answered wrongly; ten answers to one at once',
      safe: 'one success at most: the challenge is spent before it is looked at (races.test.ts: fifty, on two gates)',
      async run(t) {
        const { person, key } = await forger.owner({ counts: false })
        for (const way of ways) {
          const caller = await forger.begun(person, way)
          const { ceremony, options } = await caller.options(way)
          const token = caller.token()
          const right = key.assert(options)
          t.equal((await caller.verify(way, ceremony, right)).status, 200)
          caller.jar().set('factorgate', token)
          t.not((await caller.verify(way, ceremony, right)).status, 200, `${way}: by the same browser`)
          t.not(
            (await (await forger.begun(person, way)).verify(way, ceremony, right)).status,
            200,
            `${way}: by another`
          )
          const again = await forger.begun(person, way)
          const second = await again.options(way)
          t.equal((await again.verify(way, second.ceremony, {})).status, 401)
          t.equal(
            (await again.verify(way, second.ceremony, key.assert(second.options))).status,
            401,
            `${way}: after a wrong answer`
          )
          const third = await again.options(way)
          await again.options(way)
          t.equal(
            (await again.verify(way, third.ceremony, key.assert(third.options))).status,
            200,
            `${way}: begun twice, either is good`
          )
        }
        const [first, ...others] = await person.knownAddresses(10)
        const one = await person.halfWay(first)
        const { ceremony, options } = await one.options('challenge')
        const callers = [one, ...others.map(address => copyOf(one, address))]
        const response = key.assert(options)
        const answers = await Promise.all(callers.map(caller => caller.verify('challenge', ceremony, response)))
        t.equal(tally(answers)[200], 1, JSON.stringify(tally(answers)))
      }
    },
    {
      id: 'W2',
      refs: 'L3 §7.2 step 11',
      tried: 'a challenge in another session, in another browser, for another purpose, after five minutes; one made up',
      safe: 'refused',
      async run(t) {
        const { person, key } = await forger.owner({ counts: false })
        const cross: [string, () => Promise<HttpReply>][] = [
          [
            'another session of the same person',
            async () => {
              const { ceremony, options } = await (await forger.half(person)).options('challenge')
              return (await forger.half(person)).verify('challenge', ceremony, key.assert(options))
            }
          ],
          [
            'another browser',
            async () => {
              const { ceremony, options } = await new Caller(fixture).options('login')
              return new Caller(fixture).verify('login', ceremony, key.assert(options))
            }
          ],
          [
            'a sign-in as a challenge',
            async () => {
              const caller = await forger.half(person)
              const { ceremony, options } = await caller.options('login')
              return caller.verify('challenge', ceremony, key.assert(options))
            }
          ],
          [
            'a challenge as a sign-in',
            async () => {
              const caller = await forger.half(person)
              const { ceremony, options } = await caller.options('challenge')
              return caller.verify('login', ceremony, key.assert(options))
            }
          ],
          [
            'an enrolment as a challenge',
            async () => {
              const caller = await person.signedIn([], (await person.knownAddresses(1))[0])
              const { ceremony, options } = await caller.options('enrol')
              return caller.verify('challenge', ceremony, key.assert({ ...options, rpId: options.rp.id }))
            }
          ],
          [
            'a challenge as an enrolment',
            async () => {
              const caller = await person.signedIn()
              const { ceremony, options } = await caller.options('challenge')
              return caller.verify(
                'enrol',
                ceremony,
                newKey(fixture).register({ ...options, rp: { id: options.rpId }, user: { id: person.account.id } })
              )
            }
          ],
          [
            'after five minutes',
            async () => {
              const caller = await forger.half(person)
              const { ceremony, options } = await caller.options('challenge')
              time.advance(301)
              return caller.verify('challenge', ceremony, key.assert(options))
            }
          ],
          [
            'another challenge under this ceremony',
            async () => {
              const caller = await forger.half(person)
              const { ceremony } = await caller.options('challenge')
              return caller.verify('challenge', ceremony, key.assert((await caller.options('challenge')).options))
            }
          ],
          [
            'a ceremony nobody began',
            async () => {
              const caller = await forger.half(person)
              return caller.verify(
                'challenge',
                'A'.repeat(43),
                key.assert({ challenge: 'A'.repeat(43), rpId: 'gate.localhost' })
              )
            }
          ]
        ]
        for (const [what, act] of cross) t.ok(isRefusal(await act()), what)
        t.equal((await (await forger.half(person)).assert('challenge', key)).status, 200)
      }
    },
    {
      id: 'W17',
      refs: 'L3 §14.6.2',
      tried: 'options for a sign-in, with names of people with a key, without one, and of nobody',
      safe: 'the same for everybody: a passkey says itself whose it is, no name is asked',
      async run(t) {
        const { person } = await forger.owner()
        const without = await fixture.somebody()
        const shapes = new Set<string>()
        for (const username of [person.account.name, without.account.name, 'nobody-here', ''])
          for (const caller of [new Caller(fixture), await without.halfWay()]) {
            const { status, body, headers } = await caller.json(
              `/.factorgate/webauthn/options?for=login&username=${username}`,
              { username, accountId: person.account.id }
            )
            const { ceremony, options } = JSON.parse(body)
            t.match(ceremony, /^v1\.[\w-]{11}\.[\w-]{200,600}$/, 'sealed, and kept nowhere')
            shapes.add(JSON.stringify([status, headers['content-length'], { ...options, challenge: '' }]))
          }
        t.equal(shapes.size, 1, [...shapes].join('\n'))
        t.equal(
          codeOf(await new Caller(fixture).json('/.factorgate/webauthn/options?for=challenge')),
          'sign_in_required'
        )
        const refused = async (key: Authenticator) => {
          const { status, body } = await new Caller(fixture).assert('login', key, { userHandle: person.account.id })
          return [status, body.replace(/"reference":"[^"]*"/, '')]
        }
        const { key: foreign } = await forger.owner()
        t.same(await refused(foreign), await refused(newKey(fixture)), 'a key somebody has and one nobody has')
      }
    },
    {
      id: 'W18',
      refs: 'ASVS 6.7.2',
      tried: 'forty challenges of each kind',
      safe: '32 random bytes, none twice',
      async run(t) {
        const { person } = await forger.owner()
        const caller = await forger.half(person)
        const whole = await person.signedIn()
        const seen: string[] = []
        for (let i = 0; i < 40; i++)
          for (const [who, purpose] of [
            [caller, 'login'],
            [caller, 'challenge'],
            [whole, 'enrol']
          ] as const)
            seen.push((await who.options(purpose)).options.challenge)
        t.equal(new Set(seen).size, 120)
        const set = new Uint32Array(256)
        for (const challenge of seen) {
          const bytes = Buffer.from(challenge, 'base64url')
          t.equal(bytes.length, 32)
          for (let bit = 0; bit < 256; bit++) set[bit]! += (bytes[bit >> 3]! >> (bit & 7)) & 1
        }
        // Six standard deviations of 120 coins are 33.
        t.ok(
          set.every(count => Math.abs(count - 60) < 34),
          [...set].join()
        )
      }
    },
    {
      id: 'W19',
      refs: '',
      tried: 'an rpId that is a public suffix, a top-level domain, another domain, a part of a label, an address',
      safe: 'refused at start; no related-origins file is served',
      async run(t) {
        const text = readFileSync(gate.configFile, 'utf8').replaceAll(
          new RegExp(`http://(\\w+)\\.localhost:${gate.port}`, 'g'),
          'https://$1.lab.ac.uk'
        )
        const file = path.join(gate.folder, 'rp.yaml')
        const load = async (rpId: string, host = 'gate.lab.ac.uk') => {
          writeFileSync(
            file,
            text.replace(/portal: \{/, `portal: { rpId: "${rpId}",`).replaceAll('gate.lab.ac.uk', host)
          )
          const loaded = await loadConfig({ file, env: {}, cwd: gate.folder })
          return loaded.kind === 'bad' ? loaded.problems.map(problem => JSON.stringify(problem)).join('\n') : 'fine'
        }
        t.equal(await load('gate.lab.ac.uk'), 'fine')
        t.equal(await load('lab.ac.uk'), 'fine')
        for (const rpId of [
          'ac.uk',
          'uk',
          'ab.ac.uk',
          'evil.test',
          'app.lab.ac.uk',
          'x.gate.lab.ac.uk',
          'https://lab.ac.uk',
          'lab.ac.uk:443',
          '*',
          '',
          '.lab.ac.uk'
        ])
          t.match(await load(rpId), /rpId/, rpId || 'nothing')
        t.match(await load('github.io', 'gate.github.io'), /rpId/, 'github.io')
        const { status } = await new Caller(fixture).get('/.well-known/webauthn')
        t.equal(status, 404)
      }
    },
    {
      id: 'W20',
      refs: '',
      tried:
        'an enrolment finished for another person: after switching accounts, with another’s id in the request, in another session',
      safe: 'refused; a key is bound to who began',
      async run(t) {
        const [ada, ben] = [await fixture.somebody(), await fixture.somebody()]
        const asAda = await ada.signedIn()
        const asBen = await ben.signedIn([], asAda.address)
        const first = await asAda.options('enrol')
        const key = newKey(fixture)
        t.ok(
          isRefusal(await asBen.verify('enrol', first.ceremony, key.register(first.options))),
          'finished as somebody else'
        )
        const second = await asAda.options('enrol')
        t.ok(
          isRefusal(await (await ada.signedIn()).verify('enrol', second.ceremony, key.register(second.options))),
          'in another session'
        )
        const claims = {
          account: ben.account.id,
          accountId: ben.account.id,
          user: { id: ben.account.id },
          username: ben.account.name
        }
        const { ceremony, options } = JSON.parse(
          (await asAda.json('/.factorgate/webauthn/options?for=enrol', claims)).body
        )
        t.equal(options.user.id, ada.account.id)
        const response = key.register({ ...options, user: { id: ben.account.id } })
        t.equal(
          (await asAda.json('/.factorgate/webauthn/verify?for=enrol', { ...claims, ceremony, response, name: 'Key' }))
            .status,
          200
        )
        t.equal((await runtime.credentials.list(ben.account.id)).length, 1, 'nothing of it is at the other’s')
        t.equal((await runtime.credentials.byCredentialId(key.id))?.accountId, ada.account.id)
        const claimed = await new Caller(fixture, elsewhere()).assert('login', key, { userHandle: ben.account.id })
        t.equal(claimed.status, 401, 'and it opens nobody else’s account')
      }
    }
  ]
}
