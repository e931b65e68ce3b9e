/** The CSV and JSON files of an evidence folder that are made from values. */
import { budgetSentence, unusualSentence } from '../../evidence/budget-sentence.ts'
import { type Cell, csvLine } from '../../evidence/csv.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { factorCounts } from '../../evidence/people-section.tsx'
import { consoleOf } from '../../evidence/policy-section.tsx'
import { policySentences } from '../../policy/policy-text.ts'
import { jsonText } from '../command.ts'
import { resultOf } from '../journal/verify.ts'

const iso = (at: number | null | undefined) =>
  at === null || at === undefined || at === 0 ? null : new Date(at).toISOString()

export function tablesOf(evidence: Evidence) {
  return {
    'policy.csv': csv(columns.policy, policyRows(evidence)),
    'budgets.csv': csv(columns.budgets, budgetRows(evidence)),
    'people.csv': csv(columns.people, peopleRows(evidence)),
    'apps.csv': csv(columns.apps, appRows(evidence)),
    'figures.csv': csv(columns.figures, stepRows(evidence)),
    'gaps.csv': csv(
      columns.gaps,
      evidence.gaps.map(({ topic, isSerious, text }) => [topic, isSerious, text])
    ),
    'packages.csv': csv(columns.packages, packageRows(evidence)),
    'advisories.csv': csv(columns.advisories, advisoryRows(evidence)),
    'journal-proof.json': jsonText({ ...resultOf(evidence.proof), head: evidence.head, evidenceKey: evidence.signer }),
    'summary.json': jsonText(summaryOf(evidence))
  }
}

/** The columns of each CSV file. */
const columns = {
  policy: words('app rule sentence path methods groups users networks access factors withinSeconds enforced'),
  budgets: words('budget sentence per app counted direction amount windowSeconds then'),
  people: words(
    'person account displayName email directory groups status passkeys authenticatorApps recoveryCodes created suspended suspendedWhy signIns refusedAttempts requests lastSignIn'
  ),
  apps: words('app inConfiguration enforced people forwarded refused rulesWouldStop bytesOut'),
  figures: words('from to signIns refusedSignIns requests refusedRequests bytesOut'),
  gaps: words('topic serious text'),
  packages: words('package version licence purl optional'),
  advisories: words('package version advisory aliases severity summary url affected')
} as const

function words(text: string): readonly string[] {
  return text.split(' ')
}

function packageRows({ components }: Evidence): Cell[][] {
  return (components ?? []).map(({ name, version, licences, purl, isOptional }) => [
    name,
    version,
    licences.join(' '),
    purl,
    isOptional
  ])
}

function advisoryRows({ advisories }: Evidence): Cell[][] {
  return (advisories?.found ?? []).map(({ component, advisory, isCertain }) => [
    component.name,
    component.version,
    advisory.id,
    advisory.aliases.join(' '),
    advisory.severity,
    advisory.summary,
    advisory.url,
    isCertain ? 'yes' : 'may be'
  ])
}

function policyRows({ apps, portal }: Evidence): Cell[][] {
  return [...apps, consoleOf(portal)].flatMap(({ id, policy, isReportOnly }) => {
    const { rules, otherwise } = policySentences(policy)
    const enforced = isReportOnly ? 'reported only' : 'yes'
    const rows = policy.rules.map(({ path, methods, groups, users, networks, outcome }, i): Cell[] => {
      const requirement = outcome.access === 'mfa' ? outcome.requirement : null
      const lists = [methods, groups, users, networks].map(list => list?.join(' '))
      const factors = [...(requirement?.factors ?? []), ...(requirement?.institution === true ? ['institution'] : [])]
      return [
        id,
        i + 1,
        rules[i],
        path,
        ...lists,
        outcome.access,
        factors.join(' '),
        requirement?.withinSeconds,
        enforced
      ]
    })
    return [...rows, [id, 'otherwise', otherwise, null, null, null, null, null, 'deny', null, null, enforced]]
  })
}

function budgetRows({ budgets, unusual }: Evidence): Cell[][] {
  const rows = budgets.map((budget): Cell[] => {
    const { id, per, app, counted, direction, amount, windowSeconds, steps } = budget
    return [id, budgetSentence(budget), per, app, counted, direction, amount, windowSeconds, steps.join(' ')]
  })
  if (unusual !== null) rows.push(['(unusual use)', unusualSentence(unusual), ...new Array<null>(7).fill(null)])
  return rows
}

function peopleRows({ people, figures }: Evidence): Cell[][] {
  return people.map(person => {
    const own = figures.people.get(person.account)
    return [
      person.name,
      person.account,
      person.displayName,
      person.email,
      person.directory,
      person.groups.join(' '),
      person.status,
      person.passkeys,
      person.codes,
      person.recoveryCodes,
      iso(person.createdAt),
      iso(person.suspended?.at),
      person.suspended?.why,
      own?.signIns ?? 0,
      own?.refused ?? 0,
      own?.requests ?? 0,
      iso(own?.lastSignInAt)
    ]
  })
}

function appRows({ apps, figures }: Evidence): Cell[][] {
  const ids = new Set([...apps.map(({ id }) => id), ...figures.apps.keys()])
  return [...ids].map(id => {
    const configured = apps.find(app => app.id === id)
    const own = figures.apps.get(id)
    return [
      id,
      configured !== undefined,
      configured === undefined ? null : configured.isReportOnly ? 'reported only' : 'yes',
      own?.people.size ?? 0,
      own?.forwarded ?? 0,
      own?.refused ?? 0,
      own?.wouldStop ?? 0,
      own?.bytesOut ?? 0
    ]
  })
}

function stepRows({ figures, times }: Evidence): Cell[][] {
  return figures.steps.map((step, i) => [
    iso(times.start + i * times.width),
    iso(times.start + (i + 1) * times.width - 1),
    step.signIns,
    step.refusedSignIns,
    step.requests,
    step.refusals,
    step.bytesOut
  ])
}

/** What `summary.json` and `--json` hold. */
export function summaryOf(evidence: Evidence) {
  const { figures, people, proof, advisories, newest } = evidence
  const { requests, signIns, proofs } = figures
  return {
    title: evidence.title,
    portal: evidence.portal,
    from: iso(evidence.from),
    to: iso(evidence.to),
    madeAt: iso(evidence.madeAt),
    release: evidence.release,
    people: {
      all: people.length,
      ...factorCounts(people),
      enrolled: people.filter(({ status }) => status === 'enrolled').length
    },
    signIns,
    secondFactors: proofs,
    throttled: figures.throttled,
    requests,
    reasons: Object.fromEntries(figures.reasons),
    suspensions: { suspended: figures.suspended, resumed: figures.resumed },
    warnings: newest.warnings.total,
    changes: newest.changes.total,
    journal: { ok: proof.fault === null, lines: figures.lines, end: `${proof.end.seq}:${proof.end.hash}` },
    packages: evidence.components?.length ?? null,
    advisories:
      advisories === null
        ? null
        : {
            file: advisories.file,
            read: advisories.read,
            affected: advisories.found.filter(({ isCertain }) => isCertain).length,
            mayBeAffected: advisories.found.filter(({ isCertain }) => !isCertain).length
          },
    pseudonyms: evidence.hidden,
    gaps: evidence.gaps
  }
}

function csv(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [columns, ...rows].map(csvLine).join('')
}
