// The one place where names of recording rules, rule labels and catalog annotations exist.
// The rule generator (infra/slo) loads this file as it stands, without a build: keep it
// erasable TypeScript and free of imports.

/** Windows for which an error ratio is recorded, shortest first (Sloth's set for 30 days). */
export const sloWindows = ['5m', '30m', '1h', '2h', '6h', '1d', '3d', '30d'] as const;
export type SloWindow = (typeof sloWindows)[number];

/** Length of the budget window. The burn factors below are only right for this length. */
export const periodDays = 30;

export const windowSeconds: Record<SloWindow, number> = {
  '5m': 300,
  '30m': 1800,
  '1h': 3600,
  '2h': 7200,
  '6h': 21600,
  '1d': 86400,
  '3d': 259200,
  '30d': 2592000,
};

/**
 * How often events are counted, seconds. Each count covers exactly the time since the one
 * before it, so any number of them can be added without overlap or hole.
 */
export const eventCountIntervalSeconds = 30;

/** Rules recorded per SLO. Sloth's names; `slo:events_*` and `slo:period_events_*` are ours. */
export const rules = {
  /** Events since the previous count (see eventCountIntervalSeconds). */
  eventsTotal: 'slo:events_total:increase',
  eventsError: 'slo:events_error:increase',
  /** Events over the whole period: the sums the budget is computed from. */
  periodEventsTotal: 'slo:events_total:increase30d',
  periodEventsError: 'slo:events_error:increase30d',
  /** Requests per second by `le`, for latency charts; one set per service, not per SLO. */
  latencyBucket: 'slo:latency_bucket:rate5m',
  errorRatio: (window: SloWindow) => `slo:sli_error:ratio_rate${window}`,
  errorRatioPrefix: 'slo:sli_error:ratio_rate',
  objective: 'slo:objective:ratio',
  errorBudget: 'slo:error_budget:ratio',
  periodDays: 'slo:time_period:days',
  currentBurnRate: 'slo:current_burn_rate:ratio',
  periodBurnRate: 'slo:period_burn_rate:ratio',
  budgetRemaining: 'slo:period_error_budget_remaining:ratio',
  /** Seconds until the budget is gone at the burn of the last hour; absent when not burning. */
  exhaustion: 'slo:time_to_exhaustion:seconds',
  info: 'sloth_slo_info',
} as const;

/** Labels on every rule of an SLO. */
export const sloLabels = {
  id: 'sloth_id',
  service: 'sloth_service',
  slo: 'sloth_slo',
  window: 'sloth_window',
  severity: 'sloth_severity',
} as const;

/** Labels that tie a series, an alert or a workload to the catalog. */
export const ownershipLabels = {
  component: 'component',
  system: 'system',
  team: 'team',
  tier: 'tier',
} as const;

export interface BurnRatePair {
  severity: 'page' | 'ticket';
  long: SloWindow;
  short: SloWindow;
  /** Multiple of the burn that spends exactly the budget in the period. */
  factor: number;
}

/** Fast burns page, slow burns open a ticket. Short = 1/12 of long: it ends the alert soon after the burn ends. */
export const burnRatePairs: readonly BurnRatePair[] = [
  { severity: 'page', long: '1h', short: '5m', factor: 14.4 },
  { severity: 'page', long: '6h', short: '30m', factor: 6 },
  { severity: 'ticket', long: '1d', short: '2h', factor: 3 },
  { severity: 'ticket', long: '3d', short: '6h', factor: 1 },
];

/** Catalog annotations this plugin reads. */
export const annotations = {
  tier: 'airpay.com/tier',
  /** SLO service name(s), comma separated. */
  slo: 'airpay.com/slo',
  /** Kubernetes namespace(s), comma separated. */
  namespace: 'airpay.com/namespace',
  /** URL or path of the runbook. */
  runbook: 'airpay.com/runbook',
  /** Host names, comma separated. */
  hosts: 'airpay.com/hosts',
  /** `weekly from 2026-01-05: user:default/a, user:default/b`, on a group. */
  onCallRota: 'airpay.com/on-call-rota',
  kubernetesId: 'backstage.io/kubernetes-id',
} as const;

/** Annotation in an SLO file: the histogram (`…_bucket{…}`) its latency charts are drawn from. */
export const latencyHistogramAnnotation = 'airpay.com/latency-histogram';

/** Series the home page asks for directly. They belong to ledger and payer; a test holds them there. */
export const liveMetrics = {
  requests: 'http_requests_total',
  requestDuration: 'http_request_duration_seconds_bucket',
  transfers: 'ledger_transfers_total',
  syntheticPayments: 'synthetic_payments_total',
} as const;

/** Sloth's id of an SLO. */
export function sloId(service: string, slo: string): string {
  return `${service}-${slo}`;
}
