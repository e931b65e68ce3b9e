/** Starts a process for each group of test files, several at a time, and puts what they say into one TAP stream, file by file. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { FileReports } from './file-reports.mjs'
import { flagsKnownTo } from './flags.mjs'
import { alone } from './groups.mjs'
import { exposes } from './hooks.mjs'
import { fileTimeoutMs } from './timeouts.mjs'

const jobs = 5
/** V8's flags: Node.js is asked once which it knows. @type {readonly string[] | undefined} */
let known
const call = [
  ...exposes,
  `--import=${new URL('typescript.mjs', import.meta.url).href}`,
  fileURLToPath(new URL('several.mjs', import.meta.url))
]

/** @typedef {import('./file-reports.mjs').FileReport} FileReport */

export class Processes {
  #env
  #tell
  #silenceMs
  /** @type {Set<import('node:child_process').ChildProcess>} */
  #running = new Set()
  #isStopped = false
  /** @type {FileReport[]} */
  #reports = []
  /** @type {Record<string, number>} */
  #counts = {}

  /**
   * @param {object} options
   * @param {NodeJS.ProcessEnv} options.env
   * @param {(line: string) => void} options.tell Takes each line of the TAP.
   * @param {number} [options.silenceMs] A process that says nothing for so long is stuck in a loop, or something that it opened keeps it alive.
   */
  constructor({ env, tell, silenceMs = fileTimeoutMs + 30_000 }) {
    this.#silenceMs = silenceMs
    // Without a timeout of its own, tap ends a process after 30 seconds.
    this.#env = { ...env, TAP_TIMEOUT: String(fileTimeoutMs / 1000) }
    this.#tell = tell
  }

  /**
   * @param {readonly string[][]} groups
   * @returns {Promise<FileReport[]>}
   */
  async run(groups) {
    const waiting = [...groups]
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined && !this.#isStopped; next = waiting.shift())
        await this.#runGroup(next)
    }
    await Promise.all(Array.from({ length: jobs }, work))
    return this.#reports
  }

  /** The sum over all processes, as tap writes it: `{ total: 12, pass: 11, fail: 1 }`. */
  get total() {
    return inspect({ total: 0, pass: 0, ...this.#counts }, { breakLength: Number.POSITIVE_INFINITY })
  }

  /** @param {NodeJS.Signals} signal */
  stop(signal) {
    this.#isStopped = true
    for (const child of this.#running) child.kill(signal)
  }

  /**
   * A file that ends its process is a failure of its own, and the others run without it.
   * @param {readonly string[]} files
   */
  async #runGroup(files) {
    let left = files
    while (left.length > 0 && !this.#isStopped) {
      const { ended, how, rest } = await this.#runProcess(left)
      left = left.filter(file => !ended.has(file))
      if (how === null) return
      // Where each file has ended well, the process itself has not: the last one has left something behind.
      const file = left[0] ?? files.at(-1) ?? ''
      const remarks = ['  ---', `  ${how}`, '  ...']
      this.#count({ total: 1, fail: 1 })
      this.#add({ file, isOk: false, ms: 0, lines: [...rest, `not ok 0 - ${file}`, ...remarks] })
      left = left.slice(1)
    }
  }

  /**
   * @param {readonly string[]} files
   * @returns {Promise<{ ended: Set<string>, how: string | null, rest: string[] }>} The files that have a verdict; how the process broke off, or null;
   *   what the file has said in which it did.
   */
  async #runProcess(files) {
    const ended = new Set()
    let hasFailed = false
    const reports = new FileReports(files, report => {
      ended.add(report.file)
      hasFailed ||= !report.isOk
      this.#add(report)
    })
    known ??= flagsKnownTo()
    const flags = files.some(file => alone.has(file)) ? [] : known
    const child = spawn(process.execPath, [...flags, ...call, ...files], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'inherit']
    })
    this.#running.add(child)
    let isSilent = false
    const onSilence = () => {
      // SIGALRM has tap say what still keeps the process alive.
      child.kill(isSilent ? 'SIGKILL' : 'SIGALRM')
      isSilent = true
      silence.refresh()
    }
    const silence = setTimeout(onSilence, this.#silenceMs)
    child.stdout.setEncoding('utf8').on('data', chunk => {
      silence.refresh()
      reports.write(chunk)
    })
    const [code, signal] = await new Promise(resolve => child.once('close', (...how) => resolve(how)))
    clearTimeout(silence)
    this.#running.delete(child)
    const rest = reports.end()
    if (reports.counts !== null) this.#count(reports.counts)
    const isWell = signal === null && ended.size === files.length && (code === 0 || hasFailed)
    return { ended, rest, how: isWell ? null : signal === null ? `exitCode: ${code}` : `signal: ${signal}` }
  }

  /** @param {Record<string, number>} counts */
  #count(counts) {
    for (const [name, count] of Object.entries(counts)) this.#counts[name] = (this.#counts[name] ?? 0) + count
  }

  /** @param {FileReport} report */
  #add(report) {
    this.#reports.push(report)
    const number = this.#reports.length
    for (const line of report.lines) this.#tell(line.replace(/^((?:not )?ok) \d+ - /, `$1 ${number} - `))
  }
}
