/** FIELD N3: every command that goes over all people works with very many of them, on Redis as well, and shows how far it is. */
import t, { type Test } from 'tap'
import { Progress } from '../../src/cli/progress.ts'
import { inBatches } from '../../src/store/batches.ts'
import { fill } from '../bench/crowd.ts'
import { People } from '../bench/people.ts'
import { terminal, usualConfig } from '../cli/terminal.ts'
import { cases } from '../fixtures/in-process/cases.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'

/** 100,000 were tried by hand, on the embedded store too: no command takes longer than 20 seconds on two busy cores. */
const people = cases(20_000)
const signedIn = 1_000
const host = 'notebooks.lab.example'

/** A terminal on a Redis with thousands of people more than the one who was there before; a thousand of them are signed in. */
async function crowded(t: Test) {
  const redis = await startRedis(t, { args: ['--appendfsync', 'no'] })
  const like = (await People.at(redis.url, at => at.signedIn(1, host)))[0]!
  const to = { port: redis.port, url: redis.url, like, host }
  await fill({ ...to, accounts: people - signedIn, sessions: 0 }, 0)
  await fill({ ...to, accounts: signedIn, sessions: 1 }, 0)
  const at = terminal(t, { config: `store: ${redis.url}\n${usualConfig}` })
  await at.newKey()
  at.time.now = Date.now()
  return at
}

t.test('FIELD N3 thousands of people on Redis', async t => {
  const at = await crowded(t)
  const listed = JSON.parse(await at.ok('user', 'list', '--json'))
  t.equal(listed.length, people + 1, 'user list')
  t.equal(new Set(listed.map(({ id }: { id: string }) => id)).size, people + 1, 'each once')
  t.equal(JSON.parse(await at.ok('session', 'list', '--json')).length, signedIn + 1, 'session list')
  t.equal(JSON.parse(await at.ok('report', '--json')).people.length, people + 1, 'report')
  t.match(await at('user', 'list', '--waiting'), { code: 0, stderr: /nobody must wait/ }, 'user list --waiting')
  t.match(await at('user', 'waits'), { code: 0, stderr: /nobody must wait/ }, 'user waits')
  t.match(await at('check'), { code: 0 }, 'check')
  t.match(await at('key', 'rotate', '--finish'), { code: 0 }, 'key rotate')
  t.match(await at('store', 'export', 'backup'), { code: 0 }, 'store export')
  t.equal(await at.ok('session', 'revoke', '--all'), `${signedIn + 1}\n`, 'session revoke --all')
  t.match(await at('session', 'list'), { code: 0, stderr: /nobody is signed in/ })
})

t.test('FIELD N3 work on many records asks for a bounded number at once, and keeps their order', async t => {
  let running = 0
  let most = 0
  const heard: number[] = []
  const numbers = Array.from({ length: 1_234 }, (_, i) => i)
  const double = async (number: number) => {
    most = Math.max(most, ++running)
    await new Promise(resolve => setImmediate(resolve))
    running--
    return 2 * number
  }
  t.same(
    await inBatches(numbers, double, done => heard.push(done)),
    numbers.map(number => 2 * number)
  )
  t.ok(most > 1 && most <= 200, `${most} at once`)
  t.equal(heard.at(-1), 1_234)
  t.same(await inBatches([], double), [])
  await t.rejects(
    inBatches(numbers, async number => (number === 700 ? Promise.reject(new Error('no')) : number)),
    { message: 'no' }
  )
})

t.test('FIELD N3 a terminal sees a progress bar, a pipe does not, and nothing of it is left', async t => {
  const said = (isErrorTTY: boolean, total: number | null) => {
    const parts: string[] = []
    const io = { stderr: (text: string) => void parts.push(text), isErrorTTY }
    const progress = new Progress(io as never, 'people', total)
    progress.at(50)
    progress.end()
    return parts.join('')
  }
  t.equal(said(false, 100), '')
  t.match(said(true, 100), /\[#{12}-{12}\] 50 of 100 people/)
  t.match(said(true, null), /50 people …/)
  t.ok(said(true, 100).endsWith('\r\u001b[K'))
})
