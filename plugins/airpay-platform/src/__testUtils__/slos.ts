import {
  budgetSeconds,
  burnRatePairs,
  burnWindow,
  exhaustsInSeconds,
  statusOf,
  type SloDetail,
  type SloRange,
  type SloSeries,
  type SloSummary,
} from '@airpay/plugin-airpay-platform-common';

// Answers in the shape of the backend's, for tests and the dev page.

export interface SloOptions {
  service?: string;
  slo?: string;
  objectivePercent?: number;
  left?: number | null;
  burn?: number | null;
  owner?: string | null;
  tier?: string | null;
  at?: string;
}

/** An SLO whose figures agree with each other. */
export function exampleSlo(options: SloOptions = {}): SloSummary {
  const { service = 'ledger', slo = 'availability', objectivePercent = 99.99, left = 0.31, burn = 0.3 } = options;
  const { owner = 'group:default/payments-core', tier = '0', at = '2026-11-21T02:00:00.000Z' } = options;
  const gone = exhaustsInSeconds(left, burn);
  const firing = burn !== null && burn > 14.4 ? 'page' : null;
  const available = left === null ? null : 1 - ((1 - left) * (100 - objectivePercent)) / 100;
  return {
    id: `${service}-${slo}`,
    service,
    slo,
    title: slo === 'availability' ? 'Requests answered without a server error' : slo === 'latency' ? 'Answered within 250 ms' : 'A synthetic payment settles',
    description: `Share of good events of ${service}.`,
    objectivePercent,
    windowDays: 30,
    entityRef: `component:default/${service}`,
    owner,
    tier,
    availability: { value: available, at, source: `1 - sum(slo:events_error:increase30d{sloth_id="${service}-${slo}"})` },
    budgetLeft: { value: left, at, source: `slo:period_error_budget_remaining:ratio{sloth_id="${service}-${slo}"}` },
    burnNow: { value: burn, at, source: `slo:sli_error:ratio_rate1h{sloth_id="${service}-${slo}"}` },
    budgetSeconds: budgetSeconds(objectivePercent),
    exhaustsInSeconds: gone,
    firing,
    status: statusOf({ left, exhaustsInSeconds: gone, firing }),
    trend: left === null ? [null, null] : trendTo(left),
    runbookUrl: 'https://docs.airpay.example/runbooks/ledger-errors',
  };
}

/** A budget running down to `left`, with one gap. */
export function trendTo(left: number, points = 30): (number | null)[] {
  return Array.from({ length: points }, (_, index) => {
    if (index === 11) return null;
    const through = index / (points - 1);
    const step = through < 0.35 ? through * 0.15 : through < 0.5 ? 0.4 + (through - 0.35) * 2 : 0.7 + (through - 0.5) * 0.6;
    return 1 - Math.min(1, step) * (1 - left);
  });
}

export function exampleDetail(options: SloOptions = {}): SloDetail {
  const summary = exampleSlo(options);
  const burn = summary.burnNow.value;
  const total = 18_012_344;
  const bad = summary.availability.value === null ? null : Math.round(total * (1 - summary.availability.value));
  return {
    ...summary,
    windows: burnRatePairs.map((pair, index) =>
      burnWindow(pair, burn === null ? null : burn / (index + 1), burn === null ? null : burn / (index + 0.5)),
    ),
    goodEvents: bad === null ? null : total - bad,
    totalEvents: bad === null ? null : total,
    queries: [
      { title: 'Availability over 30 days', expression: summary.availability.source },
      { title: 'Budget left', expression: summary.budgetLeft.source },
    ],
    // Within the range that is shown first, whatever day the tests run on.
    sampleHistoryUntil: new Date(Date.now() - 12 * 3_600_000).toISOString(),
    errors: [],
  };
}

const spanSeconds: Record<SloRange, number> = { '1h': 3_600, '6h': 21_600, '1d': 86_400, '7d': 604_800, '30d': 2_592_000 };

/** A waving load, one gap, one spike of errors; `endMs` is the last point. */
export function exampleSeries(range: SloRange, endMs: number, left = 0.31): SloSeries {
  const points = 120;
  const stepSeconds = spanSeconds[range] / points;
  const times = Array.from({ length: points }, (_, index) => endMs - (points - 1 - index) * stepSeconds * 1000);
  const wave = (index: number) => 7 + 2 * Math.sin(index / 9) + 0.6 * Math.sin(index * 1.7);
  const spike = (index: number) => (index > 66 && index < 71 ? 0.0016 : 0.00002 * (1 + Math.sin(index)));
  const withGap = (value: (index: number) => number) => times.map((_, index) => (index > 29 && index < 36 ? null : value(index)));
  const budget = (index: number) => left + (1 - left) * (index < 68 ? 0.55 - index * 0.002 : 0.18 * (1 - (index - 68) / 60));
  return {
    range,
    stepSeconds,
    times,
    series: [
      { name: 'budgetLeft', values: withGap(budget) },
      { name: 'requestsPerSecond', values: withGap(wave) },
      { name: 'errorsPerSecond', values: withGap(index => wave(index) * spike(index)) },
      { name: 'errorRatio', values: withGap(spike) },
      { name: 'latencyP50Seconds', values: withGap(index => 0.009 + 0.001 * Math.sin(index / 5)) },
      { name: 'latencyP95Seconds', values: withGap(index => 0.024 + 0.004 * Math.sin(index / 7)) },
      { name: 'latencyP99Seconds', values: withGap(index => 0.038 + 0.01 * Math.abs(Math.sin(index / 6))) },
    ],
    errors: [],
  };
}
