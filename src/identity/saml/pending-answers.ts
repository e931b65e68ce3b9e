/**
 * Verified answers between a provider's form, which brings no cookie of ours (SameSite=Lax), and the browser's next request. Each is taken
 * once; each assertion counts once for all gates of a store.
 */
import type { Clock } from '../../clock.ts'
import { digestOf, isToken, newToken, tokenDigest } from '../../ids.ts'
import { type Keyring, KeyringError } from '../../keyring/keyring.ts'
import { type Loose, RecordKind, type Seal } from '../../store/records.ts'
import type { Store } from '../../store/store.ts'
import type { InstitutionAnswer } from '../institution.ts'

/** Only the browser that began the request may have it. */
export interface VerifiedAnswer {
  readonly answer: InstitutionAnswer
  readonly inResponseTo: string
  readonly entityId: string
  readonly assertionId: string
  /** Milliseconds since the epoch. */
  readonly usableUntil: number
}

/** Sealed, by the digest of its code. */
export const pendingAnswerRecord = new RecordKind<VerifiedAnswer>({
  prefix: 'saml-answer:',
  version: 1,
  read: record => (isVerified(record) ? record : null),
  isIdSecret: true
})

const waitSeconds = 60
/** A begun sign-in lasts ten minutes, so no assertion is used later than this. */
const replaySeconds = 15 * 60
/** The store accepts a mebibyte, sealed. */
const maxAnswerLength = 700_000

export class PendingAnswers {
  readonly #store: Store
  readonly #clock: Clock
  readonly #keyring: () => Keyring

  constructor({ store, clock, keyring }: { store: Store; clock: Clock; keyring: () => Keyring }) {
    this.#store = store
    this.#clock = clock
    this.#keyring = keyring
  }

  /** Answers the new code; `replayed` for an assertion that has come before. Rejects if the store cannot be reached. */
  async keep(
    institution: string,
    verified: VerifiedAnswer
  ): Promise<{ readonly code: string } | 'replayed' | 'too long'> {
    if (pendingAnswerRecord.text(verified).length > maxAnswerLength) return 'too long'
    const used = digestOf(`${verified.entityId} ${verified.assertionId}`)
    const seconds = Math.ceil((verified.usableUntil - this.#clock()) / 1000)
    const isFirst = await this.#store.add(
      `saml-used:${institution}:${used}`,
      '1',
      Math.min(replaySeconds, Math.max(1, seconds))
    )
    if (!isFirst) return 'replayed'
    const code = newToken()
    await pendingAnswerRecord.put(this.#store, tokenDigest(code), verified, waitSeconds, this.#seal())
    return { code }
  }

  /** Once; otherwise null. Rejects if the store cannot be reached. */
  async take(code: string): Promise<VerifiedAnswer | null> {
    if (!isToken(code)) return null
    try {
      return await pendingAnswerRecord.take(this.#store, tokenDigest(code), this.#seal())
    } catch (error) {
      // The key has left the key file.
      if (error instanceof KeyringError) return null
      throw error
    }
  }

  #seal(): Seal {
    const keyring = this.#keyring()
    return { open: (sealed, key) => keyring.open(sealed, key), close: (plain, key) => keyring.seal(plain, key) }
  }
}

/** The seal proves that the gate wrote it. */
function isVerified(record: Loose): record is Loose & VerifiedAnswer {
  return (
    typeof record.answer === 'object' && typeof record.inResponseTo === 'string' && typeof record.entityId === 'string'
  )
}
