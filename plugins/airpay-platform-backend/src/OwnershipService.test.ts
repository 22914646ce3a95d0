import { mockCredentials } from '@backstage/backend-test-utils';
import { catalogServiceMock } from '@backstage/plugin-catalog-node/testUtils';
import { entities } from './__testUtils__/upstreams';
import { ServiceCatalog } from './Catalog';
import type { Kubernetes } from './Kubernetes';
import type { AlertRule, KubernetesObject } from './observed';
import { OwnershipService } from './OwnershipService';
import { UpstreamError } from './upstream';

const credentials = mockCredentials.user();
// Thursday of the second week of the rota: tomas.
const now = () => Date.parse('2026-01-15T12:00:00Z');
const readAt = '2026-01-15T11:59:58.000Z';

const object = (kind: KubernetesObject['kind'], name: string, more: Partial<KubernetesObject> = {}): KubernetesObject => ({
  kind,
  name,
  namespace: kind === 'Namespace' ? '' : 'payments',
  labels: {},
  hosts: [],
  backends: [],
  state: '',
  ...more,
});
const region = (id: string, objects: KubernetesObject[]): Kubernetes => ({
  read: async () => ({ region: id, objects, at: readAt, errors: [] }),
});
const rule = (name: string, labels: Record<string, string>): AlertRule => ({
  name,
  query: 'x',
  labels,
  annotations: { runbook_url: `/docs/${name}` },
  state: 'inactive',
  evaluatedAt: readAt,
});

function service(over: { kubernetes?: Kubernetes[]; rules?: () => Promise<AlertRule[]> } = {}) {
  return new OwnershipService({
    catalog: new ServiceCatalog(catalogServiceMock({ entities })),
    prometheus: { instant: async () => [], range: async () => [], alertRules: over.rules ?? (async () => [rule('LedgerDown', { component: 'ledger' }), rule('Burn', { sloth_service: 'ledger' })]) },
    kubernetes: over.kubernetes ?? [
      region('region-a', [
        object('Namespace', 'payments', { labels: { component: 'namespace', system: 'payments' } }),
        object('Pod', 'ledger-7f9c-abcde', { labels: { 'backstage.io/kubernetes-id': 'ledger' }, ip: '10.0.0.7', state: 'Running' }),
        object('Deployment', 'ledger', { labels: { 'backstage.io/kubernetes-id': 'ledger' }, state: '2 of 2 ready' }),
        object('Pod', 'stray-1'),
        object('HTTPRoute', 'ledger', { hosts: ['ledger.pay.airpay.example', 'pay.airpay.example'], backends: ['ledger'] }),
      ]),
    ],
    now,
  });
}
const find = async (text: string, over = {}) => service(over).find(text, credentials);
const best = async (text: string) => (await find(text)).answers[0];

