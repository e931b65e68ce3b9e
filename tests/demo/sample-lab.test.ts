/** The sample lab in a browser and a terminal, without a gate. */
import { createHash } from 'node:crypto'
import http, { type IncomingMessage } from 'node:http'
import t from 'tap'
import { SampleLab } from '../../src/demo/sample-lab.ts'
import { rawFile, rawFileBytes, samples } from '../../src/demo/samples.ts'

type Reply = { status: number; headers: http.IncomingHttpHeaders; body: Buffer }

function ask(url: string, options: http.RequestOptions & { body?: string } = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { agent: false, ...options }, response => {
      const parts: Buffer[] = []
      response.on('data', part => parts.push(part))
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) })
      )
    })
    request.on('error', reject)
    request.end(options.body)
  })
}

/** As the gate sends it: UTF-8 bytes in a header. */
const ada = {
  'remote-user': 'ada',
  'remote-name': Buffer.from('Ada Château', 'utf8').toString('latin1'),
  'remote-groups': 'researchers,operators'
}

t.test('the lab', async t => {
  const lab = await SampleLab.start({ port: 0, now: () => Date.UTC(2026, 2, 3, 10) })
  t.teardown(() => lab.close())
  const measured = samples.find(each => each.status === 'measured')!
  const waiting = samples.find(each => each.status === 'queued')!

  for (const [what, path, status, holds] of [
    ['lists every sample', '/', 200, /Violin, Füssen/],
    ['finds by several words', '/?q=peat+90', 200, /1 of 15[\s\S]*Core B, 90 cm/],
    ['escapes what is searched for', '/?q=%3Cscript%3Ealert', 200, /No sample fits “&lt;script&gt;alert”/],
    ['shows a sample and its files', `/samples/${measured.id}`, 200, /chromatogram\.csv/],
    ['offers no files before a run', `/samples/${waiting.id}`, 200, /No run yet/],
    ['has no file of a sample that has not run', `/samples/${waiting.id}/run.raw`, 404, /no such page/],
    ['knows what it does not have', '/samples/AM-26-9999', 404, /no such page/],
    ['shows the instrument', '/instruments/orbit-2/', 200, /Total ion current/],
    ['serves its style', '/static/lab.css', 200, /--paper/],
    ['keeps other files to itself', '/static/..%2fsample-lab.ts', 404, /no such page/]
  ] as const)
    t.test(what, async t => {
      const reply = await ask(lab.url + path)
      t.equal(reply.status, status)
      t.match(reply.body.toString(), holds)
    })

  t.test('asks nothing of any other host', async t => {
    for (const path of [
      '/',
      `/samples/${measured.id}`,
      '/instruments/orbit-2/',
      '/deposit',
      '/admin/',
      '/you',
      '/static/lab.css',
      '/static/lab.js'
    ]) {
      const { body } = await ask(lab.url + path)
      t.notMatch(body.toString(), /(?:src|href|url\(|import)\s*[=(]?\s*["']?(?:https?:)?\/\//, path)
    }
  })

  t.test('says who the gate says you are, beyond ASCII too', async t => {
    const reply = await ask(`${lab.url}/you`, { headers: ada })
    t.match(reply.body.toString(), /You are Ada Château/)
    t.match(reply.body.toString(), /researchers, operators/)
  })

  t.test('says so when nobody vouches for the visitor', async t => {
    t.match((await ask(`${lab.url}/you`)).body.toString(), /Nobody vouches for you/)
  })

  t.test('sends the whole raw file, or the piece that was asked for', async t => {
    const url = `${lab.url}/samples/${measured.id}/run.raw`
    const whole = await ask(url)
    t.equal(whole.body.length, rawFileBytes)
    const piece = await ask(url, { headers: { range: 'bytes=1000-1999' } })
    t.equal(piece.status, 206)
    t.equal(piece.headers['content-range'], `bytes 1000-1999/${rawFileBytes}`)
    t.ok(piece.body.equals(whole.body.subarray(1000, 2000)))
    t.ok(piece.body.equals(rawFile(1000, 1000)))
    t.equal((await ask(url, { headers: { range: `bytes=${rawFileBytes}-` } })).status, 416)
    const head = await ask(url, { method: 'HEAD' })
    t.equal(head.headers['content-length'], String(rawFileBytes))
    t.equal(head.body.length, 0)
  })

  t.test('counts and hashes a deposit', async t => {
    const reply = await ask(`${lab.url}/deposit/run.raw`, { method: 'PUT', body: 'ions' })
    t.equal(reply.status, 201)
    t.same(JSON.parse(reply.body.toString()), { bytes: 4, sha256: createHash('sha256').update('ions').digest('hex') })
  })

  t.test('calibrates for its own pages only, and remembers who did', async t => {
    const foreign = await ask(`${lab.url}/admin/calibrate`, {
      method: 'POST',
      headers: { ...ada, 'sec-fetch-site': 'cross-site' }
    })
    t.equal(foreign.status, 403)
    t.match((await ask(`${lab.url}/admin/`)).body.toString(), /Nobody has calibrated/)
    const own = await ask(`${lab.url}/admin/calibrate`, {
      method: 'POST',
      headers: { ...ada, 'sec-fetch-site': 'same-origin' }
    })
    t.equal(own.status, 303)
    t.match((await ask(`${lab.url}/admin/`)).body.toString(), /2026-03-03 10:00:00[\s\S]*Ada Château/)
  })

  t.test('refuses methods it does not know', async t => {
    t.equal((await ask(lab.url, { method: 'DELETE' })).status, 405)
  })

  t.test('begins a trace with the last minute, then goes on live', async t => {
    const request = http.get(`${lab.url}/instruments/orbit-2/trace`, { agent: false })
    const response = await new Promise<IncomingMessage>(resolve => request.on('response', resolve))
    t.equal(response.headers['content-type'], 'text/event-stream')
    let text = ''
    for await (const part of response) {
      text += part
      if (text.split('data: ').length === 3 && text.endsWith('\n\n')) break
    }
    const [first, second] = [...text.matchAll(/^data: (.*)$/gm)].map(match => JSON.parse(match[1]!))
    t.equal(first.length, 300)
    t.equal(second.length, 1)
    t.match(second[0], { columnCelsius: Number, counts: Number })
  })
})

t.test('closing ends what is still open', async t => {
  const lab = await SampleLab.start({ port: 0 })
  const request = http.get(`${lab.url}/instruments/orbit-2/trace`, { agent: false })
  const response = await new Promise<IncomingMessage>(resolve => request.on('response', resolve))
  const ended = new Promise<string>(resolve =>
    response.on('error', error => resolve((error as NodeJS.ErrnoException).code!))
  )
  response.resume()
  await lab.close()
  t.equal(await ended, 'ECONNRESET')
})
