/**
 * The process of several test files: `node --import=./tests/setup/typescript.mjs tests/setup/several.mjs FILE…`. Runs them one after the other, each as a
 * test by its own name. To load tap, Fastify and the gate costs more than most files do, so the files of a room load them once.
 */
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { endAll, keepUntilTheEnd } from './end-of-process.mjs'
import { useHooks } from './hooks.mjs'
import { fileTimeoutMs } from './timeouts.mjs'

await useHooks(new URL('./file-tests.mjs', import.meta.url))
const { default: t } = await import('tap')

const root = fileURLToPath(new URL('../../', import.meta.url))
const roots = new Map()
globalThis[Symbol.for('factorgate.root-tests')] = roots

/** The innermost test that runs. */
function running() {
  let test = t
  for (let inner = t; inner !== undefined; inner = [...test.activeSubtests].at(-1)) test = inner
  return test
}

for (const kind of ['uncaughtException', 'unhandledRejection'])
  process.on(kind, error => {
    // A test that listens itself wants it.
    if (process.listenerCount(kind) === 1) running().hookDomain.onerror(error, kind)
  })

// tap changes the working directory when it removes a folder that is outside of it, and means those that hold it. No test changes it.
process.chdir = () => {}

t.setTimeout(0)
keepUntilTheEnd()
const files = process.argv.slice(2)
for (const file of files) {
  const { href } = pathToFileURL(path.join(root, file))
  // The folders of a file's tests are called what they are called where it runs alone.
  const testdir = path.join(
    process.env.FACTORGATE_FIXTURES ?? path.join(root, '.tap/fixtures'),
    file.replace(/[^\w.-]+/g, '-')
  )
  t.test(file, { testdir, timeout: fileTimeoutMs }, async ofFile => {
    roots.set(href, ofFile)
    // With a teardown of the whole, tap would not notice what keeps the process alive.
    if (file === files.at(-1)) ofFile.teardown(endAll)
    await import(href)
  })
}
