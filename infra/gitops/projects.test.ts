import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { readEstate, root } from './lib/estate.ts';
import { allApplications, clusterWide, components, groupOf, hub, manifestsOf, readYaml, skip, type Manifest } from './lib/manifests.ts';

interface Use {
  sources: Set<string>;
  destinations: Set<string>;
  cluster: Set<string>;
  namespaced: Set<string>;
}

const groups: Record<string, string> = {
  Deployment: 'apps', StatefulSet: 'apps', DaemonSet: 'apps', Role: 'rbac.authorization.k8s.io', RoleBinding: 'rbac.authorization.k8s.io', ClusterRole: 'rbac.authorization.k8s.io',
  ClusterRoleBinding: 'rbac.authorization.k8s.io', CustomResourceDefinition: 'apiextensions.k8s.io', ValidatingWebhookConfiguration: 'admissionregistration.k8s.io',
  MutatingWebhookConfiguration: 'admissionregistration.k8s.io', PodDisruptionBudget: 'policy', HorizontalPodAutoscaler: 'autoscaling', NetworkPolicy: 'networking.k8s.io', Job: 'batch', APIService: 'apiregistration.k8s.io',
};
const projects = () => hub().filter(item => item.kind === 'AppProject');
const project = (name: string) => projects().find(item => item.metadata.name === name)!;
const restriction = ({ group, kind, name }: { group: string; kind: string; name?: string }) => `${group}/${kind}${name ? ` ${name}` : ''}`;

/** What the Applications of a project really use. */
function used(name: string): Use {
  const use: Use = { sources: new Set(), destinations: new Set(), cluster: new Set(), namespaced: new Set() };
  for (const { application } of allApplications()) {
    if (application.spec.project !== name) continue;
    const cluster = application.spec.destination.name as string;
    use.destinations.add(`${cluster} ${application.spec.destination.namespace}`);
    for (const source of application.spec.sources ?? [application.spec.source]) use.sources.add(source.repoURL);
    for (const item of manifestsOf(application)) take(use, cluster, item, application.spec.destination.namespace);
    const chart = application.spec.sources?.find((source: any) => source.chart) && components().find(item => item.name === application.metadata.labels!.component)?.chart;
    for (const kind of chart ? chart.kinds : []) (clusterWide.has(kind) ? use.cluster : use.namespaced).add(`${groups[kind] ?? ''}/${kind}`);
    // KEDA's API server reads how callers are known: a role binding there.
    if (application.metadata.labels?.component === 'keda') use.destinations.add(`${cluster} kube-system`);
  }
  return use;
}

function take(use: Use, cluster: string, item: Manifest, namespace: string): void {
  if (item.kind === 'Namespace') {
    use.cluster.add(`/Namespace ${item.metadata.name}`);
    use.destinations.add(`${cluster} ${item.metadata.name}`);
  } else if (clusterWide.has(item.kind)) use.cluster.add(`${groupOf(item)}/${item.kind}`);
  else {
    use.namespaced.add(`${groupOf(item)}/${item.kind}`);
    use.destinations.add(`${cluster} ${item.metadata.namespace ?? namespace}`);
  }
}

function allowed(item: Manifest): Use {
  return {
    sources: new Set(item.spec.sourceRepos),
    destinations: new Set((item.spec.destinations as { name: string; namespace: string }[]).map(one => `${one.name} ${one.namespace}`)),
    cluster: new Set((item.spec.clusterResourceWhitelist as any[]).map(restriction)),
    namespaced: new Set((item.spec.namespaceResourceWhitelist as any[]).map(restriction)),
  };
}

const sorted = (use: Use) => Object.fromEntries(Object.entries(use).map(([key, set]) => [key, [...(set as Set<string>)].sort()]));

