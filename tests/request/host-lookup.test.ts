/** One look-up at a time, once for all who ask, so that a dead name server leaves a thread for the apps. */
import type { LookupAddress } from 'node:dns'
import t from 'tap'
import { hostLookup } from '../../src/request/host-lookup.ts'

const address = (text: string, family = 4): LookupAddress => ({ address: text, family })

/** Look-ups that wait until the test answers them. */
function world(patienceMs = 60_000) {
  const open: { host: string; answer: (found: readonly LookupAddress[] | Error) => void }[] = []
  const lookup = hostLookup({
    patienceMs,
    lookUp: (host, done) =>
      void open.push({
        host,
        answer: found => done(found instanceof Error ? { error: found, found: [] } : { error: null, found })
      })
  })
  const ask = (host: string, options: { all?: boolean; family?: 0 | 4 | 6 } = {}) =>
    new Promise<unknown>((resolve, reject) =>
      lookup(host, options, (error, found, family) =>
        error === null ? resolve(options.all === true ? found : [found, family]) : reject(error)
      )
    )
  return { open, ask, hosts: () => open.map(({ host }) => host) }
}

t.test('a hundred who ask for one name are one look-up, and other names wait for it', async t => {
  const { open, ask, hosts } = world()
  const all = Array.from({ length: 100 }, () => ask('one.example'))
  const other = ask('two.example')
  t.same(hosts(), ['one.example'])
  open[0]!.answer([address('192.0.2.1')])
  t.same(new Set((await Promise.all(all)).map(String)), new Set(['192.0.2.1,4']))
  t.same(hosts(), ['one.example', 'two.example'])
  open[1]!.answer([address('192.0.2.2')])
  t.same(await other, ['192.0.2.2', 4])
})

t.test('who asks again while a name hangs comes after those who wait', async t => {
  const { open, ask, hosts } = world()
  const first = ask('dead.example')
  const second = ask('two.example')
  open[0]!.answer(new Error('no name server'))
  await t.rejects(first, /no name server/)
  const again = ask('dead.example')
  open[1]!.answer([address('192.0.2.2')])
  await second
  t.same(hosts(), ['dead.example', 'two.example', 'dead.example'])
  open[2]!.answer([address('192.0.2.9')])
  t.same(await again, ['192.0.2.9', 4])
})

t.test('the last known address serves where the name server is slow, and is learned anew', async t => {
  const { open, ask } = world(1)
  const first = ask('one.example')
  open[0]!.answer([address('192.0.2.1')])
  await first
  t.same(await ask('one.example'), ['192.0.2.1', 4], 'nobody has answered this one yet')
  open[1]!.answer([address('192.0.2.7')])
  t.same(await ask('one.example'), ['192.0.2.7', 4])
})

t.test('both families, one of them, and none', async t => {
  const { open, ask } = world()
  const both = [address('2001:db8::1', 6), address('192.0.2.1')]
  const asked = [ask('one.example', { all: true }), ask('one.example'), ask('one.example', { family: 4 })]
  open[0]!.answer(both)
  t.same(await Promise.all(asked), [both, ['2001:db8::1', 6], ['192.0.2.1', 4]])
  const six = ask('one.example', { family: 6 })
  open[1]!.answer([address('192.0.2.1')])
  await t.rejects(six, { code: 'ENOTFOUND' })
})

t.test('the system’s look-up', async t => {
  const lookup = hostLookup()
  const found = await new Promise(resolve => lookup('localhost', { all: true }, (_, found) => resolve(found)))
  t.match(JSON.stringify(found), /127\.0\.0\.1|::1/)
})
