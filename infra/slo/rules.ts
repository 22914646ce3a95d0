/** From a service's objectives to Prometheus rule groups. Pure: no file, no clock. */
import {
  burnRatePairs,
  eventCountIntervalSeconds,
  latencyHistogramAnnotation,
  periodDays,
  rules,
  sloId,
  sloLabels,
  sloWindows,
  type BurnRatePair,
} from '../../plugins/airpay-platform-common/src/conventions.ts';
import { SpecError, type ServiceSpec, type SloSpec } from './spec.ts';

type Labels = Record<string, string>;
export type Rule =
  | { record: string; expr: string; labels: Labels }
  | { alert: string; expr: string; labels: Labels; annotations: Labels };
export interface Group {
  name: string;
  interval: string;
  rules: Rule[];
}

const countWindow = `${eventCountIntervalSeconds}s`;
const infoVersion = 'airpay-1';

/** `sum(rate(<selector>[{{.window}}]))`, the one form of which events can be counted exactly. */
const sumOfRate = /sum\(\s*rate\(\s*([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{[^{}]*\})?)\s*\[\{\{\.window\}\}\]\s*\)\s*\)/g;

/** Selectors of the series a query counts. */
export function selectorsOf(query: string, where: string): string[] {
  const found = [...query.matchAll(sumOfRate)].map(match => match[1]!);
  if (found.length === 0 || query.replaceAll(sumOfRate, '').includes('{{.window}}')) {
    throw new SpecError(
      `${where}: only sums and differences of sum(rate(<selector>[{{.window}}])) can be counted exactly, got: ${query}`,
    );
  }
  return found;
}

/**
 * Events since the count before, of one selector; see docs/adr/0030.
 * 1. Difference of two scraped values: no extrapolation, and neighbouring counts meet exactly.
 * 2. A series born since, on a process that was already being read (it answered the scrape, or
 *    had other series of this kind): all it holds is new.
 *    increase() would lose its first value, which for a rare error is the whole of it.
 * 3. Restarted, ended or newly found processes: what increase() saw of them.
 */
export function countOf(selector: string, witness: string): string {
  const before = `offset ${countWindow}`;
  return `sum(((${selector} - ${selector} ${before}) >= 0) or ((${selector} unless ${selector} ${before}) and on (job, instance) (${witness} ${before} or (up ${before} == 1))) or increase(${selector}[${countWindow}]))`;
}

function countsOf(query: string, witness: string, where: string): string {
  selectorsOf(query, where);
  return query.replaceAll(sumOfRate, (_, selector: string) => countOf(selector, witness)).trim();
}

function countRules(slo: SloSpec, id: string, labels: Labels): Rule[] {
  const witness = selectorsOf(slo.totalQuery, `${id} totalQuery`)[0]!;
  const total = countsOf(slo.totalQuery, witness, `${id} totalQuery`);
  const error = countsOf(slo.errorQuery, witness, `${id} errorQuery`);
  return [
    { record: rules.eventsTotal, expr: total, labels },
    // No failed series yet means no failure, but only while there is traffic to fail.
    { record: rules.eventsError, expr: `clamp_min(${error}, 0) or (0 * (${total}))`, labels },
  ];
}

function selectorFor(id: string): string {
  return `{${sloLabels.id}="${id}"}`;
}

function ratioRules(id: string, labels: Labels): Rule[] {
  const of = selectorFor(id);
  const period = `${periodDays}d`;
  const sums: Rule[] = [
    { record: rules.periodEventsTotal, expr: `sum(sum_over_time(${rules.eventsTotal}${of}[${period}]))`, labels },
    { record: rules.periodEventsError, expr: `sum(sum_over_time(${rules.eventsError}${of}[${period}]))`, labels },
  ];
  const ratios = sloWindows.map((window): Rule => {
    const [error, total] =
      window === period
        ? [`sum(${rules.periodEventsError}${of})`, `sum(${rules.periodEventsTotal}${of})`]
        : [
            `sum(sum_over_time(${rules.eventsError}${of}[${window}]))`,
            `sum(sum_over_time(${rules.eventsTotal}${of}[${window}]))`,
          ];
    return {
      record: rules.errorRatio(window),
      // No events: no ratio. 0/0 would be NaN, and NaN on a page is neither good nor bad.
      expr: `${error} / (${total} > 0)`,
      labels: { ...labels, [sloLabels.window]: window },
    };
  });
  return [...sums, ...ratios];
}

