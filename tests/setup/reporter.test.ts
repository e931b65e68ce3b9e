/** What is printed of a run's TAP. */
import t from 'tap'
import Reporter from './reporter.mjs'

async function printed(lines: readonly string[], chunkOf = 7): Promise<string[]> {
  const reporter = new Reporter()
  const tap = lines.join('\n')
  for (let from = 0; from < tap.length; from += chunkOf) reporter.write(tap.slice(from, from + chunkOf))
  reporter.end()
  return (await reporter.setEncoding('utf8').toArray()).join('').trimEnd().split('\n')
}

const remarks = (indent: string, ...lines: string[]) => ['---', ...lines, '...', ''].map(line => indent + line)

const passes = [
  '# Subtest: tests/a.test.ts',
  '    ok 1 - fine',
  '    1..1',
  '    # time=2ms',
  'ok 1 - tests/a.test.ts',
  ''
]

t.test('prints the sum alone of what passes', async t => {
  const sum = '# { total: 1, pass: 1 }'
  t.same(await printed(['TAP version 14', '1..1', ...passes, '# No coverage generated', sum, '# time=9ms']), [sum])
})

t.test('prints a failure with its remarks, under the names of its groups, each once', async t => {
  const tap = [
    ...passes,
    '# Subtest: tests/b.test.ts',
    '    # Subtest: first group',
    '        ok 1 - fine',
    ...remarks('          ', 'at: somewhere'),
    '    ok 1 - first group # time=1ms',
    '    # Subtest: second group',
    '        # Subtest: inner',
    '            not ok 1 - is the same',
    ...remarks('              ', 'diff: |', '  -2', '', '  ...', '  +1'),
    '            not ok 2 - is there',
    '            not ok 3 - some day # TODO',
    '        not ok 1 - inner # time=2ms',
    ...remarks('          ', 'source: what it is'),
    '    not ok 2 - second group # time=3ms',
    'not ok 2 - tests/b.test.ts # time=4ms',
    ...remarks('  ', 'command: node', 'exitCode: 1', 'signal: null')
  ]
  const expected = [
    '# Subtest: tests/b.test.ts',
    '    # Subtest: second group',
    '        # Subtest: inner',
    '            not ok 1 - is the same',
    '              diff: |',
    '                -2',
    '              ',
    '                ...',
    '                +1',
    '            not ok 2 - is there',
    '        not ok 1 - inner # time=2ms',
    '    not ok 2 - second group # time=3ms',
    'not ok 2 - tests/b.test.ts # time=4ms',
    '  exitCode: 1'
  ]
  t.same(await printed(tap), expected)
  t.same(await printed(tap, 100_000), expected, 'in one piece as well')
})

t.test('prints what is skipped, remarked or written by a test, and the file that it is in', async t => {
  const tap = [
    '# Subtest: tests/c.test.ts',
    '    ok 1 - with nginx # SKIP no nginx',
    '    # measured: 12 ms',
    'a line of its own',
    '    Bail out! no more',
    'ok 1 - tests/c.test.ts'
  ]
  t.same(await printed(tap), tap.slice(0, -1))
})
