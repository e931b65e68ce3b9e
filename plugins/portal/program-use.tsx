/** How programs send a token to one app: examples that can be copied. They are the same in every language. */
import { type Frame, Said } from './layout.tsx'
import type { AppCard } from './options.ts'

/** Programs that know a user name and a password only. */
const asPassword = 'git, DAV'

export function ProgramUse({ frame, app, user }: { frame: Frame; app: AppCard; user: string }) {
  const say = frame.say.programs
  const header = app.tokens?.header ?? null
  return (
    <ul class="list">
      {examplesOf(app.url, header).map(([name, text]) => (
        <li key={name}>
          <p>{name}</p>
          <p dir="ltr">
            <code>{text}</code>
          </p>
        </li>
      ))}
      <li>
        <p>{asPassword}</p>
        <p class="soft">
          <Said text={say.asPassword({ user })} />
        </p>
      </li>
    </ul>
  )
}

/** `$TOKEN` is an environment variable, so that no token gets into a script. */
function examplesOf(url: string, header: string | null): readonly (readonly [string, string])[] {
  const [name, curl, python, r] =
    header === null
      ? ['Authorization', 'Bearer $TOKEN', '"Bearer " + os.environ["TOKEN"]', 'paste("Bearer", Sys.getenv("TOKEN"))']
      : [header, '$TOKEN', 'os.environ["TOKEN"]', 'Sys.getenv("TOKEN")']
  return [
    ['curl', `curl -H "${name}: ${curl}" ${url}`],
    ['Python', `requests.get("${url}", headers={"${name}": ${python}})`],
    ['R', `httr2::request("${url}") |> httr2::req_headers("${name}" = ${r}) |> httr2::req_perform()`],
    ...(header === null
      ? []
      : [
          ['Jupyter', `curl -H "${name}: ${curl}" -H "Authorization: token $JUPYTER_TOKEN" ${url}api/contents`] as const
        ])
  ]
}
