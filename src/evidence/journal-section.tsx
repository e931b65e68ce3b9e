/** The proof of the journal, the files of the folder, and how to check them. */
import { lineInWords } from '../audit/file-lines.ts'
import { utcMinute } from '../messages/utc-minute.ts'
import { visible } from '../messages/visible.ts'
import type { Evidence } from './evidence.ts'
import { folderFiles } from './folder-files.ts'
import { publicKeyFile, signatureFile, sumsFile } from './sums.ts'
import { Figure, Table } from './table.tsx'
import { numberText } from './words.ts'

export function JournalSection({ evidence: { proof, figures, signer } }: { evidence: Evidence }) {
  const { fault } = proof
  const moment = (iso: string | null) =>
    iso === null || Number.isNaN(Date.parse(iso)) ? 'none' : utcMinute(Date.parse(iso))
  const facts: readonly (readonly [string, string])[] = [
    [
      'Result',
      fault === null ? 'whole' : `${fault.place === null ? '' : `${lineInWords(fault.place)}: `}${fault.text}`
    ],
    ['Lines of the chain', fault === null ? numberText(proof.lines) : `${numberText(proof.lines)} before the fault`],
    ['First and last line', `${moment(proof.from)} and ${moment(proof.to)}`],
    ['Signed checkpoints', `${numberText(proof.checkpoints)}, the last one at line ${numberText(proof.signedTo)}`],
    ['End of the chain', `${proof.end.seq}:${proof.end.hash}`],
    ['Keys that signed', proof.keys.join(', ') || 'none'],
    ['Key of this folder', `${signer.publicKey} (id ${signer.keyId})`],
    ['Lines in this range', numberText(figures.lines)]
  ]
  const kinds = [...figures.kinds].sort(([, a], [, b]) => b - a)
  return (
    <section aria-labelledby="journal">
      <h2 id="journal">The journal’s proof</h2>
      <p>
        Each line of the journal holds the SHA-256 of the line before it, and the gate signs the chain. This is the
        result of <code>factorgate journal verify</code> over all of its files, not only over the range. Note the end of
        the chain: a later journal must still contain it (<code class="short">--end</code>).
      </p>
      <Facts facts={facts} />
      {proof.notes.length > 0 && (
        <ul>
          {proof.notes.map(note => (
            <li key={note} class="soft">
              {visible(note)}
            </li>
          ))}
        </ul>
      )}
      <Table
        caption="Lines of this range by kind"
        columns={['Kind', 'Lines']}
        rows={kinds.map(([kind, count]) => [
          <code class="short">{visible(kind)}</code>,
          <Figure>{numberText(count)}</Figure>
        ])}
      />
    </section>
  )
}

export function Facts({ facts }: { facts: readonly (readonly [string, string])[] }) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>
            <code>{visible(value)}</code>
          </dd>
        </>
      ))}
    </dl>
  )
}

export function FilesSection({ evidence: { signer, components } }: { evidence: Evidence }) {
  return (
    <section aria-labelledby="files">
      <h2 id="files">The files of this folder</h2>
      <Table
        caption="What each file holds"
        columns={['File', 'What it holds']}
        rows={folderFiles
          .filter(({ name }) => components !== null || name !== 'sbom.cdx.json')
          .map(({ name, what }) => [<code>{name}</code>, what])}
      />
      <p>
        <code>{sumsFile}</code> lists the SHA-256 of every other file, and <code>{signatureFile}</code> is its signature
        by the gate (Ed25519). Check both on another machine. The key must be the one that you noted earlier (
        <code>factorgate journal key</code>), not only the one in this folder:
      </p>
      <pre>
        <code>{`factorgate evidence --verify . --key ${signer.publicKey}

sha256sum --check --strict ${sumsFile}
openssl pkeyutl -verify -pubin -inkey ${publicKeyFile} -rawin -in ${sumsFile} -sigfile ${signatureFile}`}</code>
      </pre>
    </section>
  )
}
