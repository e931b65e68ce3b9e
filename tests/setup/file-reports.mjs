/** Cuts the TAP of a process of several.mjs into the reports of its files. */

const verdict = /^(not )?ok \d+ - (.*?)(?: # time=([\d.]+)ms.*)?$/

/**
 * The report of one file.
 * @typedef {object} FileReport
 * @property {string} file
 * @property {boolean} isOk
 * @property {number} ms
 * @property {string[]} lines From `# Subtest: FILE` to the remarks on its verdict.
 */

export class FileReports {
  #unfinished = ''
  /** @type {string[]} */
  #lines = []
  #counts = null
  #files
  #onReport

  /**
   * @param {readonly string[]} files
   * @param {(report: FileReport) => void} onReport Called for each file when it has ended.
   */
  constructor(files, onReport) {
    this.#files = files
    this.#onReport = onReport
  }

  /** The assertions by outcome, as tap prints them at its end: `{ total: 12, pass: 11, fail: 1 }`; null before. */
  get counts() {
    return this.#counts
  }

  /** @param {string} chunk */
  write(chunk) {
    const lines = (this.#unfinished + chunk).split('\n')
    this.#unfinished = lines.pop() ?? ''
    for (const line of lines) this.#read(line)
  }

  /** The lines outside of every ended file. */
  end() {
    if (this.#unfinished !== '') this.#read(this.#unfinished)
    this.#unfinished = ''
    this.#close()
    return this.#lines
  }

  /** @param {string} line */
  #read(line) {
    if (line.startsWith('# Subtest: ') || /^1\.\.\d+/.test(line)) this.#close()
    const [, total] = /^# (\{ total: \d+.*\})$/.exec(line) ?? []
    if (total !== undefined) this.#counts = JSON.parse(total.replace(/(\w+):/g, '"$1":'))
    // A verdict on the process itself, such as a timeout, becomes a remark.
    else if (verdict.test(line) && this.#fileOf(line) === null) this.#lines.push(`# ${line}`)
    else if (!/^(?:TAP version \d+|1\.\.\d+.*|# time=.*)$/.test(line)) this.#lines.push(line)
  }

  /** A file ends with its verdict; remarks may follow. */
  #close() {
    const at = this.#lines.findLastIndex(line => this.#fileOf(line) !== null)
    if (at < 0) return
    const [, not, file = '', ms = '0'] = verdict.exec(this.#lines[at] ?? '') ?? []
    const lines = this.#lines
    this.#lines = []
    this.#onReport({ file, isOk: not === undefined, ms: Number(ms), lines })
  }

  /** @param {string} line */
  #fileOf(line) {
    const [, , name] = verdict.exec(line) ?? []
    return name !== undefined && this.#files.includes(name) ? name : null
  }
}
