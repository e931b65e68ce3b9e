/**
 * `node --import=./tests/setup/typescript.mjs tests/setup/kits.ts`: starts each kit of identity providers, mail and log servers once, so that no test waits for what
 * a kit installs, and no two install at a time. A kit that does not start is told; its tests say what that means.
 */
import { kitNames, lacksKit, startKit } from '../fixtures/process/institution-kit.ts'

for (const name of kitNames) {
  const ends: (() => unknown)[] = []
  const why = lacksKit(name)
  const began = performance.now()
  try {
    if (why === false) await startKit({ teardown: end => void ends.unshift(end) }, name)
    console.log(why === false ? `${name}: ready after ${((performance.now() - began) / 1000).toFixed(1)} s` : why)
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : error}`)
  } finally {
    for (const end of ends) await end()
  }
}
