/** The pages of docs/ for people: their commands exist, their configurations load, each page is reached from the index. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { formatProblem, parseConfig } from '../../config/load.ts'
import { complete } from '../config/read.ts'
import { commandAt } from '../fixtures/in-process/command.ts'
import { blocksOf, callsIn, faultOf } from './commands.ts'
import { filesIn, root, textOf } from './documents.ts'
import { linksIn } from './links.ts'
import { unknownKeysIn } from './yaml-keys.ts'

const pages = [...filesIn('docs').filter(file => file.endsWith('.md')), 'README.md', 'config/reference.md']
const blocks = pages.flatMap(page => blocksOf(textOf(page)).map(block => ({ page, ...block })))

t.test('blocks and calls are read as a shell and a reader see them', async t => {
  t.same(blocksOf('# A *b*\n```sh\nx\n```\n   ```yaml\n   y\n   ```\n'), [
    { language: 'sh', text: 'x\n', under: 'A *b*' },
    { language: 'yaml', text: '   y\n', under: 'A *b*' }
  ])
  t.same(
    callsIn(
      "runuser -u factorgate -- factorgate user add x --display 'A | B' # factorgate no\nfactorgate report|jq x > factorgate\na && factorgate b -f"
    ),
    [['user', 'add', 'x', '--display', 'A | B'], ['report'], ['b', '-f']]
  )
  for (const [sentence, call, fault] of [
    ['a command', ['user', 'add', 'x', '--group', 'y'], null],
    ['an option with its value', ['journal', 'search', '--from=2d'], null],
    ['an unknown command', ['user', 'ad', 'x'], "there is no command 'user ad'"],
    ['an unknown option', ['user', 'add', 'x', '--grop'], "'user add' has no option --grop"],
    ['the beginning of an option', ['user', 'add', 'x', '--gro'], "'user add' has no option --gro"],
    ['an option of another command', ['user', 'list', '--limit', '3'], "'user list' has no option --limit"],
    ['a word where there is none', ['watch', 'show', 'NAME'], "'watch show' takes no word like NAME"],
    ['a word that is a value', ['watch', 'show', '--user', 'NAME'], null]
  ] as const)
    t.equal(await faultOf(call), fault, sentence)
})

t.test('what a proxy in front is told to set, it is told to remove first', async t => {
  const page = textOf('docs/institutions/header.md')
  const named = (pattern: RegExp) => new Set([...page.matchAll(pattern)].map(([, name]) => name))
  const removed = named(/^RequestHeader unset (X-[\w-]+) +early$/gm)
  const set = named(/^ *RequestHeader set (X-[\w-]+) /gm)
  t.ok(set.size > 4, `${set.size} headers`)
  t.same(
    [...set].filter(name => !removed.has(name)),
    [],
    'a browser could send these itself'
  )
})

t.test('every factorgate command and option in a block of code exists', async t => {
  const calls = blocks.flatMap(({ page, language, text }) =>
    language === 'sh' ? callsIn(text).map(call => ({ page, call })) : []
  )
  t.ok(calls.length > 60, `${calls.length} calls`)
  for (const { page, call } of calls) {
    const fault = await faultOf(call)
    if (fault !== null) t.fail(`${page}: ${fault} (factorgate ${call.join(' ')})`)
  }
})

t.test('every factorgate command and option inside a sentence exists', async t => {
  const calls = pages.flatMap(page =>
    [
      ...textOf(page)
        .replace(/^ *```[\s\S]*?^ *```$/gm, '')
        .matchAll(/`(factorgate [a-z][^`]*)`/g)
    ].flatMap(([, text]) => callsIn(text!).map(call => ({ page, call })))
  )
  t.ok(calls.length > 60, `${calls.length} calls`)
  const faults = []
  for (const { page, call } of calls) {
    const fault = await faultOf(call)
    if (fault !== null) faults.push(`${page}: ${fault} (factorgate ${call.join(' ')})`)
  }
  t.same(faults, [])
})

t.test('every whole configuration in the guides is one that the gate takes', async t => {
  const guides = blocks.filter(
    ({ page, language, text }) =>
      language === 'yaml' &&
      /^docs\/(?:institutions\/)?[a-z-]+\.md$/.test(page) &&
      /^ *(?:apps|identity|journal|notify|listen|session|portal):/m.test(text)
  )
  t.ok(guides.length > 3, `${guides.length} configurations`)
  for (const { page, under, text } of guides) {
    const indent = /^ */.exec(text)![0]
    const plain = text.replace(new RegExp(`^${indent}`, 'gm'), '')
    const loaded = parseConfig(complete(plain), '/etc/factorgate/factorgate.yaml', {})
    // A file that a page names (a password, a certificate) is not on this machine.
    const problems = (loaded.kind === 'ok' ? [] : loaded.problems).filter(
      ({ message }) => !/names? a (?:readable )?file|cannot be read|does not exist/.test(message)
    )
    t.same(problems.map(formatProblem), [], `${page}, under "${under}"`)
  }
})

