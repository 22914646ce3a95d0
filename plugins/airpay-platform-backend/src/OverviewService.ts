import type { BackstageCredentials } from '@backstage/backend-plugin-api';
import {
  Alert,
  liveMetrics,
  Measured,
  Overview,
  ownershipLabels,
  PartialError,
  SloList,
} from '@airpay/plugin-airpay-platform-common';
import type { ActiveAlert, Alertmanager } from './Alertmanager';
import type { Sample } from './observed';
import type { Prometheus } from './Prometheus';
import { asPartialError } from './upstream';

/** What the home page asks; sums over all regions, since payers do not care which one answers. */
export const overviewQueries = {
  paymentsPerMinute: `sum(rate(${liveMetrics.transfers}{result="posted",instance!="history"}[1m])) * 60`,
  okRatio: `1 - (sum(rate(${liveMetrics.requests}{service="ledger",route=~"/v1/.*",code=~"5.."}[5m])) or vector(0)) / (sum(rate(${liveMetrics.requests}{service="ledger",route=~"/v1/.*"}[5m])) > 0)`,
  p99Seconds: `histogram_quantile(0.99, sum by (le) (rate(${liveMetrics.requestDuration}{service="ledger",route=~"/v1/.*"}[5m])))`,
  /** Synthetic payments that settled, and that failed, in the last 30 s. */
  syntheticOk: `sum(increase(${liveMetrics.syntheticPayments}{result="ok",instance!="history"}[30s]))`,
  syntheticFailed: `sum(increase(${liveMetrics.syntheticPayments}{result="failed",instance!="history"}[30s]))`,
  lastAlert: 'max(max_over_time(timestamp(ALERTS{alertstate="firing"})[7d:5m]))',
} as const;

type Query = keyof typeof overviewQueries;

/** The part of SloService this one needs; use cases do not import each other. */
export interface SloLister {
  list(credentials: BackstageCredentials): Promise<SloList>;
}

export interface OverviewServiceOptions {
  prometheus: Prometheus;
  alertmanager: Alertmanager;
  slos: SloLister;
  now?: () => number;
}

/** Is money moving, what is firing, which budgets are short. */
export class OverviewService {
  constructor(private readonly options: OverviewServiceOptions) {}

  /** Never throws: what could not be read is null, and named in `errors`. */
  async read(credentials: BackstageCredentials): Promise<Overview> {
    const errors: PartialError[] = [];
    const names = Object.keys(overviewQueries) as Query[];
    const [samples, alerts, slos] = await Promise.all([
      Promise.all(names.map(name => this.#sample(name, errors))),
      this.#alerts(errors),
      this.options.slos.list(credentials),
    ]);
    const found = new Map(names.map((name, index) => [name, samples[index]]));
    const measured = (name: Query): Measured => ({
      value: found.get(name)?.value ?? null,
      at: isoOf(found.get(name)?.at),
      source: overviewQueries[name],
    });
    for (const error of slos.errors) add(errors, error);
    const paymentsPerMinute = measured('paymentsPerMinute');
    return {
      paymentsPerMinute,
      okRatio: measured('okRatio'),
      p99Seconds: measured('p99Seconds'),
      moneyIsMoving: moneyIsMoving(
        found.get('syntheticOk')?.value ?? null,
        found.get('syntheticFailed')?.value ?? null,
        paymentsPerMinute.value,
      ),
      alerts: alerts.map(alertOf),
      lastAlertAt: isoOf((found.get('lastAlert')?.value ?? NaN) * 1000),
      slos: slos.slos,
      errors,
      at: new Date((this.options.now ?? Date.now)()).toISOString(),
    };
  }

  async #sample(name: Query, errors: PartialError[]): Promise<Sample | undefined> {
    try {
      return (await this.options.prometheus.instant(overviewQueries[name]))[0];
    } catch (error) {
      add(errors, asPartialError(error, 'Prometheus'));
      return undefined;
    }
  }

  async #alerts(errors: PartialError[]): Promise<ActiveAlert[]> {
    try {
      const alerts = await this.options.alertmanager.activeAlerts();
      return alerts.filter(alert => !alert.suppressed);
    } catch (error) {
      add(errors, asPartialError(error, 'Alertmanager'));
      return [];
    }
  }
}

/**
 * Yes only when a synthetic payment settled within 30 s: traffic alone can be all failures, and
 * silence is no proof of health. No when payments are tried and none settles. Else unknown.
 */
export function moneyIsMoving(
  syntheticOk: number | null,
  syntheticFailed: number | null,
  paymentsPerMinute: number | null,
): 'yes' | 'no' | 'unknown' {
  if (syntheticOk !== null && syntheticOk > 0) return 'yes';
  if (syntheticFailed !== null && syntheticFailed > 0) return 'no';
  if (syntheticOk === 0 && paymentsPerMinute === 0) return 'no';
  return 'unknown';
}

function alertOf(alert: ActiveAlert): Alert {
  const component = alert.labels[ownershipLabels.component];
  return {
    name: alert.name,
    severity: alert.labels.severity ?? 'none',
    state: 'firing',
    since: alert.startsAt,
    summary: alert.annotations.summary ?? alert.name,
    runbookUrl: alert.annotations.runbook_url ?? null,
    entityRef: component ? `component:default/${component}` : null,
  };
}

function add(errors: PartialError[], error: PartialError): void {
  if (!errors.some(one => one.source === error.source && one.message === error.message)) errors.push(error);
}

function isoOf(unixMs: number | undefined): string | null {
  return unixMs === undefined || !Number.isFinite(unixMs) ? null : new Date(unixMs).toISOString();
}
