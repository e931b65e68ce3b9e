/** THREATS M8 to M19 and M21: codes and passwords that are guessed, reused, raced, or spelled oddly. */
import { loadConfig } from '../../../config/load.ts'
import { AccountError } from '../../../src/identity/accounts.ts'
import { newToken } from '../../../src/ids.ts'
import { AttemptBuckets } from '../../../src/throttle/attempt-buckets.ts'
import { Caller, elsewhere, type Fixture, password, tally } from '../../fixtures/in-process/callers.ts'
import { cases } from '../../fixtures/in-process/cases.ts'
import type { Row } from '../table.ts'

export function guessRows(fixture: Fixture): Row[] {
  const { gate, time, runtime } = fixture
  const somebody = (options?: Parameters<Fixture['person']>[1]) => fixture.somebody(options)

  return [
    {
      id: 'M8',
      refs: 'RFC 6238 §5.2 CVE-2026-27855',
      tried: 'a code once more in its step, from another browser, with blanks; the step before after this one was used',
      safe: 'refused: no step up to the last used one is good again',
      async run(t) {
        const person = await somebody()
        const [home] = await person.knownAddresses(1)
        const code = person.code()
        const first = await person.halfWay(home)
        t.equal((await first.totp(code)).status, 303)
        t.equal((await first.post('/.factorgate/logout')).status, 303)
        for (const again of [code, `${code.slice(0, 3)} ${code.slice(3)}`, person.code(-1)]) {
          const [address] = await person.knownAddresses(1)
          t.equal((await (await person.halfWay(address)).totp(again)).status, 401, again)
        }
        time.advance(30)
        t.equal((await (await person.halfWay(home)).totp(code)).status, 401, 'in the tolerance of the next step')
        t.equal((await (await person.halfWay(home)).totp(person.code())).status, 303, 'the next one is good')
      }
    },
    {
      id: 'M9',
      refs: '',
      tried: 'one right code fifty times at once, on fifty sessions and on one, from places that are counted apart',
      safe: 'exactly one is let in (races.test.ts: on two gates and a Redis)',
      async run(t) {
        for (const [what, spread] of [
          ['fifty sessions', true],
          ['one session', false]
        ] as const) {
          const person = await somebody()
          const places = await person.knownAddresses(50)
          const one = await person.halfWay(places[0])
          const callers = await Promise.all(
            places.map(async place => {
              if (spread) return person.halfWay(place)
              const caller = new Caller(fixture, place)
              for (const [name, value] of one.jar()) caller.jar().set(name, value)
              return caller
            })
          )
          const code = person.code()
          const answers = await Promise.all(callers.map(caller => caller.totp(code)))
          t.equal(tally(answers)[303], 1, `${what}: ${JSON.stringify(tally(answers))}`)
          t.equal((await runtime.credentials.list(person.account.id))[0]?.disabledAt, null)
        }
      }
    },
    {
      id: 'M10',
      refs: 'CVE-2026-56450 CVE-2025-60424 CVE-2026-7671 CVE-2024-21500 GHSA-vfph-hjfv-cpv2 NIST SP 800-63B-4 §3.2.2',
      tried: 'wrong second factors without end: over new sessions and addresses, patiently, of each kind',
      safe: 'a few, then waiting that outlives session and address; a hundred, then the factor is off for good',
      async run(t) {
        const person = await somebody()
        const [code = ''] = await person.issueCodes()
        const kinds = {
          totp: { wrong: person.wrongCode(1), right: () => person.code() },
          recovery: { wrong: '0000-0000-0000-0000-0000-0000', right: () => code }
        }
        for (const kind of ['totp', 'recovery'] as const) {
          const { wrong, right } = kinds[kind]
          const guess = async (text: string) => (await person.halfWay())[kind](text)
          const hasty = tally(await inTurn(20, () => guess(wrong)))
          t.same(hasty, { 401: 4, 429: 16 }, `${kind}: of twenty in a row, from twenty sessions and addresses`)
          t.equal((await guess(right())).status, 429, 'the right one waits as well, and so tells nothing')
          const patient: number[] = []
          for (let tries = 4; tries < 100; tries++) {
            time.advance(301)
            patient.push((await guess(wrong)).status)
          }
          t.notOk(patient.includes(429) || patient.includes(303), `${kind}: a guess every five minutes is checked`)
          time.advance(301)
          t.not((await guess(right())).status, 303, `${kind}: after a hundred the right one is refused`)
        }
        t.ok((await runtime.credentials.list(person.account.id))[0]?.disabledAt, 'switched off')
        t.match(await fixture.journal(), /"kind":"factor\.disable"[^\n]*"factor":"totp"/, 'and journaled')
        t.match(await fixture.journal(), /"kind":"factor\.disable"[^\n]*"factor":"recovery"/)
      }
    },
    {
      id: 'M11',
      refs: '',
      tried: 'the right password between wrong codes, over and over',
      safe: 'buys no guess: neither count starts anew before both factors were right',
      async run(t) {
        const person = await somebody()
        const seen: string[] = []
        const address = elsewhere()
        for (let i = 0; i < 12; i++) {
          const caller = new Caller(fixture, address)
          const first = await caller.signIn(person.account.name)
          seen.push(
            first.status === 303 ? `in ${(await caller.totp(person.wrongCode(i))).status}` : String(first.status)
          )
        }
        t.same(seen.slice(0, 4), Array(4).fill('in 401'))
        t.ok(
          seen.slice(4).every(one => one === '429'),
          seen.join()
        )
        time.advance(300)
        const caller = new Caller(fixture, address)
        t.equal((await caller.signIn(person.account.name)).status, 303)
        t.equal((await caller.totp(person.code())).status, 303, 'a whole sign-in')
        const again = new Caller(fixture, address)
        t.equal((await again.signIn(person.account.name)).status, 303, 'and the counts begin anew')
      }
    },
    {
      id: 'M12',
      refs: '',
      tried: 'a hundred wrong codes at once, with one guess left',
      safe: 'one is checked (races.test.ts: on two gates and a Redis)',
      async run(t) {
        const person = await somebody()
        for (let i = 0; i < 3; i++) t.equal((await (await person.halfWay()).totp(person.wrongCode(i))).status, 401)
        const callers = await inTurn(100, () => person.halfWay())
        const answers = await Promise.all(callers.map((caller, i) => caller.totp(person.wrongCode(i))))
        t.same(tally(answers), { 401: 1, 429: 99 })
      }
    },
    {
      id: 'M13',
      refs: 'CVE-2025-24806 GHSA-m5mf-3963-4x26',
      tried: 'guesses by name and by e-mail address in turn',
      safe: 'both are one account, so its address buys no guess more (FIELD G18)',
      async run(t) {
        const person = await somebody()
        const { name, email } = person.account
        const seen: number[] = []
        const address = elsewhere()
        for (let i = 0; i < 8; i++)
          seen.push(
            (await new Caller(fixture, address).signIn(i % 2 === 0 ? name : email!, `wrong password ${i}`)).status
          )
        t.same(seen, [401, 401, 401, 401, 429, 429, 429, 429])
      }
    },
    {
      id: 'M14',
      refs: 'CVE-2026-47203 GHSA-hjj4-hfjm-fmrj CVE-2026-32595 CVE-2026-41263',
      tried: 'one name in many spellings; names with what cannot be seen',
      safe: 'one bucket, or nobody (times: npm run threats -- timing)',
      async run(t) {
        const person = await somebody()
        const { name } = person.account
        const wide = [...name].map(c => String.fromCodePoint(c.charCodeAt(0) + 0xfee0)).join('')
        const alike = [
          name,
          name.toUpperCase(),
          `${name} `,
          ` ${name}`,
          wide,
          `\t${name}`,
          `${name[0]!.toUpperCase()}${name.slice(1)}`
        ]
        const seen: number[] = []
        const address = elsewhere()
        for (const spelling of alike)
          seen.push((await new Caller(fixture, address).signIn(spelling, 'wrong password')).status)
        t.same(seen, [401, 401, 401, 401, 429, 429, 429])
        for (const other of [
          `${name}\u200b`,
          `${name}\0`,
          `\u202e${name}`,
          `${name}\u0301`,
          `${name}\r\n`,
          `${name}%00`,
          name.replace('e', '\u0435')
        ]) {
          if (other.trim() === name) continue
          t.equal((await new Caller(fixture).signIn(other)).status, 401, JSON.stringify(other))
        }
      }
    },
    {
      id: 'M15',
      refs: 'CVE-2023-39522 ASVS 6.3.8',
      tried: 'an unknown name, a wrong password, also of a suspended person or of one without a factor',
      safe: 'the same bytes and status; what is missing is told to nobody before the password was right',
      async run(t) {
        const known = await fixture.person('same-name-1')
        const suspended = await fixture.person('same-name-2')
        await runtime.accounts.suspend(suspended.account.id, 'test')
        const bare = await fixture.person('same-name-3', { factor: false })
        const unset = await gate.account('same-name-4')
        const caller = new Caller(fixture)
        const strip = (text: string) => text.replaceAll(/same-name-\d|nobody-at-a/g, 'NAME')
        const told = async (name: string, secret: string) => {
          const { status, lines, body } = await caller.signIn(name, secret)
          return strip(`${status}\n${lines.filter(line => !/^date:/i.test(line)).join('\n')}\n\n${body}`)
        }
        const reference = await told('nobody-at-a', 'wrong password')
        t.match(reference, /^401\n/)
        t.match(reference, /value="NAME"/, 'the name that was typed stands in the field')
        t.equal(await told(known.account.name, 'wrong password'), reference, 'a wrong password')
        t.equal(await told(suspended.account.name, 'wrong password'), reference, 'suspended, a wrong password')
        t.match(
          await told(suspended.account.name, password),
          /^403\n.*suspended.*test/s,
          'suspended, the right password'
        )
        t.equal(await told(bare.account.name, 'wrong password'), reference, 'no factor, a wrong password')
        t.equal(await told(unset.name, 'wrong password'), reference, 'no password was ever set')
        const way = async (name: string) => {
          const { status, headers, body } = await new Caller(fixture).signIn(name)
          return [status, headers.location, body]
        }
        t.same(await way(bare.account.name), await way(known.account.name), 'with the right password, too')
        const stem = (line: string) =>
          line.replace(/"(?:at|seq|request|ms|prev|session|address|account|name)":[^,}]*/g, '')
        t.notMatch(stem(await fixture.journal()), /wrong password/)
      }
    },
    {
      id: 'M16',
      refs: 'CVE-2026-40574 GHSA-c5c4-8r6x-56w3',
      tried: 'names with two @, blanks, line ends, commas, quotes',
      safe: 'nobody can have such a name, nor sign in by it',
      async run(t) {
        const names = [
          'a@evil@corp.test',
          'a b',
          'a\r\nb',
          'a,b',
          '"a"',
          "a'b",
          'a/b',
          'a\\b',
          'a;b',
          '@corp.test',
          'a@',
          '.a',
          'a:b',
          '*',
          '..',
          'a@corp..test@x',
          'a%40corp',
          ''
        ]
        for (const name of names) {
          await t.rejects(gate.account(name), AccountError, JSON.stringify(name))
          t.equal((await new Caller(fixture).signIn(name)).status, 401, JSON.stringify(name))
        }
      }
    },
    {
      id: 'M17',
      refs: 'ASVS 6.1.1',
      tried:
        'two hundred wrong passwords from afar and no end to it, and wrong codes by who has the password; one password for seventy people from the network they all use',
      safe: 'the person gets in at once, from where they usually are, in their browser, and from a new address; who sprays waits after two hundred in all',
      async run(t) {
        const person = await somebody()
        const [home] = await person.knownAddresses(1)
        const afar = elsewhere()
        const answers = await inTurn(200, i =>
          new Caller(fixture, afar).signIn(person.account.name, `wrong password ${i}`)
        )
        t.same(tally(answers), { 401: 4, 429: 196 })
        await inTurn(6, i => person.halfWay().then(caller => caller.totp(person.wrongCode(i))))
        const caller = new Caller(fixture, home)
        t.equal((await caller.signIn(person.account.name)).status, 303)
        t.equal((await caller.totp(person.code())).status, 303)

        const mark = caller.jar().get('factorgate-known')
        t.match(mark, /^[\w-]{43}$/)
        // Each of these is really hashed; past a hundred strange failures the account's own wait counts.
        await inTurn(110, i => new Caller(fixture).signIn(person.account.name, `wrong password ${i}`))
        t.equal(
          (await new Caller(fixture).signIn(person.account.name)).status,
          303,
          'from everywhere: a new place is free'
        )
        const travelling = new Caller(fixture)
        travelling.jar().set('factorgate-known', mark!)
        t.equal((await travelling.signIn(person.account.name)).status, 303, 'the browser is known wherever it is')

        const another = await somebody()
        for (let i = 0; i < cases(600); i++) {
          await new Caller(fixture, afar).signIn(another.account.name, `wrong password ${i}`)
          time.advance(10)
        }
        const away = new Caller(fixture)
        t.equal((await away.signIn(another.account.name)).status, 303, 'from a new address, while it goes on')
        t.equal((await away.totp(another.code())).status, 303)

        const lab = elsewhere()
        const neighbours = await inTurn(70, () => somebody())
        const guesses = new AttemptBuckets(runtime.store)
        for (const { account } of neighbours) await guesses.remember(account.id, { address: lab })
        const seen: number[] = []
        for (const secret of ['Winter2026', 'Passwort1', 'letmein123'])
          for (const { account } of neighbours)
            seen.push((await new Caller(fixture, lab).signIn(account.name, secret)).status)
        t.equal(seen.indexOf(429), 201, 'over all accounts')
        const [one] = neighbours
        const own = new Caller(fixture, lab)
        const browser = newToken()
        await guesses.remember(one!.account.id, { address: lab, browser })
        own.jar().set('factorgate-known', browser)
        t.equal((await own.signIn(one!.account.name)).status, 303, 'in a browser that is known, meanwhile')
        t.equal((await own.totp(one!.code())).status, 303)
      }
    },
    {
      id: 'M18',
      refs: 'RFC 6238 §5.2 §6 ASVS 6.5.5',
      tried: 'the codes of three steps to either side',
      safe: 'this step and one beside it (`skew: 1`); with `skew: 0` this step alone',
      async run(t) {
        const person = await somebody()
        const enter = async (steps: number) => {
          const [address] = await person.knownAddresses(1)
          return (await (await person.halfWay(address)).totp(person.code(steps))).status
        }
        for (const steps of [-3, -2, 2, 3]) t.equal(await enter(steps), 401, `T${steps}`)
        for (const steps of [-1, 0, 1]) t.equal(await enter(steps), 303, `T${steps}`)
        time.advance(90)
        t.equal(await enter(-1), 401, 'what was typed before its time is spent, too')

        const strict = await loadConfig({ file: gate.configFile, env: {}, cwd: gate.folder })
        if (strict.kind === 'bad') throw new Error('the configuration is bad')
        const { config } = strict
        await gate.server.reload({
          ...config,
          factors: { ...config.factors, totp: { ...config.factors.totp, skew: 0 } }
        })
        time.advance(300)
        for (const steps of [-1, 1]) t.equal(await enter(steps), 401, `T${steps} with skew 0`)
        t.equal(await enter(0), 303, 'T with skew 0')
        await gate.server.reload(config)
      }
    },
    {
      id: 'M19',
      refs: '',
      tried: 'codes of other lengths, and signs that are no digits',
      // Digits of other scripts are a person's keyboard and no attack: they count by their value (FIELD G4). A code has as many values either way.
      safe: '401, counted, never 500; blanks, dashes and the script of the digits are the person’s hand',
      async run(t) {
        const person = await somebody()
        const code = () => person.code()
        const arabic = (text: string) => [...text].map(d => String.fromCodePoint(0x660 + Number(d))).join('')
        const cases = [
          code().slice(1),
          `${code()}0`,
          `0${code()}`,
          arabic(`${code()}0`),
          `${code()}½`,
          `${code()}\0`,
          `+${code()}`,
          `${code()}.0`,
          `0x${Number(code()).toString(16)}`,
          '一二三四五六',
          '',
          ' ',
          'undefined',
          'NaN',
          'x'.repeat(10_000)
        ]
        for (const text of cases) {
          const [address] = await person.knownAddresses(1)
          const caller = await person.halfWay(address)
          t.equal((await caller.totp(text)).status, 401, JSON.stringify(text.slice(0, 20)))
          t.same(
            tally([await caller.totp('x'), await caller.totp('x'), await caller.totp('x'), await caller.totp('x')]),
            { 401: 3, 429: 1 },
            'counted'
          )
        }
        const [address] = await person.knownAddresses(1)
        t.equal((await (await person.halfWay(address)).totp(` ${code().slice(0, 3)}-${code().slice(3)} `)).status, 303)
        t.notOk(
          gate.log.some(({ level }) => Number(level) >= 50),
          'nothing went wrong inside'
        )
      }
    },
    {
      id: 'M21',
      refs: 'NIST SP 800-63B-4 §3.1.2 §4.2',
      tried:
        'a recovery code twice, at once, another person’s, an old list’s, in other spellings; the store’s copy of it',
      safe: 'good once, for its owner; 80 bits, kept as slow, sealed hashes; journaled',
      async run(t) {
        const [ada, ben] = [await somebody(), await somebody()]
        const [old = ''] = await ada.issueCodes()
        const [one = '', two = '', three = ''] = await ada.issueCodes()
        t.match(one, /^(?:[0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/, '16 symbols of 5 bits')
        t.equal((await (await ben.halfWay()).recovery(one)).status, 401, 'somebody else’s')
        t.equal((await (await ada.halfWay()).recovery(old)).status, 401, 'of a list that was replaced')
        t.equal((await (await ada.halfWay()).recovery(one)).status, 303)
        for (const again of [one, one.toUpperCase(), one.replaceAll('-', ''), one.replaceAll('-', ' ')]) {
          const [address] = await ada.knownAddresses(1)
          t.equal((await (await ada.halfWay(address)).recovery(again)).status, 401, again)
        }
        const [address] = await ada.knownAddresses(1)
        t.equal((await (await ada.halfWay(address)).recovery(` ${two.toUpperCase().replaceAll('-', '')} `)).status, 303)
        const places = await ada.knownAddresses(30)
        const callers = await Promise.all(places.map(place => ada.halfWay(place)))
        t.equal(tally(await Promise.all(callers.map(caller => caller.recovery(three))))[303], 1, 'of thirty at once')
        const dump = (await fixture.dump()).toLowerCase()
        for (const code of [one, two, three])
          t.notOk(dump.includes(code) || dump.includes(code.replaceAll('-', '')), 'not in the store')
        t.match(
          await fixture.journal(),
          new RegExp(`"kind":"proof"[^\\n]*"account":"${ada.account.id}"[^\\n]*"factor":"recovery"`)
        )
      }
    }
  ]
}

async function inTurn<T>(count: number, act: (i: number) => Promise<T>): Promise<T[]> {
  const all: T[] = []
  for (let i = 0; i < count; i++) all.push(await act(i))
  return all
}
