/**
 * Proves from its files and a public key that a journal has every line, once, in order and unchanged. It reads the files once, and names the first wrong line.
 */
import { createHash, type Hash, type KeyObject } from 'node:crypto'
import { type Anchor, isAnchorSigned } from './anchor.ts'
import { beforeFirst, type ChainEnd, follows, hashOf, isWhole, type Link, linkOf } from './chain.ts'
import type { ChainHead } from './chain-head.ts'
import { headText, isSignedBy, readPublicKey, verifies } from './checkpoint.ts'
import { conversionOf, isBegunAfter } from './converted-lines.ts'
import { type Break, explainFault, type Fault, type FaultKind } from './explain-fault.ts'
import { eachLine, type LinePlace, lineInWords } from './file-lines.ts'
import { beginningOf, type Entry, entryOf } from './journal-files.ts'

export interface VerifyInput {
  readonly files: readonly string[]
  /**
   * Trusted public keys, 32 bytes in base64url. Each vouches for the successor that it names, and for the keys that led to it. Without keys the first
   * checkpoint vouches for itself.
   */
  readonly keys: readonly string[]
  readonly head?: ChainHead | null
  /** Ends of the chain that somebody has noted elsewhere. */
  readonly known?: readonly ChainEnd[]
  /** What the store remembers. The caller checks its signature. */
  readonly anchor?: Anchor | null
  /** Accepts files that begin in the middle of the chain. */
  readonly isPart?: boolean
  readonly onProgress?: (lines: number) => void
}

export interface JournalProof {
  readonly fault: Fault | null
  readonly lines: number
  readonly first: number
  readonly end: ChainEnd
  readonly from: string | null
  readonly to: string | null
  readonly checkpoints: number
  /** The last line that a checkpoint covers. */
  readonly signedTo: number
  readonly keys: readonly string[]
  /** No key was given, so a rewritten journal is not found out. */
  readonly isSelfVouched: boolean
  /** Lines of a release without a chain. Nothing proves them unless `journal.begin` names them. */
  readonly before: number
  readonly notes: readonly string[]
}

/** Lines in no chain, since the last line that is in one. */
interface Strays {
  readonly place: LinePlace
  readonly hash: Hash
  bytes: number
  /** No crash leaves a whole entry. */
  hasEntry: boolean
  readonly seq: number | null
  readonly isBegun: boolean
}

const foreign = 'this line is not part of the chain; something other than a gate of this journal wrote it'
const strangersKey = (key: string) =>
  `the checkpoint is signed with the key ${key}, which is not the key that was given, nor its successor, nor one that names it as its successor`
const journalKind = Buffer.from('"kind":"journal.')

/** Rejects with the system's error. */
export async function verifyJournal(input: VerifyInput): Promise<JournalProof> {
  const starts = await Promise.all(input.files.map(async file => ({ file, ...(await beginningOf(file)) })))
  const files = starts.sort((a, b) => a.seq - b.seq || a.at - b.at).map(({ file }) => file)
  const verifier = new Verifier({ ...input, files })
  for (const file of files) if (await verifier.read(file)) break
  return verifier.proof()
}

/**
 * After a change of the key, the proof has to show that the anchor's key is one of this journal. `isAnchorForeign`: none of its keys signed the anchor, so it
 * does not count.
 */
export async function verifyAnchored(
  input: VerifyInput & { readonly anchor: Anchor | null }
): Promise<{ readonly proof: JournalProof; readonly isAnchorForeign: boolean }> {
  const { anchor, keys } = input
  if (anchor === null || isAnchorSigned(anchor, keys))
    return { proof: await verifyJournal(input), isAnchorForeign: false }
  const proof = await verifyJournal({ ...input, anchor: null })
  if (proof.fault !== null || !isAnchorSigned(anchor, proof.keys)) return { proof, isAnchorForeign: true }
  return { proof: await verifyJournal(input), isAnchorForeign: false }
}

