/** Every metric of the gate. `docs/metrics.md` is written from this list. */

export interface Declaration {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  /** One sentence. */
  readonly help: string
  /** How the values of several workers become one; `sum` if not given. */
  readonly merge?: 'sum' | 'least' | 'most'
}

/** Upper bounds, in seconds. */
export const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const
/** Most operations of the store take less than a millisecond. */
export const storeBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1] as const

/** Label values come from the configuration and from our own catalogues, never from clients. */
export const declarations = {
  factorgate_requests_total: {
    type: 'counter',
    labels: ['app', 'status'],
    help: 'Requests forwarded, by app and class of status.'
  },
  factorgate_request_duration_seconds: {
    type: 'histogram',
    labels: ['app'],
    help: 'From the request line to the last byte of the answer.'
  },
  factorgate_received_bytes_total: {
    type: 'counter',
    labels: ['app'],
    help: 'Body bytes from people to apps. Those of a WebSocket count at its end.'
  },
  factorgate_sent_bytes_total: {
    type: 'counter',
    labels: ['app'],
    help: 'Body bytes from apps to people. Those of a WebSocket count at its end.'
  },
  factorgate_open_connections: { type: 'gauge', labels: [], help: 'Sockets, downloads and uploads under way.' },
  factorgate_open_sockets: { type: 'gauge', labels: ['app'], help: 'Open WebSockets, by app.' },
  factorgate_upstream_up: {
    type: 'gauge',
    labels: ['app', 'upstream'],
    help: '1 while the upstream is up, as far as the gate knows.',
    merge: 'least'
  },
  factorgate_refusals_total: { type: 'counter', labels: ['code'], help: "Answers of the gate's own, by code." },
  factorgate_sign_ins_total: {
    type: 'counter',
    labels: ['factor', 'outcome'],
    help: 'First steps of a sign-in, by factor and outcome.'
  },
  factorgate_proofs_total: {
    type: 'counter',
    labels: ['factor', 'outcome'],
    help: 'Second factors tried, by factor and outcome.'
  },
  factorgate_institution_answers_total: {
    type: 'counter',
    labels: ['directory', 'outcome'],
    help: 'Sign-ins at institutions and directories, by their id and outcome.'
  },
  factorgate_device_refreshes_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Refreshes of device-bound sign-ins, by outcome: `refreshed`, `challenged` (the first of two rounds), `spent`, `late`, `refused`, `forgotten`, `unavailable`.'
  },
  factorgate_device_skips_total: {
    type: 'counter',
    labels: ['reason'],
    help: 'Requests that came without a refresh, by the reason that the browser gives: `unreachable`, `server_error`, `quota_exceeded`, `other`.'
  },
  factorgate_kept_posts_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'POSTs that came without a proof, by outcome: `kept`, `refused` (too large, late, or a password in it), `too_many`, `sent` (after the proof), `returned` (the app was away, so it waits again), `dropped` (by its sender), `gone` (asked for when its time was over, or in another browser).'
  },
  factorgate_kept_bytes: {
    type: 'gauge',
    labels: [],
    help: 'Body bytes of kept POSTs in the store, as far as the gate knows.',
    merge: 'most'
  },
  factorgate_throttled_attempts_total: {
    type: 'counter',
    labels: ['limit'],
    help: 'Attempts that were refused unchecked because of earlier failures, by limit.'
  },
  factorgate_app_changes_total: {
    type: 'counter',
    labels: ['app', 'severity'],
    help: 'New things that were found in an app, by app and severity: alarm or change.'
  },
  factorgate_app_changes_open: {
    type: 'gauge',
    labels: ['app'],
    help: 'Findings about an app that no operator has approved yet.',
    merge: 'most'
  },
  factorgate_app_pages_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Pages and scripts that the check of apps (key integrity) has met: `read`, `skipped` (its thread had no time or room left), `stopped` (it took the thread more than five seconds, or crashed it).'
  },
  factorgate_unusual_total: {
    type: 'counter',
    labels: ['level'],
    help: 'How often something was unusual for a person, by level: strange, alarming or extreme.'
  },
  factorgate_posture: {
    type: 'gauge',
    labels: ['app'],
    help: '0 normal, 1 elevated, 2 lockdown; for all apps (without a value of the label), and for those with a posture of their own.',
    merge: 'most'
  },
  factorgate_decoy_touches_total: {
    type: 'counter',
    labels: ['app', 'outcome'],
    help: 'Touches of decoys, by app and outcome: touched by a person who is signed in, led there perhaps without their will, reported only, half_way signed in, unknown because the store did not answer, or by a stranger.'
  },
  factorgate_budget_events_total: {
    type: 'counter',
    labels: ['budget', 'event'],
    help: 'Budgets that were passed, confirmed with a second factor, or left unanswered, by budget.'
  },
  factorgate_session_ends_total: {
    type: 'counter',
    labels: ['why'],
    help: 'Sign-outs and ended sessions, by reason. An idle session that runs out is not among them.'
  },
  factorgate_active_sessions: {
    type: 'gauge',
    labels: [],
    help: 'Sessions that were used in the last five minutes, as one process knows.',
    merge: 'most'
  },
  factorgate_store_up: { type: 'gauge', labels: [], help: '1 while the store answers.', merge: 'least' },
  factorgate_store_operation_seconds: {
    type: 'histogram',
    labels: ['verb'],
    help: 'Time until the store has answered, by operation.'
  },
  factorgate_store_errors_total: {
    type: 'counter',
    labels: ['verb'],
    help: 'Operations that the store has refused or not answered.'
  },
  factorgate_journal_writable: {
    type: 'gauge',
    labels: [],
    help: '1 while the journal takes lines.',
    merge: 'least'
  },
  factorgate_journal_lines_total: { type: 'counter', labels: [], help: 'Lines written to the journal.' },
  factorgate_journal_bytes_total: { type: 'counter', labels: [], help: 'Bytes of these lines.' },
  factorgate_journal_waiting_bytes: { type: 'gauge', labels: [], help: 'Bytes that wait for the disk.' },
  factorgate_journal_unwritten_lines: {
    type: 'gauge',
    labels: [],
    help: 'Lines that were counted only, because the disk takes none. A later line of the journal names the number.'
  },
  factorgate_journal_checkpoint_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    help: 'The last signed checkpoint of the journal that the gate knows.',
    merge: 'most'
  },
  factorgate_export_lines_total: {
    type: 'counter',
    labels: ['exporter'],
    help: 'Journal lines sent, by export.'
  },
  factorgate_export_failures_total: {
    type: 'counter',
    labels: ['exporter'],
    help: 'Failed tries to send journal lines, by export.'
  },
  factorgate_export_missing_lines_total: {
    type: 'counter',
    labels: ['exporter'],
    help: 'Journal lines that were removed before they were sent, by export.'
  },
  factorgate_export_behind_lines: {
    type: 'gauge',
    labels: ['exporter'],
    help: 'Journal lines that wait to be sent, by export, at its last try.'
  },
  factorgate_notices_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Mails and webhooks that were sent, or given up after several attempts.'
  },
  factorgate_trace_spans_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Spans of traces that the collector has taken, and those that were dropped.'
  },
  factorgate_trace_failures_total: {
    type: 'counter',
    labels: [],
    help: 'Failed tries to send spans to the collector.'
  },
  factorgate_reloads_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Changed configurations that were applied or refused.'
  },
  factorgate_config_applied_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    help: 'When the configuration in use was applied.'
  },
  factorgate_config_ok: {
    type: 'gauge',
    labels: [],
    help: '0 while the file on disk is refused and an older configuration is in use.',
    merge: 'least'
  },
  factorgate_certificate_end_timestamp_seconds: {
    type: 'gauge',
    labels: ['certificate'],
    help: 'The end of each certificate of the configuration, by its key there.',
    merge: 'least'
  },
  factorgate_certificate_orders_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Certificates that an ACME server issued, and orders that failed.'
  },
  factorgate_event_loop_delay_seconds: {
    type: 'gauge',
    labels: ['percentile'],
    help: 'By how much timers were late since the last scrape. Measured from the first scrape on.',
    merge: 'most'
  },
  factorgate_workers: { type: 'gauge', labels: [], help: 'Processes that serve.' },
  factorgate_build_info: {
    type: 'gauge',
    labels: ['version', 'node'],
    help: 'Always 1; the labels name the releases.',
    merge: 'most'
  },
  process_resident_memory_bytes: { type: 'gauge', labels: [], help: 'Resident memory.' },
  process_cpu_seconds_total: { type: 'counter', labels: [], help: 'Processor time, user and system.' },
  process_start_time_seconds: {
    type: 'gauge',
    labels: [],
    help: 'When the process started.',
    merge: 'least'
  }
} as const satisfies Readonly<Record<string, Declaration>>

export type MetricName = keyof typeof declarations

type OfType<T extends Declaration['type']> = {
  [name in MetricName]: (typeof declarations)[name]['type'] extends T ? name : never
}[MetricName]

export type CounterName = OfType<'counter'>
export type HistogramName = OfType<'histogram'>
/** A counter that another object keeps is read like a gauge. */
export type ReadName = OfType<'counter' | 'gauge'>

type Texts<Names extends readonly string[]> = { -readonly [at in keyof Names]: string }
/** One text for each label, in the declared order. */
export type LabelValues<N extends MetricName> = Texts<(typeof declarations)[N]['labels']>
