/** Whoever reads the log, or does not, the gate goes on. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { Writable } from 'node:stream'
import t from 'tap'
import { FileOutput, StreamOutput } from '../../src/cli/log-output.ts'
import { prepareGate } from '../fixtures/process/gate.ts'
import { program } from '../fixtures/process/program.ts'

const lossLine = (lost: number) => `lost ${lost}\n`

t.test('what a stream does not take waits up to a limit, and what is lost is said', async t => {
  const taken: string[] = []
  let go = () => {}
  const stream = new Writable({
    write(chunk, _encoding, done) {
      taken.push(String(chunk))
      if (taken.length === 1) go = done
      else done()
    }
  })
  const output = new StreamOutput(stream, lossLine)
  const long = `${'x'.repeat(400_000)}\n`
  output.write('first\n')
  for (let i = 0; i < 6; i++) output.write(long)
  t.same(taken, ['first\n'])
  await output.end(1)
  const drained = once(stream, 'drain')
  go()
  await drained
  await output.end(60_000)
  t.same(taken.filter(Boolean), ['first\n', long, long, long, 'lost 3\n'])
  const closed = new Promise(resolve => stream.once('close', resolve))
  stream.destroy(new Error('nobody reads any more'))
  await closed
  output.write('nothing is thrown\n')
  await output.end(60_000)
})

t.test('a reader that is slow all the time hears of each gap in its place', t => {
  const waiting: [text: string, done: () => void][] = []
  const stream = new Writable({ write: (chunk, _encoding, done) => void waiting.push([String(chunk), done]) })
  const output = new StreamOutput(stream, lossLine)
  const taken: string[] = []
  const line = (n: number) => `${n} ${'x'.repeat(100_000)}\n`
  // It takes two lines while three are written.
  for (let n = 0; n < 60; n++) {
    output.write(line(n))
    if (n % 3 !== 0) {
      const [text, done] = waiting.shift()!
      taken.push(text)
      done()
    }
  }
  let next = 0
  for (const text of taken) {
    const lost = Number(/^lost (\d+)/.exec(text)?.[1] ?? 0)
    if (lost > 0) next += lost
    else t.equal(Number.parseInt(text, 10), next++)
  }
  t.ok(
    taken.some(text => text.startsWith('lost ')),
    'while lines still come'
  )
  t.end()
})

t.test('a full disk costs lines, and no line is torn', t => {
  let [text, room] = ['', 8]
  const output = new FileOutput(bytes => {
    if (room === 0) throw new Error('ENOSPC')
    const part = Buffer.from(bytes.subarray(0, room)).toString()
    room -= part.length
    text += part
    return part.length
  }, lossLine)
  output.write('first\n')
  output.write('second\n')
  output.write('third\n')
  output.write('fourth\n')
  t.equal(text, 'first\nse')
  room = 5
  output.write('fifth\n')
  t.equal(text, 'first\nsecond\n')
  room = 100
  output.write('sixth\n')
  t.equal(text, 'first\nsecond\nlost 3\nsixth\n')
  t.end()
})

t.test('a gate whose log nobody reads answers, and ends in order', async t => {
  const gate = await prepareGate(t, {
    apps: [{ id: 'one', url: 'http://one.localhost:HOST', upstream: 'http://127.0.0.1:9' }]
  })
  const child = spawn(process.execPath, [...program(), 'serve', '--config', gate.configFile], {
    cwd: gate.folder,
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  child.stdout.setEncoding('utf8').on('data', part => {
    text += part
  })
  while (!text.includes('"msg":"serving ')) await once(child.stdout, 'data')
  child.stdout.pause()
  const [good, metrics] = [await readFile(gate.configFile, 'utf8'), `http://127.0.0.1:${gate.adminPort}/metrics`]
  const unknown = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`unknown${i}`, 'x'.repeat(50)]))
  await writeFile(gate.configFile, JSON.stringify({ ...JSON.parse(good), ...unknown }))
  // Each refusal is a line of 800 KiB.
  for (let refused = 0; refused < 6; ) {
    child.kill('SIGHUP')
    const before = refused
    while (refused === before) {
      const page = await (await fetch(metrics)).text()
      refused = Number(/factorgate_reloads_total\{outcome="refused"\} (\d+)/.exec(page)?.[1])
    }
  }
  t.equal((await fetch(`http://127.0.0.1:${gate.port}/`, { redirect: 'manual' })).status, 421)
  child.stdout.resume()
  while (!/"lost":\d+/.test(text)) await once(child.stdout, 'data')
  child.stdout.pause()
  child.kill('SIGTERM')
  t.same(await once(child, 'exit'), [0, null])
})
