/** Which test files took longest, by the TAP that tap keeps of each. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'

/**
 * The longest first, of those that ran since `began`.
 * @param {string} folder
 * @param {number} began
 * @param {number} count
 */
export function slowest(folder, began, count) {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter(name => name.endsWith('.tap') && statSync(path.join(folder, name)).mtimeMs >= began)
    .map(name => ({ file: name.replace(/\.tap$/, ''), ms: timeOf(readFileSync(path.join(folder, name), 'utf8')) }))
    .sort((one, other) => other.ms - one.ms)
    .slice(0, count)
}

/**
 * The last `# time=` at the margin is the file's own; those of its tests are indented.
 * @param {string} tap
 */
function timeOf(tap) {
  return Number([...tap.matchAll(/^# time=([\d.]+)ms$/gm)].at(-1)?.[1] ?? 0)
}
