/** What reading the pages of apps costs: a page of 20 kB through a gate with `integrity`, beside the same gate without. */
import { costOf } from './cost.ts'
import { guarded } from './gates.ts'
import { generator } from './load.ts'
import { serveScript } from './processes.ts'
import type { Bench, Found } from './report.ts'

const connections = 16
const people = 10

export async function integrityCost({ end, isQuick }: Bench): Promise<Found> {
  const [pairs, rounds, seconds, warmUpSeconds] = isQuick ? [1, 2, 2, 4] : [3, 4, 3, 5]
  const app = await serveScript(end, 'pages-app.mjs')
  const { origin: upstream } = app
  const one = { id: 'app', title: 'App', url: 'http://app.localhost:HOST', upstream }
  const cost = await costOf({
    start: isOn => guarded(end, { upstream, people, apps: [isOn ? { ...one, integrity: { learn: '1s' } } : one] }),
    pairs,
    path: '/page',
    connections,
    rounds,
    seconds,
    // What the reading may save up is used up first.
    warmUpSeconds,
    names: ['without', 'with integrity'],
    against: 'with integrity against without',
    // A short turn falls into the burst that the reading thread may take.
    isProcessorGoal: isQuick
  })
  return {
    title: 'What reading the pages of apps costs',
    text: `A page of 20 kB for ${people} people, ${connections} connections, ${rounds} × ${seconds} s each, turn by turn, with ${pairs} ${pairs === 1 ? 'pair' : 'pairs'} of gates. Load: ${generator}; app: ${app.name}.

${cost.table}`,
    bars: cost.bars
  }
}
