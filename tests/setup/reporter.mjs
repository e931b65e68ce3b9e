/**
 * tap's reporter: prints what failed under the names of its groups, what was skipped and what tests remark. tap's own reporters draw everything anew for each
 * assertion, which takes longer than the tests of whole rooms.
 */
import { Transform } from 'node:stream'

/** Lines that say nothing by themselves: plans, versions, times. */
const silent =
  /^ *(?:\d+\.\.\d+(?: #.*)?|TAP version \d+|# time=.*|# No coverage generated|# ERROR: incomplete \w+ coverage.*|)$/
/** What the remarks on a failed group tell beyond the failures in it. */
const reason = /^ *(?:exitCode|signal|expired): (?!null)/

export default class Reporter extends Transform {
  #unfinished = ''
  /** @type {{ indent: number, line: string, isPrinted: boolean }[]} */
  #groups = []
  /** The remarks (YAML) that follow a test point, and which of their lines are printed: all, none, or the reasons. */
  #remarks = { indent: -1, isOpen: false, shown: /$^/ }

  /** @override */
  _transform(chunk, _encoding, done) {
    const lines = (this.#unfinished + chunk).split('\n')
    this.#unfinished = lines.pop() ?? ''
    for (const line of lines) for (const told of this.#read(line)) this.push(`${told}\n`)
    done()
  }

  /** @override */
  _flush(done) {
    for (const told of this.#read(this.#unfinished)) this.push(`${told}\n`)
    done()
  }

  /** @param {string} line */
  #read(line) {
    const indent = line.length - line.trimStart().length
    const text = line.slice(indent)
    const remarks = this.#remarks
    if (remarks.isOpen) {
      if (indent !== remarks.indent || text !== '...') return remarks.shown.test(line) ? [line] : []
      remarks.isOpen = false
      return []
    }
    if (text === '---' && indent === remarks.indent) {
      remarks.isOpen = true
      return []
    }
    if (text.startsWith('# Subtest: ')) {
      this.#leaveGroups(indent)
      this.#groups.push({ indent, line, isPrinted: false })
      return []
    }
    const [, not, after] = /^(not )?ok\b(.*)$/.exec(text) ?? []
    if (after === undefined) return silent.test(line) ? [] : [...this.#names(), line]
    const isGroup = this.#leaveGroups(indent)
    const isBad = not !== undefined && !/ # TODO\b/i.test(after)
    this.#remarks = { indent: indent + 2, isOpen: false, shown: !isBad ? /$^/ : isGroup ? reason : /^/ }
    return isBad || / # SKIP\b/i.test(after) ? [...this.#names(), line] : []
  }

  /**
   * Forgets the groups that have ended before a line with this indent. True if the line is the verdict on one of them.
   * @param {number} indent
   */
  #leaveGroups(indent) {
    const isVerdict = this.#groups.some(group => group.indent === indent)
    this.#groups = this.#groups.filter(group => group.indent < indent)
    return isVerdict
  }

  /** The names of the groups around this line that are not printed yet. */
  #names() {
    const fresh = this.#groups.filter(group => !group.isPrinted)
    for (const group of fresh) group.isPrinted = true
    return fresh.map(group => group.line)
  }
}
