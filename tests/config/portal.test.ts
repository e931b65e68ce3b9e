/** What the configuration may say of the portal's look, languages and texts. */
import path from 'node:path'
import t from 'tap'
import { typeOfLogo } from '../../config/checks/portal.ts'
import { parseConfig } from '../../config/load.ts'

const svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'
const png = Buffer.from('iVBORw0KGgo=', 'base64')
const folder = t.testdir({
  'logo.svg': svg,
  'big.svg': svg + ' '.repeat(100_001),
  'page.html': '<!doctype html><svg/>'
})

/** The problems, or the warnings where there are none. */
function said(...lines: string[]): string[] {
  const portal = lines.map(line => `  ${line}\n`).join('')
  const text = `portal:\n  url: https://gate.lab.example\n${portal}trustedProxies: [10.0.0.1]\napps: []\n`
  const loaded = parseConfig(text, path.join(folder, 'gate.yaml'))
  const found = loaded.kind === 'ok' ? loaded.warnings : loaded.problems
  return found.filter(each => each.path.startsWith('portal')).map(each => `${each.path}  ${each.message}`)
}

const rows: [sentence: string, lines: string[], ...expected: (string | RegExp)[]][] = [
  [
    'texts, a logo and languages',
    ['logo: logo.svg', 'languages: [de, en]', "texts: { de: { login.title: 'Hinein' } }"]
  ],
  ['a text with its placeholder', ["texts: { en: { login.to: 'into {app}' } }"]],
  ['a language that there is not', ['languages: [tlh]'], /^portal\.languages\[0\] {2}must be/],
  ['no language', ['languages: []'], /^portal\.languages {2}is an empty list/],
  ['texts of a language that there is not', ['texts: { tlh: {} }'], /^portal\.texts\.tlh {2}must be one of en, de/],
  [
    'texts of a language that is not offered',
    ['languages: [en]', 'texts: { de: {} }'],
    /^portal\.texts\.de {2}is not used/
  ],
  [
    'a message that there is not, with the likeliest',
    ["texts: { de: { login.titel: 'Hinein' } }"],
    /^portal\.texts\.de\.login\.titel {2}is no message of the portal; did you mean login\.title\?/
  ],
  [
    'a placeholder that there is not',
    ["texts: { de: { login.to: 'zu {ap}' } }"],
    'portal.texts.de.login.to  must not name {ap}: its placeholders are {app}'
  ],
  [
    'a placeholder where there is none',
    ["texts: { de: { login.title: '{app}' } }"],
    'portal.texts.de.login.title  must not name {app}: this message has no placeholders'
  ],
  ['a brace that is left open', ["texts: { de: { login.to: 'zu {app' } }"], /must be a message in ICU MessageFormat/],
  ['a logo that is not there', ['logo: none.svg'], 'portal.logo  names a file that cannot be read: ENOENT'],
  ['a logo that is too large', ['logo: big.svg'], 'portal.logo  must have at most 100 kB, got 101 kB'],
  ['a logo that is none', ['logo: page.html'], 'portal.logo  must be an SVG or PNG file, and this file is neither'],
  [
    'an accent that is hard to read on light and on dark pages',
    ["accent: '#777777'"],
    /^portal\.accent {2}has a contrast below 4\.5:1 \(WCAG AA\): 4\.1:1 on light pages, where the gate uses #[0-9a-f]{6}; 3\.9:1 on dark pages/
  ]
]

for (const [sentence, lines, ...expected] of rows)
  t.test(sentence, async t => {
    const found = said(...lines)
    t.equal(found.length, expected.length, found.join('\n'))
    for (const [index, one] of expected.entries()) t.match(found[index], one)
  })

t.test('a logo is known by its content', async t => {
  for (const [content, type] of [
    [svg, 'image/svg+xml'],
    [`\ufeff<?xml version="1.0"?>\n<!-- made by hand -->\n${svg}`, 'image/svg+xml'],
    [png, 'image/png'],
    ['', null],
    ['<html><svg></svg></html>', null],
    ['GIF89a', null]
  ] as const)
    t.equal(typeOfLogo(Buffer.from(content)), type)
})
