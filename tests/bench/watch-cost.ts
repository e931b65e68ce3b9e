/** What the watch costs: signed-in requests through a gate with budgets and the judge of the unusual, beside the same gate without. */
import { costOf } from './cost.ts'
import { guarded } from './gates.ts'
import { generator } from './load.ts'
import { serveSmall } from './nginx.ts'
import { serveScript } from './processes.ts'
import type { Bench, Found } from './report.ts'

const connections = 32
const people = 50

/** As the configuration writes it: an object that has the key `then` in the code would be taken for a promise. */
function budget(steps: readonly string[], keys: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries([...Object.entries(keys), ['then', steps]])
}

/** Amounts that nobody reaches here: it is the counting that costs. */
const watch = {
  budgets: [
    budget(['journal', 'step-up'], { id: 'bulk', per: 'person', app: 'app', window: '1h', bytes: '900GiB' }),
    budget(['slow'], { id: 'hoard', per: 'session', window: '10m', distinctPaths: 1000, rate: '1MiB' }),
    budget(['cut'], { id: 'many', per: 'person', window: '1h', requests: 1_000_000_000 }),
    budget(['journal', 'cut'], { id: 'all', per: 'everyone', window: '24h', bytes: '900GiB' })
  ],
  unusual: { strange: ['journal'], alarming: ['journal'], extreme: ['journal'] }
}

export async function watchCost({ end, isQuick }: Bench): Promise<Found> {
  // The watch has code of its own that V8 compiles first.
  const [pairs, rounds, seconds, warmUpSeconds] = isQuick ? [2, 2, 1, 4] : [5, 6, 2, 7]
  const app = (await serveSmall(end)) ?? (await serveScript(end, 'app.mjs'))
  const cost = await costOf({
    start: isOn => guarded(end, { upstream: app.origin, people, ...(isOn ? { config: { watch } } : {}) }),
    pairs,
    path: '/data',
    connections,
    rounds,
    seconds,
    warmUpSeconds,
    names: ['without the watch', 'with all of it'],
    against: 'with the watch against without'
  })
  return {
    title: 'What the watch costs',
    text: `100-byte replies for ${people} people, ${connections} connections, ${rounds} × ${seconds} s each, turn by turn, with ${pairs} pairs of gates; ${watch.budgets.length} budgets and the judge of the unusual. Load: ${generator}; app: ${app.name}.

${cost.table}`,
    bars: cost.bars
  }
}
