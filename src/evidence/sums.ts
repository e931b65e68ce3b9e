/**
 * SHA256SUMS of an evidence folder, and its signature. Its first line separates the signature from others of the same key: no checkpoint of
 * a journal begins so.
 */
import { readPublicKey, verifies } from '../audit/checkpoint.ts'
import type { Signer } from '../keyring/keyring.ts'
import { visible } from '../messages/visible.ts'

export const sumsFile = 'SHA256SUMS'
export const signatureFile = 'SHA256SUMS.sig'
export const publicKeyFile = 'public-key.pem'
const context = '# factorgate evidence v1'
const row = /^([0-9a-f]{64}) [ *]([\w-][\w.-]*)$/

export interface FileSum {
  readonly name: string
  readonly bytes: number
  /** In hexadecimal. */
  readonly sha256: string
}

/** The form is that of `sha256sum`, which skips lines with `#`. `remarks`: more such lines. */
export function sumsText(files: readonly FileSum[], remarks: readonly string[]): string {
  const rows = files.map(({ name, sha256 }) => `${sha256}  ${name}`)
  return `${[context, ...remarks.map(line => `# ${visible(line)}`), ...rows].join('\n')}\n`
}

/** Null if it is not such a text. */
export function readSums(text: string): ReadonlyMap<string, string> | null {
  const [first, ...lines] = text.split('\n')
  if (first !== context || lines.pop() !== '') return null
  const sums = new Map<string, string>()
  for (const line of lines) {
    if (line.startsWith('#')) continue
    const [, sha256, name] = row.exec(line) ?? []
    if (sha256 === undefined || name === undefined || sums.has(name)) return null
    sums.set(name, sha256)
  }
  return sums
}

/** 64 bytes (Ed25519, RFC 8032), over the unchanged text, so that openssl can check it. */
export function signSums(text: string, signer: Signer): Buffer {
  return Buffer.from(signer.sign(text), 'base64url')
}

/** The first of these keys that signed it; otherwise null. */
export function signerOf(text: string, signature: Buffer, publicKeys: readonly string[]): string | null {
  const sig = signature.toString('base64url')
  const isIts = (key: string) => {
    const object = readPublicKey(key)
    return object !== null && verifies(text, sig, object)
  }
  return publicKeys.find(isIts) ?? null
}

/** PEM (RFC 8410). */
export function pemOf(publicKey: string): string {
  return String(readPublicKey(publicKey)?.export({ type: 'spki', format: 'pem' }) ?? '')
}
