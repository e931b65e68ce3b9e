/** The schema of `watch`: budgets of what leaves, what is unusual for a person, and what a touch of a decoy causes. */
import { scopes, steps } from '../../src/budgets/steps.ts'
import { factorKinds } from '../../src/factor/kinds.ts'
import { type UnusualStep, unusualSteps } from '../../src/unusual/steps.ts'
import { watchDecoys } from './decoys.ts'
import { posture } from './posture.ts'
import { resume } from './resume.ts'
import { choice, duration, list, map, orNull, text, whole } from './schema-builders.ts'

const day = 86_400

const budget = map(
  {
    id: text('id', {
      title: 'Id',
      description: 'Name of the budget in the journal and in `factorgate watch show`. Counts belong to it.',
      example: 'bulk'
    }),
    per: choice(scopes, {
      title: 'Per',
      description:
        'What the gate counts for: each person, each session, each token of a program, each app, or everyone together.',
      example: 'person'
    }),
    app: orNull(
      text('id', {
        title: 'App',
        description: 'The app whose traffic counts. If left out, all apps count together.',
        example: 'files'
      })
    ),
    window: duration(
      {
        title: 'Window',
        description:
          'The time that counts. It slides in ten steps: nothing is forgotten before the window is over, and everything within a tenth of it after that.',
        example: '1h'
      },
      10,
      31 * day
    ),
    bytes: orNull(
      text('size', {
        title: 'Bytes',
        description: 'How many bytes may pass: of downloads, event streams and WebSockets together.',
        example: '500MiB'
      })
    ),
    direction: choice(['out', 'in'], {
      title: 'Direction',
      description: 'With `bytes`: `out` is what people fetch from apps, `in` is what they send to them.',
      default: 'out',
      example: 'in'
    }),
    requests: orNull(whole({ title: 'Requests', description: 'How many requests may pass.', example: 5000 }, 1, 1e9)),
    distinctPaths: orNull(
      whole(
        {
          title: 'Distinct paths',
          description:
            'How many different paths may be asked for; the query does not count. Up to 512 the count is exact, above that it has a standard error of 4.4 %.',
          example: 2000
        },
        1,
        1e6
      )
    ),
    // biome-ignore lint/suspicious/noThenProperty: the contract calls it so
    then: list(
      choice(steps, {
        title: 'Step',
        description:
          '`journal`: a line in the journal. `notify`: operators are told. `step-up`: what runs waits up to a minute for a fresh proof, which buys one more budget. `slow`: no more than `rate`. `cut`: what runs is cut off, and nothing new may begin. `suspend`: the account is suspended until an operator resumes it.',
        example: 'cut'
      }),
      {
        title: 'Then',
        description:
          'What happens when more passes than the budget allows, in this order: `journal`, `notify`, `step-up`, `slow`, `cut`, `suspend`. The steps after `step-up` act only if nobody confirms within a minute.',
        example: ['journal', 'notify', 'step-up']
      },
      { minItems: 1 }
    ),
    factors: orNull(
      list(
        choice(factorKinds, { title: 'Factor', description: 'A second factor of the gate.', example: 'webauthn' }),
        {
          title: 'Factors',
          description:
            'With `step-up`: one of these must be shown. If left out, any second factor is enough, also one that the person’s institution checks anew.',
          example: ['webauthn']
        },
        { minItems: 1 }
      )
    ),
    rate: orNull(
      text(
        'size',
        {
          title: 'Rate',
          description: 'With `slow`: bytes a second, for everything together that the budget counts together.',
          example: '1MiB'
        },
        { 'x-least': 1024, 'x-most': 1024 ** 4 }
      )
    )
  },
  { title: 'Budget', description: 'How much may pass within a window, and what happens if more does.' }
)

const level = (title: string, description: string, given: readonly UnusualStep[]) =>
  list(
    choice(unusualSteps, {
      title: 'Step',
      description:
        '`journal`: a line in the journal, which is always written. `notify`: operators are told. `step-up`: what runs waits up to a minute for a fresh proof by the same session, and nothing new begins without one. `suspend`: the account is suspended until an operator resumes it.',
      example: 'step-up'
    }),
    { title, description, default: given, example: given }
  )

const unusual = map(
  {
    learn: duration(
      {
        title: 'Learning',
        description:
          'How long the watch only learns and writes to the journal, from its first day in this store. People who come later are compared with their groups at first.',
        default: '14d',
        example: '14d'
      },
      0,
      90 * day
    ),
    countries: orNull(
      text('file', {
        title: 'Countries',
        description:
          'A file in the format of MaxMind (GeoLite2 City or Country, DB-IP Lite). With it the gate notices new countries, and with positions in the file also impossible travel. Where the file is missing or damaged, the gate says so once and goes on without. No web service is asked.',
        example: 'geo.mmdb'
      })
    ),
    strange: level('Strange', 'What happens when the score of a person reaches 26.', ['journal', 'notify']),
    alarming: level('Alarming', 'What happens from 47 to 55 on, besides.', ['step-up']),
    extreme: level('Extreme', 'What happens from 110 on, and only where four kinds of signals agree.', ['suspend'])
  },
  {
    title: 'What is unusual',
    description:
      'The gate learns what is usual for each person: how much they fetch, from where, when, and with what. docs/unusual.md explains the signals.'
  }
)

export const watch = orNull(
  map(
    {
      budgets: list(budget, {
        title: 'Budgets',
        description: 'What may leave, for whom, in which time.',
        default: []
      }),
      unusual: orNull(unusual),
      posture,
      resume,
      decoys: watchDecoys
    },
    {
      title: 'The watch',
      description: 'What the gate counts while people use the apps, and what it does about it.'
    }
  )
)