describe('projects of Argo CD', { skip }, () => {
  for (const name of ['platform', 'payments', 'portal']) {
    it(`${name} admits exactly the sources, destinations and kinds that are used`, () => {
      const use = used(name);
      assert.ok(use.sources.size > 0 && use.namespaced.size > 5);
      assert.deepEqual(sorted(allowed(project(name))), sorted(use));
    });
  }

  it('a kind that is added without being admitted, and one that is admitted for nobody, are both seen', () => {
    const generous = structuredClone(project('payments'));
    generous.spec.namespaceResourceWhitelist.push({ group: 'rbac.authorization.k8s.io', kind: 'RoleBinding' });
    assert.notDeepEqual(sorted(allowed(generous)), sorted(used('payments')));
    const use = used('payments');
    take(use, 'gke-payments-region-a', { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'mine' } }, 'payments');
    assert.notDeepEqual(sorted(allowed(project('payments'))), sorted(use));
  });

  it('there are these and no more, and no list is open', () => {
    assert.deepEqual(projects().map(item => item.metadata.name).sort(), ['default', 'payments', 'platform', 'portal', 'root', 'services']);
    for (const item of projects()) {
      for (const key of ['sourceRepos', 'destinations', 'clusterResourceWhitelist', 'namespaceResourceWhitelist']) assert.ok(Array.isArray(item.spec[key]), `${item.metadata.name}: without ${key} everything would be allowed`);
      for (const list of [item.spec.clusterResourceWhitelist, item.spec.namespaceResourceWhitelist]) for (const one of list) assert.ok(!one.kind.includes('*') && !one.group.includes('*'), JSON.stringify(one));
      assert.ok(!item.spec.sourceRepos.includes('*'));
      if (item.metadata.name !== 'services') for (const one of item.spec.destinations) assert.ok(!`${one.name}${one.namespace}`.includes('*'), JSON.stringify(one));
    }
  });

  it('default refuses everything', () => {
    const { orphanedResources: _, description: __, ...rest } = project('default').spec;
    assert.deepEqual(Object.values(rest), [[], [], [], []]);
  });

  it('only root makes projects and applications', () => {
    for (const item of projects().filter(one => one.metadata.name !== 'root')) {
      assert.ok(!JSON.stringify(item.spec).includes('argoproj.io","kind":"App'), item.metadata.name);
      assert.ok(!item.spec.destinations.some((one: any) => one.namespace === 'argocd') || item.metadata.name === 'platform', item.metadata.name);
    }
    assert.deepEqual(allowed(project('root')).destinations, new Set(['gke-devops argocd']));
  });

  it('services gives no roles, no secrets by value, no namespace somebody has, and nothing at the hub', () => {
    const { destinations, namespaced, cluster } = allowed(project('services'));
    for (const kind of ['/Secret', 'rbac.authorization.k8s.io/Role', 'rbac.authorization.k8s.io/RoleBinding', 'apps/DaemonSet', 'apps/StatefulSet', 'networking.k8s.io/Ingress']) assert.ok(!namespaced.has(kind), kind);
    assert.ok(![...destinations].some(one => one.startsWith('gke-devops')));
    const skeleton = path.join(root, 'templates/payment-service/skeleton/gitops');
    const made = readdirSync(skeleton, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.yaml') && !/kustomization|^argocd/.test(file))
      .flatMap(file => [...readFileSync(path.join(skeleton, file), 'utf8').matchAll(/^apiVersion: (?:(\S+)\/)?\S+\nkind: (\w+)$/gm)].map(match => `${match[1] ?? ''}/${match[2]}`));
    assert.ok(made.length >= 10);
    assert.deepEqual(made.filter(kind => kind !== '/Namespace' && !namespaced.has(kind)), [], 'the template makes what the project refuses');
    const taken = allApplications().filter(({ application }) => application.spec.project !== 'services').map(({ application }) => application.spec.destination.namespace as string);
    for (const namespace of new Set([...taken, 'kube-system', 'default'])) assert.ok(destinations.has(`* !${namespace}`), namespace);
    // As Go's filepath.Match reads the names.
    const patterns = [...cluster].map(one => one.split(' ')[1]!);
    const matches = (name: string) => patterns.some(pattern => new RegExp(`^${pattern.replaceAll('*', '[^/]*')}$`).test(name));
    for (const name of ['kube-system', 'kube-public', 'gke-managed-system', 'gmp-system']) assert.ok(!matches(name), name);
    for (const name of ['refunds', 'gateway-x', 'kiosk', 'payouts']) assert.ok(matches(name), name);
  });
});

/** As Argo CD compares: a star is any text, slashes too. */
const glob = (pattern: string) => new RegExp(`^${pattern.split('*').map(part => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`);

