/** The schema of `apps[].tokens`: whether programs may enter with tokens. */
import { flag, map, orNull, text, typed } from './schema-builders.ts'

const about = {
  title: 'Tokens of programs',
  description:
    'Whether scripts, instruments, DAV clients and git may enter with tokens of their owners. `true`: a token comes in `Authorization`, as Bearer or as the password of Basic. A token opens at most what its owner may open, and never what a rule with `factors`, `within` or `freshFor` guards. The app never gets it.'
} as const

const terms = map(
  {
    header: orNull(
      text('headerName', {
        title: 'Header',
        description:
          'A further header that carries a token, for an app whose own programs need `Authorization` for themselves.',
        example: 'X-Gate-Token'
      })
    )
  },
  { ...about, example: { header: 'X-Gate-Token' } }
)

export const tokens = typed<boolean | { readonly header: string | null }>({
  anyOf: [flag(about), terms],
  default: false,
  examples: [true],
  ...about
})
