/** Explains a break of the chain by the lines around it and, for a missing line, by all others. */
import { type ChainEnd, hashOf, type Link, linkOf } from './chain.ts'
import type { ChainHead } from './chain-head.ts'
import { eachLine, type LinePlace, lineInWords } from './file-lines.ts'
import { entryOf } from './journal-files.ts'

export type FaultKind =
  | 'altered'
  | 'missing'
  | 'moved'
  | 'repeated'
  | 'inserted'
  | 'spliced'
  | 'truncated'
  | 'signature'
  | 'no_chain'

/** The first wrong line. `place` is null where no line can be named. */
export interface Fault {
  readonly kind: FaultKind
  readonly place: LinePlace | null
  readonly text: string
  /** The number of the last right line, where the chain breaks one line after the wrong one. */
  readonly rightTo?: number
}

export interface Break {
  readonly files: readonly string[]
  readonly end: ChainEnd
  readonly last: LinePlace | null
  readonly lastLine: Buffer
  readonly link: Link
  readonly place: LinePlace
  readonly hash: string
  /** The first line between these two that belongs to no chain. */
  readonly strays: LinePlace | null
  /** The hash of the first line; empty if unknown. */
  readonly chain: string
  readonly head: ChainHead | null
}

export async function explainFault(broken: Break): Promise<Fault> {
  const { end, link, place, strays } = broken
  const expected = end.seq + 1
  if (link.seq !== expected && link.prev === end.hash)
    return fault('altered', place, `the number of this line was changed from ${expected} to ${link.seq}`)
  if (strays !== null && link.seq === expected + 1 && (await isCutOff(strays, place, end)))
    return fault(
      'truncated',
      strays,
      `line ${expected} is cut off, by a power cut or by a hand; the lines after it are written later`
    )
  if (strays !== null && link.seq === expected + 1)
    return fault('altered', strays, `line ${expected} was changed: it is no line of the journal any more`)
  const around = await lookAround(broken)
  if (around.otherChain)
    return fault('spliced', place, `from here on the lines belong to another journal; line ${expected} was expected`)
  if (link.seq === expected) return wrongHash(broken, around)
  return link.seq > expected ? numberTooHigh(broken, around) : numberTooLow(broken, around)
}

function fault(kind: FaultKind, place: LinePlace, text: string): Fault {
  return { kind, place, text }
}

/** The number is right, but `prev` is not. */
function wrongHash({ end, last, link, place }: Break, { rightAt, nextFits }: Around): Fault {
  if (last === null) return fault('altered', place, 'the first line does not begin a chain')
  if (rightAt !== null)
    return fault(
      'inserted',
      place,
      `this is another line ${link.seq} than the one of this journal, which is at ${lineInWords(rightAt)}`
    )
  // A changed line breaks the link of the line after it.
  const rightTo = end.seq - 1
  if (nextFits) {
    const text = `line ${end.seq} was changed: its hash is not the one that line ${link.seq} names`
    return { kind: 'altered', place: last, text, rightTo }
  }
  if (isNearly(link.prev, end.hash))
    return fault('altered', place, `line ${link.seq} was changed: its prev is not the hash of line ${end.seq}`)
  const text = `line ${end.seq} was changed, or the prev of line ${link.seq}, which was changed too`
  return { kind: 'altered', place: last, text, rightTo }
}

function numberTooHigh({ end, last, lastLine, link, place }: Break, { expectedAt }: Around): Fault {
  const expected = end.seq + 1
  if (last !== null && lastLine.includes(`{"seq":${expected},`))
    return fault('altered', last, `the line feed after line ${end.seq} was changed or removed`)
  if (expectedAt !== null)
    return fault(
      'moved',
      place,
      `line ${link.seq} stands where line ${expected} belongs; that one is at ${lineInWords(expectedAt)}`
    )
  const lines = link.seq - 1 === expected ? `line ${expected} is` : `lines ${expected} to ${link.seq - 1} are`
  return fault(
    'missing',
    place,
    `${lines} missing before this line${last !== null && last.file !== place.file ? ', perhaps a whole file' : ''}`
  )
}

function numberTooLow({ link, place }: Break, { sameAt }: Around): Fault {
  if (sameAt !== null)
    return fault('repeated', place, `line ${link.seq} is here again; it stands at ${lineInWords(sameAt)} already`)
  return fault(
    'spliced',
    place,
    `this is another line ${link.seq} than the one at its place; it comes from another journal or from a copy`
  )
}

/** The next line names this incomplete line after `end`, so a gate has found it. */
async function isCutOff(rest: LinePlace, next: LinePlace, end: ChainEnd): Promise<boolean> {
  const lines: Buffer[] = []
  if (rest.file !== next.file || rest.line + 1 !== next.line) return false
  await eachLine(rest.file, (bytes, number) => {
    if (number >= rest.line) lines.push(Buffer.from(bytes))
    return number === next.line
  })
  const [bytes = Buffer.alloc(0), resume = Buffer.alloc(0)] = lines
  const begins = `{"seq":${end.seq + 1},"prev":"${end.hash}",`
  const text = bytes.toString('utf8').replace(/#\n$/, '')
  const isBeginning = text.startsWith(begins) || begins.startsWith(text)
  return isBeginning && entryOf(resume.toString('utf8'))?.tornHash === hashOf(bytes)
}

/** Different hashes have hardly any character in common. */
function isNearly(one: string, other: string): boolean {
  let equal = 0
  for (let index = 0; index < one.length; index++) if (one[index] === other[index]) equal++
  return equal > one.length / 3
}

interface Around {
  readonly nextFits: boolean
  readonly otherChain: boolean
  readonly expectedAt: LinePlace | null
  /** A later line that follows the last right one. */
  readonly rightAt: LinePlace | null
  /** An equal line before it. */
  readonly sameAt: LinePlace | null
}

async function lookAround({ files, end, link, place, hash, chain, head }: Break): Promise<Around> {
  const expected = end.seq + 1
  let isAfter = false
  let next: Link | null = null
  let otherChain: boolean | null = null
  let expectedAt: LinePlace | null = null
  let rightAt: LinePlace | null = null
  let sameAt: LinePlace | null = null
  for (const file of files) {
    const isOver = await eachLine(file, (line, number) => {
      const here = { file, line: number }
      if (file === place.file && number === place.line) {
        isAfter = true
        return false
      }
      const found = linkOf(line)
      if (found === null) return false
      if (!isAfter) {
        if (found.seq === link.seq && hashOf(line) === hash) sameAt = here
        return false
      }
      next ??= found
      if (found.seq === expected) expectedAt ??= here
      if (found.seq === expected && found.prev === end.hash) rightAt ??= here
      if (otherChain === null && line.subarray(0, 180).includes('"kind":"journal.checkpoint"')) {
        const its = entryOf(line.toString())?.chain
        otherChain = chain !== '' && typeof its === 'string' && its !== chain
      }
      return expectedAt !== null && otherChain !== null
    })
    if (isOver) break
  }
  const following = next as Link | null
  const isLast = following === null
  const nextFits = isLast ? head?.seq === link.seq && head.hash === hash : following.prev === hash
  return { nextFits, otherChain: otherChain === true, expectedAt, rightAt, sameAt }
}
