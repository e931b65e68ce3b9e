/** Prints journal entries for people and programs, safe for a terminal. */
import { withoutTricks } from '../../audit/encode-event.ts'
import { visible } from '../../messages/visible.ts'
import type { Io } from '../command.ts'
import type { Entry } from './files.ts'

/** `2026-11-28 05:26:44.123 UTC  login  name=ada outcome=accepted …` */
export function sentence(entry: Entry): string {
  const { at, kind, seq: _seq, prev: _prev, ...rest } = entry
  const facts = Object.entries(rest).map(([name, value]) => `${visible(name)}=${word(value)}`)
  return `${visible(at.replace('T', ' ').replace(/Z$/, ' UTC'))}  ${[visible(kind), ...facts].join(' ')}`
}

function word(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[^\s"\p{C}]+$/u.test(text) ? text : withoutTricks(JSON.stringify(text))
}

/** Prints entries as found: lines for people, an array for programs. */
export class Printer {
  readonly #io: Io
  readonly #isJson: boolean
  #waiting = ''
  count = 0

  constructor(io: Io, isJson: boolean) {
    this.#io = io
    this.#isJson = isJson
  }

  add(entry: Entry): void {
    const between = this.count === 0 ? '[\n' : ',\n'
    this.#waiting += this.#isJson ? between + withoutTricks(JSON.stringify(entry)) : `${sentence(entry)}\n`
    this.count++
    if (this.#waiting.length > 65_536) this.#write()
  }

  end(): void {
    if (this.#isJson) this.#waiting += this.count === 0 ? '[]\n' : '\n]\n'
    this.#write()
  }

  #write(): void {
    if (this.#waiting !== '') this.#io.stdout(this.#waiting)
    this.#waiting = ''
  }
}
