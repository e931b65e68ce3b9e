/** The rules that name a person (`users`), whose meaning a rename changes. */
import { canonicalName } from '../identity/account.ts'

interface RuledApp {
  readonly rules: readonly { readonly users?: readonly string[] | undefined }[]
}

/** Keys such as `apps[0].rules[2].users[0]`. */
export function rulesNaming(apps: readonly RuledApp[], typed: string): string[] {
  const name = canonicalName(typed)
  return apps.flatMap((app, a) =>
    app.rules.flatMap((rule, r) =>
      (rule.users ?? []).flatMap((user, u) => (user === name ? [`apps[${a}].rules[${r}].users[${u}]`] : []))
    )
  )
}
