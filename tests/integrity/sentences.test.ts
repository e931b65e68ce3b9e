/** What is new in an app, said twice: as the journal's sentence, and as reasons that operators read in their language. */
import t from 'tap'
import { asksPassword, type Mark, type MarkKind } from '../../src/integrity/mark.ts'
import { fullReasons, fullSentence, lackings } from '../../src/integrity/places.ts'
import { reasonsOf, sentenceOf } from '../../src/integrity/sentences.ts'
import { inWords } from '../../src/reasons/in-words.ts'
import { maxNoticeReasonsLength, wordsFor } from '../../src/reasons/reason.ts'
import { sayReasons } from '../reasons/say-reasons.ts'

const marks: readonly Mark[] = [
  { kind: 'form', value: `https://evil.example/x${asksPassword}` },
  { kind: 'form', value: '.' },
  { kind: 'base', value: 'https://base.example/' },
  { kind: 'script', value: 'https://cdn.example/a.js' },
  { kind: 'names', value: 'https://named.example' },
  { kind: 'redirect', value: 'https://away.example/' },
  { kind: 'refresh', value: '/later' },
  { kind: 'frame', value: 'https://frame.example/' },
  { kind: 'style', value: '/new.css' },
  { kind: 'endpoint', value: 'POST /uploads/x.php' },
  { kind: 'endpoint', value: 'GET /uploads/y.php' },
  { kind: 'file', value: '/app.js 0123abcd' },
  { kind: 'structure', value: '0123abcd' }
]

t.test('whatever the sentence names, the reasons name too, in every language', async t => {
  for (const mark of marks) {
    const sentence = sentenceOf('files', '/login', [mark], 0, 0)
    const reasons = reasonsOf('files', '/login', [mark], 0, 0)
    t.equal(reasons.length, 2, `${mark.kind} ${mark.value}`)
    const told =
      mark.kind === 'structure' ? '/login' : (/\/[\w.:/-]+|itself/.exec(mark.value.split(' ').pop()!)?.[0] ?? '')
    t.match(sentence, 'files', sentence)
    for (const language of ['en', 'de', 'zh'] as const)
      t.match(sayReasons(reasons, language), '/login', `${language} ${told}`)
  }
  t.equal(
    sayReasons(reasonsOf('files', '/login', marks.slice(0, 1), 2, 3), 'de'),
    'Auf der Seite /login der App files ist etwas neu. Ein Formular, das nach einem Passwort fragt, wird an https://evil.example/x gesendet. Neue Anweisungen im Code der Seite: 2. Weitere Neuerungen: 3.'
  )
})

t.test('the same number of things is left to the count', async t => {
  const all = reasonsOf('files', '/', marks, 0, 4)
  const [, left] = /(\d+) more things are new/.exec(sentenceOf('files', '/', marks, 0, 4)) ?? []
  t.match(all.at(-1), { id: 'appMore', facts: { count: Number(left) } })
})

t.test('a mark without a sentence of its own leaves the English sentence', async t => {
  const unknown = [{ kind: 'later' as MarkKind, value: 'x' }]
  t.same(reasonsOf('files', '/', unknown, 0, 0), [])
})

t.test('the longest finding keeps its reasons in a notice', async t => {
  const long = marks.map(({ kind, value }) => ({ kind, value: `${value}${'y'.repeat(200 - value.length)}` }))
  const reasons = reasonsOf('files', `/${'p'.repeat(199)}`, long, 512, 99)
  const words = wordsFor({ why: 'New on /.', reasons }, maxNoticeReasonsLength)
  t.match(inWords([words], 'fr'), /Autres nouveautés/)
})

t.test('a full list is said in every language too', async t => {
  for (const place of lackings) {
    t.match(fullSentence('files', place), 'Approve what belongs to the app')
    t.match(sayReasons(fullReasons('files', place), 'de'), /files ist, ist voll|files neu ist, ist voll/)
    t.equal(fullReasons('files', place).length, 3)
  }
})
