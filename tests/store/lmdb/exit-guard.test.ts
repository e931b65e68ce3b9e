/** A process of the embedded store ends when it is told to, whatever it is writing (src/store/lmdb/exit-guard.ts). */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { readsTypeScript } from '../../fixtures/process/program.ts'
import { temporaryDirectory } from '../../fixtures/process/redis-server.ts'

const store = new URL('../../../src/store/open.ts', import.meta.url).href
const guard = new URL('../../../src/store/lmdb/exit-guard.ts', import.meta.url).href

/** Node.js 22.15 and newer keeps the exit code. */
const keepsCode = 'execve' in process
const cut = (code: number) => (keepsCode ? ([code, null] as const) : ([null, 'SIGKILL'] as const))

const ends: [name: string, script: string, status: number | null, signal: string | null, said: RegExp][] = [
  ['an exit while a write is in flight', 'process.exit(3)', ...cut(3), /^$/],
  ['an exit with nothing in flight', 'await write; process.exit(3)', 3, null, /^$/],
  ['an exit after the store was closed', 'await store.close(); process.exit(3)', 3, null, /^$/],
  ['an error nobody catches while a write is in flight', "throw new Error('told')", ...cut(1), /Error: told/],
  [
    'a rejection nobody catches while a write is in flight',
    "void Promise.reject(new Error('told'))",
    ...cut(1),
    /Error: told/
  ],
  ['an error nobody catches with nothing in flight', "await write; throw new Error('told')", 1, null, /Error: told/],
  [
    'an exit while a write is in flight, after an error that was caught',
    "process.on('uncaughtException', () => process.exit(3)); queueMicrotask(() => { throw new Error('told') })",
    ...cut(3),
    /^$/
  ]
]

for (const [name, script, status, signal, said] of ends)
  t.test(`ends: ${name}`, async t => {
    const folder = temporaryDirectory(t)
    const file = path.join(folder, 'program.mts')
    writeFileSync(
      file,
      `import { openStore } from ${JSON.stringify(store)}
       const store = await openStore(${JSON.stringify(`embedded:${path.join(folder, 'store')}`)})
       await store.put('user:one', '1')
       const write = store.put('user:two', '2')
       // LMDB begins in the next turn of the event loop.
       await new Promise(resolve => setImmediate(resolve))
       ${script}`
    )
    const ended = spawnSync(process.execPath, [readsTypeScript, file], {
      env: { ...process.env, NODE_OPTIONS: '' },
      encoding: 'utf8',
      killSignal: 'SIGTERM',
      timeout: 60_000
    })
    t.equal(ended.signal, signal)
    t.equal(ended.status, status)
    t.match(ended.stderr, said)
  })

t.test(
  'an exit with work in flight that needs no event loop loses nothing but its code, and not that where Node.js can keep it',
  async t => {
    const script = `
    import { guardExit } from ${JSON.stringify(guard)}
    guardExit(new Promise(() => {}))
    console.log('told')
    process.exit(0)`
    const folder = temporaryDirectory(t)
    const file = path.join(folder, 'program.mts')
    writeFileSync(file, script)
    const ended = spawnSync(process.execPath, [readsTypeScript, file], {
      env: { ...process.env, NODE_OPTIONS: '' },
      encoding: 'utf8'
    })
    t.same([ended.status, ended.signal], cut(0))
    t.equal(ended.stdout, 'told\n')
  }
)
