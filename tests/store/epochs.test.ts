/** FIELD A7: random histories of two masters. A gate refuses a master exactly if that one lacks something which the gate has seen. */
import fc from 'fast-check'
import t from 'tap'
import { countOfWriters, epochKeys, pastOf } from '../../src/store/epochs.ts'
import { type GuardedStore, guardStore } from '../../src/store/guarded-store.ts'
import { KnownStoresFile } from '../../src/store/known-stores.ts'
import { type Store, StoreUnconfirmed, StoreUnreachable } from '../../src/store/store.ts'
import { cases } from '../fixtures/in-process/cases.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'

const [epochKey = ''] = epochKeys(false)

/** A master that also knows what the epoch cannot lie about: the writes of it that it has. */
class Master extends MemoryStore {
  writes = new Set([0])
  lastWrite = 0

  constructor() {
    super(() => 0)
  }

  async copyOf(other: Master): Promise<void> {
    for await (const { key } of this.scan('')) await this.delete(key)
    for await (const { key, value } of other.scan('')) await this.put(key, value)
    this.writes = new Set(other.writes)
    this.lastWrite = other.lastWrite
  }
}

let writes = 0

interface Way {
  master: Master
  /** The next write of the epoch is done, and the process hears nothing of it. */
  losesAnswer: boolean
}

/** What a process has for a store: whichever master its way leads to. */
function storeAt(way: Way): Store {
  const replace: Store['replace'] = async (key, expected, next) => {
    const { master } = way
    const isDone = await master.replace(key, expected, next)
    if (!isDone || key !== epochKey) return isDone
    master.lastWrite = ++writes
    master.writes.add(writes)
    if (!way.losesAnswer) return isDone
    way.losesAnswer = false
    throw new StoreUnreachable('no answer')
  }
  const verbs: Partial<Store> = {
    get: key => way.master.get(key),
    put: (...args) => way.master.put(...args),
    add: (...args) => way.master.add(...args),
    delete: key => way.master.delete(key),
    replace
  }
  return verbs as Store
}

/** A machine that remembers what its processes have seen: a gate, or one command after the other. */
class Machine {
  readonly way: Way
  readonly #known = new KnownStoresFile(null)
  #seen: number[] = []
  #gate: GuardedStore | null = null
  #isRefused = false

  constructor(master: Master) {
    this.way = { master, losesAnswer: false }
  }

  get shouldRefuse(): boolean {
    return this.#seen.some(write => !this.way.master.writes.has(write))
  }

  stop(): void {
    this.#gate = null
  }

  /** Answers whether a gate found the store right. */
  async look(): Promise<boolean> {
    if (this.#gate === null) this.#gate = await this.#open()
    const isRight = this.#gate !== null && (await this.#gate.verify()) === null
    this.#isRefused = !isRight
    if (isRight) this.#see()
    return isRight
  }

  /** Answers whether a gate ended something, and null if it does not know. */
  async end(): Promise<boolean | null> {
    if (this.#gate === null || this.#isRefused) await this.look()
    const isConfirmed = this.#gate === null || this.#isRefused ? false : await this.#settle(this.#gate)
    this.#isRefused = isConfirmed === false
    return isConfirmed
  }

  /** The same for a command. */
  async command(): Promise<boolean | null> {
    const store = await this.#open()
    if (store === null) return false
    this.#see()
    return this.#settle(store)
  }

  #open(): Promise<GuardedStore | null> {
    return guardStore(storeAt(this.way), { known: this.#known, address: 'store', isCluster: false }).catch(() => null)
  }

  async #settle(store: GuardedStore): Promise<boolean | null> {
    try {
      await store.settle()
    } catch (error) {
      return error instanceof StoreUnconfirmed ? null : false
    }
    this.#see()
    return true
  }

  #see(): void {
    const { writes, lastWrite } = this.way.master
    this.#seen = [...this.#seen.filter(write => !writes.has(write)), lastWrite]
  }
}

const which = fc.nat(1)
const gate = fc.nat(3)
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('moves'), gate, master: which }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('looks'), gate }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('ends'), gate }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('ends without an answer'), gate }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stops'), gate }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('is copied'), gate, master: which }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('commands'),
      gate,
      master: which,
      count: fc.oneof(
        { weight: 5, arbitrary: fc.integer({ min: 1, max: 4 }) },
        { weight: 1, arbitrary: fc.constant(300) }
      )
    })
  }
)
interface Step {
  readonly kind: string
  readonly gate: number
  readonly master?: number
  readonly count?: number
}

