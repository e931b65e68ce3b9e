/** What several attacks need: the form of the sign-in page, a guess at it, bytes on a raw socket, and waiting for what nobody announces. */
import type { Test } from 'tap'
import type { Answer, Running } from '../fixtures/in-process/gateway.ts'
import { navigation } from '../fixtures/in-process/gateway.ts'
import { formsOf } from '../fixtures/in-process/person.ts'
import { RawClient } from '../fixtures/pipeline/forwarding.ts'

export const password = 'correct horse battery'
export const formType = 'application/x-www-form-urlencoded'

/** A form of ours as a browser holds it: the cookies that belong to it, and its hidden field. */
export interface HeldForm {
  readonly cookie: string
  readonly csrf: string
}

/** The sign-in page, opened. Needs no store. */
export async function loginForm(gate: Running): Promise<HeldForm> {
  const page = await gate.request('GET', `${gate.portal}/.factorgate/login`, navigation)
  return { cookie: cookiesOf(page), csrf: formsOf(page.body)[0]?.hidden.csrf ?? '' }
}

/** What an answer sets, as a browser would send it back. */
function cookiesOf({ headers }: Answer): string {
  return (headers['set-cookie'] ?? []).map(line => line.split(';')[0]).join('; ')
}

/** One POST of a form, from the gate's own page. */
export function post(
  gate: Running,
  path: string,
  form: HeldForm,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {}
): Promise<Answer> {
  const body = new URLSearchParams({ csrf: form.csrf, ...fields }).toString()
  const own = { ...navigation, 'content-type': formType, origin: gate.portal, cookie: form.cookie }
  return gate.request('POST', gate.portal + path, { ...own, ...headers }, body)
}

/** A guess at somebody's password. */
export function guess(
  gate: Running,
  form: HeldForm,
  username: string,
  text: string,
  headers: Readonly<Record<string, string>> = {}
): Promise<Answer> {
  return post(gate, '/.factorgate/login', form, { username, password: text }, headers)
}

/** A raw connection to the gate, gone with the test. */
export async function connect(t: Test, gate: { readonly port: number }): Promise<RawClient> {
  const client = await RawClient.open(gate.port)
  t.teardown(() => client.socket.destroy())
  return client
}

/** The head of a request, without its blank line. */
export function head(method: string, path: string, host: string, lines: readonly string[] = []): string {
  return [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...lines].join('\r\n')
}

/** Resolves once `read` has not changed for a while: nobody announces that something has stopped. */
export async function standstill(read: () => number): Promise<void> {
  for (let last = -1, calm = 0; calm < 8; ) {
    const now = read()
    calm = now === last ? calm + 1 : 0
    last = now
    await new Promise(resolve => setTimeout(resolve, 25))
  }
}

/** Milliseconds that `work` took. */
export async function timed(work: () => unknown): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

/** The gate's own statuses of the admin listener. */
export async function readyz(gate: Running): Promise<number> {
  return (await fetch(`http://127.0.0.1:${gate.adminPort}/readyz`)).status
}