/** What a line of the policy gives that is git's, or gives where it cannot be used. */
function rightFaults(rights: string[][]): string[] {
  const applications = allApplications().map(({ application }) => ({ name: `${application.spec.project}/${application.metadata.name}`, cluster: application.spec.destination.name as string }));
  return rights.flatMap(([, role, resource, action, object, effect]) => {
    const what = `${role} may ${action} ${resource} ${object}`;
    if (effect !== 'allow') return [`${what}: takes away what nothing gives`];
    if (resource === 'exec') return [`${what}: a shell`];
    const direct = resource === 'logs' || action === 'action/apps/Deployment/restart';
    if (!direct && action !== 'get' && !(resource === 'applications' && action === 'sync')) return [`${what}: that is git's`];
    if (!direct) return [];
    // These the server does itself, with its own identity; what is synced, the controller does with its own.
    const matched = applications.filter(({ name }) => glob(object!).test(name));
    if (matched.length === 0) return [`${what}: no Application is called so`];
    return matched.filter(({ cluster }) => cluster !== 'gke-devops').map(({ name, cluster }) => `${what}: ${name} is in ${cluster}, and the server has no way to it`);
  });
}

describe('rights of people in Argo CD', () => {
  const values = () => components().find(item => item.name === 'argocd')!;

  it('nobody signs in but through the identity provider, and a group is the only way to a right', () => {
    const { configs, dex } = readYaml(`${values().folder}/values.yaml`);
    assert.equal(configs.cm['admin.enabled'], 'false');
    assert.equal(configs.cm['users.anonymous.enabled'], 'false');
    assert.equal(configs.cm['exec.enabled'], 'false');
    assert.equal(dex.enabled, false);
    assert.deepEqual(Object.keys(configs.cm).filter(key => key.startsWith('accounts.')), []);
    assert.equal((parse(configs.cm['oidc.config']) as any).clientSecret, '$argocd-oidc:client-secret');
    assert.equal(configs.rbac['policy.default'], '');
    const lines = (configs.rbac['policy.csv'] as string).trim().split('\n').map(line => line.split(',').map(word => word.trim()));
    const known = new Set(Object.values(readEstate().groups));
    for (const [kind, subject] of lines) if (kind === 'g') assert.ok(known.has(subject!), `${subject} is no group of the estate`);
    const rights = lines.filter(([kind]) => kind === 'p');
    assert.deepEqual(rightFaults(rights), []);
    const payments = rights.filter(([, role]) => role === 'role:payments').map(([, , , , object]) => object!);
    for (const object of payments) assert.match(object, /^(payments|services)(\/\*)?$/);
    assert.deepEqual([...new Set(rights.filter(([, role]) => role === 'role:reader').map(([, , , action]) => action))], ['get']);
  });

  it('what is changed, deleted, overridden, scaled or looked into by hand is refused, and a right at a spoke where the server has no way in', () => {
    const of = (action: string, object: string, resource = 'applications') => rightFaults([['p', 'role:platform', resource, action, object, 'allow']]).join();
    for (const action of ['create', 'update', 'update/*', 'delete', 'delete/*/Pod/*/*', 'override', '*', 'action/*', 'action/apps/*', 'action/apps/StatefulSet/scale', 'action/apps/Deployment/*']) assert.match(of(action, 'portal/*'), /git's/, action);
    assert.match(of('create', 'portal/*', 'exec'), /shell/);
    assert.match(of('get', '*/*', 'logs'), /payments-ledger/);
    for (const object of ['*/*', 'platform/*', 'payments/*', 'services/*']) assert.match(of('action/apps/Deployment/restart', object), /the server has no way to|no Application/, object);
    assert.match(of('action/apps/Deployment/restart', 'portall/*'), /no Application/);
    assert.match(rightFaults([['p', 'role:platform', 'applications', 'sync', 'platform/*', 'deny']]).join(), /takes away what nothing gives/);
  });

  it('the server, which answers browsers, may do in its cluster no more than people may by it, and is nobody at Google', () => {
    const { configs, server } = readYaml(`${values().folder}/values.yaml`);
    assert.equal(server.clusterRoleRules.enabled, true);
    const rules = server.clusterRoleRules.rules as { apiGroups: string[]; resources: string[]; verbs: string[] }[];
    const writes = rules.flatMap(rule => rule.verbs.filter(verb => !['get', 'list', 'watch'].includes(verb)).flatMap(verb => rule.resources.map(resource => `${verb} ${rule.apiGroups.join()}/${resource}`)));
    const actions = new Set([...(configs.rbac['policy.csv'] as string).matchAll(/action\/(\w+)\/(\w+)\//g)].map(([, group, kind]) => `patch ${group}/${kind!.toLowerCase()}s`));
    assert.deepEqual(writes, [...actions]);
    assert.equal(readEstate().identities['argocd']!.serviceAccount, 'argocd-application-controller');
    assert.equal(server.serviceAccount, undefined);
  });
});
