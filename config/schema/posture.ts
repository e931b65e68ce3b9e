/** The schema of `watch.posture`: what the postures elevated and lockdown mean. */
import { factorKinds } from '../../src/factor/kinds.ts'
import { choice, duration, list, map, number, text } from './schema-builders.ts'

/** The posture that a configuration without the key `watch` has too. */
export const usualPosture = {
  elevated: { factor: 0.5, factors: ['webauthn'], within: 15 * 60 },
  lockdown: { groups: ['operators'] }
} as const
const { elevated, lockdown } = usualPosture

export const posture = map(
  {
    elevated: map(
      {
        factor: number(
          {
            title: 'Factor',
            description:
              'The part that is left of each budget, of each threshold for what is unusual, and of each `within` of a rule.',
            default: elevated.factor,
            example: 0.25
          },
          0.01,
          1
        ),
        factors: list(
          choice(factorKinds, { title: 'Factor', description: 'A second factor of the gate.', example: 'webauthn' }),
          {
            title: 'Factors',
            description:
              'One of these must be shown wherever the rules ask for a second factor. Where a rule names factors itself, those that both name count; if there is none, these.',
            default: elevated.factors,
            example: ['webauthn']
          },
          { minItems: 1 }
        ),
        within: duration(
          {
            title: 'Within',
            description: 'How old the proof of that factor may be at most.',
            default: '15m',
            example: '30m'
          },
          30,
          86_400
        )
      },
      {
        title: 'Elevated',
        description: 'What `factorgate posture set elevated` means. Lockdown asks for the same.',
        default: {}
      }
    ),
    lockdown: map(
      {
        groups: list(
          text('line', { title: 'Group', description: 'A group of people.', example: 'operators' }),
          {
            title: 'Groups',
            description:
              'In lockdown the apps let in only people of these groups, and of them only those whom the rules let in. Public paths are closed too.',
            default: lockdown.groups,
            example: ['operators', 'on-call']
          },
          { minItems: 1 }
        )
      },
      { title: 'Lockdown', description: 'What `factorgate posture set lockdown` means.', default: {} }
    )
  },
  {
    title: 'Posture',
    description: 'What the postures elevated and lockdown mean (docs/posture.md).',
    default: {}
  }
)
