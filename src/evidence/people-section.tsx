/** People and their factors. */
import { Amounts } from '../charts/amounts.tsx'
import { utcMinute } from '../messages/utc-minute.ts'
import type { Evidence, PersonEvidence } from './evidence.ts'
import { Figure, Foreign, Table } from './table.tsx'
import { numberText, plural } from './words.ts'

const maxRows = 1000

/** A person with a passkey and a code counts in both. */
export function factorCounts(people: readonly PersonEvidence[]) {
  const count = (is: (person: PersonEvidence) => boolean) => people.filter(is).length
  return {
    passkey: count(({ passkeys }) => passkeys > 0),
    code: count(({ codes }) => codes > 0),
    recovery: count(({ recoveryCodes }) => (recoveryCodes ?? 0) > 0),
    none: count(({ status }) => status === 'not enrolled'),
    suspended: count(({ suspended }) => suspended !== null)
  }
}

export function PeopleSection({ evidence: { people, figures, madeAt } }: { evidence: Evidence }) {
  const counts = factorCounts(people)
  const amounts = [
    { name: 'Passkey or security key', value: counts.passkey },
    { name: 'Authenticator app', value: counts.code },
    { name: 'Recovery codes left', value: counts.recovery },
    { name: 'No second factor', value: counts.none },
    { name: 'Suspended', value: counts.suspended }
  ]
  const shownPeople = people.slice(0, maxRows)
  return (
    <section aria-labelledby="people">
      <h2 id="people">People and factors</h2>
      {people.length === 0 ? (
        <p>Nobody has an account.</p>
      ) : (
        <div class="charts">
          <Amounts
            id="factors"
            title={`What ${plural(people.length, 'person has', 'people have')}`}
            summary={`People and factors: ${amounts.map(({ name, value }) => `${name}: ${value}`).join('; ')}.`}
            amounts={amounts}
            format={numberText}
          />
        </div>
      )}
      <Table
        caption={
          people.length > maxRows
            ? `The first ${numberText(maxRows)} of ${numberText(people.length)} people, as of ${utcMinute(madeAt)}; people.csv has all`
            : `Everybody, as of ${utcMinute(madeAt)}. Sign-ins and refused attempts are those of the range`
        }
        columns={['Person', 'Groups', 'Second factors', 'Status', 'Sign-ins', 'Refused', 'Last sign-in']}
        rows={shownPeople.map(person => {
          const own = figures.people.get(person.account)
          return [
            <Foreign text={person.name} />,
            <Foreign text={person.groups.join(', ')} />,
            factorText(person),
            person.suspended === null ? person.status : `suspended since ${utcMinute(person.suspended.at)}`,
            <Figure>{numberText(own?.signIns ?? 0)}</Figure>,
            <Figure>{numberText(own?.refused ?? 0)}</Figure>,
            own === undefined || own.lastSignInAt === 0 ? null : <Figure>{utcMinute(own.lastSignInAt)}</Figure>
          ]
        })}
      />
    </section>
  )
}

function factorText({ passkeys, codes, recoveryCodes }: PersonEvidence): string {
  const parts = [
    passkeys === 0 ? '' : plural(passkeys, 'passkey'),
    codes === 0 ? '' : plural(codes, 'authenticator app'),
    recoveryCodes === null || recoveryCodes === 0 ? '' : plural(recoveryCodes, 'recovery code')
  ]
  return parts.filter(part => part !== '').join(', ') || 'none'
}
