/** FIELD F17: a page in the background learns in time that its session ends, and to look does not prolong it. */
import vm from 'node:vm'
import t from 'tap'
import { echoApp, navigation, startGateway } from '../fixtures/in-process/gateway.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'

const time = new TestClock(Date.now())
const app = await echoApp(t)
const gate = await startGateway(t, {
  clock: time.read,
  extra: 'session: { idle: 1h, absolute: 4h }',
  apps: `  - { id: own, url: "http://own.localhost:PORT", upstream: "${app.url}", sessionEnds: true }
  - { id: silent, url: "http://silent.localhost:PORT", upstream: "${app.url}" }
`
})
const { runtime } = gate.server
const { cookies } = await gate.signIn(await gate.account('ada'), 'own', 'silent')
const ask = (method: string, host: string, path: string, more: Record<string, string> = {}) =>
  gate.request(method, gate.origin(host) + path, { cookie: cookies[host] ?? '', ...more })
const look = async (host = 'own', language = 'en') => {
  await runtime.sessions.flush()
  const answer = await ask('GET', host, '/.factorgate/session', { 'accept-language': language })
  t.equal(answer.headers['factorgate-session-ends'], String(JSON.parse(answer.body).endsIn))
  return JSON.parse(answer.body)
}

t.test('an app that asks for it hears it with each response to a person', async t => {
  const lasts = async (host: string, cookie = cookies[host] ?? '') =>
    (await ask('GET', host, '/x', { ...navigation, cookie })).headers['factorgate-session-ends']
  t.equal(await lasts('own'), '3600')
  t.equal(await lasts('silent'), undefined)
  t.equal(await lasts('own', ''), undefined, 'a stranger')
})

t.test('FIELD F17 a page may look as often as it likes, and the session still ends in time', async t => {
  t.match(await look(), { endsIn: 3600, by: 'idle', stay: 'Stay signed in' })
  for (let n = 0; n < 5; n++) {
    time.advance(700)
    t.match(await look(n % 2 === 0 ? 'own' : 'silent'), { endsIn: 3600 - 700 * (n + 1) })
  }
  t.match(await look('own', 'de'), { says: /Ihre Sitzung endet in 2 Minuten|100 Sekunden/ })
  const foreign = await ask('POST', 'own', '/.factorgate/session', {
    origin: 'https://other.example',
    'sec-fetch-site': 'cross-site'
  })
  t.equal(foreign.status, 403)
  const stay = await ask('POST', 'own', '/.factorgate/session', {
    origin: gate.origin('own'),
    'sec-fetch-site': 'same-origin'
  })
  t.equal(stay.status, 204)
  const next = JSON.parse((await ask('GET', 'own', '/.factorgate/session')).body)
  t.match(next, { endsIn: 3600, by: 'idle' }, 'the very next look knows it, whichever process answers')
  for (let n = 0; n < 3; n++) {
    time.advance(3000)
    await ask('GET', 'own', '/x')
  }
  const late = await look()
  t.match(late, { by: 'absolute', says: /Save what you are working on/ })
  t.notOk('stay' in late, 'no use of it helps')
  time.advance(late.endsIn)
  const ended = { endsIn: 0, says: 'Your session has ended. Copy what is typed here, then sign in again.' }
  t.same(await look(), ended)
  t.same(JSON.parse((await gate.request('GET', `${gate.origin('own')}/.factorgate/session`)).body), ended)
})

t.test('a token of another host, a replaced one and one of a suspended person hear nothing', async t => {
  const ada = await gate.account('eve')
  const first = (await gate.signIn(ada, 'own', 'silent')).cookies
  const told = async (cookie: string) =>
    JSON.parse((await ask('GET', 'own', '/.factorgate/session', { cookie })).body).endsIn as number
  t.ok((await told(first.own!)) > 0)
  t.equal(await told(first.silent!), 0, 'of another host')
  await runtime.accounts.suspend(ada.id, 'test')
  t.equal(await told(first.own!), 0, 'suspended')
})

t.test('the script for it is there for pages of apps too', async t => {
  const script = await ask('GET', 'own', '/.factorgate/assets/session.js')
  t.match([script.status, script.headers['content-type'], script.body], [200, /javascript/, /factorgate-session-ends/])
  t.match(script.headers['cache-control'], 'max-age=300')
})

t.test(
  'a page says that the session ends, and then that it has ended; where nobody was signed in it says nothing',
  async t => {
    const { body: source } = await ask('GET', 'own', '/.factorgate/assets/session.js')
    const run = async (answers: readonly ({ endsIn: number } | Error)[]) => {
      const told: unknown[] = []
      let waits: (() => Promise<void>) | null = null
      let next = 0
      const context = {
        document: {
          title: '',
          querySelector: () => null,
          addEventListener: () => {},
          dispatchEvent: ({ detail }: { detail: { endsIn: number } }) => told.push(detail.endsIn)
        },
        CustomEvent: class {
          detail: unknown
          constructor(_: string, { detail }: { detail: unknown }) {
            this.detail = detail
          }
        },
        fetch: async () => ({
          ok: true,
          async json() {
            const answer = answers[next++]
            if (answer instanceof Error) throw answer
            return answer
          }
        }),
        clearTimeout: () => {},
        setTimeout: (look: () => Promise<void>) => {
          waits = look
        }
      }
      await vm.runInNewContext(source, context)
      while (waits !== null) {
        const look: () => Promise<void> = waits
        waits = null
        await look()
      }
      return { told, next }
    }
    t.same(await run([{ endsIn: 900 }, { endsIn: 15 }, { endsIn: 0 }]), { told: [15, 0], next: 3 })
    t.same(await run([{ endsIn: 0 }]), { told: [], next: 1 })
    t.same(
      await run([{ endsIn: 900 }, new Error('the page is being left'), { endsIn: 15 }, { endsIn: 0 }]),
      { told: [15, 0], next: 4 },
      'an answer that breaks off is no error, and the page looks again'
    )
  }
)
