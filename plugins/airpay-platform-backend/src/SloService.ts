import type { BackstageCredentials } from '@backstage/backend-plugin-api';
import { Entity, parseEntityRef, stringifyEntityRef } from '@backstage/catalog-model';
import {
  annotations,
  budgetRatio,
  burnDown,
  byBudgetLeft,
  eventCountIntervalSeconds,
  PartialError,
  periodDays,
  rules,
  SloDetail,
  sloLabels,
  SloList,
  SloRange,
  SloSeries,
} from '@airpay/plugin-airpay-platform-common';
import type { Catalog } from './Catalog';
import type { SloDefinition } from './observed';
import type { Prometheus, RangeSeries } from './Prometheus';
import type { SloFiles } from './SloFiles';
import { burnWindows, counts, ruleExpression, Snapshot, snapshotOf, snapshotQuery, SloSubject, summaryOf } from './sloSamples';
import { asPartialError } from './upstream';

/** Seconds and step of each range a page can ask for; none gives more than 120 points. */
const ranges: Record<SloRange, { seconds: number; stepSeconds: number }> = {
  '1h': { seconds: 3_600, stepSeconds: 60 },
  '6h': { seconds: 21_600, stepSeconds: 300 },
  '1d': { seconds: 86_400, stepSeconds: 900 },
  '7d': { seconds: 604_800, stepSeconds: 7_200 },
  '30d': { seconds: 2_592_000, stepSeconds: 21_600 },
};
const trendStepSeconds = 86_400;

export interface SloServiceOptions {
  prometheus: Prometheus;
  files: SloFiles;
  catalog: Catalog;
  /** ISO time before which samples are generated. */
  sampleHistoryUntil: string | null;
  now?: () => number;
}

/** Everything a page asks about objectives. A part that fails is named beside the parts that did not. */
export class SloService {
  constructor(private readonly options: SloServiceOptions) {}

  /** Least budget left first. Never throws: with nothing readable the list is empty and says why. */
  async list(credentials: BackstageCredentials, filter: { entityRef?: string } = {}): Promise<SloList> {
    const errors: PartialError[] = [];
    const definitions = await this.#definitions(errors);
    const [snapshot, subjects, trends] = await Promise.all([
      this.#snapshot(errors),
      this.#subjects(credentials, errors),
      this.#errorsPerDay(errors),
    ]);
    const wanted = filter.entityRef === undefined ? undefined : canonical(filter.entityRef);
    const slos = definitions
      .filter(one => wanted === undefined || subjects.get(one.service)?.entityRef === wanted)
      .map(one => this.#summary(one, snapshot, subjects.get(one.service), trends.get(one.id)))
      .sort(byBudgetLeft);
    return { slos, errors, at: this.#iso(), sampleHistoryUntil: this.options.sampleHistoryUntil };
  }

  /** @returns undefined when no file states such an objective */
  async detail(id: string, credentials: BackstageCredentials): Promise<SloDetail | undefined> {
    const errors: PartialError[] = [];
    const definition = (await this.#definitions(errors)).find(one => one.id === id);
    if (!definition) return undefined;
    const [snapshot, subjects, trends] = await Promise.all([
      this.#snapshot(errors),
      this.#subjects(credentials, errors),
      this.#errorsPerDay(errors),
    ]);
    const { total, errors: failed } = counts(definition, snapshot);
    return {
      ...this.#summary(definition, snapshot, subjects.get(definition.service), trends.get(id)),
      windows: burnWindows(definition, snapshot),
      goodEvents: total === null || failed === null ? null : total - failed,
      totalEvents: total,
      queries: queriesOf(definition),
      sampleHistoryUntil: this.options.sampleHistoryUntil,
      errors,
    };
  }

  /** @returns undefined when no file states such an objective */
  async series(id: string, range: SloRange): Promise<SloSeries | undefined> {
    const errors: PartialError[] = [];
    const definition = (await this.#definitions(errors)).find(one => one.id === id);
    if (!definition) return undefined;
    const { seconds, stepSeconds } = ranges[range];
    const times = this.#times(seconds, stepSeconds);
    const ask = (query: string) => this.#range(query, times, stepSeconds, errors);
    const inStep = (rule: string) => `sum(sum_over_time(${ruleExpression(rule, id)}[${stepSeconds}s]))`;
    const quantile = (q: number) =>
      `histogram_quantile(${q}, sum by (le) (avg_over_time(${rules.latencyBucket}{${sloLabels.service}="${definition.service}"}[${Math.max(stepSeconds, 300)}s])))`;
    const [snapshot, total, failed, p50, p95, p99] = await Promise.all([
      this.#snapshot(errors),
      ask(inStep(rules.eventsTotal)),
      ask(inStep(rules.eventsError)),
      ...[0.5, 0.95, 0.99].map(q => ask(quantile(q))),
    ]);
    const sums = counts(definition, snapshot);
    const left = summaryOf(definition, snapshot, undefined, []).budgetLeft.value;
    const budget = sums.total === null ? null : budgetRatio(definition.objectivePercent) * sums.total;
    const perSecond = (values: (number | null)[]) => values.map(value => (value === null ? null : value / stepSeconds));
    return {
      range,
      stepSeconds,
      times,
      series: [
        { name: 'budgetLeft', values: burnDown(left, failed, budget) },
        { name: 'requestsPerSecond', values: perSecond(total) },
        { name: 'errorsPerSecond', values: perSecond(failed) },
        { name: 'errorRatio', values: total.map((all, index) => ratio(failed[index], all)) },
        { name: 'latencyP50Seconds', values: p50 },
        { name: 'latencyP95Seconds', values: p95 },
        { name: 'latencyP99Seconds', values: p99 },
      ],
      errors,
    };
  }

  #summary(definition: SloDefinition, snapshot: Snapshot, subject: SloSubject | undefined, errorsPerDay?: (number | null)[]) {
    const { total } = counts(definition, snapshot);
    const budget = total === null ? null : budgetRatio(definition.objectivePercent) * total;
    const plain = summaryOf(definition, snapshot, subject, []);
    return { ...plain, trend: burnDown(plain.budgetLeft.value, errorsPerDay ?? [], budget) };
  }

  async #definitions(errors: PartialError[]): Promise<SloDefinition[]> {
    try {
      const loaded = await this.options.files.load();
      errors.push(...loaded.errors);
      return loaded.slos;
    } catch (error) {
      errors.push(asPartialError(error, 'SLO files'));
      return [];
    }
  }

  async #snapshot(errors: PartialError[]): Promise<Snapshot> {
    try {
      return snapshotOf(await this.options.prometheus.instant(snapshotQuery));
    } catch (error) {
      add(errors, asPartialError(error, 'Prometheus'));
      return snapshotOf([]);
    }
  }

  /** Failed events per day of the period for all SLOs with one question. */
  async #errorsPerDay(errors: PartialError[]): Promise<Map<string, (number | null)[]>> {
    const times = this.#times(periodDays * 86_400, trendStepSeconds);
    const query = `sum by (${sloLabels.id}) (sum_over_time(${rules.eventsError}[${trendStepSeconds}s]))`;
    const series = await this.#rangeSeries(query, times, trendStepSeconds, errors);
    return new Map(series.map(one => [one.labels[sloLabels.id], one.values]));
  }