/** Answers what a gate, or a host of commands, did wrong. */
async function play(steps: readonly Step[]): Promise<string[]> {
  const masters = [new Master(), new Master()] as const
  const gates = Array.from({ length: 4 }, () => new Machine(masters[0]))
  const hosts = [0, 1].map(() => new Machine(masters[0]))
  const wrong: string[] = []
  await hosts[0]?.command()
  await masters[1].copyOf(masters[0])
  for (const [n, { kind, ...of }] of steps.entries()) {
    const machine = (kind === 'commands' ? hosts : gates)[of.gate % (kind === 'commands' ? 2 : 4)]!
    const master = masters[of.master ?? 0]!
    const note = (got: boolean | null, expected: boolean | null) => {
      if (got !== expected) wrong.push(`step ${n}, ${kind}: ${got} and not ${expected}`)
    }
    if (kind === 'moves' || kind === 'commands') machine.way.master = master
    const isRight = !machine.shouldRefuse
    if (kind === 'looks') note(await machine.look(), isRight)
    if (kind === 'ends') note(await machine.end(), isRight)
    if (kind === 'ends without an answer') {
      machine.way.losesAnswer = true
      note(await machine.end(), isRight ? null : false)
      machine.way.losesAnswer = false
    }
    if (kind === 'stops') machine.stop()
    if (kind === 'is copied') await master.copyOf(masters[1 - (of.master ?? 0)]!)
    for (let left = of.count ?? 0; left > 0; left--) note(await machine.command(), isRight)
  }
  return wrong
}

t.test('whatever two masters, gates and commands do', async t => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 120, size: 'max' }), async steps => {
      t.same(await play(steps), [])
    }),
    { numRuns: cases(8) }
  )
})

async function twoMasters() {
  const [one, other] = [new Master(), new Master()]
  await new Machine(one).command()
  await other.copyOf(one)
  return { one, other, machine: () => new Machine(one) }
}

t.test('FIELD A7 a write without an answer and a later one at another master are not taken for the same', async t => {
  const { other, machine } = await twoMasters()
  const [gate, hasty, seer] = [machine(), machine(), machine()]
  for (const each of [gate, hasty, seer]) t.equal(await each.look(), true)
  t.equal(await gate.end(), true)
  hasty.way.losesAnswer = true
  t.equal(await hasty.end(), null)
  t.equal(await seer.look(), true)
  hasty.way.master = other
  seer.way.master = other
  for (let n = 0; n < 5; n++) {
    t.equal(await hasty.end(), true)
    t.equal(await seer.look(), false, 'what the gate has ended is open here')
  }
})

t.test('a gate that was away while a thousand commands ended something sees that nothing is lost', async t => {
  const { one, other, machine } = await twoMasters()
  const [cutOff, off, late, elsewhere] = [machine(), machine(), machine(), machine()]
  for (const each of [cutOff, off, late, elsewhere]) t.equal(await each.look(), true)
  elsewhere.way.master = other
  t.equal(await elsewhere.end(), true)
  off.stop()
  const host = machine()
  for (let n = 0; n < 1000; n++) t.equal(await host.command(), true)
  for (const each of [cutOff, off]) t.equal(await each.look(), true)
  t.equal(await late.end(), true, 'also if ending something is the first that it does')
  t.equal(await cutOff.look(), true)
  elsewhere.way.master = one
  t.equal(await elsewhere.look(), false, 'that end is not here')
  for (const each of [cutOff, off, late]) {
    each.stop()
    for await (const { key } of one.scan(`${epochKey}:`)) await one.delete(key)
    t.equal(await each.look(), true, 'the file of the machine needs no record any more')
  }
})

