/** What must be beside something else: a closed and bounded namespace, a budget for what runs more than once; and kinds and labels that nothing here reads. */
import { nameOf, podTemplateOf, selects, type Manifest } from './manifests.ts';
import { leastReplicas, type Context } from './names.ts';
import { podOf } from './network-engine.ts';

const namespaceOf = (item: Manifest) => item.metadata.namespace ?? '';

/** Namespaces of the manifests in which pods run that somebody else makes have no workloads here; they must be closed all the same. */
export function closedAndBounded({ manifests }: Pick<Context, 'manifests'>, open: ReadonlySet<string>): string[] {
  return manifests.filter(item => item.kind === 'Namespace').flatMap(({ metadata: { name } }) => {
    const inside = manifests.filter(item => namespaceOf(item) === name);
    const problems: string[] = [];
    const deniesAll = inside.some(item =>
      item.kind === 'NetworkPolicy' && Object.keys(item.spec.podSelector ?? {}).length === 0 && !item.spec.ingress?.length && !item.spec.egress?.length
      && ['Ingress', 'Egress'].every(type => item.spec.policyTypes?.includes(type)));
    if (!deniesAll && !open.has(name)) problems.push(`Namespace ${name}: nothing closes it (a NetworkPolicy over all pods, in and out, that allows nothing)`);
    for (const kind of ['ResourceQuota', 'LimitRange']) if (!inside.some(item => item.kind === kind)) problems.push(`Namespace ${name}: no ${kind}`);
    return problems;
  });
}

/** What runs twice or more may lose one at a time and says so; what has a budget of another is not counted. */
export function budgeted(context: Context): string[] {
  const budgets = context.manifests.filter(item => item.kind === 'PodDisruptionBudget');
  return context.manifests.filter(item => ['Deployment', 'StatefulSet', 'Rollout'].includes(item.kind)).flatMap(item => {
    const own = budgets.filter(one => namespaceOf(one) === namespaceOf(item) && selects(one.spec.selector, podOf(item).labels));
    if (own.length > 1) return [`${nameOf(item)}: ${own.length} disruption budgets; the eviction API then refuses all`];
    if (own.length === 0 && leastReplicas(context, item) >= 2) return [`${nameOf(item)}: no disruption budget`];
    return [];
  });
}

/** What the Services of a namespace take of its quota. A Service of type LoadBalancer has a port of the nodes for each of its own, unless it says no. */
export function servicesFitQuota({ manifests }: Pick<Context, 'manifests'>): string[] {
  return manifests.filter(item => item.kind === 'ResourceQuota').flatMap(item => {
    const { 'services.nodeports': ports, 'services.loadbalancers': balancers } = item.spec.hard ?? {};
    const inside = manifests.filter(one => one.kind === 'Service' && namespaceOf(one) === namespaceOf(item));
    const outward = inside.filter(one => one.spec.type === 'NodePort' || (one.spec.type === 'LoadBalancer' && one.spec.allocateLoadBalancerNodePorts !== false));
    const taken: [string, string | undefined, number][] = [
      ['services.nodeports', ports, outward.reduce((sum, one) => sum + one.spec.ports.length, 0)],
      ['services.loadbalancers', balancers, inside.filter(one => one.spec.type === 'LoadBalancer').length],
    ];
    return taken.filter(([, hard, used]) => hard !== undefined && used > Number(hard)).map(([what, hard, used]) => `${nameOf(item)}: ${what} is ${hard}, and the Services take ${used}`);
  });
}

const inertKinds: Record<string, string> = {
  CiliumNetworkPolicy: 'Dataplane V2 on GKE does not take it',
  CiliumClusterwideNetworkPolicy: 'GKE takes it only with an option that is off',
  GlobalNetworkPolicy: 'it is of Calico',
  Ingress: 'the Gateway is the one way in',
  ServiceMonitor: 'there is no Prometheus operator',
  PodMonitor: 'there is no Prometheus operator',
  PrometheusRule: 'there is no Prometheus operator; rules go to Thanos Ruler',
  SecretProviderClass: 'secrets come by External Secrets',
};
const inertLabels: Record<string, string> = {
  'istio-injection': 'the mesh is ambient, there are no sidecars',
  'sidecar.istio.io/inject': 'the mesh is ambient, there are no sidecars',
};

export function inert({ manifests }: Pick<Context, 'manifests'>): string[] {
  return manifests.flatMap(item => {
    const problems = inertKinds[item.kind] ? [`${nameOf(item)}: nothing acts on it: ${inertKinds[item.kind]}`] : [];
    const labels = { ...item.metadata.labels, ...podTemplateOf(item)?.metadata?.labels };
    for (const [label, why] of Object.entries(inertLabels)) if (label in labels) problems.push(`${nameOf(item)}: label ${label}: ${why}`);
    return problems;
  });
}
