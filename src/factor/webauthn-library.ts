/** @simplewebauthn/server, loaded at its first use; its errors become nothing. */

export type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON
} from '@simplewebauthn/server'

/** The library takes a third of the gate's memory. Each import costs time, so it is kept. */
let loadedLibrary: Promise<typeof import('@simplewebauthn/server')> | undefined
let loadedHelpers: Promise<typeof import('@simplewebauthn/server/helpers')> | undefined
export const library = () => (loadedLibrary ??= import('@simplewebauthn/server'))
export const helpers = () => (loadedHelpers ??= import('@simplewebauthn/server/helpers'))

/** IANA, "COSE Algorithms". */
const cose = { EdDSA: -8, ES256: -7, RS256: -257, ES384: -35, ES512: -36 } as const
/** In the order of preference. Others are refused (§7.1 step 20). */
export const algorithms = [cose.EdDSA, cose.ES256, cose.RS256, cose.ES384, cose.ES512]
export const ecdsaAlgorithms: readonly unknown[] = [cose.ES256, cose.ES384, cose.ES512]

/** The library throws for an invalid response. */
export async function orNothing<Result extends object>(check: () => Promise<Result | null>): Promise<Partial<Result>> {
  try {
    return (await check()) ?? {}
  } catch {
    return {}
  }
}

/** Checked parts of the response, in the library's shape. */
export const browserParts = (id: string) => ({ id, rawId: id, type: 'public-key' as const, clientExtensionResults: {} })
