/** The schema of `journal`: its file, when it begins a new one, how long old ones are kept, and what is pseudonymised. */
import { journalExport } from './journal-export.ts'
import { choice, duration, flag, list, map, orNull, text, typed, type ValueOf } from './schema-builders.ts'

const file = {
  title: 'File',
  description:
    'The file that records who did what, as JSON lines. The gate only appends to it. The gate needs write access to its folder, for the lock, the head and the rotated files.',
  default: './var/journal.jsonl',
  example: '/var/lib/factorgate/journal.jsonl'
}

const whole = map(
  {
    file: text('file', file),
    rotate: map(
      {
        size: text(
          'size',
          {
            title: 'Size',
            description: 'A new file begins before the current one grows beyond this size.',
            default: '1GiB',
            example: '256MiB'
          },
          { 'x-least': 1024 ** 2, 'x-most': 1024 ** 4 }
        ),
        daily: flag({
          title: 'Each day',
          description:
            'A new file begins with the first line of each day (UTC). Switch it off where logrotate moves the files away.',
          default: true,
          example: false
        })
      },
      {
        title: 'Rotation',
        description: 'When a new file begins. The old one gets its day and the number of its last line as an ending.',
        default: {}
      }
    ),
    keep: orNull(
      duration(
        {
          title: 'Retention',
          description:
            'How long rotated files are kept after their last line. Then the gate removes them, and a line of the journal says so. Without it, they are kept for ever.',
          example: '400d'
        },
        86_400,
        36_500 * 86_400
      )
    ),
    pseudonyms: list(
      choice(['user', 'client', 'path'], {
        title: 'Field',
        description: '`user`: names of people. `client`: addresses. `path`: paths.',
        example: 'user'
      }),
      {
        title: 'Pseudonyms',
        description:
          'Fields that the journal holds only as a pseudonym: a keyed hash (HMAC-SHA-256) with a key from the key file. The same value has the same pseudonym, and `journal search` finds a real name. After a key rotation people get new pseudonyms.',
        default: [],
        example: ['client']
      }
    ),
    export: journalExport
  },
  { title: 'Journal', description: 'The record of who did what.' }
)

/** A file alone is the short form of a map with that file. */
export const journal = typed<ValueOf<typeof whole>>({
  title: 'Journal',
  description:
    'The record of who did what: a file, or a map with a file and how to keep it. docs/journal.md says what is in it and how to prove it.',
  default: './var/journal.jsonl',
  examples: ['/var/lib/factorgate/journal.jsonl', { file: '/var/lib/factorgate/journal.jsonl', keep: '400d' }],
  anyOf: [text('file', file), whole],
  'x-short': 'file'
})
