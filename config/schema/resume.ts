/** The schema of `watch.resume`: who may let in again whom the watch has suspended. */
import { resumeRules } from '../../src/identity/suspension.ts'
import { choice, map } from './schema-builders.ts'

export const resume = map(
  {
    afterDecoy: choice(resumeRules, {
      title: 'After a decoy',
      description:
        'Who may let a person in again who has touched a decoy. `two-operators`: the first operator asks for it, and another one confirms it within a day.',
      default: 'one-operator',
      example: 'two-operators'
    })
  },
  { title: 'Resume', description: 'Who may let a suspended person in again.', default: {} }
)
