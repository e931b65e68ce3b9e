/** Makes docs/metrics.md: every metric that the gate declares, and every alert of config/examples/prometheus-alerts.yml. `npm run docs` writes it. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { type Declaration, declarations } from '../../src/metrics/declarations.ts'

interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly what_to_do: string; readonly docs: string }
}

const alertsFile = new URL('../../config/examples/prometheus-alerts.yml', import.meta.url)

export function alerts(): readonly Alert[] {
  const { groups } = parse(readFileSync(alertsFile, 'utf8')) as { groups: readonly { rules: readonly Alert[] }[] }
  return groups.flatMap(({ rules }) => rules)
}

export function metricsPage(): string {
  return `${prologue}\n${metricRows().join('\n')}\n\n${betweenTables}\n\n${alerts().map(alertSection).join('\n')}`
}

function metricRows(): string[] {
  const rows = Object.entries(declarations).map(
    ([name, { type, labels, help, merge = 'sum' }]: [string, Declaration]) => [
      `\`${name}\``,
      type,
      labels.map(label => `\`${label}\``).join(' '),
      help,
      merges[merge]
    ]
  )
  return ['| metric | type | labels | meaning | several workers |', '|---|---|---|---|---|', ...rows.map(line)]
}

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
const merges = { sum: 'the sum', least: 'the least', most: 'the greatest' } as const

function alertSection({ alert, expr, for: during, labels, annotations }: Alert): string {
  const summary = annotations.summary.replace(/\{\{ \$labels\.(\w+) \}\}/g, '`$1`').replace(/\{\{.*?\}\}/g, 'a while')
  const pause = during === undefined ? '' : ` for ${during}`
  return `### ${alert}

${summary} (${labels.severity}: \`${expr}\`${pause})

${annotations.what_to_do}
`
}

const prologue = `<!-- Written by \`npm run docs\` from src/metrics/declarations.ts and config/examples/prometheus-alerts.yml. Change it there. -->
# Metrics and alerts

The gate shows its metrics at \`/metrics\` on the admin listener (the key \`admin\`, 127.0.0.1:9090 by default), in Prometheus' text format. It asks nobody to sign in there, so keep that
port private. Labels contain ids of the configuration and words of our own, never names or addresses of people.

1. Add the gate to Prometheus, with the job name \`factorgate\`:

   \`\`\`yaml
   scrape_configs:
     - job_name: factorgate
       static_configs: [{ targets: ['127.0.0.1:9090'] }]
   rule_files: [prometheus-alerts.yml]
   \`\`\`

2. Copy [prometheus-alerts.yml](../config/examples/prometheus-alerts.yml) beside Prometheus' configuration.
3. Import [grafana-dashboard.json](../config/examples/grafana-dashboard.json) in Grafana (Dashboards, New, Import).

With several \`workers\`, one page has the values of all together: the last column says how.

## Metrics
`

const betweenTables = `Values of labels: \`app\`, \`upstream\`, \`directory\` and \`certificate\` are written as in the configuration. \`status\` is a class such as \`2xx\`; \`0xx\` means that there was no
answer. \`code\` is in \`src/errors.ts\`. \`limit\` is in \`src/throttle/limits.ts\`. \`factor\` and \`outcome\` are as in the journal.

## Alerts

Each alert of [prometheus-alerts.yml](../config/examples/prometheus-alerts.yml), and what to do.`
