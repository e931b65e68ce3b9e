/** What a touched decoy causes: the journal's line, notices to people, suspensions, ended sign-ins and questions for a proof. */
import { countingSink } from '../audit/audit-metrics.ts'
import { DecoyWatch } from '../decoys/decoy-watch.ts'
import { isFirstLinks } from '../decoys/first-links.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import type { Services } from './services.ts'
import { watchCommonsOf } from './watch-commons.ts'
import { endByWatch } from './watch-ending.ts'
import { tellingSink, watchSink } from './watch-sink.ts'
import { suspendByWatch } from './watch-suspension.ts'

export async function startDecoys(runtime: Services): Promise<DecoyWatch> {
  const { clock, log, journal, strangers, metrics, tokens } = runtime
  // The watch on people shares them: a proof answers both.
  const { asks } = await watchCommonsOf(runtime)
  const counted = countingSink(journal, metrics)
  const limited = strangers.sink()
  const watch = new DecoyWatch({
    clock,
    keyring: () => runtime.keyring,
    // The sink for strangers limits only refusals, and a touch is none.
    record: (event, isLimited, reasons) =>
      tellingSink(isLimited ? { ...limited, record: one => strangers.record(one) } : counted, runtime).record(
        event,
        reasons
      ),
    count: (app, outcome) => metrics.count('factorgate_decoy_touches_total', app, outcome),
    suspend: (account, words, at) =>
      suspendByWatch({ account, words, cause: 'decoy', at, sink: watchSink(runtime) }, runtime),
    cut: (session, words, account) => endByWatch({ session, account, words, cut: 'decoy' }, runtime),
    async revoke(token, why) {
      const unconfirmed = await evenUnconfirmed(() => tokens.revoke(token))
      const confirmed = unconfirmed === null ? undefined : false
      counted.record({ kind: 'token.revoke', at: clock(), token, why, by: 'watch', confirmed })
    },
    ask: (account, at) => asks.ask(account, at),
    isFirstLinks: account => isFirstLinks(runtime.store, account),
    onProblem: (error, account) =>
      log.error(
        { err: error, account },
        'a decoy was touched, and the store did not take what follows; the request was refused'
      )
  })
  return watch
}
