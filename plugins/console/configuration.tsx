/** What the configuration says, without secrets: when it was loaded, and what of a newer file was refused. */
import { Notice } from '../portal/layout.tsx'
import { sendPage } from '../portal/page-context.ts'
import { formatRelative } from '../portal/relative-time.ts'
import { type ConsoleFrame, consoleFrame, consolePage } from './console-page.ts'
import { base, Sheet } from './layout.tsx'
import type { ConfigurationStatus, ConsoleOptions } from './options.ts'
import type { PageScope } from './page-scope.ts'

interface ConfigurationView extends ConfigurationStatus {
  readonly now: number
}

function ConfigurationPage({ frame, view }: { frame: ConsoleFrame; view: ConfigurationView }) {
  const say = frame.say.configuration
  const when = (at: number) => formatRelative(at, view.now, frame.frame.say)
  const { refused, waiting, reportOnly } = view
  return (
    <Sheet frame={frame} title={say.title} at="configuration">
      {refused !== null && (
        <section aria-labelledby="refused">
          <h2 id="refused">{say.refused}</h2>
          <p>{say.refusedLead({ when: when(refused.at) })}</p>
          <pre>{refused.problems.join('\n')}</pre>
        </section>
      )}
      {waiting.length > 0 && <Notice>{say.waitingLead({ keys: waiting.join(', ') })}</Notice>}
      {reportOnly.length > 0 && <Notice>{say.reports({ apps: reportOnly.join(', ') })}</Notice>}
      {refused === null && waiting.length === 0 && <p>{say.fine}</p>}
      <dl>
        <dt>{say.file}</dt>
        <dd>{view.file ?? say.noFile}</dd>
        <dt>{say.loaded}</dt>
        <dd>{when(view.loadedAt)}</dd>
        <dt>{say.started}</dt>
        <dd>{when(view.startedAt)}</dd>
      </dl>
      <h2>{say.content}</h2>
      <pre>{view.text}</pre>
    </Sheet>
  )
}

export function registerConfiguration(scope: PageScope, options: ConsoleOptions): void {
  scope.get(`${base}/configuration`, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const view = { ...(await options.configuration()), now: page.now }
    return sendPage(page, 200, <ConfigurationPage frame={consoleFrame(page)} view={view} />)
  })
}
