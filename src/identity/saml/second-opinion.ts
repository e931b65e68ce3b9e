/** @node-saml/node-saml as the second reader of a response: it checks signatures by another parser and opens encrypted assertions. The rest we check ourselves. */
import type { SAML } from '@node-saml/node-saml'
import { quoted, SamlRefusal } from './refusal.ts'
import type { SecondOpinion } from './response.ts'

type Library = typeof import('@node-saml/node-saml')

export interface SecondOpinionOptions {
  /** X.509 in base64 (DER): the keys of the provider. */
  readonly certificates: readonly string[]
  readonly entityId: string
  readonly acs: string
  /** PEM; null where encrypted assertions are refused. */
  readonly privateKey: string | null
}

/** Loaded when a configuration needs it: it costs some 10 MB and 100 ms. */
export function loadLibrary(): Promise<Library> {
  return import('@node-saml/node-saml')
}

export function secondOpinionOf(library: Library, options: SecondOpinionOptions): SecondOpinion {
  return async (encoded, isResponseSigned) => {
    const reader = readerOf(library, options, isResponseSigned)
    try {
      const { profile } = await reader.validatePostResponseAsync({ SAMLResponse: encoded })
      const text = profile?.getAssertionXml?.()
      if (text === undefined) throw new SamlRefusal('the second reader found no assertion')
      return text
    } catch (error) {
      if (error instanceof SamlRefusal) throw error
      throw new SamlRefusal(`the second reader refuses the response: ${quoted((error as Error).message)}`)
    }
  }
}

function readerOf(
  { SAML }: Library,
  { certificates, entityId, acs, privateKey }: SecondOpinionOptions,
  isResponseSigned: boolean
): SAML {
  return new SAML({
    callbackUrl: acs,
    issuer: entityId,
    audience: entityId,
    idpCert: [...certificates],
    ...(privateKey === null ? {} : { decryptionPvk: privateKey }),
    wantAuthnResponseSigned: isResponseSigned,
    wantAssertionsSigned: false,
    // Its clock is not ours: times are checked by assertion.ts.
    acceptedClockSkewMs: -1
  })
}
