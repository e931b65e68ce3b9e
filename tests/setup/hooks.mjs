/** Registers hooks for loading modules: in the thread that loads, or in one of their own, which is all that Node.js 20 has and Node.js 26 warns of. */
import module from 'node:module'

/** @param {URL} url A module that exports the hooks. */
export async function useHooks(url) {
  if (typeof module.registerHooks === 'function') module.registerHooks(await import(url.href))
  else module.register(url)
}
