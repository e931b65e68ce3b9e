/**
 * People who sign in one after the other at a constant rate: a program that storm.ts forks. Each comes from a separate address, gives
 * password and code, and must reach the app.
 */
import { Person, totpCode } from '../fixtures/in-process/person.ts'
import { password, secret } from './people.ts'

export interface Crowd {
  readonly port: number
  readonly host: string
  readonly names: readonly string[]
  readonly perSecond: number
}

export interface Arrived {
  /** Milliseconds of each sign-in. */
  readonly took: readonly number[]
  /** Who was not let in, and why. */
  readonly refused: readonly string[]
}

const took: number[] = []
const refused: string[] = []

async function signIn({ port, host }: Crowd, name: string, i: number): Promise<void> {
  const from = performance.now()
  const person = new Person(port, `127.1.${(i >> 8) & 255}.${i & 255 || 1}`)
  person.stay()
  try {
    const login = await person.open(`http://${host}/data`)
    const challenge = await person.submit(login, { username: name, password })
    const inside = await person.submit(challenge, { code: totpCode(secret, Date.now()) })
    if (inside.status !== 200 || inside.body.length !== 100 || !inside.url.startsWith(`http://${host}/data`))
      throw new Error(`${inside.url} answered ${inside.status}`)
    took.push(performance.now() - from)
  } catch (error) {
    refused.push(`${name}: ${error instanceof Error ? error.message.slice(0, 200) : error}`)
  } finally {
    person.leave()
  }
}

process.once('message', async (crowd: Crowd) => {
  const all = crowd.names.map(async (name, i) => {
    await new Promise(resolve => setTimeout(resolve, (i * 1000) / crowd.perSecond))
    await signIn(crowd, name, i)
  })
  await Promise.all(all)
  process.send!({ took, refused } satisfies Arrived, () => process.disconnect())
})
process.send!('ready')
