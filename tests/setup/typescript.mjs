/** Lets Node.js load TypeScript: `node --import=./tests/setup/typescript.mjs FILE`. */
import module from 'node:module'

// In the thread that loads, or in one of its own, which is all that Node.js 20 has and Node.js 26 warns of.
if (module.registerHooks === undefined) module.register('./translate.mjs', import.meta.url)
else module.registerHooks(await import('./translate.mjs'))

// tap lets every process that a test starts load it as well, for its own measure of coverage, which is not used here. That takes each half a second,
// and a program under test would not run as people run it.
globalThis[Symbol.for('process-on-spawn@*:singletonId')]?.unwrap()
