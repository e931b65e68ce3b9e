/** What `tap` is for one test file among several in a process: the root test of this file (file-tests.mjs, several.mjs). */
const { search } = new URL(import.meta.url)

export default globalThis[Symbol.for('factorgate.root-tests')].get(search.slice(1))
