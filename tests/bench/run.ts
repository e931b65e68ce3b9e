/**
 * `npm run bench [-- quick] [SECTION…]`: what the gate costs, in one run on one machine, as ratios to its peers. Prints Markdown; a full
 * run of everything is kept in RESULTS.md. Ends with 1 where a section broke off or a bar is missed by far; a bar that is missed by less
 * is said. Owns the order, the head and the end of everything that was started.
 */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Ender } from '../helpers/gate.ts'
import { budgets } from './budgets.ts'
import { bulk } from './bulk.ts'
import { bystander } from './bystander.ts'
import { cores } from './cores.ts'
import { head } from './head.ts'
import { type Found, isGrossLoss, isMet, type Section, tell } from './report.ts'
import { requests } from './requests.ts'
import { revocation } from './revocation.ts'
import { scale } from './scale.ts'
import { store } from './store.ts'
import { storm } from './storm.ts'
import { websockets } from './websockets.ts'

const sections: Readonly<Record<string, Section>> = {
  requests,
  store,
  revocation,
  cores,
  bulk,
  bystander,
  websockets,
  scale,
  storm,
  budgets
}

const words = process.argv.slice(2)
const isQuick = words.includes('quick')
const asked = words.filter(word => word !== 'quick' && word !== 'full')
if (asked.some(name => !(name in sections))) {
  console.error(`usage: npm run bench [-- quick] [${Object.keys(sections).join(' | ')}]…`)
  process.exit(2)
}

const ends: (() => unknown)[] = []
const end: Ender = { teardown: fn => ends.unshift(fn) }
const endAll = async () => {
  for (const fn of ends.splice(0)) await fn()
}
let isStopped = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (isStopped) return
    isStopped = true
    endAll().finally(() => process.exit(1))
  })

const title = head(isQuick ? 'quick' : 'full')
console.log(title)
const told: string[] = []
const found: Found[] = []
let broken = 0
for (const [name, section] of Object.entries(sections)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  const before = performance.now()
  try {
    const one = await within(isQuick ? 60 : 1800, section({ end, isQuick }))
    found.push(one)
    told.push(tell(one))
  } catch (error) {
    if (isStopped) break
    broken++
    told.push(`### ${name}\n\nBroke off: ${error instanceof Error ? error.message : error}\n`)
    console.error(error)
  } finally {
    await endAll()
  }
  if (isStopped) break
  console.log(told.at(-1))
  console.error(`(${name}: ${((performance.now() - before) / 1000).toFixed(0)} s)`)
}

/** A section that waits for what never comes must not keep what it started. */
async function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${seconds} s`)), seconds * 1000)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

const bars = found.flatMap(each => each.bars)
const missed = bars.filter(bar => !isMet(bar))
const lost = bars.filter(isGrossLoss)
const sum = `**${bars.filter(bar => bar.value !== null && isMet(bar)).length} bars met, ${missed.length} not met${lost.length === 0 ? '' : `, of these ${lost.length} by far`}${broken === 0 ? '' : `; ${broken} sections broke off`}.**`
if (!isStopped) {
  console.log(sum)
  for (const bar of lost) console.error(`missed by far: ${bar.what}`)
  if (!isQuick && asked.length === 0)
    await writeFile(fileURLToPath(new URL('RESULTS.md', import.meta.url)), [title, sum, ...told].join('\n\n'))
  // What a section that was not done in time still has in hand must not keep us.
  await endAll()
  process.exit(broken > 0 || lost.length > 0 ? 1 : 0)
}
