/** Copies of account and certificates in a folder, for other programs and for a lost store. Only the gate's user can read them. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { makeFolder } from '../ensure-directory.ts'
import { replaceFiles } from '../files/replace-file.ts'
import type { Keyring } from '../keyring/keyring.ts'
import { sealWith } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import { checkIssued } from './issued.ts'
import { type AcmeAccount, acmeAccountRecord, certificateRecord, directoryId } from './records.ts'
import type { KeyPair } from './x509.ts'

interface CopiesInput {
  readonly folder: string
  readonly directory: string
  readonly log: { info(fields: object, sentence: string): void; warn(fields: object, sentence: string): void }
}

const unwritten =
  'a copy for listen.tls.acme.folder could not be written: make room, or mend the folder; the gate tries again each minute'

export class Copies {
  readonly #input: CopiesInput
  readonly #unwritten = new Map<string, readonly (readonly [name: string, text: string])[]>()

  constructor(input: CopiesInput) {
    this.#input = input
  }

  writeAccount(account: AcmeAccount): void {
    const text = `${JSON.stringify({ directory: this.#input.directory, ...account }, null, 1)}\n`
    this.#write('account.json', [['account.json', text]])
  }

  writeCertificate(name: string, { cert, key }: KeyPair): void {
    // The key first: a program that reads in between finds a pair that does not fit, but no missing key.
    this.#write(`${name}.crt`, [
      [`${name}.key`, key],
      [`${name}.crt`, cert]
    ])
  }

  /** Other programs would go on with an old certificate until it ends. */
  writeAgain(): void {
    for (const [name, files] of [...this.#unwritten]) this.#write(name, files)
  }

  async restore(store: Store, keyring: () => Keyring, names: readonly string[], now: number): Promise<void> {
    const { directory } = this.#input
    const seal = sealWith(keyring)
    const account = acmeAccountRecord.parseIfKnown(this.#read('account.json') ?? '')
    const isOfThis = account !== null && directoryOf(this.#read('account.json')) === directory
    // The certificates may be of any authority.
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

  /** A failure is no reason to stop. */
  #write(name: string, files: readonly (readonly [name: string, text: string])[]): void {
    const { folder, log } = this.#input
    const isNews = this.#unwritten.get(name) !== files
    try {
      makeFolder(folder)
      replaceFiles(files.map(([name, text]) => [path.join(folder, name), text]))
      if (this.#unwritten.delete(name))
        log.info({ folder, file: name }, 'the copy for listen.tls.acme.folder is written now')
    } catch (error) {
      this.#unwritten.set(name, files)
      if (isNews) log.warn({ folder, file: name, problem: (error as Error).message }, unwritten)
    }
  }
}

function directoryOf(text: string | null): unknown {
  return (JSON.parse(text ?? 'null') as { directory?: unknown } | null)?.directory
}

function secondsTo(at: number, now: number): number {
  return Math.ceil((at - now) / 1000) + 30 * 24 * 3600
}
