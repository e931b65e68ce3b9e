/** Trials of logins: how many requests with a login are under way before its app has said anything. */
import { mock } from 'node:test'
import t from 'tap'
import { Trials } from '../../src/upstream-login/trials.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'

const maxMs = 60_000

/** Twelve requests in the plugin's way: each looks, waits, and looks again. `sent` are those that are under way. */
function twelve(trials: Trials, segment: string) {
  const sent: ((() => void) | null)[] = []
  const counts = { refused: 0 }
  const look = (): void => {
    if (trials.isRefused('x')) return void counts.refused++
    const admission = trials.admit('x', segment, maxMs)
    if (admission.wait === null) sent.push(admission.end)
    else admission.wait.then(look)
  }
  for (let i = 0; i < 12; i++) look()
  return { sent, counts }
}

/** After all promises that are settled. */
const settled = () => new Promise<void>(resolve => setImmediate(resolve))

interface Row {
  /** What happens before the twelve, and what their app does. */
  readonly before?: (trials: Trials) => void
  readonly app: (trials: Trials, sent: readonly ((() => void) | null)[]) => void
  readonly sent: number
  readonly refused: number
}

const refuse = (trials: Trials, sent: readonly ((() => void) | null)[]) => {
  trials.refused('x')
  for (const end of sent) end?.()
}

const rows: Readonly<Record<string, Row>> = {
  'an app that takes long to refuse, as with a delay after a wrong password, gets one': {
    app: (trials, sent) => {
      mock.timers.tick(maxMs - 1)
      refuse(trials, sent)
    },
    sent: 1,
    refused: 11
  },
  'a trial that takes too long lets one more go, and not all': {
    app: () => mock.timers.tick(maxMs),
    sent: 2,
    refused: 0
  },
  'a trial that ends without an answer lets one more go': {
    app: (_, sent) => sent[0]?.(),
    sent: 2,
    refused: 0
  },
  'the late end of a trial does not end the next one': {
    app: (trials, sent) => {
      mock.timers.tick(maxMs)
      trials.admit('x', 'other', maxMs)
      sent[0]?.()
    },
    sent: 1,
    refused: 0
  },
  'a good answer under another segment lets none of them go': {
    before: trials => trials.accepted('x', ''),
    app: refuse,
    sent: 1,
    refused: 11
  },
  'a trial under another segment holds them back too': {
    before: trials => void trials.admit('x', 'other', maxMs),
    app: () => {},
    sent: 0,
    refused: 0
  },
  'a good answer under their segment lets all of them go': {
    before: trials => trials.accepted('x', 'api'),
    app: () => {},
    sent: 12,
    refused: 0
  }
}

for (const [sentence, { before, app, ...expected }] of Object.entries(rows))
  t.test(`U3 · ${sentence}`, async t => {
    mock.timers.enable({ apis: ['setTimeout'] })
    t.teardown(() => mock.timers.reset())
    const trials = new Trials(new TestClock(1_000_000).read)
    before?.(trials)
    const { sent, counts } = twelve(trials, 'api')
    app(trials, sent)
    await settled()
    t.same({ sent: sent.length, refused: counts.refused }, expected)
  })

t.test('D17: a clock that is put back makes no good answer last longer', async t => {
  const time = new TestClock(1_000_000_000)
  const trials = new Trials(time.read)
  time.advance(3600)
  trials.accepted('x', 'api')
  time.advance(-3600)
  const first = trials.admit('x', 'api', maxMs)
  t.type(first.wait === null ? first.end : null, 'function', 'the next request is a trial')
  if (first.wait === null) first.end?.()
})
