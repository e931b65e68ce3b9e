/**
 * The loading hook of several.mjs: gives each test file that imports tap a root test of its own, which several.mjs has made for it, and tap itself no domains
 * for errors (inert-domain.mjs). What else imports tap gets the real one.
 */
const isTestFile = /** @param {string} url */ url => /\.test\.tsx?$/.test(url)

/**
 * @param {string} specifier
 * @param {import('node:module').ResolveHookContext} context
 * @param {Function} next
 */
export function resolve(specifier, context, next) {
  if (specifier === 'async-hook-domain')
    return { url: new URL('./inert-domain.mjs', import.meta.url).href, shortCircuit: true }
  if (specifier !== 'tap' || context.parentURL === undefined || !isTestFile(context.parentURL))
    return next(specifier, context)
  return { url: new URL(`./root-test.mjs?${context.parentURL}`, import.meta.url).href, shortCircuit: true }
}
