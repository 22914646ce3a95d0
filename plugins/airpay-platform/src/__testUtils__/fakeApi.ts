import type { Overview, OwnershipAnswer, OwnershipResult, SloList, SloSummary } from '@airpay/plugin-airpay-platform-common';
import type { PlatformApi } from '../adapters/api';
import { exampleDetail, exampleSeries, exampleSlo } from './slos';

export function exampleOverview(slos: SloSummary[], over: Partial<Overview> = {}): Overview {
  const at = new Date().toISOString();
  return {
    paymentsPerMinute: { value: 412, at, source: 'sum(rate(ledger_transfers_total{result="posted"}[1m])) * 60' },
    okRatio: { value: 0.99994, at, source: '1 - sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))' },
    p99Seconds: { value: 0.038, at, source: 'histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))' },
    moneyIsMoving: 'yes',
    alerts: [],
    lastAlertAt: new Date(Date.now() - 3 * 3_600_000).toISOString(),
    slos,
    errors: [],
    at,
    ...over,
  };
}

export function exampleList(slos: SloSummary[], over: Partial<SloList> = {}): SloList {
  return { slos, errors: [], at: new Date().toISOString(), sampleHistoryUntil: null, ...over };
}

/** The ledger, as found by its name. */
export function exampleAnswer(over: Partial<OwnershipAnswer> = {}): OwnershipAnswer {
  const at = new Date(Date.now() - 12_000).toISOString();
  return {
    kind: 'component',
    name: 'ledger',
    title: 'Ledger',
    entityRef: 'component:default/ledger',
    owner: { ref: 'group:default/payments-core', title: 'Payments core' },
    onCall: {
      ref: 'user:default/lea',
      title: 'Lea',
      until: new Date(Date.now() + 2.4 * 86_400_000).toISOString(),
      source: 'rota of payments-core',
    },
    runbook: { title: 'Ledger errors', url: 'https://docs.airpay.example/runbooks/ledger-errors' },
    links: [
      { title: 'SLOs', url: '/platform/slos?filter=ledger' },
      { title: 'Recovery', url: '/recovery' },
    ],
    because: [{ text: 'The component ledger names payments-core as its owner', source: 'catalog', at }],
    match: 1,
    ...over,
  };
}

export function exampleResult(query: string, answers: OwnershipAnswer[], over: Partial<OwnershipResult> = {}): OwnershipResult {
  return { query, answers, errors: [], at: new Date().toISOString(), ...over };
}

/** A platform in memory: every method can be replaced. */
export function fakePlatformApi(slos: SloSummary[] = [exampleSlo()], over: Partial<PlatformApi> = {}): PlatformApi {
  const known = (id: string) => {
    const slo = slos.find(one => one.id === id);
    if (!slo) throw Object.assign(new Error(`No SLO ${id}`), { name: 'NotFoundError' });
    return slo;
  };
  return {
    overview: async () => exampleOverview(slos),
    slos: async filter => exampleList(slos.filter(slo => !filter?.entityRef || slo.entityRef === filter.entityRef)),
    slo: async id => {
      const { service, slo, objectivePercent, budgetLeft, burnNow, owner, tier } = known(id);
      return exampleDetail({ service, slo, objectivePercent, left: budgetLeft.value, burn: burnNow.value, owner, tier });
    },
    series: async (id, range) => exampleSeries(range, Date.now(), known(id).budgetLeft.value ?? 0),
    ownership: async query =>
      exampleResult(query, 'ledger'.includes(query) || query.includes('ledger') ? [exampleAnswer({ match: query === 'ledger' ? 1 : 0.6 })] : []),
    ...over,
  };
}
