/** What CI says of a red run: `.ci/failures` over a report. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const script = fileURLToPath(new URL('../../.ci/failures', import.meta.url))

function failures(t: { testdir(files: Record<string, string>): string }, report: string): string[] {
  const folder = t.testdir({ report })
  const text = execFileSync(script, [path.join(folder, 'report')], { encoding: 'utf8' })
  return text.split('\n').filter(line => line !== '')
}

t.test('says which tests failed and in which file, and a file alone only where it broke as a whole', async t => {
  const report = [
    'TAP version 14',
    '# Subtest: tests/a.test.ts',
    '    # Subtest: outer',
    '        ok 1 - fine',
    '        not ok 2 - \u0000one\u001b[2J is two # time=2ms',
    '          ---',
    '    not ok 1 - outer # time=3.5ms',
    '    not ok 2 - later # TODO some day',
    'not ok 1 - tests/a.test.ts # time=9ms',
    '# Subtest: tests/b.test.ts',
    '    ok 1 - fine',
    'ok 2 - tests/b.test.ts # time=9ms',
    '# Subtest: tests/c.test.ts',
    'not ok 3 - tests/c.test.ts # time=120000ms'
  ]
  t.same(failures(t, report.join('\n')), [
    'tests/a.test.ts: not ok 2 - one[2J is two',
    'tests/a.test.ts: not ok 1 - outer',
    'tests/c.test.ts: not ok 3 - tests/c.test.ts'
  ])
})

t.test('fifty are enough', async t => {
  const lines = Array.from({ length: 60 }, (_, i) => `    not ok ${i} - x`)
  const said = failures(t, ['# Subtest: tests/a.test.ts', ...lines].join('\n'))
  t.equal(said.length, 51)
  t.equal(said.at(-1), '… and 10 more')
})
