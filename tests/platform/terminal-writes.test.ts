/** A terminal after Ctrl-S takes nothing, and the process goes on. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readsTypeScript } from '../fixtures/process/program.ts'

const source = fileURLToPath(new URL('../../src/platform/terminal-writes.ts', import.meta.url))

/** Fills its terminal and says on another channel that it goes on. The terminal is `script`'s. */
const fills = `
  import { writeFileSync } from 'node:fs'
  import { writeWithoutWaiting } from ${JSON.stringify(source)}
  writeWithoutWaiting(process.stdout)
  process.stdin.once('data', () => {
    for (let i = 0; i < 100; i++) process.stdout.write('x'.repeat(1024))
    writeFileSync(process.argv[2], String(process.stdout.writableLength > 0))
    process.kill(Number(process.argv[3]), 'SIGUSR2')
    setTimeout(() => process.exit(), 60_000)
  })
  process.stdout.write('ready')
`

t.test('what it does not take waits in the stream', async t => {
  const folder = t.testdir({ 'fills.mjs': fills })
  const [file, said] = [path.join(folder, 'fills.mjs'), path.join(folder, 'said')]
  const told = new Promise<void>(resolve => process.once('SIGUSR2', () => resolve()))
  const command = `stty -icanon && exec ${process.execPath} ${readsTypeScript} ${file} ${said} ${process.pid}`
  const terminal = spawn('script', ['-qfc', command, '/dev/null'], {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['pipe', 'pipe', 'inherit']
  })
  t.teardown(() => terminal.kill('SIGKILL'))
  let text = ''
  terminal.stdout.setEncoding('utf8').on('data', part => {
    text += part
  })
  while (!text.includes('ready')) await once(terminal.stdout, 'data')
  // Ctrl-S stops the output, and the letter begins.
  terminal.stdin.write('\x13a')
  await told
  t.equal(readFileSync(said, 'utf8'), 'true')
})