class Verifier {
  readonly #input: VerifyInput
  readonly #keys: Map<string, KeyObject>
  readonly #notes: string[] = []
  #end = beforeFirst
  #first = 0
  #firstPlace: LinePlace | null = null
  #last: LinePlace | null = null
  #lastLine = Buffer.alloc(0) as Buffer
  #chain = ''
  #strays: Strays | null = null
  /** Strays at the end of the file before. A changed line looks like an unfinished one; the next number tells. */
  #ended: Strays | null = null
  #before = 0
  #fault: Fault | null = null
  #break: Break | null = null
  #from: string | null = null
  #checkpoints = 0
  #signedTo = 0
  readonly #used = new Set<string>()
  /** Checkpoints of keys that were not given, from the first on, and the keys that they name; null without any, or once they are proven. */
  #older: { readonly key: string; readonly place: LinePlace; readonly named: Set<string> } | null = null
  /** What the first line says of the one before it, until a line of `journal.remove` confirms it. */
  #removed: { readonly toSeq: number; readonly hash: string } | null = null
  readonly #known: Map<number, { readonly hash: string; readonly from: string }>

  constructor(input: VerifyInput) {
    this.#input = input
    this.#keys = new Map(input.keys.flatMap(key => (readPublicKey(key) === null ? [] : [[key, readPublicKey(key)!]])))
    const { head = null, known = [], anchor = null } = input
    this.#known = new Map(known.map(({ seq, hash }) => [seq, { hash, from: 'the end that was noted' }]))
    if (anchor !== null)
      this.#known.set(anchor.seq, { hash: anchor.hash, from: `the store, of ${new Date(anchor.at).toISOString()},` })
    if (head !== null && head.seq > 0 && !this.#known.has(head.seq))
      this.#known.set(head.seq, { hash: head.hash, from: 'the head file' })
  }

  /** True for a fault. */
  async read(file: string): Promise<boolean> {
    const isBroken = await eachLine(file, (line, number, isClosed) =>
      this.#visit(line, { file, line: number }, isClosed)
    )
    if (!isBroken) this.#atEndOfFile()
    return isBroken
  }

  async proof(): Promise<JournalProof> {
    if (this.#break !== null) this.#fault = await explainFault(this.#break)
    this.#fault ??= this.#faultAtEnd()
    const to = entryOf(this.#lastLine.toString())?.at ?? null
    return {
      fault: this.#fault,
      lines: this.#first === 0 ? 0 : this.#end.seq - this.#first + 1,
      first: this.#first,
      end: this.#end,
      from: this.#from,
      to,
      checkpoints: this.#checkpoints,
      signedTo: this.#signedTo,
      keys: [...this.#used],
      isSelfVouched: this.#input.keys.length === 0,
      before: this.#before,
      notes: this.#notes
    }
  }

  #visit(line: Buffer, place: LinePlace, isClosed: boolean): boolean {
    const link = linkOf(line)
    const converted = isClosed ? conversionOf(line, link) : null
    if (converted !== null) return this.#found('altered', place, converted)
    if (!isClosed || link === null || !isWhole(line)) return this.#stray(line, place, link)
    if (follows(link, this.#end) || this.#beginsHere(link)) return this.#take(line, link, place)
    this.#break = {
      files: this.#input.files,
      end: this.#end,
      last: this.#last,
      lastLine: this.#lastLine,
      link,
      place,
      hash: hashOf(line),
      strays: (this.#ended ?? this.#strays)?.place ?? null,
      // The second line vouches for the first.
      chain: this.#end.seq > 1 ? this.#chain : '',
      head: this.#input.head ?? null
    }
    return true
  }

  /** The first line may have any number; the end asks whether lines before it may be missing. */
  #beginsHere(link: Link): boolean {
    if (this.#first !== 0 || link.seq === 1) return false
    this.#removed = { toSeq: link.seq - 1, hash: link.prev }
    return true
  }

  #take(line: Buffer, link: Link, place: LinePlace): boolean {
    const hash = hashOf(line)
    if (this.#first === 0) {
      this.#first = link.seq
      this.#firstPlace = place
      this.#from = entryOf(line.toString())?.at ?? null
      if (link.seq === 1) this.#chain = hash
    }
    const known = this.#known.get(link.seq)
    if (known !== undefined && known.hash !== hash && !this.#isReplaced)
      return this.#found(
        'altered',
        place,
        `line ${link.seq} is not the one that ${known.from} names; it, or lines before it, were rewritten`
      )
    const isJournals = line.subarray(0, 180).includes(journalKind)
    if (this.#ended !== null && this.#faultOfEnded(this.#ended)) return true
    if ((isJournals || this.#strays !== null) && this.#takeSpecial(line, link, place)) return true
    this.#end = { seq: link.seq, hash }
    this.#last = place
    this.#lastLine = line
    if ((link.seq & 0xffff) === 0) this.#input.onProgress?.(link.seq - this.#first)
    return false
  }

  /** A line of the journal about itself, or the first one after strays. */
  #takeSpecial(line: Buffer, link: Link, place: LinePlace): boolean {
    const text = line.toString()
    const entry = entryOf(text)
    if (entry === null) return this.#found('altered', place, `line ${link.seq} is no entry of a journal`)
    if (this.#strays === null && typeof entry.torn === 'number')
      return this.#found('altered', place, 'the half line before it, which this line names, was removed')
    if (this.#strays !== null && this.#faultOfStrays(entry)) return true
    if (entry.kind === 'journal.checkpoint') return this.#takeCheckpoint(text, entry, link, place)
    if (entry.kind === 'journal.missing')
      this.#notes.push(`${lineInWords(place)}: the gate found that lines were missing before this one (${entry.why})`)
    const { toSeq, lastHash } = entry
    if (entry.kind === 'journal.remove' && toSeq === this.#removed?.toSeq && lastHash === this.#removed?.hash) {
      this.#notes.push(`lines 1 to ${toSeq} were removed when their time was over; ${lineInWords(place)} says so`)
      this.#removed = null
    }
    return false
  }

  /** Strays are right only where the next line names them, after a crash or an older release. */
  #faultOfStrays(next: Entry): boolean {
    const { place, bytes, hash, hasEntry, seq } = this.#strays!
    this.#strays = null
    const isBegin = next.kind === 'journal.begin'
    const [named, namedHash] = isBegin ? [next.before, next.beforeHash] : [next.torn, next.tornHash]
    const isNamed = named === bytes && namedHash === hash.digest('hex')
    if (isBegin && isNamed) return false
    if (hasEntry || (seq !== null && !isNamed)) return this.#found('inserted', place, foreign)
    if (!isNamed && next.kind === 'journal.resume')
      return this.#found('altered', place, 'the rest that a crash left here was changed')
    if (!isNamed) return this.#found('inserted', place, 'this is no line of the journal, and no later line names it')
    this.#notes.push(
      `${lineInWords(place)} is half a line, from a crash or a full disk; the next line says so, and it does not count`
    )
    return false
  }

  #takeCheckpoint(text: string, entry: Entry, link: Link, place: LinePlace): boolean {
    const key = String(entry.publicKey)
    if (this.#input.keys.length === 0 && this.#checkpoints === 0) {
      const own = readPublicKey(key)
      if (own !== null) this.#keys.set(key, own)
    }
    const trusted = this.#keys.get(key) ?? this.#olderKey(key, place)
    if (trusted === null) return this.#found('signature', place, strangersKey(key))
    if (!isSignedBy(text, trusted))
      return this.#found(
        'signature',
        place,
        `the signature of the checkpoint does not fit: this line, or lines after line ${this.#signedTo}, were changed`
      )
    if (this.#chain !== '' && entry.chain !== this.#chain)
      return this.#found('spliced', place, 'this checkpoint belongs to another journal')
    this.#chain = String(entry.chain)
    if (typeof entry.nextPublicKey === 'string') {
      const next = readPublicKey(entry.nextPublicKey)
      if (next !== null) this.#keys.set(entry.nextPublicKey, next)
      this.#notes.push(`${lineInWords(place)}: the key changed; the old one names the new one, ${entry.nextPublicKey}`)
    }
    if (this.#older !== null) {
      if (typeof entry.nextPublicKey === 'string') this.#older.named.add(entry.nextPublicKey)
      // A trusted key also vouches for the older keys that led to it.
      if (this.#input.keys.includes(key) && this.#older.named.has(key)) this.#older = null
    }
    this.#used.add(key)
    this.#checkpoints++
    this.#signedTo = link.seq
    return false
  }

  /** A later checkpoint must show that a given key replaced this one. Null for a stranger's. */
  #olderKey(key: string, place: LinePlace): KeyObject | null {
    const own = readPublicKey(key)
    if (own === null || this.#used.size > 0) return null
    this.#older = { key, place, named: new Set() }
    this.#keys.set(key, own)
    return own
  }

  #stray(line: Buffer, place: LinePlace, link: Link | null): boolean {
    const isEntry = entryOf(line.toString()) !== null
    if (this.#first === 0 && isEntry) this.#before++
    this.#strays ??= {
      place,
      hash: createHash('sha256'),
      bytes: 0,
      hasEntry: false,
      seq: link?.seq ?? null,
      isBegun: isBegunAfter(this.#end, line)
    }
    this.#strays.hash.update(line)
    this.#strays.bytes += line.length
    if (isEntry) this.#strays.hasEntry = true
    return false
  }

  #atEndOfFile(): void {
    // Lines before the chain are an older release's, in their own file.
    if (this.#first !== 0) this.#ended ??= this.#strays
    this.#strays = null
  }

  #faultOfEnded({ place, hasEntry, seq, isBegun }: Strays): boolean {
    this.#ended = null
    if (hasEntry && seq === null) return this.#found('inserted', place, foreign)
    if (!isBegun)
      return this.#found('inserted', place, `this is no line of the journal, and no half of line ${this.#end.seq + 1}`)
    this.#notes.push(
      `${lineInWords(place)} is half a line, from a crash, a full disk, or a gate that is writing; it does not count`
    )
    return false
  }

  #faultAtEnd(): Fault | null {
    const { files, isPart = false, head = null } = this.#input
    if (this.#first === 0)
      return {
        kind: 'no_chain',
        place: null,
        text:
          files.length === 0
            ? 'there is no file'
            : 'no line of these files is in a chain; they are of release 0.1 or older, or no journal'
      }
    if (this.#removed !== null && !isPart)
      return {
        kind: 'missing',
        place: this.#firstPlace,
        text: `lines 1 to ${this.#removed.toSeq} are missing, and no line says that they were removed`
      }
    if (this.#older !== null)
      return { kind: 'signature', place: this.#older.place, text: strangersKey(this.#older.key) }
    if (this.#isReplaced)
      return {
        kind: 'spliced',
        place: this.#firstPlace,
        text: `the store knows another journal here, with ${this.#input.anchor?.seq} lines or more; these files hold none of it`
      }
    for (const [seq, { from }] of [...this.#known].sort(([a], [b]) => a - b))
      if (seq > this.#end.seq) return this.#faultOfTail(seq, from)
    if (this.#ended !== null && this.#faultOfEnded(this.#ended)) return this.#fault
    return head === null ? null : this.#faultOfHead(head)
  }

  get #isReplaced(): boolean {
    const { anchor = null } = this.#input
    return anchor !== null && this.#chain !== '' && this.#chain !== anchor.chain
  }

  #faultOfTail(seq: number, from: string): Fault {
    const next = this.#end.seq + 1
    const lines = seq === next ? `line ${seq} is` : `lines ${next} to ${seq} are`
    if (this.#ended !== null)
      return {
        kind: 'altered',
        place: this.#ended.place,
        text: `${lines} changed or cut off from here; ${from} names line ${seq}`
      }
    return {
      kind: 'truncated',
      place: this.#last,
      text: `${lines} missing after this line; ${from} names line ${seq}`
    }
  }

  #faultOfHead(head: ChainHead): Fault | null {
    if (head.sig === null) {
      this.#notes.push('the head file is not signed, so it proves only that nothing was cut off by accident')
      return null
    }
    const isRight = [...this.#keys.values()].some(key => verifies(headText(head), head.sig!, key))
    return isRight || this.#checkpoints === 0
      ? null
      : { kind: 'signature', place: null, text: 'the signature of the head file does not fit' }
  }

  #found(kind: FaultKind, place: LinePlace, text: string): true {
    this.#fault = { kind, place, text }
    return true
  }
}
