/**
 * The gate that `npm test` starts: what `npm run build` has made, in fewer files. Node.js loads six hundred modules at the start of a gate, which takes a
 * quarter of its processor time, and the tests start a hundred gates. Packages are loaded from where they are installed.
 */
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const at = /** @param {string} name */ name => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const folder = at('node_modules/.cache/factorgate-program')

export const bundled = path.join(folder, 'main.js')

export function isBundled() {
  return timeOf(bundled) > timeOf(at('dist/built'))
}

export async function bundle() {
  const { build } = await import('esbuild')
  rmSync(folder, { recursive: true, force: true })
  await build({
    entryPoints: [at('dist/src/main.js')],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    plugins: [{ name: 'places', setup: build => build.onLoad({ filter: /\/dist\/.*\.js$/ }, withItsPlace) }]
  })
}

/**
 * A module looks for its assets and threads beside itself, in `dist/`, wherever its text stands now.
 * @param {{ path: string }} module
 */
function withItsPlace({ path: file }) {
  const url = `new URL(${JSON.stringify(path.relative(folder, file))}, import.meta.url)`
  const contents = readFileSync(file, 'utf8')
    .replaceAll('import.meta.url', `${url}.href`)
    .replaceAll('import.meta.dirname', JSON.stringify(path.dirname(file)))
  return { contents, loader: /** @type {const} */ ('js') }
}

/** @param {string} file */
function timeOf(file) {
  return existsSync(file) ? statSync(file).mtimeMs : 0
}

if (process.argv[1] === fileURLToPath(import.meta.url) && !isBundled()) await bundle()
