/** Lockdown and decoys on two gates that share a Redis: what one of them learns, the other obeys. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { turnDial } from '../../src/posture/dial-record.ts'
import { echoApp, type Running, startGateway } from '../fixtures/in-process/gateway.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'

const codeOf = (answer: { headers: Record<string, unknown> }) => answer.headers['factorgate-error']

/** Resolves when it is so. The test's own limit of time ends a vain wait, after the comment that says what it waits for. */
async function until(is: () => Promise<boolean>, what: string): Promise<void> {
  t.comment(`waits until: ${what}`)
  while (!(await is())) await new Promise(resolve => setTimeout(resolve, 20))
}

t.test('lockdown and decoys across two gates on Redis', async t => {
  const { url, seen } = await echoApp(t)
  let aheadMs = 0
  const clock = () => Date.now() + aheadMs
  const options = {
    clock,
    store: (await startRedis(t)).url,
    apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}", decoys: [/finance/**, { path: /keys.txt, then: [step-up] }, { path: /vault, then: [cut] }] }`,
    extra: 'watch: { posture: { lockdown: { groups: [operators] } } }'
  }
  const one = await startGateway(t, options)
  const two = await startGateway(t, { ...options, beside: one })
  const get = (gate: Running, cookie: string | undefined, where = '/docs') =>
    gate.request('GET', `${one.origin('files')}${where}`, { cookie })
  const person = async (name: string, groups?: readonly string[]) => {
    const account = await one.account(name, groups)
    return { account, ...(await one.signIn(account, 'files')) }
  }
  const [ada, bea, cem, olga] = [
    await person('ada'),
    await person('bea'),
    await person('cem'),
    await person('olga', ['operators'])
  ]
  for (const { cookies } of [ada, bea, cem, olga])
    for (const gate of [one, two]) t.equal((await get(gate, cookies.files)).status, 200)

  // Right after a proof nobody is asked for one.
  aheadMs = 61_000
  t.equal(codeOf(await get(one, ada.cookies.files, '/finance/a')), 'account_suspended')
  await until(
    async () => codeOf(await get(two, ada.cookies.files)) === 'sign_in_required',
    'ada is out at the other gate'
  )
  t.match((await two.server.runtime.accounts.byId(ada.account.id))?.suspended, { cause: 'decoy' })

  t.equal((await get(two, bea.cookies.files, '/keys.txt')).status, 401)
  await until(async () => codeOf(await get(one, bea.cookies.files)) !== undefined, 'bea is asked at the other gate')

  t.equal((await get(one, cem.cookies.files, '/vault')).status, 403)
  await until(async () => codeOf(await get(two, cem.cookies.files)) === 'sign_in_required', 'cem is signed out there')
  await one.server.runtime.journal.flush()
  const ended = readFileSync(path.join(one.folder, 'journal.jsonl'), 'utf8')
    .split('\n')
    .filter(line => line.includes('"kind":"session.end"'))
    .map(line => JSON.parse(line))
  t.match(ended, [{ account: cem.account.id, outcome: 'revoked', by: 'watch', why: /decoy/ }], 'one gate writes it')
  t.notOk(
    seen.some(({ url }) => ['/finance/a', '/keys.txt', '/vault'].includes(url ?? '')),
    'the app has seen no touch'
  )

  const dan = await person('dan')
  t.equal((await get(two, dan.cookies.files)).status, 200)
  const turn = { app: null, why: 'stolen sessions', by: 'olga', until: null } as const
  await turnDial(one.server.runtime.store, { ...turn, level: 'lockdown' }, clock())
  await until(async () => codeOf(await get(two, dan.cookies.files)) === 'lockdown', 'the lockdown')
  await until(async () => codeOf(await get(one, dan.cookies.files)) === 'lockdown', 'the lockdown here')
  t.not(codeOf(await get(two, olga.cookies.files)), 'lockdown', 'its group stays in, with a key')
  await turnDial(two.server.runtime.store, { ...turn, level: 'normal' }, clock())
  for (const gate of [one, two])
    await until(async () => (await get(gate, dan.cookies.files)).status === 200, 'it is over')
})
