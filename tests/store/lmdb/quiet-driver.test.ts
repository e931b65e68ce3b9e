/** lmdb-js prints a failed commit with its stack; the store says it in a sentence instead (src/store/lmdb/environment.ts). */
import t from 'tap'
import { openLmdb } from '../../../src/store/lmdb/lmdb.ts'
import { temporaryDirectory } from '../../fixtures/process/redis-server.ts'

t.test('the error of a commit is not printed, and everything else is', async t => {
  const store = openLmdb(`${temporaryDirectory(t)}/store`)
  t.teardown(() => store.close())
  const printed = t.capture(process.stderr, 'write', () => true)
  // What lmdb-js does with it in write.js.
  console.error(Object.assign(new Error('Input/output error'), { code: 5 }))
  console.error(new Error('of somebody else'))
  console.error('a text', 7)
  printed.restore()
  const said = printed().map(({ args }) => String(args[0]))
  t.equal(said.length, 2)
  t.match(said[0], 'of somebody else')
  t.equal(said[1], 'a text 7\n')
})
