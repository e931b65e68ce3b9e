/** One section in a separate process, in its own network: `one.ts MODULE SECTION [quick]` prints the result as JSON. */
import { Ends } from './ends.ts'
import type { Section } from './report.ts'

const [module, name, mode] = process.argv.slice(2) as [string, string, string | undefined]
const end = new Ends().atSignals()
let found: string | null = null
try {
  const section: Section = (await import(module))[name]
  const { bars, ...rest } = await section({ end, isQuick: mode === 'quick', hasOwnNet: true })
  // JSON has no such numbers, and would make "not told" of them.
  for (const { what, value } of bars)
    if (value !== null && !Number.isFinite(value)) throw new Error(`${what}: ${value}`)
  found = JSON.stringify({ ...rest, bars })
} catch (error) {
  console.error(error)
}
await end.all()
if (!end.isStopped) process.stdout.write(found ?? '', () => process.exit(found === null ? 1 : 0))
