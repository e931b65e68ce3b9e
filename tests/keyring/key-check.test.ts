import path from 'node:path'
import t from 'tap'
import { resealSecrets } from '../../src/factor/reseal.ts'
import { checkKey } from '../../src/keyring/key-check.ts'
import { addKey, createKeyFile, readKeyFile, retireOldKeys } from '../../src/keyring/key-file.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'

t.test('a store knows its key: another is refused, a rotated one is not', async t => {
  const store = new MemoryStore(Date.now)
  const folder = t.testdir({})
  const file = path.join(folder, 'right.key')
  const other = path.join(folder, 'other.key')
  await createKeyFile(file)
  await createKeyFile(other)
  await checkKey(store, await readKeyFile(file), file)
  await checkKey(store, await readKeyFile(file), file)
  await t.rejects(checkKey(store, await readKeyFile(other), other), { name: 'KeyFileError', problem: 'foreign' })
  await addKey(file)
  await checkKey(store, await readKeyFile(file), file)
  t.equal(await resealSecrets({ store, keyring: await readKeyFile(file) }), 1)
  await retireOldKeys(file)
  await checkKey(store, await readKeyFile(file), file)
})
