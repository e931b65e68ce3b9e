/**
 * A store with very many people and sessions: copies of records that the gate's own code has written, under other names, through
 * redis-cli's pipe, since writing each would take an hour.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accountPrefix } from '../../src/identity/account.ts'
import { newId, newToken, tokenDigest } from '../../src/ids.ts'
import { seenKey, sessionKey, sessionsOf, tokenKey } from '../../src/session/records.ts'
import { openStore } from '../../src/store/open.ts'
import type { SignedIn } from './people.ts'

const prefix = 'factorgate:'
const seconds = 24 * 3600
const portion = 2_000

interface Crowd {
  readonly port: number
  readonly url: string
  /** Whom to copy; they stay as they are. */
  readonly like: SignedIn
  readonly host: string
  readonly accounts: number
  /** For each account. */
  readonly sessions: number
}

/** Fills the store; answers the cookies of `kept` of the new sessions, evenly chosen. */
export async function fill(crowd: Crowd, kept: number): Promise<string[]> {
  const { like, host } = crowd
  const store = await openStore(crowd.url)
  const digest = tokenDigest(like.cookie.slice('factorgate='.length))
  const [account, session, token, seen] = await Promise.all(
    [accountPrefix + like.accountId, sessionKey(like.sessionId), tokenKey(digest), seenKey(like.sessionId)].map(key =>
      store.get(key)
    )
  )
  await store.close()
  if (!account || !session || !token || !seen) throw new Error('nobody to copy')

  const child = spawn('redis-cli', ['-h', '127.0.0.1', '-p', String(crowd.port), '--pipe'], {
    stdio: ['pipe', 'ignore', 'inherit']
  })
  const gone = once(child, 'exit')
  const all = crowd.accounts * crowd.sessions
  const every = Math.max(1, Math.floor(all / Math.max(1, kept)))
  const cookies: string[] = []
  let text = ''
  const say = (...words: string[]) => {
    text += `*${words.length}\r\n`
    for (const word of words) text += `$${Buffer.byteLength(word)}\r\n${word}\r\n`
  }
  const put = (key: string, value: string) => say('SET', prefix + key, value, 'EX', String(seconds))
  const until = String(Date.now() + seconds * 1000)
  for (let i = 0; i < crowd.accounts; i++) {
    const accountId = newId()
    say('SET', prefix + accountPrefix + accountId, renamed(account, { id: accountId, name: `crowd${i}` }))
    say('SET', `${prefix}account-name:crowd${i}`, accountId)
    say('ZADD', `${prefix}index:accounts`, '+inf', accountId)
    for (let j = 0; j < crowd.sessions; j++) {
      const [sessionId, cookie] = [newId(), newToken()]
      const own = tokenDigest(cookie)
      put(sessionKey(sessionId), renamed(session, { id: sessionId, accountId, tokens: { [host]: own } }))
      put(tokenKey(own), renamed(token, { session: sessionId }))
      put(seenKey(sessionId), seen)
      say('ZADD', `${prefix}index:${sessionsOf(accountId)}`, until, sessionId)
      if ((i * crowd.sessions + j) % every === 0 && cookies.length < kept) cookies.push(`factorgate=${cookie}`)
    }
    if (i % portion !== 0 && text.length < 1e6) continue
    if (!child.stdin.write(text)) await once(child.stdin, 'drain')
    text = ''
  }
  child.stdin.end(text)
  const [code] = await gone
  if (code !== 0) throw new Error(`redis-cli --pipe ended with ${code}`)
  return cookies
}

function renamed(record: string, change: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...JSON.parse(record), ...change })
}
