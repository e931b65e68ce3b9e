/** Message files: types, translations, and pages that say something outside of them. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { flatten } from '../../src/messages/catalogue.ts'
import { compile, placeholdersOf } from '../../src/messages/icu.ts'
import { isolate } from '../../src/messages/isolate.ts'
import { languages } from '../../src/messages/languages.ts'
import { messageFolders, sourceOf, typesFile, typesOf } from './message-types.ts'
import { textsOutside } from './texts-outside.ts'
import { compare, findingsOf, hashOf, translationsOf } from './translations.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

for (const folder of messageFolders())
  t.test(folder, async t => {
    t.equal(
      readFileSync(typesFile(folder), 'utf8'),
      typesOf(sourceOf(folder)),
      'its types are written: npm run messages'
    )
    for (const [key, text] of flatten(sourceOf(folder))) t.doesNotThrow(() => placeholdersOf(text), key)
    for (const language of translationsOf(folder))
      t.same(
        findingsOf(folder, language),
        { missing: [], superfluous: [], stale: [], wrong: [] },
        `${language} is complete and up to date: npm run messages says what is to be done`
      )
  })

t.test('a language has one word for the gate, on pages and in mails', t => {
  // What translators wrote in its place before. Readers took it for a second thing.
  const others = {
    de: /\bgate(?:way)?s?\b/i,
    fr: /passerelle/i,
    es: /pasarela/i,
    it: /\bgateway/i,
    pt: /\bgateway/i,
    pl: /\bbram(?:a|y|k)/i,
    zh: /网关/,
    ja: /ゲート/
  }
  for (const folder of messageFolders())
    for (const [language, other] of Object.entries(others) as [keyof typeof others, RegExp][]) {
      if (!translationsOf(folder).includes(language)) continue
      const file = path.join(root, folder, `${language}.json`)
      for (const [key, text] of flatten(JSON.parse(readFileSync(file, 'utf8'))))
        t.notMatch(text, other, `${folder}, ${language}: ${key}`)
    }
  t.end()
})

t.test('what is wrong with a translation is found', async t => {
  const source = { a: 'Hello {name}', b: { c: 'Bye', d: '{n, plural, one {# code} other {# codes}}' } }
  const all = { a: hashOf('Hello {name}'), 'b.c': hashOf('Bye'), 'b.d': hashOf(source.b.d) }
  const right = { a: 'Hallo {name}', b: { c: 'Tschüs', d: '{n, plural, one {# Code} other {# Codes}}' } }
  const none = { missing: [], superfluous: [], stale: [], wrong: [] }
  t.same(compare(source, right, all), none)
  t.same(compare(source, { ...right, b: { c: 'Tschüs' } }, all), { ...none, missing: ['b.d'] })
  t.same(compare(source, { ...right, e: 'x' }, all), { ...none, superfluous: ['e'] })
  t.same(compare({ ...source, a: 'Good day {name}' }, right, all), { ...none, stale: ['a'] })
  t.same(compare(source, right, { ...all, 'b.c': undefined as never }), { ...none, stale: ['b.c'] })
  for (const [text, problem] of [
    ['Hallo {nam}', /\{nam\} is not in the English sentence/],
    ['Hallo', /\{name\} is left out/],
    ['Hallo {name', /a:/],
    ['', /is empty/]
  ] as const)
    t.match(compare(source, { ...right, a: text }, all).wrong.join('\n'), problem, text)
})

t.test('a page says nothing outside of the message files', async t => {
  const files = ['plugins/portal', 'plugins/portal/institutions'].flatMap(folder =>
    readdirSync(path.join(root, folder)).map(name => path.posix.join(folder, name))
  )
  for (const file of files.filter(name => name.endsWith('.tsx')))
    t.same(textsOutside(readFileSync(path.join(root, file), 'utf8')), [], file)
  for (const [source, found] of [
    ['<p>Sign in</p>', ['Sign in']],
    ['<p>{say.title} now</p>', ['now']],
    ["<p>{isOld ? 'Too old' : say.title}</p>", ['Too old']],
    ['<img alt="A door" src="x.svg" />', ['A door']],
    ['<input placeholder={`Your name`} />', ['Your name']],
    ['<button type="submit" class="second">{say.submit}</button>', []],
    ['<p>1. {say.scan}</p>', []],
    ["<p>{say.contact}{' '}<b>{name}</b></p>", []]
  ] as const)
    t.same(textsOutside(`const Page = () => ${source}`), found, source)
})

t.test('plurals have the forms of each language', async t => {
  const text = '{n, plural, one {# kod} few {# kody} many {# kodów} other {# kodu}}'
  const pl = compile(text, languages.pl.locale)
  t.same(
    [1, 2, 5, 22].map(n => pl({ n })),
    ['1 kod', '2 kody', '5 kodów', '22 kody']
  )
  const ar = compile('{n, plural, zero {صفر} one {واحد} two {اثنان} few {# رموز} other {# رمز}}', languages.ar.locale)
  t.same(
    [0, 1, 2, 3].map(n => ar({ n })),
    ['صفر', 'واحد', 'اثنان', '3 رموز']
  )
})

t.test('the word of a select is no text, also where texts are changed', async t => {
  const text = '{kind, select, app {the app {name}} other {something}}'
  const format = compile(text, languages.ar.locale, value => `<${value}>`)
  t.same([format({ kind: 'app', name: 'x' }), format({ kind: 'page', name: 'x' })], ['the app <x>', 'something'])
})

t.test('a name of the other direction is kept apart, and nothing else', async t => {
  for (const [text, direction, apart] of [
    ['Ada', 'ltr', false],
    ['X okay??', 'ltr', false],
    ['עדה', 'ltr', true],
    ['دفاتر Ω!', 'ltr', true],
    ['Ada', 'rtl', true],
    ['عائشة', 'rtl', false],
    ['192.0.2.17', 'rtl', true],
    ['Ω مختبر', 'rtl', true]
  ] as const)
    t.equal(isolate(text, direction), apart ? `\u2068${text}\u2069` : text, `${text} in ${direction}`)
  t.equal(isolate('a \u2068עדה\u2069 b', 'ltr'), 'a \u2068עדה\u2069 b', 'not twice')
})
