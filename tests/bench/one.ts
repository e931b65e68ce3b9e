/** One section in a process of its own: `one.ts MODULE SECTION [quick]` prints what it found, as JSON. */
import { Ends } from './ends.ts'
import type { Section } from './report.ts'

const [module, name, mode] = process.argv.slice(2) as [string, string, string | undefined]
const end = new Ends()
try {
  const section: Section = (await import(module))[name]
  const found = JSON.stringify(await section({ end, isQuick: mode === 'quick' }))
  await end.all()
  process.stdout.write(found, () => process.exit(0))
} catch (error) {
  console.error(error)
  await end.all()
  process.exit(1)
}
