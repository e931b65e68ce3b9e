/** The file of countries, read again when it changes. If it is missing or damaged, the one before stays in use. */
import { stat } from 'node:fs/promises'
import { readCountries } from './countries.ts'
import type { FindPlace, Place } from './places.ts'

const lost = 'New countries and impossible travel are not noticed.'

export class CountryFile {
  readonly #say: (why: string, isGood: boolean) => void
  #file: string | null = null
  #find: FindPlace = null
  /** Of the file when it was last read, or found wrong. */
  #state = ''
  #seen = ''
  #isBad = false

  constructor(say: (why: string, isGood: boolean) => void) {
    this.#say = say
  }

  placeOf(address: string): Place | null {
    return this.#find === null ? null : this.#find(address)
  }

  async use(file: string | null): Promise<void> {
    if (file !== this.#file) {
      this.#find = null
      this.#state = ''
      this.#isBad = false
    }
    this.#file = file
    await this.look()
  }

  /** Never rejects. */
  async look(): Promise<void> {
    const file = this.#file
    if (file === null) return
    const state = await stateOf(file)
    if (state === this.#state || file !== this.#file) return
    // While a file is being written, its state differs from look to look.
    const isSettled = this.#state === '' || state === this.#seen
    this.#seen = state
    if (!isSettled) return
    this.#state = state
    try {
      const find = await readCountries(file)
      if (file !== this.#file) return
      this.#find = find
      if (this.#isBad) this.#say(`The file of countries ${file} is used now.`, true)
      this.#isBad = false
    } catch (error) {
      if (file !== this.#file) return
      const { message } = error as Error
      const rest = this.#find === null ? lost : 'The one before stays in use.'
      this.#isBad = true
      this.#say(`The file of countries ${file} is not used: ${message}. ${rest}`, false)
    }
  }
}

async function stateOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(file)
    return `${ino} ${size} ${mtimeMs}`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable'
  }
}