  async #range(query: string, times: number[], stepSeconds: number, errors: PartialError[]): Promise<(number | null)[]> {
    const series = await this.#rangeSeries(query, times, stepSeconds, errors);
    return series[0]?.values ?? times.map(() => null);
  }

  async #rangeSeries(query: string, times: number[], stepSeconds: number, errors: PartialError[]): Promise<RangeSeries[]> {
    try {
      const request = { startMs: times[0], endMs: times[times.length - 1], stepSeconds };
      return await this.options.prometheus.range(query, request);
    } catch (error) {
      add(errors, asPartialError(error, 'Prometheus'));
      return [];
    }
  }

  /** Entities by the SLO service they are annotated with. */
  async #subjects(credentials: BackstageCredentials, errors: PartialError[]): Promise<Map<string, SloSubject>> {
    try {
      const entities = await this.options.catalog.withAnnotation(annotations.slo, credentials);
      return new Map(
        entities.flatMap(entity => servicesOf(entity).map((service): [string, SloSubject] => [service, subjectOf(entity)])),
      );
    } catch (error) {
      errors.push(asPartialError(error, 'Catalog'));
      return new Map();
    }
  }

  /** Ends of the steps, unix ms. Ends now, on the grid counts are taken on, so that equal questions share an answer. */
  #times(seconds: number, stepSeconds: number): number[] {
    const gridMs = eventCountIntervalSeconds * 1000;
    const end = Math.floor(this.#now() / gridMs) * gridMs;
    const count = Math.floor(seconds / stepSeconds);
    return Array.from({ length: count }, (_, index) => end - (count - 1 - index) * stepSeconds * 1000);
  }

  #now(): number {
    return (this.options.now ?? Date.now)();
  }

  #iso(): string {
    return new Date(this.#now()).toISOString();
  }
}

function ratio(failed: number | null, total: number | null): number | null {
  return failed === null || total === null || total <= 0 ? null : failed / total;
}

/** One line per cause: six charts that fail alike are one sentence. */
function add(errors: PartialError[], error: PartialError): void {
  if (!errors.some(one => one.source === error.source && one.message === error.message)) errors.push(error);
}

function canonical(ref: string): string {
  return stringifyEntityRef(parseEntityRef(ref, { defaultKind: 'component', defaultNamespace: 'default' }));
}

function servicesOf(entity: Entity): string[] {
  return (entity.metadata.annotations?.[annotations.slo] ?? '').split(',').map(one => one.trim()).filter(Boolean);
}

function subjectOf(entity: Entity): SloSubject {
  const owner = entity.spec?.owner;
  return {
    entityRef: stringifyEntityRef(entity),
    owner:
      typeof owner === 'string'
        ? stringifyEntityRef(parseEntityRef(owner, { defaultKind: 'group', defaultNamespace: entity.metadata.namespace ?? 'default' }))
        : null,
    tier: entity.metadata.annotations?.[annotations.tier] ?? null,
  };
}

function queriesOf(definition: SloDefinition): { title: string; expression: string }[] {
  const { id, errorQuery, totalQuery } = definition;
  const at = (query: string) => query.replaceAll('{{.window}}', '5m').replace(/\s+/g, ' ').trim();
  return [
    { title: 'Failed events per second', expression: at(errorQuery) },
    { title: 'All events per second', expression: at(totalQuery) },
    { title: 'Failed events in the window', expression: ruleExpression(rules.periodEventsError, id) },
    { title: 'All events in the window', expression: ruleExpression(rules.periodEventsTotal, id) },
    { title: 'Budget left', expression: ruleExpression(rules.budgetRemaining, id) },
    { title: 'Error ratio of the last hour', expression: ruleExpression(rules.errorRatio('1h'), id) },
  ];
}
