/** The figures of the watch for `--json`: bytes as whole numbers, times as ISO 8601. */
import type { AppState } from '../../administration/app-changes.ts'
import type { Alarm } from '../../administration/watch/alarms.ts'
import type { BudgetUse } from '../../administration/watch/budget-usage.ts'
import type { Movement, Mover } from '../../administration/watch/movement.ts'
import type { WatchedPerson } from '../../administration/watch/watched-person.ts'

/** The use of a budget with the account's user name. */
export type NamedUse = BudgetUse & { readonly user: string | null }

export function whomOf({ budget, user, subject }: NamedUse): string {
  const { per } = budget
  return per === 'session' || per === 'token' ? `${user ?? '?'}, ${per} ${subject}` : (user ?? subject)
}

export function asData(now: number, movement: Movement | null, budgets: readonly NamedUse[], alarms: readonly Alarm[]) {
  return {
    at: timeOf(now),
    learnsUntil: timeOf(movement?.learnsUntil ?? null),
    people: movement?.movers.map(personData) ?? null,
    budgets: budgets.map(budgetData),
    alarms: alarms.map(({ at, ...alarm }) => ({ at: timeOf(at), ...alarm }))
  }
}

function personData({ account, bytes, usual, isUsualKnown, above, level, ownDays, days }: Mover) {
  const whole = (each: number) => Math.round(each)
  return {
    user: account.name,
    account: account.id,
    bytes: whole(bytes),
    // Null until something is learned.
    usual: isUsualKnown ? whole(usual.middle) : null,
    busyDay: isUsualKnown ? whole(usual.busy) : null,
    standardDaysAbove: isUsualKnown ? Math.round(above * 10) / 10 : null,
    level,
    ownDays,
    days: days.map(whole)
  }
}

function budgetData({ budget, subject, user, used, limit, state, passedAt, ...use }: NamedUse) {
  const { id, per, app, counted, direction, windowSeconds, isPerProof } = budget
  return {
    budget: id,
    per,
    user,
    whom: whomOf({ budget, subject, user, used, limit, state, passedAt, ...use }),
    session: per === 'session' ? subject : null,
    token: per === 'token' ? subject : null,
    app: app ?? (per === 'app' ? subject : null),
    counted,
    direction,
    used,
    limit,
    // Null if each proof begins the count anew.
    windowSeconds: isPerProof ? null : windowSeconds,
    state,
    passedAt: timeOf(passedAt)
  }
}

export function detailOf(person: WatchedPerson | null) {
  if (person === null) return {}
  const { score, thresholds, bytesToAlarm, signals, apps, places } = person
  const time = (at: number) => timeOf(at)?.slice(0, 10)
  return {
    person: {
      score,
      thresholds,
      bytesToAlarm: bytesToAlarm === null ? null : Math.round(bytesToAlarm),
      signals: signals.map(({ id, family, points, sentence }) => ({ id, family, points, sentence })),
      apps: apps.map(({ app, days }) => ({ app, days: days.map(Math.round) })),
      places: places.map(({ kind, name, firstAt, lastAt }) => ({
        kind,
        name,
        first: time(firstAt),
        last: time(lastAt)
      }))
    }
  }
}

/** One app with the marks of each finding. */
export function stateData({ findings, changing, since, ...rest }: AppState) {
  const times = ({ from, until }: { from: number; until: number }) => ({ from: timeOf(from), until: timeOf(until) })
  return {
    ...rest,
    since: timeOf(since),
    changing: changing === null ? null : { ...changing, ...times(changing) },
    findings: findings.map(each => ({ ...each, at: timeOf(each.at), lastAt: timeOf(each.lastAt) }))
  }
}

export function appData(states: readonly AppState[]) {
  return states
    .filter(({ since, findings, changing }) => since !== null || findings.length > 0 || changing !== null)
    .map(({ app, findings, changing, since, pages }) => ({
      app,
      since: timeOf(since),
      pages,
      changing: changing === null ? null : { ...changing, from: timeOf(changing.from), until: timeOf(changing.until) },
      findings: findings.map(({ id, severity, page, why, at, lastAt }) => ({
        id,
        severity,
        page,
        why,
        at: timeOf(at),
        lastAt: timeOf(lastAt)
      }))
    }))
}

export function timeOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
