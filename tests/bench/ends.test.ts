import t from 'tap'
import { Ends } from './ends.ts'

t.test('the last is ended first, with what is started meanwhile, and each once', async t => {
  const ends = new Ends()
  const ended: string[] = []
  ends.teardown(() => ended.push('first'))
  ends.teardown(() => {
    ended.push('second')
    ends.teardown(() => ended.push('late'))
  })
  await ends.all()
  await ends.all()
  t.same(ended, ['second', 'late', 'first'])
})

t.test('who asks while it ends waits for it', async t => {
  const ends = new Ends()
  let isEnded = false
  let goOn = () => {}
  ends.teardown(async () => {
    await new Promise<void>(resolve => {
      goOn = resolve
    })
    isEnded = true
  })
  ends.all()
  const second = ends.all().then(() => isEnded)
  await new Promise(setImmediate)
  goOn()
  t.equal(await second, true)
})

t.test('what cannot be ended is said, and keeps nothing from its end', async t => {
  const said = t.capture(console, 'error')
  const ends = new Ends()
  let isEnded = false
  ends.teardown(() => {
    isEnded = true
  })
  ends.teardown(async () => {
    throw new Error('it is stuck')
  })
  await ends.all()
  t.equal(isEnded, true)
  t.match(said.args(), [[{ message: 'it is stuck' }]])
})
