/** Copies of account and certificates in a folder, for other programs and for a store that was lost. Only the gate's user can read them. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { makeFolder } from '../ensure-directory.ts'
import { replaceFile } from '../files/replace-file.ts'
import type { Keyring } from '../keyring/keyring.ts'
import { sealWith } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import { checkIssued } from './issued.ts'
import { type AcmeAccount, acmeAccountRecord, certificateRecord, directoryId } from './records.ts'
import type { KeyPair } from './x509.ts'

interface CopiesInput {
  readonly folder: string
  readonly directory: string
  readonly log: { warn(fields: object, sentence: string): void }
}

export class Copies {
  readonly #input: CopiesInput

  constructor(input: CopiesInput) {
    this.#input = input
  }

  writeAccount(account: AcmeAccount): void {
    this.#write('account.json', `${JSON.stringify({ directory: this.#input.directory, ...account }, null, 1)}\n`)
  }

  writeCertificate(name: string, { cert, key }: KeyPair): void {
    // The key first: a program that reads between the two finds a pair that does not fit, and not one without a key.
    this.#write(`${name}.key`, key)
    this.#write(`${name}.crt`, cert)
  }

  /** Gives a store what it lacks: the account, and certificates that are good for a while. Rejects where the store does. */
  async restore(store: Store, keyring: () => Keyring, names: readonly string[], now: number): Promise<void> {
    const { directory } = this.#input
    const seal = sealWith(keyring)
    const account = acmeAccountRecord.parseIfKnown(this.#read('account.json') ?? '')
    const isOfThis = account !== null && directoryOf(this.#read('account.json')) === directory
    // Nobody knows which authority the certificates are of.
    if (!isOfThis) return
    const accountKey = acmeAccountRecord.key(directoryId(directory))
    await store.add(accountKey, seal.close(acmeAccountRecord.text(account), accountKey))
    for (const name of names) {
      const [cert, key] = [this.#read(`${name}.crt`), this.#read(`${name}.key`)]
      if (cert === null || key === null || (await store.get(certificateRecord.key(name))) !== null) continue
      try {
        const { from, to } = checkIssued({ cert, key }, [name], now)
        const kept = certificateRecord.text({ cert, key, directory, issuedAt: from })
        await store.add(certificateRecord.key(name), seal.close(kept, certificateRecord.key(name)), secondsTo(to, now))
      } catch (error) {
        if ((error as Error).name !== 'AcmeError') throw error
        this.#input.log.warn({ name, problem: (error as Error).message }, 'the copy of a certificate is not used')
      }
    }
  }

  #read(name: string): string | null {
    try {
      return readFileSync(path.join(this.#input.folder, name), 'utf8')
    } catch {
      return null
    }
  }

  /** A copy that cannot be written is no reason to stop. */
  #write(name: string, text: string): void {
    const { folder, log } = this.#input
    const file = path.join(folder, name)
    try {
      makeFolder(folder)
      replaceFile(file, text)
    } catch (error) {
      log.warn({ file, problem: (error as Error).message }, 'a copy for listen.tls.acme.folder could not be written')
    }
  }
}

function directoryOf(text: string | null): unknown {
  return (JSON.parse(text ?? 'null') as { directory?: unknown } | null)?.directory
}

function secondsTo(at: number, now: number): number {
  return Math.ceil((at - now) / 1000) + 30 * 24 * 3600
}
