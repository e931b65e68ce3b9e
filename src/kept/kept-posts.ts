/**
 * POSTs that wait in the store for their sender. Each is taken once, by its person, in its browser. The browser's cookie seals it too, so store and key
 * file alone do not open it.
 */
import { type Clock, isCurrent, minuteMs } from '../clock.ts'
import { isId, newId, newToken, tokenDigest } from '../ids.ts'
import { type Keyring, KeyringError } from '../keyring/keyring.ts'
import { networkLevels } from '../request/network-levels.ts'
import { type Loose, RecordKind, type Seal, sealWith } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import { givingWay, maxOfPerson, type Waiting } from './giving-way.ts'
import { isKeptMethod, type Sender } from './keepable.ts'

export interface KeptPost {
  readonly id: string
  /** A digest of the cookie's secret. */
  readonly secret: string
  /** Null until known: browsers send no cookie with another site's form. */
  readonly account: string | null
  readonly app: string
  /** Scripts also send PUT and PATCH. */
  readonly method: string
  /** Absolute. */
  readonly url: string
  readonly sender: Sender
  /** True for a form in a frame of the app's own pages. */
  readonly isFramed?: boolean
  /** '' if the browser does not name the other site; null for the app's own. */
  readonly foreign: string | null
  /** The page that sent it. */
  readonly back: string
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly bytes: number
  readonly reference: string
  /** Milliseconds since the epoch; 0 while somebody sends it on. */
  readonly until: number
  /** Who sends it on. */
  readonly taken?: string
}

export const keptRecord = new RecordKind<KeptPost>({
  prefix: 'kept:',
  version: 1,
  isIdSecret: true,
  read: record => {
    // The first records had no method.
    const whole = record.method === undefined ? { ...record, method: 'POST' } : record
    return isKeptPost(whole) ? whole : null
  }
})

/** `gone`: too late, or in another browser. */
export type KeptOutcome = 'kept' | 'refused' | 'too_many' | 'sent' | 'returned' | 'dropped' | 'gone'

export const keptSeconds = 15 * 60
const index = 'kept-posts'
/** Below a mebibyte after both encodings. */
const partBytes = 384 * 1024
/** POSTs of one person without a page that they have surely seen. */
export const maxUnseen = 2 * maxOfPerson.posts
export const maxOwn = maxUnseen + maxOfPerson.posts
/** Of one person, whose scripts may repeat theirs, and of a network of strangers. */
const maxPerMinute = { person: 20, network: 200 }

export type NewPost = Omit<KeptPost, 'id' | 'secret' | 'bytes' | 'until'> & {
  readonly address: string
}

export class KeptPosts {
  readonly #store: Store
  readonly #clock: Clock
  readonly #keyring: () => Keyring
  readonly #seal: Seal
  /** How many came of each owner. */
  #recent = new Map<string, number>()
  #recentSince = 0
  #known: readonly Waiting[] = []

  constructor(input: { store: Store; clock: Clock; keyring: () => Keyring }) {
    this.#store = input.store
    this.#clock = input.clock
    this.#keyring = input.keyring
    this.#seal = sealWith(input.keyring)
  }

  /** All waiting bodies, as last read. */
  get bytes(): number {
    const since = this.#clock() - keptSeconds * 1000
    return this.#known.reduce((sum, { at, bytes }) => (at > since ? sum + bytes : sum), 0)
  }

