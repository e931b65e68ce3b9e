/** Versions, packages, and their known faults. */

import { utcMinute } from '../messages/utc-minute.ts'
import { visible } from '../messages/visible.ts'
import type { Evidence } from './evidence.ts'
import { Facts } from './journal-section.tsx'
import { Table } from './table.tsx'
import { numberText, plural } from './words.ts'

export function SoftwareSection({ evidence }: { evidence: Evidence }) {
  const { versions, components, configuration } = evidence
  const facts: readonly (readonly [string, string])[] = [
    ['Factorgate', evidence.release],
    ...versions,
    ['Configuration', configuration.file ?? 'none: the command line'],
    ...(configuration.sha256 === null ? [] : ([['Its SHA-256', configuration.sha256]] as const))
  ]
  return (
    <section aria-labelledby="software">
      <h2 id="software">Versions and known faults</h2>
      <Facts facts={facts} />
      <Advisories evidence={evidence} />
      {components === null ? (
        <p>There is no SBOM in this installation.</p>
      ) : (
        <>
          <h3>Packages</h3>
          <p>
            {plural(components.length, 'package')} in the bill of materials (<code>sbom.cdx.json</code>). Some are for
            other platforms and are not installed here.
          </p>
          <Table
            caption="Packages of the program"
            columns={['Package', 'Version', 'Licence']}
            rows={components.map(({ name, version, licences }) => [
              <code>{visible(name)}</code>,
              <code>{visible(version)}</code>,
              visible(licences.join(', '))
            ])}
          />
        </>
      )}
    </section>
  )
}

function Advisories({ evidence: { advisories, components } }: { evidence: Evidence }) {
  if (advisories === null) return <p>No file of advisories was given, so nothing is said about known faults.</p>
  const { found, read, about, file, changedAt, sha256 } = advisories
  return (
    <>
      <h3>Known faults</h3>
      <p>
        From <code>{visible(file)}</code> of {utcMinute(changedAt)}: {plural(read, 'advisory', 'advisories')},{' '}
        {numberText(about)} of them about a package of this program.{' '}
        {components === null
          ? 'Without an SBOM none could be compared.'
          : found.length === 0
            ? 'None affects a version that is used here.'
            : ''}
      </p>
      <Table
        caption="Faults of packages that are used here"
        columns={['Package', 'Version', 'Advisory', 'Severity', 'Says', 'Affected']}
        rows={found.map(({ component, advisory, isCertain }) => [
          <code>{visible(component.name)}</code>,
          <code>{visible(component.version)}</code>,
          advisory.url === null ? (
            visible(advisory.id)
          ) : (
            <a href={advisory.url} rel="noreferrer">
              {visible(advisory.id)}
            </a>
          ),
          visible(advisory.severity ?? ''),
          <bdi>{visible(advisory.summary)}</bdi>,
          isCertain ? 'yes' : 'may be'
        ])}
      />
      <p class="soft">
        SHA-256 of the file: <code>{sha256}</code>
      </p>
    </>
  )
}
