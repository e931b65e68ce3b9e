/** Writes without an answer, of which the store may have none. */
import t from 'tap'
import { type Ledger, type Report, settle } from '../../src/budgets/ledger.ts'
import { ledgerRecord } from '../../src/budgets/ledger-record.ts'
import { settleRest } from '../../src/budgets/unanswered.ts'
import { budgetOf } from './budget.ts'

const start = 1_800_000_000_000
const rule = budgetOf({ amount: 1000, steps: ['journal', 'step-up'] })

function report(process: string, spent: number, proofAt = 0): Report {
  const none = { paths: [], led: 0, ownPaths: null, begun: 0, slowed: 0, signedInAt: 0 }
  return { process, account: 'A', spent, proofAt, isWanting: true, ...none }
}

/** Through the record, as a store does. */
const kept = (ledger: Ledger) => ledgerRecord.parse(ledgerRecord.text(ledger))!

t.test('a proof buys at another gate, and the write of this one never arrived → it is told once', async t => {
  const proofAt = start + 20_000
  const found = kept(settle(null, rule, report('other', 1001), start).ledger)
  const settlement = settle(found, rule, report('one', 5, proofAt), start + 21_000)
  const lost = { text: ledgerRecord.text(settlement.ledger), report: report('one', 5, proofAt), settlement, found }
  const there = settle(found, rule, report('other', 7, proofAt), start + 22_000)
  t.same([settlement.happened, there.happened], [['bought'], ['bought']])
  const own = settleRest([lost], kept(there.ledger), ledgerRecord.text(there.ledger), report('one', 5, proofAt), rest =>
    settle(kept(there.ledger), rule, rest, start + 23_000)
  )
  t.same([own.happened, own.ledger.slots.at(-1)], [[], 1013])

  // It did arrive, and the other gate has written over it.
  const over = settle(kept(settlement.ledger), rule, report('other', 7, proofAt), start + 22_000)
  t.same(over.happened, [])
  const late = settleRest([lost], kept(over.ledger), ledgerRecord.text(over.ledger), report('one', 5, proofAt), rest =>
    settle(kept(over.ledger), rule, rest, start + 23_000)
  )
  t.same([late.happened, late.ledger.slots.at(-1)], [['bought'], 1013])
})
