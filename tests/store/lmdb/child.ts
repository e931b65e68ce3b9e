/** Another process on the same embedded store, as a command is one. It does what it is told and reports each step. */
import { openSync, readSync, rmSync, writeSync } from 'node:fs'
import { open } from 'lmdb'
import { openStore } from '../../../src/store/open.ts'

const [task = '', path = '', count = '0'] = process.argv.slice(2)

function say(word: string | number): void {
  process.stdout.write(`${word}\n`)
}

const tasks: Record<string, () => Promise<void>> = {
  /** Writes for ever, and prints each number once its write has resolved. */
  async write() {
    const store = await openStore(`embedded:${path}`)
    for (let number = 1; ; number++) {
      await store.put(`number:${number}`, `value ${number}`, 500)
      say(number)
    }
  },

  /** Ends one session. */
  async revoke() {
    const store = await openStore(`embedded:${path}`)
    await store.delete('session:revoked')
    await store.close()
  },

  /** Listens as a gate does, and says what a write says once it has lost the store. */
  async listen() {
    const store = await openStore(`embedded:${path}`)
    let isTold = false
    await store.subscribe('session:', ({ kind }) => {
      if (kind !== 'lost' || isTold) return
      isTold = true
      store.put('session:worker', 'x').then(
        () => say('written'),
        error => say((error as Error).message)
      )
    })
    setInterval(() => {}, 60_000)
    say('up')
  },

  /** Adds a session. */
  async add() {
    const store = await openStore(`embedded:${path}`)
    await store.put('session:b', 'command')
    await store.close()
    say('added')
  },

  /** Reads two sessions. */
  async read() {
    const store = await openStore(`embedded:${path}`)
    say(`session:a=${await store.get('session:a')} session:b=${await store.get('session:b')}`)
    await store.close()
  },

  /** Opens the store again and again, as commands do. */
  async reopen() {
    for (let done = 0; done < Number(count); done++) await (await openStore(`embedded:${path}`)).close()
  },

  /** Lets lock.mdb name an older commit than data.mdb, as lmdb-js does when a commit comes while it opens the store. */
  async setBack() {
    const lock = openSync(`${path}/lock.mdb`, 'r+')
    const word = Buffer.alloc(8)
    readSync(lock, word, 0, 8, 8)
    word.writeBigUInt64LE(word.readBigUInt64LE() - BigInt(count))
    writeSync(lock, word, 0, 8, 8)
  },

  /** Removes the mark of a process that opens the store. */
  async unmark() {
    rmSync(`${path}/opening`)
  },

  /** Makes many changes at once. */
  async burst() {
    const store = await openStore(`embedded:${path}`)
    for (let done = 0; done < Number(count); done += 500)
      await Promise.all(Array.from({ length: 500 }, (_, i) => store.put(`burst:${i}`, String(done))))
    await store.close()
  },

  /** Stops within a transaction. */
  async hold() {
    const root = open({ path, noSubdir: false, overlappingSync: false, eventTurnBatching: false })
    root.transactionSync(() => {
      say('holding')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })
  },

  /** Writes until the disk is full, then checks what is left of the store. */
  async fill() {
    const store = await openStore(`embedded:${path}`)
    await store.put('first', 'still here')
    for (let number = 0; ; number++)
      try {
        await Promise.all([store.put(`big:${number}`, 'x'.repeat(20_000)), store.increment('both')])
      } catch (error) {
        say(JSON.stringify({ name: (error as Error).name, message: (error as Error).message }))
        break
      }
    say(JSON.stringify(await store.get('first')))
    say(JSON.stringify(await store.delete('big:0')))
    await store.close()
  }
}

await tasks[task]?.()
