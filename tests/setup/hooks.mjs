/**
 * Node.js's hooks for loading modules, in the thread that loads. Node.js 20 offers them in a thread of their own alone, and asks it about every module: twice
 * the processor time for loading the gate, in each process and each thread of it. With `exposes` on its command line, its own loader is changed instead.
 */
import module, { createRequire } from 'node:module'

/** For the command line of Node.js, where it needs it. */
export const exposes = module.registerHooks === undefined ? ['--expose-internals'] : []

/** @param {URL} url A module that exports `load`, `resolve` or both, as Node.js documents them. */
export async function useHooks(url) {
  if (module.registerHooks !== undefined) module.registerHooks(await import(url.href))
  else {
    const loader = loaderOfNode()
    if (loader === null) module.register(url)
    else change(loader, await import(url.href))
  }
}

/** Null where it is not shown, or another one than this file knows. */
function loaderOfNode() {
  try {
    const loader = createRequire(import.meta.url)('internal/modules/esm/loader').getOrInitializeCascadedLoader()
    return typeof loader.load === 'function' && typeof loader.resolve === 'function' ? loader : null
  } catch {
    return null
  }
}

/**
 * @param {any} loader
 * @param {{ load?: Function, resolve?: Function }} hooks
 */
function change(loader, { load, resolve }) {
  if (load !== undefined) {
    const next = loader.load.bind(loader)
    loader.load = async (/** @type {string} */ url, /** @type {object} */ context) => ({
      responseURL: url,
      ...(await load(url, context, next))
    })
  }
  if (resolve !== undefined) {
    const before = loader.resolve.bind(loader)
    /** @type {(specifier: string, context: { parentURL?: string, importAttributes: object }) => unknown} */
    const next = (specifier, { parentURL, importAttributes }) => before(specifier, parentURL, importAttributes)
    loader.resolve = (/** @type {string} */ specifier, /** @type {string} */ parentURL, importAttributes = {}) =>
      resolve(specifier, { parentURL, importAttributes }, next)
  }
}