describe('OwnershipService', () => {
  it('answers a component with owner, who is on call until when, runbook and links', async () => {
    expect(await best('ledger')).toMatchObject({
      kind: 'component',
      name: 'ledger',
      match: 1,
      entityRef: 'component:default/ledger',
      owner: { ref: 'group:default/payments-core', title: 'payments-core' },
      onCall: { ref: 'user:default/tomas', title: 'Tomas Novak', until: '2026-01-19T09:00:00.000Z', source: 'airpay.com/on-call-rota of group:default/payments-core' },
      runbook: { url: '/docs/default/component/ledger/runbooks/ledger' },
    });
    expect((await best('ledger')).because[1]).toEqual({ text: 'Deployment ledger in namespace payments of region-a runs it, 2 of 2 ready', source: 'Kubernetes API, region-a', at: readAt });
    expect((await best('ledger')).links.map(link => link.url)).toContain('/catalog/default/component/ledger');
  });

  it('leads from a pod over its label to the owner, each step with source and time', async () => {
    const pod = await best('ledger-7f9c-abcde');
    expect(pod).toMatchObject({ kind: 'pod', match: 1, owner: { ref: 'group:default/payments-core' } });
    expect(pod.because).toEqual([
      { text: 'Pod ledger-7f9c-abcde in namespace payments carries the label backstage.io/kubernetes-id=ledger', source: 'Kubernetes API, region-a', at: readAt },
      { text: 'component:default/ledger has backstage.io/kubernetes-id: ledger', source: 'Catalog', at: '2026-01-15T12:00:00.000Z' },
      { text: 'component:default/ledger names group:default/payments-core as its owner (spec.owner)', source: 'Catalog', at: '2026-01-15T12:00:00.000Z' },
      { text: 'The rota of group:default/payments-core names user:default/tomas until 2026-01-19T09:00:00.000Z', source: 'airpay.com/on-call-rota of group:default/payments-core', at: '2026-01-15T12:00:00.000Z' },
    ]);
    expect((await best('10.0.0.7')).name).toBe('ledger-7f9c-abcde');
  });

  it('says that a pod without labels has no known owner instead of guessing', async () => {
    const pod = await best('stray-1');
    expect(pod).toMatchObject({ kind: 'pod', owner: null, onCall: null, entityRef: null });
    expect(pod.because[0].text).toMatch(/carries no label that names its component, system or team/);
  });

  it.each([
    ['system', 'system:payments', 'payments'],
    ['group', 'payments-core', 'payments-core'],
    ['api', 'api:default/ledger', 'ledger'],
    ['host', 'https://ledger.pay.airpay.example/v1', 'ledger.pay.airpay.example'],
    ['host', 'pay.airpay.example', 'pay.airpay.example'],
    ['alert', 'LedgerDown', 'LedgerDown'],
    ['alert', 'Burn', 'Burn'],
    ['label', 'team=payments-core', 'team=payments-core'],
  ] as const)('finds a %s by %p', async (kind, text, name) => {
    const answer = await best(text);
    expect(answer).toMatchObject({ kind, name });
    expect(answer.owner?.ref).toBe('group:default/payments-core');
    expect(answer.because.length).toBeGreaterThan(0);
  });

  it('finds a person, whom nobody owns', async () => {
    expect(await best('Lea')).toMatchObject({ kind: 'user', name: 'lea', owner: null, onCall: null });
  });

  it('finds a namespace beside the system of that name, by its label in the cluster', async () => {
    const namespace = (await find('payments')).answers.find(one => one.kind === 'namespace');
    expect(namespace).toMatchObject({ entityRef: 'system:default/payments', owner: { ref: 'group:default/payments-core' } });
    expect(namespace!.because[0]).toEqual({ text: 'Namespace payments carries the label system=payments', source: 'Kubernetes API, region-a', at: readAt });
  });

  it('takes the runbook of an alert from its rule', async () => {
    expect((await best('LedgerDown')).runbook).toEqual({ title: 'Runbook of LedgerDown', url: '/docs/LedgerDown' });
  });

  it('names no owner for a label that things of two owners carry', async () => {
    const answer = await best('cost-center=cc-4100');
    expect(answer).toMatchObject({ kind: 'label', owner: null });
    expect(answer.because.map(one => one.text)).toContain('They have 2 owners, so the label alone names none');
  });

  it('says when the owner is not in the catalog', async () => {
    const answer = await best('checkout');
    expect(answer.owner).toEqual({ ref: 'group:default/gone', title: 'group:default/gone' });
    expect(answer.because.map(one => one.text)).toContain('The catalog has no group:default/gone, or you may not see it');
  });

  it('puts best first, at most ten, and nothing for what nobody knows', async () => {
    const many = Array.from({ length: 40 }, (_, index) => object('Namespace', `ledger-${index}`));
    const { answers } = await find('ledger', { kubernetes: [region('region-a', many)] });
    expect(answers).toHaveLength(10);
    expect(answers.map(one => one.match)).toEqual([...answers.map(one => one.match)].sort((a, b) => b - a));
    expect((await find('nothing-of-this-name')).answers).toEqual([]);
  });

  it('answers from what can be read when Prometheus cannot', async () => {
    const result = await find('ledger', { rules: () => Promise.reject(new UpstreamError('Prometheus', 'Prometheus gave no answer: refused')) });
    expect(result.answers[0].name).toBe('ledger');
    expect(result.errors).toEqual([{ source: 'Prometheus', message: 'Prometheus gave no answer: refused' }]);
  });
});