function metaRules(slo: SloSpec, id: string, labels: Labels): Rule[] {
  const of = selectorFor(id);
  const budget = budgetOf(slo);
  const burn = (ratio: string) => `sum(${ratio}${of}) / sum(${rules.errorBudget}${of})`;
  return [
    { record: rules.objective, expr: `vector(${round(slo.objective / 100)})`, labels },
    { record: rules.errorBudget, expr: `vector(${budget})`, labels },
    { record: rules.periodDays, expr: `vector(${periodDays})`, labels },
    { record: rules.currentBurnRate, expr: burn(rules.errorRatio('5m')), labels },
    { record: rules.periodBurnRate, expr: burn(rules.errorRatio('30d')), labels },
    { record: rules.budgetRemaining, expr: `1 - sum(${rules.periodBurnRate}${of})`, labels },
    {
      record: rules.exhaustion,
      expr: `clamp_min(sum(${rules.budgetRemaining}${of}), 0) * ${periodDays * 86_400} / ((${burn(rules.errorRatio('1h'))}) > 0)`,
      labels,
    },
    {
      record: rules.info,
      expr: 'vector(1)',
      labels: {
        ...labels,
        sloth_mode: 'cli-gen-prom',
        sloth_objective: String(slo.objective),
        sloth_spec: 'sloth.slok.dev/v1',
        sloth_version: infoVersion,
      },
    },
  ];
}

function alertRules(slo: SloSpec, id: string, labels: Labels): Rule[] {
  const of = selectorFor(id);
  const budget = budgetOf(slo);
  const above = (window: BurnRatePair['long'], factor: number) =>
    `(max(${rules.errorRatio(window)}${of} > (${factor} * ${budget})) without (${sloLabels.window}))`;
  const either = (severity: BurnRatePair['severity']) =>
    burnRatePairs
      .filter(pair => pair.severity === severity)
      .map(pair => `(${above(pair.short, pair.factor)} and ${above(pair.long, pair.factor)})`)
      .join(' or ');
  return (['page', 'ticket'] as const).map((severity): Rule => {
    const { runbook, summary, ...other } = slo.alert.annotations;
    return {
      alert: slo.alert.name,
      expr: either(severity),
      labels: {
        ...labels,
        ...slo.alert.labels,
        ...slo.alert[severity],
        [sloLabels.severity]: severity,
      },
      annotations: {
        ...other,
        ...(runbook ? { runbook_url: runbook } : {}),
        summary: summary ?? slo.description,
        description: burnSentence(of),
      },
    };
  });
}

/** Said by Prometheus at the time of firing from recorded figures; nothing here is typed in. */
function burnSentence(of: string): string {
  const figure = (expression: string, format: string, otherwise: string) =>
    `{{ with query \`${expression}\` }}{{ . | first | value | ${format} }}{{ else }}${otherwise}{{ end }}`;
  return [
    `Burning ${figure(`${rules.currentBurnRate}${of}`, 'printf "%.1f"', 'unknown')} times the sustainable rate;`,
    `${figure(`${rules.budgetRemaining}${of}`, 'humanizePercentage', 'an unknown share')} of the ${periodDays}-day budget is left.`,
    `At the burn of the last hour it is gone in ${figure(`${rules.exhaustion}${of}`, 'humanizeDuration', 'unknown time')}.`,
  ].join(' ');
}

/** Share of events that may fail, without the dust of float subtraction. */
export function budgetOf(slo: { objective: number }): number {
  return round((100 - slo.objective) / 100);
}

function round(value: number): number {
  return Number(value.toPrecision(10));
}

/** Latency by bucket, once per service; charts over weeks are drawn from it in milliseconds. */
function latencyGroup(spec: ServiceSpec): Group[] {
  const histogram = spec.annotations[latencyHistogramAnnotation];
  if (!histogram) return [];
  return [
    {
      name: `slo-latency-${spec.service}`,
      interval: countWindow,
      rules: [
        {
          record: rules.latencyBucket,
          expr: `sum by (le) (rate(${histogram}[5m]))`,
          labels: { ...spec.labels, [sloLabels.service]: spec.service },
        },
      ],
    },
  ];
}

export function ruleGroups(spec: ServiceSpec): Group[] {
  const groups = spec.slos.flatMap((slo): Group[] => {
    const id = sloId(spec.service, slo.name);
    const labels: Labels = {
      ...spec.labels,
      ...slo.labels,
      [sloLabels.id]: id,
      [sloLabels.service]: spec.service,
      [sloLabels.slo]: slo.name,
    };
    return [
      { name: `sloth-slo-event-counts-${id}`, interval: countWindow, rules: countRules(slo, id, labels) },
      { name: `sloth-slo-sli-recordings-${id}`, interval: countWindow, rules: ratioRules(id, labels) },
      { name: `sloth-slo-meta-recordings-${id}`, interval: countWindow, rules: metaRules(slo, id, labels) },
      { name: `sloth-slo-alerts-${id}`, interval: countWindow, rules: alertRules(slo, id, labels) },
    ];
  });
  return [...groups, ...latencyGroup(spec)];
}
