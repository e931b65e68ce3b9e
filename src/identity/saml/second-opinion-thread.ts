/** The thread in which @node-saml/node-saml checks signatures with another parser and decrypts assertions. An answer with thousands of groups takes seconds. */
import { parentPort } from 'node:worker_threads'
import { SAML } from '@node-saml/node-saml'
import { decryptXml } from '@node-saml/node-saml/lib/xml.js'
import { addKeyTransports } from './key-transport.ts'
import { addAlgorithms } from './library-algorithms.ts'

export interface OpinionTask {
  readonly id: number
  /** The response in base64. */
  readonly encoded: string
  readonly isResponseSigned: boolean
  /** XML of the encrypted assertion, or null. */
  readonly encrypted: string | null
  /** The provider's: X.509 in base64 (DER). */
  readonly certificates: readonly string[]
  readonly entityId: string
  readonly acs: string
  /** PEM; null refuses encrypted assertions. */
  readonly privateKey: string | null
}

/** An encrypted identifier. Only the library decrypts. */
export interface OpenTask {
  readonly id: number
  /** XML around `xenc:EncryptedData`. */
  readonly encrypted: string
  /** PEM. */
  readonly privateKey: string
}

/** The signed assertion and the decrypted text, or the reason of a refusal. */
export type Opinion =
  | { readonly id: number; readonly assertion: string; readonly opened: string | null }
  | { readonly id: number; readonly text: string }
  | { readonly id: number; readonly problem: string }

async function read({
  id,
  encoded,
  isResponseSigned,
  encrypted,
  certificates,
  entityId,
  acs,
  privateKey
}: OpinionTask): Promise<Opinion> {
  const reader = new SAML({
    callbackUrl: acs,
    issuer: entityId,
    audience: entityId,
    idpCert: [...certificates],
    ...(privateKey === null ? {} : { decryptionPvk: privateKey }),
    wantAuthnResponseSigned: isResponseSigned,
    wantAssertionsSigned: false,
    // assertion.ts checks the times by the gate's clock.
    acceptedClockSkewMs: -1
  })
  try {
    const { profile } = await reader.validatePostResponseAsync({ SAMLResponse: encoded })
    const assertion = profile?.getAssertionXml?.()
    if (assertion === undefined) return { id, problem: 'no assertion' }
    const opened = encrypted === null || privateKey === null ? null : await decryptXml(encrypted, privateKey)
    return { id, assertion, opened }
  } catch (error) {
    return { id, problem: (error as Error).message }
  }
}

async function open({ id, encrypted, privateKey }: OpenTask): Promise<Opinion> {
  try {
    return { id, text: await decryptXml(encrypted, privateKey) }
  } catch (error) {
    return { id, problem: (error as Error).message }
  }
}

addAlgorithms()
addKeyTransports()
parentPort?.on('message', async (task: OpinionTask | OpenTask) =>
  parentPort?.postMessage(await ('encoded' in task ? read(task) : open(task)))
)
