/** The hooks that load TypeScript, in a process and in a thread of it: in the thread that loads where the command line allows it, and in one of their own else. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import module from 'node:module'
import path from 'node:path'
import t from 'tap'
import { exposes } from './hooks.mjs'

const typescript = `--import=${new URL('typescript.mjs', import.meta.url)}`

t.test('TypeScript is loaded, in each thread, with and without a thread for the hooks', async t => {
  const folder = t.testdir({ 'value.ts': 'export const value: number = 42\n' })
  const thread = path.join(folder, 'thread.ts')
  const program = path.join(folder, 'program.ts')
  writeFileSync(thread, "import { value } from './value.ts'\nconsole.log(value as number)\n")
  writeFileSync(
    program,
    `import { Worker } from 'node:worker_threads'
     import { value } from './value.ts'
     console.log(value as number)
     new Worker(${JSON.stringify(thread)})`
  )
  for (const flags of [exposes, []]) {
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, typescript, program], { encoding: 'utf8' })
    t.equal(stdout, '42\n42\n', stderr)
  }
})

t.test('the loader of Node.js is the one that hooks.mjs knows', async t => {
  const shows = `const { createRequire } = process.getBuiltinModule('node:module')
    const loader = createRequire(process.cwd() + '/')('internal/modules/esm/loader').getOrInitializeCascadedLoader()
    console.log(Object.keys(loader).includes('load'))`
  const skip = !('registerHooks' in module) ? false : 'this Node.js has hooks in the thread that loads'
  t.test('and is changed', { skip }, async t => {
    const { stdout, stderr } = spawnSync(process.execPath, [...exposes, typescript, '-e', shows], { encoding: 'utf8' })
    t.equal(stdout, 'true\n', stderr)
  })
})
