/** The journal's lines of a token's life. Its use is in the field `token` of each exchange. */
import type { AuditEvent } from '../audit/event.ts'
import type { Account } from '../identity/account.ts'
import type { ProgramToken } from './program-token.ts'

type TokenEvent = Pick<AuditEvent, 'kind'> & Partial<AuditEvent>

export function issueEvent(token: ProgramToken, { id, name }: Pick<Account, 'id' | 'name'>): TokenEvent {
  const { app, paths, methods, networks, bytes, expiresAt } = token
  return {
    kind: 'token.issue',
    account: id,
    name,
    app,
    token: token.id,
    program: token.name,
    ...(paths === null ? {} : { paths: paths.join(' ') }),
    ...(methods === null ? {} : { methods: methods.join(' ') }),
    ...(networks === null ? {} : { networks: networks.join(' ') }),
    ...(bytes === null ? {} : { limit: bytes }),
    ends: new Date(expiresAt).toISOString()
  }
}

/** `why`: `owner`, `not_me`, `institution_gone`, or an operator's reason. */
export function revokeEvent(
  token: ProgramToken,
  owner: Pick<Account, 'id' | 'name'> | null,
  why: string,
  isConfirmed: boolean
): TokenEvent {
  return {
    kind: 'token.revoke',
    account: token.accountId,
    ...(owner === null ? {} : { name: owner.name }),
    app: token.app,
    token: token.id,
    program: token.name,
    why,
    ...(isConfirmed ? {} : { confirmed: false })
  }
}
