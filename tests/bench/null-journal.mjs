/** Loaded before the gate by `--import`: with FACTORGATE_BENCH_JOURNAL=null, lines of requests are made and then dropped. */
import { Journal } from '../../dist/src/audit/journal.js'

if (process.env.FACTORGATE_BENCH_JOURNAL === 'null') Journal.prototype.record = () => {}
