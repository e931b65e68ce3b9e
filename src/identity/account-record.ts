/** The record of an account in the store. With an invalid record the account does not exist for the gate (THREATS D3). */
import { type Loose, RecordKind } from '../store/records.ts'
import { type Account, accountPrefix } from './account.ts'
import { isSuspension } from './suspension.ts'

export const accountRecord = new RecordKind<Account>({
  prefix: accountPrefix,
  version: 1,
  read: record => (isAccount(record) ? record : null)
})

function isAccount(record: Loose): record is Loose & Account {
  const {
    id,
    name,
    formerNames,
    displayName,
    directory,
    externalId,
    email,
    groups,
    theirGroups,
    suspended,
    createdAt,
    language
  } = record as Partial<Account>
  return (
    [id, name, displayName, directory].every(field => typeof field === 'string' && field !== '') &&
    (formerNames === undefined ||
      (Array.isArray(formerNames) && formerNames.every(former => typeof former === 'string' && former !== ''))) &&
    (externalId === undefined || (typeof externalId === 'string' && externalId !== '')) &&
    (email === null || typeof email === 'string') &&
    Array.isArray(groups) &&
    groups.every(group => typeof group === 'string') &&
    (theirGroups == null || (Array.isArray(theirGroups) && theirGroups.every(group => typeof group === 'string'))) &&
    (suspended === null || isSuspension(suspended)) &&
    typeof createdAt === 'number' &&
    (language === undefined || typeof language === 'string')
  )
}
