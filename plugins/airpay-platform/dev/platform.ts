import type { CatalogApi } from '@backstage/plugin-catalog-react';
import type { PlatformApi } from '../src/adapters/api';
import { exampleAnswer, exampleList, exampleOverview, exampleResult, fakePlatformApi } from '../src/__testUtils__/fakeApi';
import { exampleSlo } from '../src/__testUtils__/slos';

const at = () => new Date().toISOString();

function devSlos() {
  return [
    exampleSlo({ slo: 'availability', left: 0.31, burn: 0.3, at: at() }),
    exampleSlo({ slo: 'latency', objectivePercent: 99.9, left: 0.82, burn: 0.1, at: at() }),
    exampleSlo({ slo: 'synthetic', objectivePercent: 99.9, left: 0.971, burn: 0, at: at() }),
    exampleSlo({ service: 'refunds', objectivePercent: 99.9, left: 0.06, burn: 16.2, tier: '1', owner: 'group:default/payments-edge', at: at() }),
    exampleSlo({ service: 'fraud-check', objectivePercent: 99.5, left: null, burn: null, tier: '1', owner: 'group:default/payments-risk', at: at() }),
    exampleSlo({ service: 'checkout', objectivePercent: 99.95, left: -0.12, burn: 1.4, tier: '0', owner: 'group:default/payments-edge', at: at() }),
  ];
}

const partial = [{ source: 'Alertmanager', message: 'no answer within 5 s' }];
const refuse = () => Promise.reject(new Error('Prometheus did not answer within 5 s'));
const never = () => new Promise<never>(() => {});

/** Realistic answers; the state asked for in the URL instead of them. */
export function devPlatform(): PlatformApi {
  const state = new URLSearchParams(window.location.search).get('state');
  if (state === 'error') return { overview: refuse, slos: refuse, slo: refuse, series: refuse, ownership: refuse };
  if (state === 'slow') return { overview: never, slos: never, slo: never, series: never, ownership: never };
  const slos = state === 'empty' ? [] : devSlos();
  const errors = state === 'partial' ? partial : [];
  const alerts =
    state === 'empty'
      ? []
      : [
          {
            name: 'RefundsAvailabilityBurn',
            severity: 'page',
            state: 'firing' as const,
            since: new Date(Date.now() - 420_000).toISOString(),
            summary: 'Refunds burn their budget 16 times too fast',
            runbookUrl: 'https://docs.airpay.example/runbooks/refunds',
            entityRef: 'component:default/refunds',
          },
        ];
  return fakePlatformApi(slos, {
    overview: async () => exampleOverview(devSlos().filter(() => slos.length > 0), { errors, alerts }),
    slos: async () => exampleList(slos, { errors, sampleHistoryUntil: new Date(Date.now() - 6 * 3_600_000).toISOString() }),
    ownership: async query => exampleResult(query, query === 'nothing' ? [] : devAnswers(query), { errors }),
  });
}

function devAnswers(query: string) {
  const read = new Date(Date.now() - 12_000).toISOString();
  return [
    exampleAnswer({ match: query === 'ledger' ? 1 : 0.8 }),
    exampleAnswer({
      kind: 'namespace',
      name: 'payments',
      title: 'payments',
      entityRef: null,
      runbook: null,
      match: 0.7,
      because: [
        { text: 'Namespace payments has the label system=payments in region A', source: 'Kubernetes gke-payments-region-a', at: read },
        { text: 'The system payments belongs to payments-core', source: 'catalog', at: read },
      ],
    }),
    exampleAnswer({ kind: 'label', name: 'team=unknown', title: 'team=unknown', entityRef: null, owner: null, onCall: null, runbook: null, links: [], match: 0.4, because: [] }),
  ];
}

/** A catalog with three components of the reader. */
export function devCatalog(): CatalogApi {
  const component = (name: string, tier: string, slo?: string) => ({
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Component',
    metadata: { name, namespace: 'default', annotations: { 'airpay.com/tier': tier, ...(slo ? { 'airpay.com/slo': slo } : {}) } },
  });
  const items = [component('ledger', '0', 'ledger'), component('refunds', '1', 'refunds'), component('statements', '2')];
  return { queryEntities: async () => ({ items, totalItems: items.length, pageInfo: {} }) } as unknown as CatalogApi;
}