t.test('the records of past writers are few, and a full disk needs none', async t => {
  const { one, machine } = await twoMasters()
  const records = Array.from({ length: 64 }, (_, n) => `r${n}`)
  const writers = Array.from({ length: 384 }, (_, n) => `w${n}:${n + 1}`)
  await one.put(epochKey, ['384 0', ...records.map(name => `*${name}`), ...writers].join(' '))
  for (const name of records) await one.put(`${epochKey}:${name}`, '')
  t.equal(await machine().command(), true)
  const kept: string[] = []
  for await (const { key } of one.scan(`${epochKey}:`)) kept.push(key)
  t.same(
    pastOf(await one.get(epochKey))
      .map(name => `${epochKey}:${name}`)
      .sort(),
    kept.sort()
  )
  t.equal(kept.length, 64)
  t.notOk(kept.includes(`${epochKey}:r0`))

  one.add = () => Promise.reject(new StoreUnreachable('full'))
  const host = machine()
  for (let n = 0; n < 200; n++) t.equal(await host.command(), true)
  t.equal(countOfWriters(await one.get(epochKey)), 384)
})

t.test('FIELD A7 a record that is gone, or a full disk, is not called a loss', async t => {
  for (const isFull of [false, true]) {
    const { one, machine } = await twoMasters()
    const { add } = one
    const [host, known] = [machine(), new KnownStoresFile(null)]
    const open = () => guardStore(storeAt(machine().way), { known, address: 'store', isCluster: false })
    const commands = async (count: number) => {
      for (let n = 0; n < count; n++) t.equal(await host.command(), true)
    }
    if (isFull) {
      await commands(400)
      one.add = () => Promise.reject(new StoreUnreachable('full'))
    }
    await open()
    await commands(400)
    one.add = add
    await commands(400)
    const names = pastOf(await one.get(epochKey))
    t.equal(names.filter(name => name === '').length, isFull ? 1 : 0, 'one name for all that the full disk kept out')
    if (!isFull) t.equal(await one.delete(`${epochKey}:${names[0]}`), true)
    const newer = names.length - 1 - Math.max(0, names.indexOf(''))
    const count = countOfWriters(await one.get(epochKey)) + 129 * newer
    await t.rejects(open(), { message: new RegExp(`cannot tell whether .* the last ${count} commands and gates`) })
  }
})

t.test('FIELD A7 an advance that outlives its round has another name than the next', async t => {
  const [failing, slow] = epochKeys(true)
  const master = new MemoryStore(() => 0)
  let isFirstRound = true
  let isFirstOfSlow = true
  const writers: (string | undefined)[] = []
  let goOn = () => {}
  const next = new Promise<void>(resolve => {
    goOn = resolve
  })
  let end = () => {}
  const isEnded = new Promise<void>(resolve => {
    end = resolve
  })
  const replace = master.replace.bind(master)
  master.replace = async (key, expected, text) => {
    if (isFirstRound && key === failing) throw new StoreUnreachable('this master is away')
    if (key === slow && isFirstOfSlow) {
      isFirstOfSlow = false
      await next
      return false
    }
    const isDone = await replace(key, expected, text)
    if (isDone && key === slow && writers.push(/(\S+):\d+$/.exec(text)?.[1]) === 2) end()
    return isDone
  }
  const known = new KnownStoresFile(null)
  const store = await guardStore(master, { known, address: 'store', isCluster: true })
  await t.rejects(store.settle(), { name: 'StoreUnconfirmed' })
  isFirstRound = false
  await store.settle()
  goOn()
  await isEnded
  t.equal(new Set(writers).size, 2)
})
