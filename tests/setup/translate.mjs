/**
 * TypeScript to JavaScript for the tests, as Node.js's hook for loading modules. Each file's translation is kept under `node_modules/.cache` by its path and
 * content, because a test process would otherwise spend more time on translating than on testing.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../node_modules/.cache/factorgate-tests/', import.meta.url))
const options = /** @type {const} */ ({
  format: 'esm',
  target: 'node20',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  sourcemap: 'inline',
  sourcesContent: false
})

/**
 * The hook, for threads of their own and for the thread that loads. Everything but TypeScript is Node.js's own business.
 * @param {string} url
 * @param {import('node:module').LoadHookContext} context
 * @param {Function} next
 */
export function load(url, context, next) {
  if (!url.startsWith('file:') || !/\.m?tsx?$/.test(url)) return next(url, context)
  const file = fileURLToPath(url)
  const text = readFileSync(file, 'utf8')
  return { format: 'module', source: kept(file, text) ?? translate(file, text), shortCircuit: true }
}

/**
 * Translates what is new among all files of the project, and forgets the translations of what has changed.
 * @param {readonly string[]} files
 */
export async function translateAll(files) {
  const { transform } = esbuild()
  const texts = files.map(file => /** @type {const} */ ([file, readFileSync(file, 'utf8')]))
  mkdirSync(folder, { recursive: true })
  await Promise.all(
    texts.map(async ([file, text]) => {
      if (kept(file, text) === null) keep(file, text, await transform(text, optionsOf(file)))
    })
  )
  const names = new Set(texts.map(([file, text]) => path.basename(placeOf(file, text))))
  for (const name of readdirSync(folder)) if (!names.has(name)) rmSync(path.join(folder, name), { force: true })
}

/**
 * @param {string} file
 * @param {string} text
 */
function translate(file, text) {
  mkdirSync(folder, { recursive: true })
  return keep(file, text, esbuild().transformSync(text, optionsOf(file)))
}

/**
 * Loaded where something is new.
 * @returns {typeof import('esbuild')}
 */
const esbuild = () => createRequire(import.meta.url)('esbuild')

/** @param {string} file */
const optionsOf = file =>
  /** @type {const} */ ({ ...options, loader: file.endsWith('x') ? 'tsx' : 'ts', sourcefile: file })

/**
 * @param {string} file
 * @param {string} text
 * @param {{ code: string }} translated
 */
function keep(file, text, { code }) {
  const place = placeOf(file, text)
  // Two processes may translate one file at once, and neither may read half of it.
  writeFileSync(`${place}.${process.pid}`, code)
  renameSync(`${place}.${process.pid}`, place)
  return code
}

/**
 * @param {string} file
 * @param {string} text
 */
function kept(file, text) {
  try {
    return readFileSync(placeOf(file, text), 'utf8')
  } catch {
    return null
  }
}

/**
 * @param {string} file
 * @param {string} text
 */
function placeOf(file, text) {
  const hash = createHash('sha256')
    .update(`${JSON.stringify(options)}\n${file}\n`)
    .update(text)
  return path.join(folder, hash.digest('hex').slice(0, 40))
}
