/** A verdict in words and as reasons. */
import { reason, type Words } from '../reasons/reason.ts'
import { sayLed, sayLedElse } from './sentences.ts'
import type { UnusualVerdict } from './unusual.ts'

const maxSentences = 3

export function wordsOfVerdict({ signals, led, isSpared }: UnusualVerdict): Words {
  const said = signals.slice(0, maxSentences)
  const sentences = said.map(({ sentence }) => sentence)
  const reasons = said.flatMap(signal => signal.reasons)
  if (led !== null) {
    sentences.push(sayLed(led.objects, led.bytes))
    reasons.push(reason('led', led))
  }
  if (isSpared) {
    sentences.push(sayLedElse(led !== null))
    reasons.push(reason(led === null ? 'sparedBefore' : 'sparedToday', {}))
  }
  return { why: sentences.join(' '), reasons }
}
