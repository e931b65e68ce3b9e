/** The record of a ledger. A malformed one counts as empty. */
import type { PathsText } from '../metering/distinct-paths.ts'
import { type Loose, RecordKind } from '../store/records.ts'
import type { Budget } from './budget.ts'
import type { Grant, Ledger } from './ledger.ts'

/** The id is the budget's and the subject's: `bulk:Zx…`. */
export const ledgerRecord = new RecordKind<Ledger>({
  prefix: 'meter:',
  version: 2,
  // Version 1 knows no led requests.
  upgrades: [record => ({ ...record, led: [], ownPaths: null })],
  read: record => (isLedger(record) ? record : null)
})

/** A gate writes this key when steps move on: others then look at the ledger. */
export const passingKey = (id: string) => `passing:${id}`
export const passingPrefix = 'passing:'

export function ledgerId(budget: Budget, subject: string): string {
  return `${budget.id}:${subject}`
}

export function ledgerSeconds({ windowSeconds }: Budget): number {
  return Math.ceil(windowSeconds * 1.1) + 120
}

function isLedger(value: Loose): value is Loose & Ledger {
  return (
    isNumber(value.slotMs) &&
    (value.slotMs as number) > 0 &&
    isNumbers(value.slots) &&
    isPaths(value.paths) &&
    isNumbers(value.led) &&
    (value.ownPaths === null || isPaths(value.ownPaths)) &&
    Array.isArray(value.grants) &&
    value.grants.every(isGrant) &&
    isTime(value.askedAt) &&
    typeof value.isAnswered === 'boolean' &&
    isNumber(value.boughtWith) &&
    isNumbers(value.boughtAt) &&
    typeof value.isUnanswered === 'boolean' &&
    isNumber(value.rateUsedUntil) &&
    isNumber(value.proofAt) &&
    isTime(value.suspendedAt) &&
    (value.account === null || typeof value.account === 'string')
  )
}

function isPaths(value: unknown): value is PathsText {
  return Array.isArray(value) && value.every(isPathsOfSlot)
}

function isPathsOfSlot(value: unknown): value is PathsText[number] {
  return Array.isArray(value) && isNumber(value[0]) && isNumber(value[1]) && typeof value[2] === 'string'
}

function isGrant(value: unknown): value is Grant {
  const grant = value as Partial<Grant> | null
  return (
    typeof grant === 'object' &&
    grant !== null &&
    typeof grant.process === 'string' &&
    isNumber(grant.bytes) &&
    isNumber(grant.until)
  )
}

const isNumber = (value: unknown): value is number => Number.isFinite(value)
const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every(isNumber)
const isTime = (value: unknown) => value === null || isNumber(value)
