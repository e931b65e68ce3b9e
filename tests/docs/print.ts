/**
 * A part of `npm run docs`: writes docs/metrics.md, and the column "tests" of docs/THREATS.md and docs/FIELD.md. The other columns are
 * written by hand.
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { carriers, lists, root, textOf, withTests } from './documents.ts'
import { metricsPage } from './metrics-page.ts'

const tests = carriers()
for (const file of lists) writeFileSync(path.join(root, file), withTests(file, textOf(file), tests))
writeFileSync(path.join(root, 'docs/metrics.md'), metricsPage())
