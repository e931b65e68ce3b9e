/** The end of a hand-over: on an app's host, a code from the portal becomes that host's token in the browser that asked. */
import type { Principal } from '../session/principal.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Caller } from './caller.ts'

type HandOverResult =
  /** `token` is null if the browser's own shows as much. */
  | {
      readonly kind: 'entered'
      readonly token: string | null
      readonly principal: Principal
      readonly returnTo: string
    }
  /** The code is valid in another browser. */
  | { readonly kind: 'other-browser'; readonly returnTo: string }
  /** The code is late, spent or unknown. `returnTo` is known for a while. */
  | { readonly kind: 'over'; readonly returnTo: string | null }

export class HandOver {
  readonly #sessions: Pick<Sessions, 'lookAtHandOver' | 'redeem'>

  constructor({ sessions }: { sessions: Pick<Sessions, 'lookAtHandOver' | 'redeem'> }) {
    this.#sessions = sessions
  }

  /** `state`: the hash of this browser's nonce. */
  async arrive(
    { host, principal }: Pick<Caller, 'host' | 'principal'>,
    code: string,
    state: string | null
  ): Promise<HandOverResult> {
    const known = await this.#sessions.lookAtHandOver(code, host)
    const entered = state === null ? null : await this.#sessions.redeem(code, host, state, principal)
    if (entered !== null) return { ...entered, kind: 'entered', token: entered.token || null }
    // In the right browser, the first of several requests spends the code.
    if (known?.state !== 'waiting' || known.tie === state) return { kind: 'over', returnTo: known?.returnTo ?? null }
    // Spends the code, so that no other browser can use it.
    if (state === null) await this.#sessions.redeem(code, host, '')
    return { kind: 'other-browser', returnTo: known.returnTo }
  }
}
