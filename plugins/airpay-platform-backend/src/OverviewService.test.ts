import { mockCredentials } from '@backstage/backend-test-utils';
import type { ActiveAlert } from './Alertmanager';
import { moneyIsMoving, overviewQueries, OverviewService } from './OverviewService';
import type { Prometheus } from './Prometheus';
import { UpstreamError } from './upstream';

const credentials = mockCredentials.user();
const now = () => 1_800_000_000_000;
const slos = { list: async () => ({ slos: [], errors: [{ source: 'Prometheus', message: 'gone' }], at: '', sampleHistoryUntil: null }) };
const alert: ActiveAlert = {
  name: 'LedgerDown',
  labels: { severity: 'page', component: 'ledger' },
  annotations: { summary: 'No ledger process answers', runbook_url: '/docs/x' },
  startsAt: '2026-11-21T00:00:00.000Z',
  suppressed: false,
};

function prometheus(answers: Partial<Record<keyof typeof overviewQueries, number>>): Prometheus {
  const byQuery = new Map(Object.entries(answers).map(([name, value]) => [overviewQueries[name as keyof typeof overviewQueries] as string, value]));
  return {
    instant: async query => {
      const value = byQuery.get(query);
      return value === undefined ? [] : [{ labels: {}, value, at: now() }];
    },
    range: async () => [],
    alertRules: async () => [],
  };
}

describe('OverviewService', () => {
  it('gives figures with time and query, and alerts that nobody speaks for yet', async () => {
    const overview = await new OverviewService({
      prometheus: prometheus({ paymentsPerMinute: 412, okRatio: 0.99994, p99Seconds: 0.038, syntheticOk: 6, syntheticFailed: 0, lastAlert: 1_799_990_000 }),
      alertmanager: { activeAlerts: async () => [alert, { ...alert, name: 'quiet', suppressed: true }] },
      slos,
      now,
    }).read(credentials);
    expect(overview).toMatchObject({
      paymentsPerMinute: { value: 412, at: '2027-01-15T08:00:00.000Z', source: overviewQueries.paymentsPerMinute },
      okRatio: { value: 0.99994 },
      p99Seconds: { value: 0.038 },
      moneyIsMoving: 'yes',
      lastAlertAt: new Date(1_799_990_000_000).toISOString(),
      errors: [{ source: 'Prometheus', message: 'gone' }],
    });
    expect(overview.alerts).toEqual([
      { name: 'LedgerDown', severity: 'page', state: 'firing', since: alert.startsAt, summary: 'No ledger process answers', runbookUrl: '/docs/x', entityRef: 'component:default/ledger' },
    ]);
  });

  it('names a source that cannot be read once and keeps the rest', async () => {
    const failing = async () => Promise.reject(new UpstreamError('Alertmanager', 'Alertmanager gave no answer: refused'));
    const overview = await new OverviewService({ prometheus: prometheus({ paymentsPerMinute: 1 }), alertmanager: { activeAlerts: failing }, slos, now }).read(credentials);
    expect(overview.paymentsPerMinute.value).toBe(1);
    expect(overview.okRatio).toEqual({ value: null, at: null, source: overviewQueries.okRatio });
    expect(overview.errors.map(error => error.source).sort()).toEqual(['Alertmanager', 'Prometheus']);
  });

  it.each([
    ['a synthetic payment settled', 5, 1, 400, 'yes'],
    ['all synthetic payments failed', 0, 6, 400, 'no'],
    ['nothing is tried and nothing flows', 0, 0, 0, 'no'],
    ['traffic flows but no synthetic payment was tried', 0, 0, 400, 'unknown'],
    ['there is no data', null, null, null, 'unknown'],
    ['traffic alone proves nothing', null, null, 400, 'unknown'],
  ] as const)('money is moving: %s', (_, ok, failed, perMinute, expected) => {
    expect(moneyIsMoving(ok, failed, perMinute)).toBe(expected);
  });
});
