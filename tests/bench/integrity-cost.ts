/** What reading the pages of apps costs: a page of 20 kB through a gate with `integrity`, beside the same gate without. */
import { costOf } from './cost.ts'
import { guarded } from './gates.ts'
import { generator } from './load.ts'
import { serveScript } from './processes.ts'
import type { Bench, Found } from './report.ts'

const connections = 16
const people = 10

export async function integrityCost({ end, isQuick }: Bench): Promise<Found> {
  const [rounds, seconds, warmUpSeconds] = isQuick ? [2, 2, 2] : [6, 6, 5]
  const app = await serveScript(end, 'pages-app.mjs')
  const { origin: upstream } = app
  const one = { id: 'app', title: 'App', url: 'http://app.localhost:HOST', upstream }
  const cost = await costOf({
    off: await guarded(end, { upstream, people, apps: [one] }),
    on: await guarded(end, { upstream, people, apps: [{ ...one, integrity: { learn: '1s' } }] }),
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
    text: `A page of 20 kB for ${people} people, ${connections} connections, ${rounds} × ${seconds} s each, turn by turn. Load: ${generator}; app: ${app.name}.

${cost.table}`,
    bars: cost.bars
  }
}
