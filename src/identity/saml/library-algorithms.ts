/** Teaches @node-saml/node-saml the algorithms that it lacks: ECDSA, and SHA-384. It is the copy of xml-crypto that the library itself uses. */
import { createHash, createPublicKey, type PublicKeyInput } from 'node:crypto'
import { createRequire } from 'node:module'
import { sha384 } from './algorithms.ts'
import { isSignature, signatureAlgorithms } from './signature-algorithms.ts'

interface SignedXml {
  SignatureAlgorithms: Record<string, unknown>
  HashAlgorithms: Record<string, unknown>
  loadSignature(this: SignedXml, node: unknown): void
}

const require = createRequire(import.meta.url)
const ofLibrary = createRequire(require.resolve('@node-saml/node-saml'))
const { SignedXml } = ofLibrary('xml-crypto') as { SignedXml: { prototype: SignedXml } }

function verifierOf(algorithm: string) {
  return class {
    getAlgorithmName = () => algorithm
    verifySignature = (data: string, key: string | PublicKeyInput, value: string) =>
      isSignature(algorithm, Buffer.from(data), createPublicKey(key), Buffer.from(value, 'base64'))
  }
}

class Sha384 {
  getAlgorithmName = () => sha384
  getHash = (xml: string) => createHash('sha384').update(xml, 'utf8').digest('base64')
}

/** Once in a thread. */
export function addAlgorithms(): void {
  const { prototype } = SignedXml
  const { loadSignature } = prototype
  prototype.loadSignature = function (node) {
    for (const algorithm of Object.keys(signatureAlgorithms))
      this.SignatureAlgorithms[algorithm] ??= verifierOf(algorithm)
    this.HashAlgorithms[sha384] ??= Sha384
    loadSignature.call(this, node)
  }
}
