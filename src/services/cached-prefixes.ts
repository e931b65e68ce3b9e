/** The prefixes of records that each gate caches and gets notices of. */
import { accountPrefix } from '../identity/account.ts'
import { programTokenRecord } from '../programs/program-token.ts'
import { sessionKey, tokenKey } from '../session/records.ts'
import { upstreamLoginRecord } from '../upstream-login/upstream-login.ts'

export const cachedPrefixes = [
  sessionKey(''),
  tokenKey(''),
  accountPrefix,
  programTokenRecord.prefix,
  upstreamLoginRecord.prefix
]
