/** Reasons in each language: every signal has sentences, numbers and units are those of the language, and what cannot be read is said in English. */
import t from 'tap'
import type { Budget } from '../../src/budgets/budget.ts'
import * as budgets from '../../src/budgets/sentences.ts'
import * as decoys from '../../src/decoys/sentences.ts'
import { type Language, languageCodes } from '../../src/messages/languages.ts'
import { inWords } from '../../src/reasons/in-words.ts'
import {
  type FactsOf,
  type Reason,
  type ReasonId,
  reason,
  reasonsIn,
  shapes,
  wordsFor
} from '../../src/reasons/reason.ts'
import { features } from '../../src/unusual/features.ts'
import type { Usual } from '../../src/unusual/group.ts'
import { familyOfDoubt, sums } from '../../src/unusual/score.ts'
import * as signals from '../../src/unusual/sentences.ts'
import { sayReasons } from './say-reasons.ts'

const usual: Usual = {
  middle: new Float64Array(features.length).fill(2),
  spread: new Float64Array(features.length).fill(1)
} as unknown as Usual

/** Facts of the kinds that a reason has. */
function example(id: ReasonId): Reason {
  const facts = Object.entries(shapes[id]).map(([name, kind]) => [name, kind === 'number' ? 1234 : name])
  return reason(id, Object.fromEntries(facts) as FactsOf<ReasonId>)
}

const others = languageCodes.filter(language => language !== 'en')

t.test('each reason has a sentence in every language, with its facts', async t => {
  for (const id of Object.keys(shapes) as ReasonId[]) {
    const one = example(id)
    const english = sayReasons([one], 'en')
    for (const language of languageCodes) {
      const said = sayReasons([one], language)
      t.match(said, /[.。]$/, `${id} in ${language}: ${said}`)
      t.notMatch(said, /undefined|NaN|[{}]/, `${id} in ${language}`)
      if (language !== 'en') t.not(said, english, `${id} in ${language} is translated`)
      const facts = Object.entries(one.facts).filter(([, fact]) => typeof fact === 'string')
      for (const [, fact] of facts) t.match(said, fact as string, `${id} in ${language} names it`)
    }
  }
})

t.test('every signal is said in every language', async t => {
  const said = [
    ...features.map((_, feature) => signals.sayFeature(feature, 500, usual)),
    signals.sayHaul(500, usual, { files: 3, bytes: 5e6 }),
    ...sums.map(({ id }) => signals.saySum(id, 5, usual)),
    signals.sayRecord('bytes', 5e9, 3),
    signals.sayRecord('objects', 5000, 3),
    signals.sayRepeat(2, 7),
    signals.sayHour(2, 0.005, true)
  ]
  for (const { id, sentence, reasons } of said) {
    t.ok(sentence.length > 10 && reasons.length > 0, id)
    t.same(reasonsIn(JSON.parse(JSON.stringify(reasons))), reasons, `${id} is read as it was written`)
    for (const language of others) t.not(sayReasons(reasons, language), sayReasons(reasons, 'en'), `${id}: ${language}`)
  }
  const doubts = Object.keys(familyOfDoubt)
  t.same(
    doubts.filter(kind => !Object.hasOwn(shapes, kind)),
    [],
    'each doubt about a session is a reason'
  )
})

t.test('numbers, units, countries and plurals are those of the language', async t => {
  const GiB = 1024 ** 3
  const rows: readonly (readonly [Language, Reason, string])[] = [
    [
      'en',
      reason('bytes', { amount: 2.5 * GiB, usual: 300 * 1024, busy: 12.34 * 1024 ** 2 }),
      '2.5 GiB was fetched from the apps on one day. On a usual day it is 300 KiB, on a busy day 12.3 MiB.'
    ],
    [
      'de',
      reason('bytes', { amount: 2.5 * GiB, usual: 300 * 1024, busy: 12.34 * 1024 ** 2 }),
      'An einem Tag wurden 2,5 GiB aus den Apps abgerufen. An einem üblichen Tag sind es 300 KiB, an einem vollen Tag 12,3 MiB.'
    ],
    [
      'de',
      reason('objects', { amount: 12_345, usual: 1, busy: 1200 }),
      'An einem Tag wurden 12.345 verschiedene Seiten geöffnet. An einem üblichen Tag sind es 1, an einem vollen Tag 1.200.'
    ],
    ['pl', reason('haulRow', { files: 3, bytes: 1 }), 'Najdłuższy ciąg: 3 pliki, razem 1 bajt.'],
    ['pl', reason('haulRow', { files: 25, bytes: 5 }), 'Najdłuższy ciąg: 25 plików, razem 5 bajtów.'],
    [
      'fr',
      reason('country', { country: 'DE' }),
      'Le compte a été utilisé depuis un pays nouveau pour lui : Allemagne.'
    ],
    ['ja', reason('country', { country: 'BR' }), 'このアカウントにとって新しい国または地域で使われました：ブラジル。'],
    ['en', reason('country', { country: '??' }), 'The account was used from a country that is new to it: ??.'],
    [
      'en',
      reason('travel', { km: 9123, minutes: 90 }),
      'The account was used in two places within 1.5 hours, 9,123 km apart. Nobody can travel that fast.'
    ],
    [
      'en',
      reason('hours', { hour: 23, share: 0, isRest: 0 }),
      'The account was used between 23:00 and 00:00 UTC. On workdays that happens on fewer than 1 of 100 days.'
    ],
    [
      'en',
      reason('changed', { browser: '', system: '' }),
      'A sign-in went on with another browser or program: a client without a name.'
    ],
    [
      'de',
      reason('budgetPages', { amount: 1201, app: '', seconds: 7200, budget: 'theft', limit: 1200 }),
      'Aus den Apps wurden innerhalb von 2 Stunden 1.201 verschiedene Seiten aufgerufen. Das Budget „theft“ erlaubt 1.200 verschiedene Seiten.'
    ]
  ]
  for (const [language, one, sentence] of rows) t.equal(sayReasons([one], language), sentence)
  const arabic = sayReasons(
    [reason('budgetFetched', { amount: 2.5 * GiB, app: 'files', seconds: 600, budget: 'theft', limit: 2 * GiB })],
    'ar'
  )
  t.match(arabic, '\u2068files\u2069', 'a name of the other direction is kept apart')
  t.match(arabic.replace(/[\u2068\u2069]/g, ''), 'files خلال 10 دقائق: 2.5 غيبيبايت.')
})

