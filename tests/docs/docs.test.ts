/**
 * The documents match the code: every quoted id is in docs/, every row of docs/ has a test, every link has a target, and no file names a
 * missing document.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { facts, ids } from '../threats/ids.ts'
import { carriers, filesIn, lists, namedBy, type Row, root, rowsOf, textOf, withTests } from './documents.ts'
import { headingsOf, linksIn } from './links.ts'
import { bareIn, carriedIn, commentsOf, quotedIn } from './quotes.ts'

const rows = lists.flatMap(file => rowsOf(file))
const known = new Set(rows.map(row => row.id))
const tests = carriers()

const top = readdirSync(root).filter(name => statSync(path.join(root, name)).isFile())
const files = [...top, ...filesIn('src', 'plugins', 'config', 'tests', 'docs')].filter(file =>
  /\.(?:md|[mc]?[jt]sx?|ya?ml|css|lua|cfg|conf|service|toml|json)$|file$/.test(file)
)
const pages = files.filter(file => file.endsWith('.md'))
const programs = files.filter(file => /\.(?:mjs|tsx?)$/.test(file))
/** This folder shows made-up ids. */
const isExample = (file: string) => file.startsWith('tests/docs/') || file === 'tests/threats/complete.test.ts'

t.test('quotes, names and bare ids are seen', async t => {
  t.same(quotedIn('(THREATS R1-R3, M2 and M4 to M6), FIELD F2, G3: x; THREATS 0.9 to 0.11'), [
    ...['R1', 'R2', 'R3', 'M2', 'M4', 'M5', 'M6', 'FIELD F2', 'FIELD G3', '0.9', '0.10', '0.11']
  ])
  t.same(quotedIn('/** THREATS W1,\n * W2: x */'), ['W1', 'W2'])
  t.same(quotedIn('FIELD 3 chunks, FIELD 30 lines, THREATS.md H1, H2'), ['FIELD 3'])
  t.same(bareIn('as in H3 (M12), THREATS D4, RFC 4226 §4 R6, P-256, `S1`'), ['H3', 'M12'])
  t.same(commentsOf('/** H1 */\nconst a = `H2` // H3\n  // H4\n'), '/** H1 */\n  // H4')
  const source = `/** THREATS H9: x */\nt.test('W15 x', a)\nt.test('y (R1, R2-R4)', b)\n[\n  'P3', 'z'],\n id: 'D1',\n { sessionId: 'S1' }
    ['M2 M3: q'] t.test('FIELD G1, N2: r') t.test('0.1 0.2 s') t.test('FIELD N3 t (M9)')`
  t.same(carriedIn('x.test.ts', source).sort(), [
    ...[
      '0.1',
      '0.2',
      'D1',
      'FIELD G1',
      'FIELD N2',
      'FIELD N3',
      'H9',
      'M2',
      'M3',
      'M9',
      'P3',
      'R1',
      'R2',
      'R3',
      'R4',
      'W15'
    ]
  ])
})

t.test('every id that is quoted stands in docs/, and says in which document', async t => {
  const quoted = files
    .filter(file => !isExample(file))
    .flatMap(file => quotedIn(textOf(file)).map(id => ({ id, file })))
  t.ok(quoted.length > 300, 'quotes were found')
  t.same(
    quoted.filter(({ id }) => !known.has(id)),
    [],
    'each has its row'
  )
  t.same(
    [...tests].filter(([id]) => !known.has(id)),
    [],
    'and so has each that a test carries'
  )
  // SECURITY.md says once in which document its ids stand.
  const texts = [
    ...pages.filter(file => !lists.some(list => list === file) && file !== 'SECURITY.md'),
    ...programs.filter(file => !isExample(file))
  ].map(file => ({ file, text: file.endsWith('.md') ? textOf(file) : commentsOf(textOf(file)) }))
  t.same(
    texts.flatMap(({ file, text }) => bareIn(text).map(id => `${file}: ${id}`)),
    [],
    'THREATS or FIELD stands before it'
  )
})

