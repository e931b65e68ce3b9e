/** The evidence page: one HTML document for screen and paper, without network and scripts. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { utcMinute } from '../messages/utc-minute.ts'
import { visible } from '../messages/visible.ts'
import {
  ChangesSection,
  RefusalsSection,
  SignInsSection,
  SuspensionsSection,
  WarningsSection
} from './events-sections.tsx'
import type { Evidence } from './evidence.ts'
import { FilesSection, JournalSection } from './journal-section.tsx'
import { PeopleSection } from './people-section.tsx'
import { PolicySection } from './policy-section.tsx'
import { SoftwareSection } from './software-section.tsx'
import { bytesText, numberText, plural } from './words.ts'

const style = readFileSync(new URL('./assets/evidence.css', import.meta.url), 'utf8')
const styleHash = createHash('sha256').update(style).digest('base64')

export function EvidencePage({ evidence }: { evidence: Evidence }) {
  const { title, from, to } = evidence
  const range = `${utcMinute(from)} to ${utcMinute(to)}`
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta
          http-equiv="Content-Security-Policy"
          content={`default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`}
        />
        <title>{visible(`Evidence of ${title}, ${range}`)}</title>
        <style dangerouslySetInnerHTML={{ __html: style }} />
      </head>
      <body>
        <header>
          <h1>
            Evidence of <bdi>{visible(title)}</bdi>
          </h1>
          <p class="range">
            <span>{utcMinute(from)}</span> to <span>{utcMinute(to)}</span>
          </p>
          <p class="soft">
            {visible(evidence.portal)}, Factorgate {evidence.release}. Made {utcMinute(evidence.madeAt)}. All times are
            UTC. A range includes both of its ends.
          </p>
        </header>
        <main>
          <Verdict evidence={evidence} />
          <Glance evidence={evidence} />
          <Gaps evidence={evidence} />
          <PolicySection evidence={evidence} />
          <PeopleSection evidence={evidence} />
          <SignInsSection evidence={evidence} />
          <RefusalsSection evidence={evidence} />
          <SuspensionsSection evidence={evidence} />
          <WarningsSection evidence={evidence} />
          <ChangesSection evidence={evidence} />
          <JournalSection evidence={evidence} />
          <SoftwareSection evidence={evidence} />
          <FilesSection evidence={evidence} />
        </main>
      </body>
    </html>
  )
}

function Verdict({ evidence: { proof } }: { evidence: Evidence }) {
  const isRight = proof.fault === null && proof.checkpoints > 0
  return (
    <p class={isRight ? 'verdict right' : 'verdict'}>
      {isRight
        ? `The journal is whole: ${plural(proof.lines, 'line')}, every one there, once, in order and unchanged.`
        : proof.lines === 0 && proof.fault?.kind === 'no_chain'
          ? 'There is no journal that could be proved.'
          : proof.fault !== null
            ? 'The journal is NOT whole. Figures below count what is left of it.'
            : 'The journal is chained and not signed. Figures below are worth as much as the disk that they come from.'}
    </p>
  )
}

function Glance({ evidence }: { evidence: Evidence }) {
  const { figures, people } = evidence
  const { requests, signIns, proofs } = figures
  const withFactor = people.filter(({ status }) => status === 'enrolled').length
  const facts: readonly (readonly [string, number, string?])[] = [
    ['People with a second factor', withFactor, `of ${plural(people.length, 'person', 'people')}`],
    ['Sign-ins', signIns.accepted, 'first factors that were right'],
    ['Second factors', proofs.accepted, 'that were right'],
    ['Refused attempts', signIns.refused + proofs.refused, `${numberText(figures.throttled)} more had to wait`],
    ['Requests', requests.all, `${bytesText(requests.bytesOut)} to people`],
    ['Refused requests', requests.refused],
    ['Suspensions', figures.suspended, `${numberText(figures.resumed)} ended`],
    ['Warnings', evidence.newest.warnings.total, 'that the gate wrote by itself'],
    ['Changes', evidence.newest.changes.total]
  ]
  return (
    <section aria-labelledby="glance">
      <h2 id="glance">At a glance</h2>
      <dl class="glance">
        {facts.map(([name, value, more]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {numberText(value)}
              {more !== undefined && <small>{more}</small>}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function Gaps({ evidence: { gaps } }: { evidence: Evidence }) {
  return (
    <section aria-labelledby="gaps">
      <h2 id="gaps">What to know before you rely on it</h2>
      <ul class="gaps">
        {gaps.map(({ text, isSerious }) => (
          <li key={text}>
            {isSerious && <span class="look">Look at this</span>}
            <bdi>{visible(text)}</bdi>
          </li>
        ))}
      </ul>
    </section>
  )
}