/** Of other programs: Prometheus, and the examples of Kubernetes and Compose. */
const isForeign = (text: string) => /^ *(?:scrape_configs|rule_files|apiVersion|services):/m.test(text)

t.test('every key in the YAML of a page exists where it stands', async t => {
  for (const [sentence, yaml, unknown] of [
    ['a whole configuration', 'portal: { url: x }\napps:\n  - { id: a, rules: [{ path: /x, access: mfa }] }', []],
    ['a part of an app', '    upstream: [a, b]\n    health: { path: /h }', []],
    ['a part of a part', 'rules:\n  - { pth: /x }', ['rules[0].pth']],
    ['a wrong key beside right ones', 'listen: { prt: 1 }\nkeyfile: x', ['listen.prt', 'keyfile']],
    ['a right key at a wrong place', 'portal: { rules: [] }', ['portal.rules']],
    [
      'the kinds of an institution',
      'identity:\n  - { id: a, kind: ldap, servers: [x], baze: y }',
      ['identity[0].baze']
    ],
    ['keys that people choose', 'apps:\n  - { addHeaders: { X-Whatever: y } }', []]
  ] as const)
    t.same(unknownKeysIn(yaml), unknown, sentence)
  const own = blocks.filter(({ language, text }) => language === 'yaml' && !isForeign(text))
  t.ok(own.length > 40, `${own.length} blocks`)
  t.same(
    own.flatMap(({ page, under, text }) => unknownKeysIn(text).map(key => `${page}, under "${under}": ${key}`)),
    []
  )
})

t.test('what a page says that explain answers is what it answers', async t => {
  const page = blocksOf(textOf('docs/put-it-before-your-app.md'))
  const config = page.find(({ text }) => text.startsWith('listen:'))!.text.replace(/, tls: \{.*?\}/, '')
  const file = path.join(t.testdir({ 'new.yaml': config }), 'new.yaml')
  const calls = page.flatMap(({ text }) => callsIn(text)).filter(([command]) => command === 'explain')
  t.equal(calls.length, 4)
  const codes = []
  for (const call of calls)
    codes.push((await commandAt(file)(...call.filter(word => !/^(--config|new\.yaml)$/.test(word)))).code)
  t.same(codes, [0, 0, 1, 1], 'the first two are forwarded, the others not')
})

t.test('every file of docs/ is reached from docs/README.md or README.md', async t => {
  const reached = new Set<string>()
  const visit = (file: string) => {
    if (reached.has(file) || !existsSync(path.join(root, file))) return
    reached.add(file)
    if (!file.endsWith('.md') || !(file === 'README.md' || file.startsWith('docs/'))) return
    for (const link of linksIn(textOf(file)))
      visit(path.posix.join(path.posix.dirname(file), decodeURI(link.split('#')[0] ?? '')))
  }
  visit('docs/README.md')
  t.same(
    filesIn('docs').filter(file => file.endsWith('.md') && !reached.has(file)),
    [],
    'pages from the index alone'
  )
  visit('README.md')
  t.same(
    filesIn('docs').filter(file => !reached.has(file)),
    []
  )
})

t.test('the poster can be edited and printed anywhere: it fetches nothing and runs nothing', async t => {
  const poster = textOf('docs/poster.html')
  t.notMatch(poster, /<script|<link|<img|@import|url\(|https?:/i)
  t.match(poster, /@page \{ size: A4/)
  for (const [, own] of poster.matchAll(/\[([^\]]+)\]/g)) t.ok(own!.length < 50, `[${own}] is a place for own words`)
  t.match(textOf('docs/roll-out.md'), /\]\(poster\.html\)/)
})
