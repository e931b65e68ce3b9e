/** Lets Node.js load TypeScript: `node --import=./tests/setup/typescript.mjs FILE`. */
import { useHooks } from './hooks.mjs'

await useHooks(new URL('./translate.mjs', import.meta.url))

// tap lets every process that a test starts load it as well, for its own measure of coverage, which is not used here. That takes each half a second,
// and a program under test would not run as people run it.
globalThis[Symbol.for('process-on-spawn@*:singletonId')]?.unwrap()
