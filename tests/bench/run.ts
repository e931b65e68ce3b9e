/**
 * `npm run bench [-- quick] [SECTION…]`: the cost of the gate, in one run on one machine, as ratios to its peers. It prints Markdown;
 * RESULTS.md keeps a full run. It exits with 1 if a section fails, or a bar is missed by far (judge.ts). A smaller miss is reported.
 */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { budgets } from './budgets.ts'
import { bulk } from './bulk.ts'
import { bystander } from './bystander.ts'
import { cores } from './cores.ts'
import { Ends } from './ends.ts'
import { head } from './head.ts'
import { http2 } from './http2.ts'
import { integrityCost } from './integrity-cost.ts'
import { journal } from './journal.ts'
import { type Judged, judge } from './judge.ts'
import { isGrossLoss, isMet, type Section, tell } from './report.ts'
import { requests } from './requests.ts'
import { revocation } from './revocation.ts'
import { scale } from './scale.ts'
import { soak } from './soak.ts'
import { store } from './store.ts'
import { storm } from './storm.ts'
import { tlsCost } from './tls.ts'
import { watch } from './watch.ts'
import { watchCost } from './watch-cost.ts'
import { websockets } from './websockets.ts'

const sections: Readonly<Record<string, Section>> = {
  requests,
  store,
  revocation,
  cores,
  bulk,
  tls: tlsCost,
  http2,
  bystander,
  websockets,
  scale,
  storm,
  journal,
  budgets,
  watch,
  'watch-cost': watchCost,
  'integrity-cost': integrityCost
}
/** Runs only where it is asked for by name. */
const long: Readonly<Record<string, Section>> = { soak }

const words = process.argv.slice(2)
const isQuick = words.includes('quick')
const asked = words.filter(word => word !== 'quick' && word !== 'full')
if (asked.some(name => !(name in sections) && !(name in long))) {
  console.error(`usage: npm run bench [-- quick] [${Object.keys({ ...sections, ...long }).join(' | ')}]…`)
  process.exit(2)
}

const end = new Ends().atSignals()
const title = head(isQuick ? 'quick' : 'full')
console.log(title)
const told: string[] = []
const judged: Judged[] = []
let broken = 0
// Nothing is measured again after two and a half minutes: CI ends the whole after fifteen.
const patience = { isThorough: !isQuick, until: isQuick ? performance.now() + 150_000 : Number.POSITIVE_INFINITY }
for (const [name, section] of Object.entries({ ...sections, ...long })) {
  if (asked.length > 0 ? !asked.includes(name) : name in long) continue
  const before = performance.now()
  const measure = () =>
    within(name in long ? 3 * 3600 : isQuick ? 300 : 1800, section({ end, isQuick })).finally(() => end.all())
  try {
    const one = await judge(measure, patience)
    judged.push(one)
    told.push(tell(one.found))
  } catch (error) {
    if (end.isStopped) break
    broken++
    told.push(`### ${name}\n\nBroke off: ${error instanceof Error ? error.message : error}\n`)
    console.error(error)
  }
  if (end.isStopped) break
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

const bars = judged.flatMap(({ found }) => found.bars)
const missed = bars.filter(bar => !isMet(bar))
const farMissed = bars.filter(bar => isGrossLoss(bar))
const isLost = judged.some(each => each.isLost)
const far =
  farMissed.length === 0
    ? ''
    : `, of these ${farMissed.length} by far${isLost ? '' : ', but not each time, or only while others had the processors'}`
const sum = `**${bars.filter(bar => bar.value !== null && isMet(bar)).length} bars met, ${missed.length} not met${far}${broken === 0 ? '' : `; ${broken} sections broke off`}.**`
if (!end.isStopped) {
  console.log(sum)
  for (const bar of farMissed) console.error(`missed by far: ${bar.what}`)
  if (!isQuick && asked.length === 0)
    await writeFile(fileURLToPath(new URL('RESULTS.md', import.meta.url)), [title, sum, ...told].join('\n\n'))
  for (const { found } of judged) for (const line of found.lastLines ?? []) console.log(line)
  // What a section that was not done in time still has in hand must not keep us.
  await end.all()
  process.exit(broken > 0 || isLost ? 1 : 0)
}