t.test('what stands in a record is said as it can be read', async t => {
  const known = reason('programBytes', { program: 'nightly', amount: 2048, usual: 1024 })
  const words = (reasons: unknown) => [{ why: 'The English sentence.', reasons: reasons as readonly Reason[] }]
  t.match(inWords(words([known]), 'es'), /^El programa «nightly» ha descargado 2 KiB/)
  for (const [what, reasons] of [
    ['an older record', undefined],
    ['no reason', []],
    ['no list', 'bytes'],
    ['one that a newer release knows', [known, { id: 'moonPhase', facts: {} }]],
    ['one that every object has', [{ id: 'toString', facts: {} }]],
    ['a fact that is missing', [{ id: 'programBytes', facts: { program: 'x', amount: 1 } }]],
    ['a fact of another kind', [{ id: 'stopped', facts: null }]],
    ['a number that is none', [{ id: 'bytes', facts: { amount: 'many', usual: 1, busy: 1 } }]]
  ] as const)
    for (const language of languageCodes) t.equal(inWords(words(reasons), language), 'The English sentence.', what)
  const both = inWords([{ why: 'The badge was returned' }, ...words([reason('stopped', {})])], 'de')
  t.equal(
    both,
    'The badge was returned. Mitten in einer Anmeldung fehlten auf einmal die Kopfzeilen, die Browser senden.'
  )
  t.equal(inWords([...words([known]), ...words([known])], 'en').match(/nightly/g)?.length, 1, 'each once')
  const long = wordsFor({ why: 'Long.', reasons: [reason('network', { network: 'x'.repeat(1000) })] })
  t.same(long, { why: 'Long.' }, 'a record stays small')
  t.same(wordsFor(words([known])[0]!), words([known])[0])
})

t.test('a budget and a decoy are said with what follows', async t => {
  const budget = {
    id: 'theft',
    counted: 'bytes',
    direction: 'out',
    app: 'files',
    windowSeconds: 600,
    steps: ['suspend']
  } as unknown as Budget
  const MiB = 1024 ** 2
  t.equal(
    sayReasons(budgets.reasonsOf(budget, { spent: 40 * MiB, own: 10 * MiB, limit: 20 * MiB }, 'unanswered'), 'en'),
    '40 MiB was fetched from files within 10 minutes. The budget “theft” allows 20 MiB. Nobody confirmed it with a second factor within a minute. Another site, or a page fetched ahead, may have led the browser to 30 MiB of it. So the account is not suspended for it. Whoever confirms it with a second factor may go on, and operators can lift it (factorgate user resume).'
  )
  t.same(budgets.reasonsOf(budget, { spent: 1, own: 1, limit: 1 }, 'bought'), [])
  const touch = { outcome: 'touched', steps: ['journal', 'suspend'], isStopped: true } as const
  const told = { touch, led: null, name: 'ada', program: null, app: 'files', text: '/passwords.csv' }
  t.match(
    sayReasons(decoys.reasonsOf(told), 'fr'),
    /leurre .* : \/passwords\.csv\. Il a été ouvert avec ce compte\. Le compte est suspendu\.$/
  )
  t.match(
    sayReasons(decoys.reasonsOf({ ...told, program: 'nightly' }), 'it'),
    'il programma «nightly» di questo account'
  )
})
