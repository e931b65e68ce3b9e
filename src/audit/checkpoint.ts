/** Checkpoints: journal lines, and the head, signed with Ed25519 (RFC 8032). */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { Signer } from '../keyring/keyring.ts'
import type { ChainEnd } from './chain.ts'
import { lineOf } from './encode-event.ts'

interface CheckpointFields {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** The hash of the first line, which identifies the journal. */
  readonly chain: string
  readonly next?: { readonly keyId: string; readonly publicKey: string } | undefined
}

const context = 'factorgate journal checkpoint v1\n'
const headContext = 'factorgate journal head v1\n'
const signed = /^(.*),"sig":"([A-Za-z0-9_-]{86})"\}\n?$/s
/** DER prefix of an Ed25519 public key (RFC 8410 §4). */
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex')

/** `start`: the beginning of the line with its link, up to the comma. */
export function checkpointLine(start: string, { at, chain, next }: CheckpointFields, signer: Signer): string {
  const body = lineOf({
    kind: 'journal.checkpoint',
    at,
    chain,
    key: signer.keyId,
    publicKey: signer.publicKey,
    nextKey: next?.keyId,
    nextPublicKey: next?.publicKey
  })
  const text = start + body.slice(1, -2)
  return `${text},"sig":"${signer.sign(context + text)}"}\n`
}

export function isSignedBy(line: string, publicKey: KeyObject): boolean {
  const [, text = '', signature = ''] = signed.exec(line) ?? []
  return signature !== '' && verifies(context + text, signature, publicKey)
}

export function headText({ chain, seq, hash, at }: ChainEnd & { readonly chain: string; readonly at: number }): string {
  return `${headContext}${chain}\n${seq}\n${hash}\n${at}`
}

export function verifies(text: string, signature: string, publicKey: KeyObject): boolean {
  return verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64url'))
}

/** Null unless `text` is 32 bytes in base64url. */
export function readPublicKey(text: string): KeyObject | null {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length !== 32 || !/^[A-Za-z0-9_-]{43}=?$/.test(text)) return null
  return createPublicKey({ key: Buffer.concat([ed25519Prefix, bytes]), format: 'der', type: 'spki' })
}
