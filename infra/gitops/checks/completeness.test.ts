import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { budgeted, closedAndBounded, inert, servicesFitQuota } from './completeness.ts';
import { parseManifests, type Manifest } from './manifests.ts';

const good = `
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: deny-all, namespace: shop }
spec: { podSelector: {}, policyTypes: [Ingress, Egress] }
---
apiVersion: v1
kind: ResourceQuota
metadata: { name: shop, namespace: shop }
spec: { hard: { services.nodeports: '1', services.loadbalancers: '1' } }
---
apiVersion: v1
kind: Service
metadata: { name: shop, namespace: shop }
spec: { type: LoadBalancer, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: LimitRange
metadata: { name: shop, namespace: shop }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop, namespace: shop }
spec: { replicas: 2, selector: { matchLabels: { app: shop } }, template: { metadata: { labels: { app: shop } }, spec: { containers: [] } } }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: shop, namespace: shop }
spec: { maxUnavailable: 1, selector: { matchLabels: { app: shop } } }
`;
const problems = (change: (get: (kind: string) => Manifest, all: Manifest[]) => void = () => {}) => {
  const manifests = parseManifests(good);
  change(kind => manifests.find(item => item.kind === kind)!, manifests);
  return [...closedAndBounded({ manifests }, new Set()), ...budgeted({ manifests, elsewhere: new Set() }), ...inert({ manifests }), ...servicesFitQuota({ manifests })];
};
const drop = (kind: string) => (get: (kind: string) => Manifest, all: Manifest[]) => void all.splice(all.indexOf(get(kind)), 1);

describe('what must be beside something else', () => {
  it('finds nothing where nothing is missing', () => assert.deepEqual(problems(), []));
  const cases: [string, Parameters<typeof problems>[0], RegExp][] = [
    ['a namespace that nothing closes', drop('NetworkPolicy'), /Namespace shop: nothing closes it/],
    ['a namespace closed to what comes in only', get => (get('NetworkPolicy').spec.policyTypes = ['Ingress']), /nothing closes it/],
    ['a policy over all pods that opens something', get => (get('NetworkPolicy').spec.egress = [{}]), /nothing closes it/],
    ['a namespace without a quota', drop('ResourceQuota'), /no ResourceQuota/],
    ['a namespace without limits', drop('LimitRange'), /no LimitRange/],
    ['two pods without a budget', drop('PodDisruptionBudget'), /Deployment shop\/shop: no disruption budget/],
    ['two budgets over the same pods', (get, all) => void all.push({ ...structuredClone(get('PodDisruptionBudget')), metadata: { name: 'more', namespace: 'shop' } }), /2 disruption budgets/],
    ['a balancer whose ports of the nodes the quota forbids', get => (get('ResourceQuota').spec.hard['services.nodeports'] = '0'), /ResourceQuota shop\/shop: services.nodeports is 0, and the Services take 1/],
    ['a balancer where the quota has none', get => (get('ResourceQuota').spec.hard['services.loadbalancers'] = '0'), /services.loadbalancers is 0, and the Services take 1/],
    ['a policy of a network that is not there', get => (get('NetworkPolicy').kind = 'CiliumNetworkPolicy'), /CiliumNetworkPolicy shop\/deny-all: nothing acts on it/],
    ['a monitor that nothing reads', get => (get('LimitRange').kind = 'ServiceMonitor'), /ServiceMonitor shop\/shop: nothing acts on it/],
    ['a namespace labelled for sidecars', get => (get('Namespace').metadata.labels = { 'istio-injection': 'enabled' }), /Namespace shop: label istio-injection/],
  ];
  for (const [what, change, expected] of cases) it(`sees ${what}`, () => assert.match(problems(change).join('\n'), expected));
});
