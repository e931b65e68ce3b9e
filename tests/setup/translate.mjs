/**
 * TypeScript to JavaScript for the tests, as Node.js's hook for loading modules. Each file's translation is kept under `node_modules/.cache` by its path and
 * content, because a test process would otherwise spend more time on translating than on testing.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
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
 * The hook. Everything but TypeScript is Node.js's own business.
 * @type {import('node:module').LoadHook}
 */
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !/\.m?tsx?$/.test(url)) return next(url, context)
  const file = fileURLToPath(url)
  const text = readFileSync(file, 'utf8')
  return { format: 'module', source: kept(file, text) ?? (await translate(file, text)), shortCircuit: true }
}

/**
 * Translates what is new among all files of the project, and forgets the translations of what has changed.
 * @param {readonly string[]} files
 */
export async function translateAll(files) {
  const texts = files.map(file => /** @type {const} */ ([file, readFileSync(file, 'utf8')]))
  mkdirSync(folder, { recursive: true })
  await Promise.all(texts.map(([file, text]) => kept(file, text) ?? translate(file, text)))
  const names = new Set(texts.map(([file, text]) => path.basename(placeOf(file, text))))
  for (const name of readdirSync(folder)) if (!names.has(name)) rmSync(path.join(folder, name), { force: true })
}

/**
 * @param {string} file
 * @param {string} text
 */
async function translate(file, text) {
  const { transform } = await import('esbuild')
  const loader = file.endsWith('x') ? 'tsx' : 'ts'
  const { code } = await transform(text, { ...options, loader, sourcefile: file })
  const place = placeOf(file, text)
  mkdirSync(folder, { recursive: true })
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
