/** Who asks is looked at again after their request has waited for room in a budget: access that ended meanwhile is gone. */
import t from 'tap'
import { StoreUnreachable } from '../../src/store/store.ts'
import { whileWaiting } from '../fixtures/in-process/full-budgets.ts'
import { echoApp, navigation, startGateway } from '../fixtures/in-process/gateway.ts'

t.test('after a wait a request is judged by what holds then', async t => {
  const app = await echoApp(t)
  const gate = await startGateway(t, {
    apps: `  - { id: one, title: One, url: "http://one.localhost:PORT", upstream: "${app.url}", rules: [{ path: /open/**, access: public }, { access: mfa }] }`,
    extra: 'watch: { budgets: [{ id: many, per: person, app: one, window: 1h, requests: 100, then: [cut] }] }'
  })
  const { sessions, accounts, budgets } = gate.server.runtime
  const silent = async () => {
    sessions.standing = () => Promise.reject(new StoreUnreachable('The store is away.'))
  }
  const table: readonly (readonly [string, (account: string) => Promise<unknown>, object])[] = [
    ['nothing happens', async () => {}, { status: 200 }],
    [
      'the session ends',
      account => sessions.endAccount(account, 'revoked'),
      {
        status: 302,
        headers: { 'factorgate-error': 'sign_in_required', location: `${gate.portal}/.factorgate/login?` }
      }
    ],
    [
      'the account is removed',
      account => accounts.remove(account),
      { status: 302, headers: { 'factorgate-error': 'sign_in_required' } }
    ],
    [
      'the store falls silent',
      silent,
      { status: 503, headers: { 'factorgate-error': 'store_unreachable', 'retry-after': /^\d+$/ } }
    ]
  ]
  for (const [number, [title, meanwhile, answer]] of table.entries())
    await t.test(title, async t => {
      for (const [at, expected] of [
        ['/page', answer],
        ['/open/page', { status: 200 }]
      ] as const) {
        const account = await gate.account(`p${number}${at.length}`)
        const { cookies } = await gate.signIn(account, 'one')
        const before = app.seen.length
        const { answer: got, waits } = await whileWaiting(
          budgets,
          () => meanwhile(account.id),
          () => gate.request('GET', gate.origin('one') + at, { ...navigation, cookie: cookies.one })
        )
        Reflect.deleteProperty(sessions, 'standing')
        t.match(got, expected, at)
        t.equal(waits, 1)
        t.equal(app.seen.length - before, got.status === 200 ? 1 : 0)
        const name = got.status === 200 ? JSON.parse(got.body).headers['remote-user'] : undefined
        t.equal(name, number === 0 ? account.name : undefined, `${at}: whom the app hears of`)
      }
    })
})