t.test('every row of docs/ stands once, is whole, and has a test that carries its id', async t => {
  const all = rows.map(row => row.id)
  t.same(
    all.filter((id, n) => all.indexOf(id) !== n),
    [],
    'none stands twice'
  )
  t.same(
    all.filter(id => !id.startsWith('FIELD')).sort(),
    [...ids, ...facts].sort(),
    'docs/THREATS.md has the scenarios and facts that `npm run threats` tries'
  )
  const carry = (row: Row, test: string) => tests.get(row.id)?.includes(test)
  const answered = rows.filter(row => !row.isOpen)
  t.same(
    answered.filter(row => row.cells.length !== 4 || row.cells.some(cell => cell === '')).map(row => row.id),
    [],
    'each says what happens, what the gate does, the source and the tests; `npm run docs` writes the last'
  )
  t.same(
    answered.flatMap(row => namedBy(row).filter(test => !carry(row, test))),
    [],
    'the tests that they name carry the id; `npm run docs` writes them anew'
  )
  t.same(
    rows.filter(row => row.isOpen && tests.has(row.id)).map(row => row.id),
    [],
    'what stands under "Open" has no test; move it to its part of docs/FIELD.md'
  )
})

t.test('the column of tests is written as it is read', async t => {
  const list = '| F1 | a | b | c | |\n| 3 | a | b \\| c | d | old |\n\n## Open\n\n| F2 | a |\n'
  const written = withTests('docs/FIELD.md', list, new Map([['FIELD F1', ['tests/a/b.test.ts', 'tests/c.ts']]]))
  t.equal(
    written,
    '| F1 | a | b | c | [a/b](../tests/a/b.test.ts), [c](../tests/c.ts) |\n| 3 | a | b \\| c | d |  |\n\n## Open\n\n| F2 | a |\n'
  )
  t.same(rowsOf('docs/FIELD.md', written).map(namedBy), [['tests/a/b.test.ts', 'tests/c.ts'], [], []])
  t.same(
    rowsOf('docs/FIELD.md', written).map(row => [row.id, row.isOpen]),
    [
      ['FIELD F1', false],
      ['FIELD 3', false],
      ['FIELD F2', true]
    ]
  )
})

t.test('every relative link in a Markdown file leads somewhere', async t => {
  const example =
    '# A *b* (c)\n```\n[no](x)\n```\n`[no](y)` [z](<a b.md#q>) ![p](p.png "t") [h](https://x.test) <img src="i.svg">'
  t.same(linksIn(example), ['a b.md#q', 'p.png', 'i.svg'])
  t.same(headingsOf(`${example}\n## What \`it\` is\n## What it is`), ['a-b-c', 'what-it-is', 'what-it-is-1'])
  const dead = pages.flatMap(page =>
    linksIn(textOf(page))
      .filter(link => !isAlive(page, link))
      .map(link => `${page}: ${link}`)
  )
  t.same(dead, [])
})

t.test('pages for people link only to what an installation has; sources are named without a link', async t => {
  const { files: packed } = JSON.parse(textOf('package.json')) as { files: string[] }
  const has = (file: string) =>
    ['README.md', 'LICENSE'].includes(file) || packed.some(name => file === name || file.startsWith(`${name}/`))
  const guides = pages.filter(
    page => page === 'README.md' || (page.startsWith('docs/') && !lists.some(list => list === page))
  )
  t.same(
    guides.flatMap(page =>
      linksIn(textOf(page))
        .map(link => link.split('#')[0]!)
        .filter(
          file => file !== '' && !has(path.posix.join(path.posix.dirname(page), decodeURI(file)).replace(/\/$/, ''))
        )
        .map(file => `${page}: ${file}`)
    ),
    []
  )
})

/** True for a file that is here, and for a heading that it has. */
function isAlive(page: string, link: string): boolean {
  const [file = '', anchor] = link.split('#')
  const target = file === '' ? page : path.posix.join(path.posix.dirname(page), decodeURI(file))
  if (!existsSync(path.join(root, target))) return false
  return anchor === undefined || !target.endsWith('.md') || headingsOf(textOf(target)).includes(anchor)
}

t.test('no file speaks of a document that is not here', async t => {
  const named = (text: string) => text.match(/(?<![\w/.-])(?:[\w.-]+\/)*[A-Z]{3,}\.md\b/g) ?? []
  t.same(named('see docs/THREATS.md, (CONTRACT.md) and node_modules/x/README.md'), [
    ...['docs/THREATS.md', 'CONTRACT.md', 'node_modules/x/README.md']
  ])
  const isHere = (file: string, name: string) =>
    [root, path.join(root, path.dirname(file))].some(folder => existsSync(path.join(folder, name)))
  t.same(
    files
      .filter(file => file !== 'package-lock.json' && !file.startsWith('tests/docs/'))
      .flatMap(file =>
        named(textOf(file))
          .filter(name => !isHere(file, name))
          .map(name => `${file}: ${name}`)
      ),
    []
  )
})
