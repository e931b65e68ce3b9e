import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { beforeFirst, follows, hashOf, isWhole, linkOf } from '../../src/audit/chain.ts'
import { readsTypeScript } from '../fixtures/process/program.ts'

const writer = fileURLToPath(new URL('journal-writer.ts', import.meta.url))

/** A process that writes to the journal; `said` grows with what it believes to be on disk. */
function start(t: Test, file: string, name: string, count: number): { child: ChildProcess; said: string[] } {
  const child = spawn(process.execPath, [readsTypeScript, writer, file, name, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => child.kill('SIGKILL'))
  const said: string[] = []
  let rest = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    said.push(...lines)
    child.emit('said')
  })
  return { child, said }
}

const enough = async ({ child, said }: { child: ChildProcess; said: string[] }, lines: number) => {
  while (said.length < lines) await once(child, 'said')
}

t.test('several processes, one of them killed at any moment, and a rotation: one chain, nothing lost', async t => {
  const file = path.join(t.testdir({}), 'journal.jsonl')
  const killed = [start(t, file, 'a', 100_000), start(t, file, 'b', 100_000)]
  const last = start(t, file, 'c', 60)
  const ended = once(last.child, 'close')
  await Promise.all([...killed, last].map(one => enough(one, 20)))
  killed[0]!.child.kill('SIGKILL')
  await once(killed[0]!.child, 'close')
  renameSync(file, `${file}.1`)
  await enough(killed[1]!, killed[1]!.said.length + 20)
  killed[1]!.child.kill('SIGKILL')
  await Promise.all([once(killed[1]!.child, 'close'), ended])
  t.equal(last.child.exitCode, 0)
  // A process that is killed between its lines and the head leaves the head behind; the next batch mends it.
  const next = start(t, file, 'd', 1)
  await once(next.child, 'close')

  let end = beforeFirst
  const found = new Map<string, number>()
  for (const one of [`${file}.1`, file])
    for (const text of readFileSync(one, 'utf8').split('\n').filter(Boolean)) {
      const bytes = Buffer.from(`${text}\n`)
      if (!isWhole(bytes) || !follows(linkOf(bytes), end)) continue
      end = { seq: end.seq + 1, hash: hashOf(bytes) }
      const { name } = JSON.parse(text)
      found.set(name, (found.get(name) ?? 0) + 1)
    }
  const said = [...killed, last, next].flatMap(({ said }) => said.filter(line => line !== 'ready'))
  t.ok(said.length > 180)
  t.same(
    said.filter(line => found.get(line) !== 1),
    [],
    'what a process believed to be on disk is in the chain once'
  )
  t.equal(JSON.parse(readFileSync(`${file}.head`, 'utf8')).seq, end.seq)
  t.same(
    readdirSync(path.dirname(file)).filter(name => name.includes('.lock.')),
    []
  )
})
