/** Metadata servers that are ill: each is given up in time, with a sentence, and no connection to it stays. */
import t from 'tap'
import { openMetadata } from '../../../src/identity/saml/metadata-fetch.ts'
import { SamlRefusal } from '../../../src/identity/saml/refusal.ts'
import { collectGarbage } from '../../fixtures/in-process/garbage.ts'
import { allIllnesses, type Illness, startIll } from '../../fixtures/in-process/ill-server.ts'

/** These do not end by themselves, and are not large. */
const slow = /says nothing|never|byte by byte|then nothing|does not come|interim/

async function read(url: string): Promise<number> {
  const opened = await openMetadata(
    { kind: 'url', url },
    { ca: null, etag: null, timeoutMs: 300, maxBytes: 1024 * 1024 }
  )
  let bytes = 0
  if (opened !== 'unchanged') for await (const chunk of opened.chunks) bytes += chunk.length
  return bytes
}

t.test('a metadata server that is ill', async t => {
  collectGarbage(t)
  const server = await startIll(t, { illness: 'says nothing' })
  // What follows a whole answer is not read, and only gzip is asked for.
  const whole: readonly Illness[] = ['a body and more bytes', 'a brotli bomb']
  for (const illness of allIllnesses) {
    server.illness = illness
    const failure = await read(`${server.address}/metadata`).catch(error => error)
    if (!whole.includes(illness)) {
      t.ok(failure instanceof SamlRefusal, `${illness}: ${failure}`)
      if (slow.test(illness)) t.match(failure.message, /it takes too long$/, illness)
    }
    await server.left()
  }
})
