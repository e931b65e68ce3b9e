/** The policy in words: who may reach what, and with which proof. */
import { consoleApp, consolePolicy, consolePrefix } from '../apps/console-policy.ts'
import { visible } from '../messages/visible.ts'
import { policySentences } from '../policy/policy-text.ts'
import { budgetSentence, unusualSentence } from './budget-sentence.ts'
import type { AppEvidence, Evidence } from './evidence.ts'

export function PolicySection({ evidence: { apps, portal, budgets, unusual } }: { evidence: Evidence }) {
  return (
    <section aria-labelledby="policy">
      <h2 id="policy">Policy in words</h2>
      <p>
        For each request the rules of its app are read from top to bottom, and the first one that fits decides. A path
        that can be understood in several ways gets the strictest answer. In the form of a path, * stands for a part
        between slashes, and ** for any number of parts. “Any second factor” means a passkey or security key, a code of
        an authenticator app, or a recovery code, beside the password or another first factor; a passkey that checks its
        person needs no password beside it.
      </p>
      {[...apps, consoleOf(portal)].map(app => (
        <AppPolicy key={app.id} app={app} />
      ))}
      {apps.length === 0 && <p>There is no app behind the gate.</p>}
      <h3>How much may leave, and what is unusual</h3>
      {budgets.length === 0 ? (
        <p>No budget limits how much anybody fetches or sends.</p>
      ) : (
        <ul class="rules">
          {budgets.map(budget => (
            <li key={budget.id}>
              <code>{visible(budget.id)}</code>: <bdi>{visible(budgetSentence(budget))}</bdi>
            </li>
          ))}
        </ul>
      )}
      <p>{unusual === null ? 'Nothing looks for use that is unusual for a person.' : unusualSentence(unusual)}</p>
    </section>
  )
}

function AppPolicy({ app: { id, title, url, policy, isReportOnly, takesTokens, keepsLogins } }: { app: AppEvidence }) {
  const { rules, otherwise } = policySentences(policy)
  return (
    <>
      <h3>
        <bdi>{visible(title)}</bdi>{' '}
        <small>{id === consoleApp.id ? visible(url) : `${visible(id)}, ${visible(url)}`}</small>
      </h3>
      {isReportOnly && (
        <p>
          <span class="look">Look at this</span>
          These rules are only reported (enforce: report). The gate lets everybody in.
        </p>
      )}
      <ol class="rules">
        {rules.map(sentence => (
          <li key={sentence}>
            <bdi>{sentence}</bdi>
          </li>
        ))}
      </ol>
      {takesTokens === true && (
        <p>
          Programs may enter with tokens of their owners, without a second factor, where a rule names no factor and no
          time. The journal names the token of each request.
        </p>
      )}
      {keepsLogins === true && (
        <p>
          The gate keeps the user name and password that each person has at this app, sealed for the person and the app,
          and sends them with each request of that person. No page, list or export shows them.
        </p>
      )}
      <p class="soft">{otherwise}</p>
    </>
  )
}

/** The operators' console has rules of the same kind. */
export function consoleOf(portal: string): AppEvidence {
  return {
    id: consoleApp.id,
    title: 'The operators’ console',
    url: `${portal}/.factorgate${consolePrefix}/`,
    policy: consolePolicy,
    isReportOnly: false
  }
}
