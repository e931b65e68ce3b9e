import t from 'tap'
import { openStore } from '../../src/store/open.ts'
import { startRedis } from '../helpers/redis-server.ts'
import { holdToContract } from './contract.ts'

holdToContract(t, async t => {
  const { url } = await startRedis(t)
  const open = async () => {
    const store = await openStore(url)
    t.teardown(() => store.close())
    return store
  }
  return {
    store: await open(),
    other: await open(),
    advance: ms => new Promise(resolve => setTimeout(resolve, ms))
  }
})