  /** Null where too many wait; a person's newest stay. Rejects with StoreUnreachable. */
  async keep(
    { address, ...post }: NewPost,
    body: Buffer
  ): Promise<{ id: string; secret: string; post: KeptPost } | null> {
    const now = this.#clock()
    const owner = post.account === null ? `?${address}` : `${shareOf(post)}:${post.account}`
    const { network } = networkLevels(address)
    if (!this.#isInTime(post.account === null ? `?${network}` : owner, now)) return null
    const id = newId()
    const secret = newToken()
    const member = `${id} ${now} ${body.length} ${owner}`
    const own = { id, bytes: body.length, member }
    const whole: KeptPost = {
      ...post,
      id,
      secret: tokenDigest(secret),
      bytes: body.length,
      until: now + keptSeconds * 1000
    }
    try {
      await this.#store.link(index, member, keptSeconds)
      if (givingWay(await this.#waiting(), owner, member) === null) {
        await this.#remove(own)
        return null
      }
      for (let part = 0; part * partBytes < body.length; part++) {
        const text = body.subarray(part * partBytes, (part + 1) * partBytes).toString('base64')
        const key = partKey(id, part)
        await this.#store.put(key, this.#keyring().seal(text, `${key}:${secret}`), keptSeconds)
      }
      await keptRecord.put(this.#store, id, whole, keptSeconds, this.#seal)
      // Others go only now, since a full disk may have had no room. Meanwhile this one may have given way.
      const others = givingWay(await this.#waiting(), owner, member)
      if (others === null) {
        await this.#remove(own)
        return null
      }
      for (const other of others) await this.#remove(other)
    } catch (error) {
      // What is half kept would fill a full disk.
      await this.#remove(own).catch(() => {})
      throw error
    }
    return { id, secret, post: whole }
  }

  /** Those of the ids that their senders may not know of. */
  async ofUnseen(ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return []
    const known = new Set((await this.#waiting()).flatMap(({ id, owner }) => (unseen.test(owner) ? [id] : [])))
    return ids.filter(id => known.has(id))
  }

  async find(id: string, secret: string | null): Promise<KeptPost | null> {
    if (!isId(id) || secret === null) return null
    return this.#ifHere(await this.#read(() => keptRecord.get(this.#store, id, this.#seal)), secret)
  }

  /** True once over all gates: the person is led to its page. */
  leadOnce(id: string): Promise<boolean> {
    return this.#store.add(ledKey(id), '', keptSeconds)
  }

  async wasLed(id: string): Promise<boolean> {
    return (await this.#store.get(ledKey(id))) !== null
  }

  /** Those of the ids that do not wait. */
  async gone(ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return []
    const waiting = new Set((await this.#waiting()).map(({ id }) => id))
    return ids.filter(id => !waiting.has(id))
  }

  /** Makes it the account's if it is nobody's. Null if it has gone. */
  claim({ id }: KeptPost, account: string): Promise<KeptPost | null> {
    return keptRecord.change<KeptPost | null>(
      this.#store,
      id,
      post => {
        if (post === null || post.account !== null) return { result: post }
        const next = { ...post, account }
        return { next, result: next }
      },
      this.#seal
    )
  }

  /** It goes on waiting until `take`. */
  async open(id: string, secret: string | null, account: string): Promise<{ post: KeptPost; body: Buffer } | null> {
    const post = await this.find(id, secret)
    if (post === null || secret === null || post.account !== account) return null
    const body = await this.body(post, secret)
    return body === null ? null : { post, body }
  }

  /** True for the one caller (`by`) who may send or drop it. The record stays until `forget`, so putting it back needs no room on a full disk. */
  take({ id }: KeptPost, by: string): Promise<boolean> {
    return keptRecord.change<boolean>(
      this.#store,
      id,
      post =>
        post === null || post.until === 0
          ? { result: false }
          : { next: { ...post, until: 0, taken: by }, result: true, purpose: 'ends access' },
      this.#seal
    )
  }

  /** After `take`, if the app has not got it. False if its time is over, or another caller has it. */
  async putBack(post: KeptPost, by: string): Promise<boolean> {
    if (this.#ifInTime(post) === null) {
      await this.forget(post)
      return false
    }
    return keptRecord.change<boolean>(
      this.#store,
      post.id,
      now =>
        now?.until === 0 && now.taken === by ? { next: post, result: true, purpose: 'ends access' } : { result: false },
      this.#seal
    )
  }

  /** Call it after `take`. */
  async forget({ id, bytes }: KeptPost): Promise<void> {
    await this.#store.delete(keptRecord.key(id))
    for (const one of await this.#waiting()) if (one.id === id) await this.#unlink(one.member)
    await this.#deleteBody(id, bytes)
  }

  async body({ id, bytes }: KeptPost, secret: string): Promise<Buffer | null> {
    const parts: Buffer[] = []
    for (let part = 0; part * partBytes < bytes; part++) {
      const key = partKey(id, part)
      const sealed = await this.#store.get(key)
      const text =
        sealed === null ? null : await this.#read(async () => this.#keyring().open(sealed, `${key}:${secret}`))
      if (text === null) return null
      parts.push(Buffer.from(text, 'base64'))
    }
    const body = Buffer.concat(parts)
    return body.length === bytes ? body : null
  }

  #ifHere(post: KeptPost | null, secret: string): KeptPost | null {
    return post === null || post.secret !== tokenDigest(secret) ? null : this.#ifInTime(post)
  }

  #ifInTime(post: KeptPost): KeptPost | null {
    return isCurrent(post.until, keptSeconds * 1000, this.#clock()) ? post : null
  }

  /** Null for what no key opens any more. */
  async #read<Value>(read: () => Promise<Value | null>): Promise<Value | null> {
    try {
      return await read()
    } catch (error) {
      if (error instanceof KeyringError) return null
      throw error
    }
  }

  async #waiting(): Promise<Waiting[]> {
    const members = await this.#store.members(index)
    const waiting = members.map(member => {
      const [id = '', at = '', bytes = '', owner = ''] = member.split(' ')
      return { member, id, at: Number(at), bytes: Number(bytes), owner }
    })
    this.#known = waiting
    return waiting
  }

  async #unlink(member: string): Promise<void> {
    await this.#store.unlink(index, member)
    this.#known = this.#known.filter(one => one.member !== member)
  }

  async #deleteBody(id: string, bytes: number): Promise<void> {
    for (let part = 0; part * partBytes < bytes; part++) await this.#store.delete(partKey(id, part))
  }

  async #remove({ id, bytes, member }: Pick<Waiting, 'id' | 'bytes' | 'member'>): Promise<void> {
    await this.#store.delete(keptRecord.key(id))
    await this.#deleteBody(id, bytes)
    await this.#unlink(member)
  }

  #isInTime(owner: string, now: number): boolean {
    if (Math.abs(now - this.#recentSince) >= minuteMs) {
      this.#recent = new Map()
      this.#recentSince = now
    }
    const count = (this.#recent.get(owner) ?? 0) + 1
    this.#recent.set(owner, count)
    return count <= (owner.startsWith('?') ? maxPerMinute.network : maxPerMinute.person)
  }
}

/** Scripts show nobody the answer, and many frames are hidden. */
export function isUnseen({ sender, isFramed }: Pick<KeptPost, 'sender' | 'isFramed'>): boolean {
  return sender === 'script' || isFramed === true
}

const unseen = /^(?:script|frame):/

function shareOf({ sender, foreign, isFramed }: Pick<KeptPost, 'sender' | 'foreign' | 'isFramed'>): string {
  if (foreign !== null) return 'foreign'
  return isFramed === true ? 'frame' : sender
}

const isText = (value: unknown): value is string => typeof value === 'string'

function isKeptPost(value: Loose): value is Loose & KeptPost {
  const { account, foreign, headers, bytes, until, sender, method } = value
  return (
    ['id', 'secret', 'app', 'url', 'back', 'reference'].every(name => isText(value[name])) &&
    isKeptMethod(method) &&
    (sender === 'page' || sender === 'script') &&
    [account, foreign].every(one => one === null || isText(one)) &&
    Array.isArray(headers) &&
    headers.every(isText) &&
    Number.isSafeInteger(bytes) &&
    Number.isFinite(until)
  )
}

const ledKey = (id: string) => `kept-led:${tokenDigest(id)}`
const partKey = (id: string, part: number) => `kept-part:${id}:${part}`
