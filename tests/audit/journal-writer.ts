/** A process that commits to a journal until it is killed, and prints each committed line. */
import { Journal } from '../../src/audit/journal.ts'

const [file, name, count] = process.argv.slice(2) as [string, string, string]
const journal = await Journal.open({ path: file, clock: Date.now, flushMilliseconds: 2 })
process.stdout.write('ready\n')
for (let n = 0; n < Number(count); n++) {
  if (n % 5 === 0) journal.record({ kind: 'exchange', at: Date.now(), name: `${name} recorded ${n}` })
  await Promise.all(
    [1, 2, 3].map(async part => {
      const text = `${name} ${n}.${part}`
      await journal.commit({ kind: 'login', at: Date.now(), name: text })
      process.stdout.write(`${text}\n`)
    })
  )
}
await journal.close()
