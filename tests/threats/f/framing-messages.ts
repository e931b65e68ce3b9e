/** THREATS F1 to F6, F14 and F15: the end of a message. Two readers must never find two ends; an ambiguous message reaches nobody. */
import type { Test } from 'tap'
import { valuesOf } from '../../fixtures/in-process/upstream.ts'
import { head, type Lab, Line, readReplies, turnedAway, values } from '../../fixtures/in-process/wire.ts'
import { folded } from '../h/claims.ts'
import { answersOf, sayMissing, startRealServers } from '../p/real-servers.ts'
import type { Row } from '../table.ts'
import { brokenBodies, brokenLines, brokenStarts, codingsBelow, teGadgets } from './framing-corpus.ts'
import { type Invalid, invalid } from './framing-invalid.ts'

export function messageRows(lab: Lab): Row[] {
  const smuggled = `GET /smuggled HTTP/1.1\r\nHost: ${lab.host}\r\n${lab.alice}\r\n\r\n`
  const post = (lines: readonly string[], body: string, { target = '/', method = 'POST', keep = false } = {}) =>
    head(lab.host, target, [lab.alice, ...lines], { method, keep }) + body
  /** One answer, a refusal of ours, then the end; what stood behind it is never read. */
  const refusesAndCloses = async (t: Test, bytes: string, status: number, what: string) => {
    const answer = await lab.raw(bytes + smuggled)
    t.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), what)
    t.match(answer, /\r\nConnection: close\r\n/i, `${what}: closes`)
    t.match(answer, /\r\nX-Content-Type-Options: nosniff\r\n/i, `${what}: as all refusals`)
    t.match(answer, /\r\nX-Frame-Options: DENY\r\n/i, `${what}: in no frame`)
    t.match(answer, /\r\n\r\n\{"error":\{"code":"[a-z_]+","message":"[^"\\]+"\}\}$/, `${what}: a sentence of ours`)
    t.equal(answer.match(/HTTP\/1\.1 \d/g)?.length, 1, `${what}: one answer`)
  }

  return [
    {
      id: 'F1',
      refs: 'CVE-2019-15605, CVE-2020-8287, CVE-2021-22959, CVE-2021-22960, CVE-2022-32213, CVE-2022-32214, CVE-2022-32215, CVE-2022-35256, CVE-2023-30589, CVE-2024-27982, CVE-2025-23167, CVE-2018-7159, CVE-2020-8201 (Node)',
      tried: 'one raw request each: transfer codings, blanks before the colon, lengths, line ends, chunk sizes',
      safe: '400 and closed, nothing upstream; of a body that breaks, the app gets no whole request',
      run: async t => {
        await lab.nothingUpstream(t, async () => {
          for (const line of brokenLines) await refusesAndCloses(t, post([line], 'hello'), 400, JSON.stringify(line))
          for (const coding of codingsBelow) {
            const bytes = post([`Transfer-Encoding: ${coding}`], '5\r\nhello\r\n0\r\n\r\n')
            await refusesAndCloses(t, bytes, 400, coding)
          }
          for (const start of brokenStarts) {
            const bytes = `${start}\r\nHost: ${lab.host}\r\n${lab.alice}\r\nContent-Length: 0\r\n\r\n`
            await refusesAndCloses(t, bytes, 400, JSON.stringify(start))
          }
          const toUpgrade = 'Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13'
          const camera = `PLAY /public/x RTSP/1.0\r\nHost: ${lab.host}\r\n${toUpgrade}\r\n\r\n`
          await refusesAndCloses(t, camera, 400, 'a handshake with the method of a camera')
        })
        const mark = lab.mark()
        for (const body of brokenBodies) {
          const answer = await lab.raw(post(['Transfer-Encoding: chunked'], body + smuggled))
          t.match(answer, /^(?:HTTP\/1\.1 400 |$)/, JSON.stringify(body))
          t.ok((answer.match(/HTTP\/1\.1 \d/g)?.length ?? 0) <= 1, 'one answer at most')
        }
        const seen = await lab.since(mark)
        t.same(seen.requests, [], 'no whole request')
        t.notMatch(seen.bytes, 'smuggled')
      }
    },
    {
      id: 'F2',
      refs: 'CVE-2026-58044 (Node)',
      tried: 'a length, or chunks, or an identity behind 1,100 header lines; for every method, with and without a type',
      safe: '431 and closed, nothing upstream',
      run: t =>
        lab.nothingUpstream(t, async () => {
          const filler = Array.from({ length: 1_100 }, (_, i) => `a${i}:`)
          for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND'])
            for (const type of [[], ['Content-Type: text/plain']])
              for (const [hidden, body] of [
                [`Content-Length: ${smuggled.length}`, ''],
                ['Transfer-Encoding: chunked', '0\r\n\r\n'],
                ['Remote-User: root', ''],
                ['Content-Length: 5\r\nContent-Length: 6', '']
              ] as const) {
                const bytes = post([...type, ...filler, hidden], body, { method })
                const answer = await lab.raw(bytes + smuggled)
                const status = hidden.includes('\r\n') ? /^HTTP\/1\.1 4(?:00|31) / : /^HTTP\/1\.1 431 /
                t.match(answer, status, `${method}, ${hidden}`)
                t.equal(answer.match(/HTTP\/1\.1 \d/g)?.length, 1, 'one answer, and the connection ends')
              }
          await refusesAndCloses(t, post(filler.slice(0, 100), ''), 431, 'one line more than there may be')
        })
    },
    {
      id: 'F3',
      refs: 'RFC 9112, RFC 9110',
      tried: `${invalid.length} malformed requests, class by class after the grammar`,
      safe: 'in the head: 400, closed and nothing upstream; later: closed, and no whole request that is not',
      run: async t => {
        const sent = ({ request }: Invalid) =>
          request.replace('Host: HOST', `Host: ${lab.host}`).replace('Cookie: COOKIE', () => lab.alice)
        const by = (stage: Invalid['stage']) => invalid.filter(one => one.stage === stage)
        t.ok(by('head').length > 35 && by('body').length > 8 && by('after').length >= 3)
        await lab.nothingUpstream(t, async () => {
          // At once: each connection ends in stages, which takes its time.
          await Promise.all(by('head').map(one => refusesAndCloses(t, sent(one), 400, `${one.title}: ${one.error}`)))
        })
        const bodies = lab.mark()
        const answers = await Promise.all(by('body').map(one => lab.raw(sent(one) + smuggled)))
        for (const [i, one] of by('body').entries()) {
          const answer = answers[i]!
          t.match(answer, /^(?:HTTP\/1\.1 400 |$)/, `${one.title}: ${one.error}`)
          t.ok((answer.match(/HTTP\/1\.1 \d/g)?.length ?? 0) <= 1, `${one.title}: one answer at most`)
        }
        const seen = await lab.since(bodies)
        t.same(seen.requests, [], 'no whole request')
        t.notMatch(seen.bytes, 'smuggled')
        for (const one of by('after')) {
          const mark = lab.mark()
          // `close` with a TAB behind it is no option that this parser knows: what follows is judged then, and lacks a Host.
          const [first, ...more] = readReplies(await lab.raw(sent(one)))
          t.ok(more.length <= 1 && more.every(({ status }) => status === 400), `${one.title}: nothing of what follows`)
          const { requests } = await lab.since(mark)
          const heard = values(first!, 'x-from-app').length
          t.equal(requests.length, heard, `${one.title}: upstream as often as it is answered`)
        }
      }
    },
    {
      id: 'F4',
      refs: 'smuggler.py',
      tried: `${teGadgets().size} ways to hide Transfer-Encoding beside a Content-Length`,
      safe: '400 and nothing upstream, or one request with its whole body; never the hidden one',
      run: async t => {
        const body = `0\r\n\r\n${smuggled}`
        const mark = lab.mark()
        const passed: string[] = []
        for (const [name, gadget] of teGadgets()) {
          const answer = await lab.raw(
            post([gadget, `Content-Length: ${body.length}`], body, { target: `/f4/${name}` })
          )
          const [reply, ...more] = readReplies(answer)
          if (more.length > 0 || (reply?.status !== 400 && reply?.status !== 200))
            t.fail(`${name}: ${JSON.stringify(answer.slice(0, 200))}`)
          if (reply?.status === 200) passed.push(name)
        }
        const { bytes, requests } = await lab.since(mark)
        t.same(
          requests.map(({ line }) => line),
          passed.map(name => `POST /f4/${name} HTTP/1.1`),
          'one request upstream for each that was answered 200, none for any other'
        )
        t.equal(
          bytes.length,
          requests.reduce((sum, { raw }) => sum + raw.length, 0),
          'and no byte besides'
        )
        for (const request of requests) {
          t.equal(request.body.toString('latin1'), body)
          t.same(valuesOf(request, 'content-length'), [String(body.length)])
          t.notOk(
            request.headers.some(([key]) => folded(key) === 'transfer_encoding'),
            `${request.line}: no coding`
          )
          const about = request.headers.map(([, value]) => value).join('\n')
          t.notMatch(about.replace(/[\x80-\xff]/g, ''), /[\x00-\x08\x0b-\x1f\x7f]/, `${request.line}: no control byte`)
        }
      }
    },
    {
      id: 'F5',
      refs: 'CVE-2026-1525, CVE-2023-23936 (undici), CVE-2018-12116 (Node)',
      tried: 'Content-Length twice in other letters; line ends smuggled by Unicode; line ends in Host',
      safe: '400, nothing upstream; the app gets one length',
      run: async t => {
        await lab.nothingUpstream(t, async () => {
          for (const [one, other] of [
            ['Content-Length', 'content-length'],
            ['CONTENT-LENGTH', 'Content-length']
          ] as const) {
            await refusesAndCloses(t, post([`${one}: 5`, `${other}: 5`], 'hello'), 400, `${one}, ${other}`)
          }
          const utf8 = Buffer.from('/public/\u010d\u010aX:\u0120y', 'utf8').toString('latin1')
          await refusesAndCloses(t, post([], '', { target: utf8, method: 'GET' }), 400, 'as UTF-8')
          const latin1 = '/public/\xc4\x8d\xc4\x8a'
          await refusesAndCloses(t, post([], '', { target: latin1, method: 'GET' }), 400, 'as latin-1')
          const hostLine = `GET / HTTP/1.1\r\nHost: ${lab.host}\rX: y\r\n${lab.alice}\r\n\r\n`
          await refusesAndCloses(t, hostLine, 400, 'CR in Host')
        })
        // In other marks it is no length to HTTP, but may be one to what stands behind the app's server: it does not arrive.
        const folds = [
          'Content_Length: 9',
          'content_length: 9',
          'Content.Length: 9',
          'Transfer_Encoding: chunked',
          'Content-Length: 5'
        ]
        const seen = await lab.seen(() => lab.raw(post(folds, 'hello')))
        t.same(
          seen.headers.filter(([key]) => /length|encoding/i.test(key)).map(([, value]) => value),
          ['5']
        )
      }
    },
    {
      id: 'F6',
      refs: '',
      tried: 'GET and HEAD with a body, Expect, trailers with an identity, TE, interim replies of the app',
      safe: 'a body stays a body; Expect ends here; trailers and interim heads never become headers',
      run: async t => {
        for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) {
          const seen = await lab.seen(() => lab.raw(post([`Content-Length: ${smuggled.length}`], smuggled, { method })))
          t.equal(seen.body.toString('latin1'), smuggled, `${method}: the body is a body`)
        }
        const tooLong = await lab.raw(head(lab.host, '/', [`X: ${'x'.repeat(40_000)}`], { method: 'HEAD' }))
        t.match(tooLong, /^HTTP\/1\.1 431 [\s\S]*\r\nContent-Length: [1-9]\d*\r\n[\s\S]*\r\n\r\n$/i, 'no body')
        const trailers = 'Remote-User: root\r\nRemote_User: root\r\nContent_Length: 99\r\nX-Auth-User: root\r\n'
        const chunked = ['Transfer-Encoding: chunked', 'Trailer: Remote-User, X-Auth-User', 'TE: trailers, gzip;q=1']
        const seen = await lab.seen(() => lab.raw(post(chunked, `5;x="y"\r\nhello\r\n0\r\n${trailers}\r\n`)))
        // Not 99 alone: the port in Host may hold it.
        t.notMatch(seen.raw.toString('latin1'), /root|length: ?99|x="y"/i)
        t.equal(seen.body.toString(), 'hello')
        t.same(valuesOf(seen, 'remote-user'), ['alice'])
        t.same([...valuesOf(seen, 'trailer'), ...valuesOf(seen, 'te')], ['trailers'], 'TE says no more than trailers')

        const line = new Line(lab.port)
        const mark = lab.mark()
        for (const framing of ['Content-Length: 99', 'Transfer-Encoding: chunked']) {
          const answer = await lab.raw(post(chunked, `5\r\nhello\r\n0\r\n${framing}\r\n\r\n`) + smuggled)
          t.match(answer, /^(?:HTTP\/1\.1 400 |$)/, `${framing} in a trailer`)
        }
        t.same((await lab.since(mark)).requests, [], 'no whole request')

        const asked = await lab.seen(async () => {
          line.send(post(['Content-Length: 5', 'Expect: 100-continue'], ''))
          await line.until(text => text.includes('100 Continue\r\n\r\n'))
          line.send('hello')
          await line.closed()
        })
        t.same(valuesOf(asked, 'expect'), [])
        t.match(line.received, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)
        await lab.nothingUpstream(t, async () => {
          const about = ['Content-Length: 5', 'Expect: 100-continue']
          const stranger = await lab.raw(head(lab.host, '/', about, { method: 'POST' }) + smuggled)
          t.match(stranger, /^HTTP\/1\.1 401 /, 'a stranger is not asked to go on')
          t.equal(stranger.match(/HTTP\/1\.1 \d/g)?.length, 1)
          const other = await lab.raw(post(['Content-Length: 5', 'Expect: a-miracle'], 'hello'))
          t.match(other, /^HTTP\/1\.1 4\d\d /, 'another expectation')
        })
        const hinted = await lab.raw(head(lab.host, '/stage/hints', [lab.alice]))
        const [interim = '', reply = ''] = hinted.split('\r\n\r\n')
        t.match(interim, /^HTTP\/1\.1 103 Early Hints\r\nX-Hinted: 1$/, 'passed on as what it is (FIELD F12)')
        t.match(reply, /^HTTP\/1\.1 200 OK\r\n/, 'an interim reply is not the reply')
        t.notMatch(reply, /X-Hinted|103/)
      }
    },
    {
      id: 'F14',
      refs: 'http-garden',
      tried: 'what the gate made of odd but whole messages, read again by nginx, Apache, PHP, Python and Node',
      safe: 'each finds exactly one request in the bytes of one',
      run: async t => {
        const { running, missing } = await startRealServers(t)
        sayMissing(t, missing)
        const odd = [...teGadgets().values()].map(gadget => post([gadget, 'Content-Length: 5'], 'hello'))
        for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND']) {
          odd.push(post([`Content-Length: ${smuggled.length}`], smuggled, { method }))
          odd.push(
            post(['Transfer-Encoding: chunked', 'Trailer: X'], '3;a="b"\r\nabc\r\n002\r\nde\r\n0\r\nX: y\r\n\r\n', {
              method
            })
          )
          odd.push(post(['Content-Length: 0', 'Content_Length: 9', 'Connection: Content-Length'], '', { method }))
          odd.push(
            post(
              ['Connection: Transfer-Encoding, Host, X', 'X: a\xa0b', 'Expect: 100-continue', 'Content-Length: 2'],
              'ok',
              { method }
            )
          )
        }
        const mark = lab.mark()
        for (const bytes of odd) await lab.raw(bytes)
        const { requests } = await lab.since(mark)
        const made = new Map(requests.map(request => [request.raw.toString('latin1'), request]))
        t.ok(made.size > 30, `${made.size} different requests`)
        for (const server of running) {
          const disagreements: string[] = []
          for (const [bytes, request] of made) {
            if (valuesOf(request, 'transfer-encoding').length > 0 && !server.readsChunks) continue
            const answers = await answersOf(server, bytes)
            const isOne = answers.length === 1 && answers[0]!.status !== 0 && answers[0]!.status !== 400
            if (!isOne) disagreements.push(`${answers.map(({ status }) => status)} for ${JSON.stringify(bytes)}`)
          }
          t.same(disagreements, [], server.name)
        }
      }
    },
    {
      id: 'F15',
      refs: '',
      tried:
        'pipelined requests in one segment: a stranger’s and a person’s in every order, refused bodies, garbage behind',
      safe: 'each judged alone, answers in order, a refused body is never read as a request',
      run: async t => {
        const mine = (path: string, keep = true) => head(lab.host, path, [lab.alice], { keep })
        const stranger = (path: string, keep = true) => head(lab.host, path, [], { keep })
        const tries: [string, number[], string[]][] = [
          [stranger('/f15/a') + mine('/f15/b', false), [401, 200], ['/f15/b']],
          [mine('/f15/c') + stranger('/f15/d') + mine('/f15/e', false), [200, 401, 200], ['/f15/c', '/f15/e']],
          [mine('/f15/f') + stranger('/f15/g', false) + mine('/f15/h'), [200, 401], ['/f15/f']],
          [
            mine('/public/i') + stranger('/public/j') + stranger('/f15/k', false),
            [200, 200, 401],
            ['/public/i', '/public/j']
          ]
        ]
        for (const [bytes, statuses, paths] of tries) {
          const mark = lab.mark()
          const replies = readReplies(await lab.raw(bytes))
          t.same(
            replies.map(({ status }) => status),
            statuses,
            paths.join()
          )
          const { requests } = await lab.since(mark)
          t.same(requests.map(({ line }) => line.split(' ')[1]).sort(), paths)
        }
        for (const behind of [
          'garbage\r\n\r\n',
          'GET / HTTP/1.1\r\nX : y\r\n\r\n',
          '\x00',
          'POST / HTTP/1.1\r\nContent-Length: x'
        ]) {
          const mark = lab.mark()
          const replies = readReplies(await lab.raw(mine('/f15/m') + mine('/f15/n') + behind))
          const what = `${JSON.stringify(behind)} behind: both are answered as themselves, then the end`
          t.same(
            replies.map(({ status, body }) => `${status} ${body}`),
            ['m', 'n'].map(name => `200 from the app: GET /f15/${name} HTTP/1.1`),
            what
          )
          t.equal((await lab.since(mark)).requests.length, 2)
        }
        const broken = head(lab.host, '/f15/q', [lab.alice, 'Transfer-Encoding: chunked'], {
          method: 'POST',
          keep: true
        })
        const torn = await lab.raw(`${mine('/f15/p')}${broken}x\r\n`)
        t.match(torn, /^(?:$|HTTP\/1\.1 200 OK\r\n[\s\S]*GET \/f15\/p)/, 'a broken body behind takes nobody’s place')
        const [one, two] = readReplies(await lab.raw(mine('/public/x') + stranger('/public/y', false)))
        t.same([...values(one!, 'x-echo-user'), ...values(two!, 'x-echo-user')], ['alice', ''], 'the second is nobody')
        await lab.nothingUpstream(t, async () => {
          for (const framing of [
            [`Content-Length: ${smuggled.length}`, smuggled],
            ['Transfer-Encoding: chunked', `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`],
            ['Content-Length: 5', `hello`]
          ] as const) {
            const bytes = head(lab.host, '/private', [framing[0]], { method: 'POST', keep: true }) + framing[1]
            const replies = readReplies(await lab.raw(bytes + stranger('/f15/z', false)))
            turnedAway(t, lab, replies[0]!, framing[0])
            t.ok(replies.length <= 2)
            for (const reply of replies) t.equal(reply.status, 401)
          }
        })
      }
    }
  ]
}
