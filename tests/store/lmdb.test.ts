import t from 'tap'
import { openStore } from '../../src/store/open.ts'
import { temporaryDirectory } from '../helpers/redis-server.ts'
import { holdToContract } from './contract.ts'

holdToContract(t, async t => {
  const directory = temporaryDirectory(t)
  let now = 1_790_000_000_000
  const open = async () => {
    const store = await openStore(`embedded:${directory}/store`, { clock: () => now })
    t.teardown(() => store.close())
    return store
  }
  return {
    store: await open(),
    other: await open(),
    advance: async ms => {
      now += ms
    }
  }
})
