/**
 * The gate's account at the authority: made once, found again, and replaced where the authority no longer takes it. This happens once a day at most, otherwise
 * an authority that refuses every account would be filled with them.
 */
import type { AuditEvent } from '../audit/event.ts'
import { dayMs, isCurrent } from '../clock.ts'
import { type Keyring, KeyringError } from '../keyring/keyring.ts'
import { sealWith } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import { AccountKey } from './account-key.ts'
import { AcmeError } from './acme-error.ts'
import { AcmeClient } from './client.ts'
import { type AcmeAccount, acmeAccountRecord, directoryId } from './records.ts'
import { Wire } from './wire.ts'

export interface AccountSettings {
  readonly directory: string
  readonly email: string | null
  /** `secret` reads the base64url text of the authority's key. Throws AcmeError. */
  readonly eab: { readonly kid: string; readonly secret: () => string } | null
  /** PEM; null for the authorities that Node.js knows. Throws AcmeError. */
  readonly ca: () => string | null
}

export interface AccountsInput {
  readonly settings: AccountSettings
  readonly store: Store
  readonly keyring: () => Keyring
  readonly clock: () => number
  readonly record: (event: AuditEvent) => void
  readonly log: { warn(fields: object, sentence: string): void }
  readonly userAgent: string
  readonly onAccount?: (account: AcmeAccount) => void
  readonly timeoutMs?: number
}

const wayOut =
  'Ask the authority why it refuses accounts of this gate (a key in listen.tls.acme.eab may be for one account only), or name another authority in listen.tls.acme.directory'

export class AcmeAccounts {
  readonly #input: AccountsInput

  constructor(input: AccountsInput) {
    this.#input = input
  }

  /** Rejects with AcmeError. */
  async open(signal: AbortSignal): Promise<AcmeClient> {
    const { settings, userAgent, timeoutMs, clock } = this.#input
    const { directory, email } = settings
    const known = await this.#known()
    const ca = settings.ca()
    const wire = new Wire({ directory, ca, userAgent, ...(timeoutMs === undefined ? {} : { timeoutMs }) }, clock)
    const key = known === null ? AccountKey.generate() : AccountKey.read(known.key)
    const client = await AcmeClient.open({ wire, directory, key, signal })
    if (known !== null && known.url !== null && known.email === email) client.use(known.url)
    else await this.#again(client, known)
    return client
  }

  /** Call it after an order has failed. True if the account was the cause and is there again. Rejects with AcmeError if it cannot be had again. */
  async mend(client: AcmeClient, error: unknown): Promise<boolean> {
    if (!(error instanceof AcmeError) || client.accountUrl === null) return false
    if (error.type === 'accountDoesNotExist') await this.#again(client, await this.#known())
    // A refusal of that type may be about anything, so the account itself is asked.
    else if (error.type === 'unauthorized' && (await client.isAccountRefused())) await this.#replace(client, error)
    else return false
    return true
  }

  async #again(client: AcmeClient, known: AcmeAccount | null): Promise<void> {
    try {
      if (known === null) await this.#begin(client, null)
      await this.#register(client, known?.replacedAt ?? null)
    } catch (error) {
      const isRefused = error instanceof AcmeError && error.type === 'unauthorized'
      // A key without an account is no reason for another key, unless it replaced a refused one.
      if (!isRefused || known === null || (known.url === null && known.replacedAt === null)) throw error
      await this.#replace(client, error)
    }
  }

  /** A refused account stays refused (RFC 8555 §7.3.6). */
  async #replace(client: AcmeClient, refusal: AcmeError): Promise<void> {
    const { clock, record, log, settings } = this.#input
    const now = clock()
    const why = refusal.message
    const known = await this.#known()
    const replacedAt = known?.replacedAt ?? null
    if (replacedAt !== null && isCurrent(replacedAt + dayMs, dayMs, now)) {
      client.leave()
      const what =
        known?.url === null
          ? 'the authority no longer takes the account of the gate, and makes no new one'
          : `the authority refuses the account that the gate made on ${new Date(replacedAt).toISOString()} in the place of one that was refused`
      throw new AcmeError(`${what}: ${why}. ${wayOut}`, { type: refusal.type, retryAfterMs: refusal.retryAfterMs })
    }
    client.rekey(AccountKey.generate())
    await this.#begin(client, now)
    const url = await this.#register(client, now).catch(error => {
      if (!(error instanceof AcmeError) || error.type === null) throw error
      const { type, retryAfterMs, message } = error
      throw new AcmeError(
        `the authority no longer takes the account of the gate (${why}), and makes no new one: ${message}. ${wayOut}`,
        { type, retryAfterMs, cause: error }
      )
    })
    record({ kind: 'certificate.account', at: now, authority: settings.directory, url, why: why.slice(0, 500) })
    log.warn(
      { authority: settings.directory, problem: why },
      'the authority no longer takes the account of the gate; a new one was made'
    )
  }

  async #known(): Promise<AcmeAccount | null> {
    const { store, keyring, settings } = this.#input
    const known = await acmeAccountRecord
      .get(store, directoryId(settings.directory), sealWith(keyring))
      .catch(error => {
        if (error instanceof KeyringError) return null
        throw error
      })
    return known !== null && isReadable(known) ? known : null
  }

  /** Keeps the new key first, so that no second account is made where the gate ends in between. */
  #begin(client: AcmeClient, replacedAt: number | null): Promise<void> {
    return this.#write({ key: client.key.secret(), url: null, email: this.#input.settings.email, replacedAt })
  }

  /** With a known key the server answers with the existing account. No certificate waits for its address. */
  async #register(client: AcmeClient, replacedAt: number | null): Promise<string> {
    const { settings, onAccount, log } = this.#input
    const { email, eab } = settings
    const { url, wasThere } = await client.register({
      email,
      eab: eab === null ? null : { kid: eab.kid, secret: eab.secret() }
    })
    if (wasThere)
      await client.changeContact(url, email).catch(error => {
        if (!(error instanceof AcmeError)) throw error
        log.warn({ problem: error.message }, 'the authority does not take the new address of the account')
      })
    const account = { key: client.key.secret(), url, email, replacedAt }
    await this.#write(account)
    onAccount?.(account)
    return url
  }

  #write(account: AcmeAccount): Promise<void> {
    const { store, keyring, settings } = this.#input
    return acmeAccountRecord.put(store, directoryId(settings.directory), account, undefined, sealWith(keyring))
  }
}

function isReadable({ key }: AcmeAccount): boolean {
  try {
    return AccountKey.read(key) !== null
  } catch {
    return false
  }
}
