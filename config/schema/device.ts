/** The schema of device-bound sign-ins: `device` for the gate, and `deviceBound` of apps and rules. */
import { deviceBoundLevels } from '../../src/device/binding.ts'
import { choice, duration, map, orNull } from './schema-builders.ts'

export const appDeviceBound = choice(deviceBoundLevels, {
  title: 'Device-bound',
  description:
    '`preferred`: a browser that can do it binds its sign-in to a key of its device, and a stolen cookie is then worthless elsewhere; other browsers go on as without. `required`: only such browsers get in (today Chrome on Windows). `off`: no keys. It works on https only; see docs/device-bound.md.',
  default: 'off',
  example: 'preferred'
})

export const ruleDeviceBound = orNull(
  choice(deviceBoundLevels, {
    title: 'Device-bound',
    description: 'For what this rule matches, in place of what the app says. `required` also keeps programs out.',
    example: 'required'
  })
)

export const device = map(
  {
    lifetime: duration(
      {
        title: 'Lifetime',
        description:
          'How long a browser needs no new proof of its device key, and so how long a stolen cookie jar works at most (and half a minute more). A browser gives six proofs in nine minutes for all hosts of a domain together, so more hosts need a longer life.',
        default: '20m',
        example: '30m'
      },
      180,
      86_400
    )
  },
  { title: 'Device keys', description: 'How sign-ins are bound to devices, for apps with `deviceBound`.', default: {} }
)
