import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { parse as parseHcl } from '@cdktf/hcl2json';
import { parse } from 'yaml';
import { budgeted, closedAndBounded, inert, servicesFitQuota } from './completeness.ts';
import { accountProblems, accountsOf, cidrProblems, diskProblems, hostProblems, poolProblems, secretProblems } from './estate-names.ts';
import { allExpressions, ofManifest, type Found } from './expressions.ts';
import { build, fleet, hasKubectl, kustomizations, type ClusterContent } from './fleet.ts';
import { containersOf, nameOf, readEstate, root, type Manifest } from './manifests.ts';
import { emission, metricProblems, readExporters } from './metrics.ts';
import { problemsOf } from './names.ts';
import { judge, type Cluster } from './network-engine.ts';
import { checkNeeds, checkRows, needsOf, readMatrix, toClusters } from './network.ts';
import { armorProblems, gatewayProblems, poolsOf } from './outside-names.ts';
import { evaluate, type SignedImage } from './policies.ts';

const estate = readEstate();
const matrix = readMatrix();
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const elsewhere: Record<string, string> = parse(read('infra/gitops/checks/elsewhere.yaml')).elsewhere;
// Baked into the portal's image.
const more = { 'portal/portal': read('app-config.production.yaml').replace(/^\s*#.*$/gm, '') };

/** Resources of one folder of Terraform. */
async function resourcesOf(file: string): Promise<{ type: string; name: string; body: any }[]> {
  const parsed: any = await parseHcl(file, read(file));
  return Object.entries<any>(parsed.resource ?? {}).flatMap(([type, named]) => Object.entries<any>(named).flatMap(([name, bodies]) => [bodies].flat().map(body => ({ type, name, body }))));
}

/** Project -> policies of Cloud Armor that its roots make. */
async function armorPolicies(): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  for (const file of globSync('infra/terraform/live/*/*/*.tf', { cwd: root })) {
    const parsed: any = await parseHcl(file, read(file));
    for (const call of Object.values<any>(parsed.module ?? {}).flat()) {
      if (!String(call.source).endsWith('/modules/cloud-armor')) continue;
      const project = /live\/project-\d-([a-z-]+)\//.exec(file)![1]!;
      found.set(project, (found.get(project) ?? new Set()).add(call.name));
    }
  }
  return found;
}

describe('everything that Argo CD applies to the clusters of the estate', { skip: hasKubectl ? false : 'kubectl is not installed' }, () => {
  let all: ClusterContent[] = [];
  const each = (check: (cluster: ClusterContent) => string[]) => all.flatMap(check);
  before(() => {
    all = fleet();
  });

  it('is all there: every cluster of the estate, each with manifests and charts', () => {
    assert.deepEqual(all.map(one => one.name).sort(), Object.values<any>(estate.sites).map(site => site.cluster).sort());
    for (const { name, manifests, charts } of all) assert.ok(manifests.length > 50 && charts.length > 5, `${name}: ${manifests.length} manifests, ${charts.length} charts`);
  });

  it('builds from every folder with a kustomization', () => {
    const names = kustomizations().filter(name => parse(read(`infra/gitops/${name}/kustomization.yaml`)).kind !== 'Component');
    assert.ok(names.length >= 30, names.join());
    assert.deepEqual(names.flatMap(name => {
      try {
        return build(path.join(root, 'infra/gitops', name)).length > 0 ? [] : [`${name}: builds to nothing`];
      } catch (error) {
        return [`${name}: ${String((error as { stderr?: string }).stderr ?? error).slice(0, 400)}`];
      }
    }), []);
    assert.throws(() => build(path.join(root, 'infra/gitops/nowhere')), /nowhere/);
  });

  it('says no object twice', () => {
    assert.deepEqual(each(({ name, manifests }) => {
      const names = manifests.map(item => `${item.apiVersion} ${nameOf(item)}`);
      return [...new Set(names.filter((one, index) => names.indexOf(one) !== index))].map(one => `${name}: ${one}`);
    }), []);
  });

  it('keeps every policy of its own cluster', () => {
    const registry = `${estate.registry.host}/`;
    const by = { issuer: estate.signing.issuer, subject: estate.signing.subject };
    assert.deepEqual(each(({ name, manifests }) => {
      const policies = manifests.filter(item => ['ValidatingPolicy', 'ImageValidatingPolicy'].includes(item.kind));
      assert.ok(policies.length >= 12, `${name} has ${policies.length} policies`);
      const signed = new Map<string, SignedImage>(manifests.flatMap(containersOf).filter(one => one.image.startsWith(registry)).map(one => [one.image, { ...by, sbom: { ...by, type: 'https://cyclonedx.org/bom' } }]));
      const namespaces = new Map(manifests.filter(item => item.kind === 'Namespace').map(item => [item.metadata.name, item.metadata.labels ?? {}]));
      return manifests.flatMap(item => policies.flatMap(policy => evaluate(policy, item, { signed, namespaces })).map(one => `${name}: ${nameOf(item)}: ${one.policy}: ${one.message}`));
    }), []);
  });

  it('takes in each cluster only pods of the residency class of its site', () => {
    for (const { name, manifests } of all) {
      const site = Object.values<any>(estate.sites).find(one => one.cluster === name);
      const policy = manifests.find(item => item.kind === 'ValidatingPolicy' && item.metadata.name === 'residency')!;
      assert.equal(policy.spec.variables[0].expression, `'${site.residency}'`, `${name}: an overlay of a site elsewhere sets the class of its cluster`);
      const pod = (residency: string): Manifest => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop', namespace: 'payments', labels: { residency } }, spec: {} });
      for (const residency of Object.keys(estate.residency)) assert.equal(evaluate(policy, pod(residency)).length, residency === site.residency ? 0 : 1, `${name}: ${residency}`);
    }
  });

  it('names only what is there: accounts, secrets, ports, gateways, namespaces, targets', () => {
    const known = new Set(Object.keys(elsewhere));
    assert.deepEqual(each(({ name, manifests }) => problemsOf({ manifests, elsewhere: known }).map(one => `${name}: ${one}`)), []);
    const needed = each(({ manifests }) => problemsOf({ manifests, elsewhere: new Set() })).join('\n');
    for (const one of known) assert.ok(needed.includes(one.split('/').at(-1)!), `${one} is in elsewhere.yaml and nothing refers to it`);
  });

  it('has every namespace closed and bounded, every pair of pods under one budget, and nothing that nobody reads', () => {
    // The mesh's own pods work on the nodes and for every pod.
    const open = new Set(['istio-system']);
    assert.deepEqual(each(({ name, manifests }) => {
      const context = { manifests, elsewhere: new Set<string>() };
      return [...closedAndBounded(context, open), ...budgeted(context), ...inert(context), ...servicesFitQuota(context)].map(one => `${name}: ${one}`);
    }), []);
  });

  it('acts as the accounts of the estate, both ways', () => assert.deepEqual(each(({ name, ...content }) => accountProblems({ cluster: name, ...content, estate })), []));
  it('lets controllers of charts that act as a Google account reach the metadata server, where its tokens are', () => {
    const closed = (manifests: Manifest[]) => (name: string): string[] => {
      const [namespace, serviceAccount] = name.split('/') as [string, string];
      const [[, cluster]] = [...toClusters([['', manifests] as const], matrix, estate)] as [[string, Cluster]];
      const verdict = (address: string, port: number) => judge(cluster, { kind: 'pod', namespace, labels: {}, serviceAccount, ports: {} }, { kind: 'address', address }, { protocol: 'TCP', port }).allowed;
      return verdict('169.254.169.254', 80) && verdict('169.254.169.252', 988) ? [] : [name];
    };
    for (const { name, manifests, charts } of all) {
      const holders = [...accountsOf({ manifests: [], charts }).keys()];
      assert.ok(holders.length >= 2, `${name}: ${holders}`);
      assert.deepEqual(holders.flatMap(closed(manifests)), [], name);
      const without = manifests.filter(item => !(item.kind === 'NetworkPolicy' && item.metadata.namespace === 'kyverno' && item.metadata.name === 'platform'));
      assert.deepEqual(holders.flatMap(closed(without)), ['kyverno/kyverno-admission-controller'], name);
    }
  });
  it('takes the secrets of the estate, both ways', () => assert.deepEqual(each(({ name, ...content }) => secretProblems({ cluster: name, ...content, estate })), []));
  it('answers for the hosts of the estate, both ways', () => assert.deepEqual(each(({ name, ...content }) => hostProblems({ cluster: name, ...content, estate })), []));
  it('opens ranges and database ports of the estate', () => assert.deepEqual(each(({ name, ...content }) => cidrProblems({ cluster: name, ...content, estate })), []));

  it('encrypts the disks of pods with the key of the site, and labels them', () => {
    for (const { name, manifests } of all) assert.ok(manifests.some(item => item.kind === 'StorageClass'), `${name} has no class of storage`);
    assert.deepEqual(each(({ name, ...content }) => diskProblems({ cluster: name, ...content, estate })), []);
  });

  it('goes to pools of nodes that are there, and tolerates their taints', async () => {
    const pools = poolsOf(await resourcesOf('infra/terraform/modules/gke/node-pools.tf'));
    assert.deepEqual(pools.map(pool => pool.name).sort(), ['application', 'batch', 'system']);
    assert.ok(pools.find(pool => pool.name === 'application')!.taints.length === 1);
    assert.deepEqual(each(({ name, manifests }) => poolProblems({ cluster: name, manifests }, pools)), []);
  });

  it('has Gateways with the names Terraform gives, and public Services behind Cloud Armor', async () => {
    const [address, map, tls] = ['google_compute_global_address', 'google_certificate_manager_certificate_map', 'google_compute_ssl_policy'];
    const made = await resourcesOf('infra/terraform/modules/gateway/main.tf');
    const nameBy = (type: string | undefined) => made.find(one => one.type === type)?.body.name;
    const armor = await armorPolicies();
    assert.deepEqual([nameBy(address), nameBy(map), nameBy(tls)], ['gateway-${var.name}', '${var.name}', '${var.name}'], 'gatewayProblems rests on these');
    assert.deepEqual(each(({ name, manifests }) => {
      const site = Object.values<any>(estate.sites).find(one => one.cluster === name);
      return [...gatewayProblems(name, site, manifests), ...armorProblems(name, manifests, armor.get(site.project) ?? new Set())];
    }), []);
  });

  it('asks for metrics that somebody emits', () => {
    const found = allExpressions();
    const emitted = emission(found.rules);
    assert.deepEqual(each(({ name, manifests }) => {
      const own: Found = { expressions: [], rules: [] };
      for (const item of manifests) ofManifest(own, name, item);
      return metricProblems(own, emitted, readExporters().targetLabels);
    }), []);
  });

  it('keeps the network matrix: what is allowed is allowed, what is denied is denied, what is needed stands there', () => {
    const clusters = toClusters(all.map(({ name, manifests }) => [name, manifests] as const), matrix, estate);
    assert.ok(matrix.rows.length >= 60 && matrix.rows.filter(row => !row.allowed).length >= 25, `${matrix.rows.length} rows`);
    assert.deepEqual(checkRows(matrix, clusters, estate), []);
    const needs = [...clusters.values()].flatMap(cluster => needsOf(cluster, estate, more, matrix));
    for (const why of [/^names$/, /^address otel/, /-database-url$/, /-redis-url$/, /^metrics$/, /^metrics for Thanos$/, /^readinessProbe$/, /^route ledger$/, /^route argocd$/, /^address thanos-query/]) {
      assert.ok(needs.some(need => why.test(need.why)), `nothing needs ${why}`);
    }
    for (const to of ['payments/ledger', 'synthetic/synthetic-payer', 'observability/kube-state-metrics']) assert.ok(needs.some(need => need.why === 'metrics for Thanos' && need.to === to), `nobody reads the metrics of ${to}`);
    assert.deepEqual(checkNeeds(matrix, clusters, estate, more), []);
  });

  const faults: [string, RegExp, (manifests: Manifest[]) => void][] = [
    ['there is no way to the trace collector', /ledger -> observability\/otel-collector TCP\/4318 \(address otel-collector\.observability:4318\) is needed and denied/, items => {
      for (const item of items) if (item.kind === 'NetworkPolicy' && item.metadata.name === 'ledger') item.spec.egress = item.spec.egress.filter((rule: any) => !JSON.stringify(rule).includes('otel-collector'));
    }],
    ['the mesh is STRICT and nobody thought of the load balancer', /load-balancer -> payments\/ledger TCP\/8080 should be allowed and is not \(plain text, and the mesh is STRICT\)/, items => {
      for (const item of items) if (item.kind === 'PeerAuthentication') delete item.spec.portLevelMtls;
    }],
    ['the mesh refuses what no AuthorizationPolicy allows, and the collector was forgotten', /metrics-collector -> payments\/ledger TCP\/8080 should be allowed and is not \(no AuthorizationPolicy allows it\)/, items => {
      for (const item of items) if (item.kind === 'AuthorizationPolicy' && item.metadata.name === 'ledger') item.spec.rules = item.spec.rules.filter((rule: any) => !JSON.stringify(rule).includes('10.10.128.0/17'));
    }],
    ['the mesh is not STRICT', /unmeshed -> payments\/ledger TCP\/8080 should be denied/, items => {
      for (const item of items) {
        if (item.kind === 'NetworkPolicy' && item.metadata.name === 'ledger') item.spec.ingress.push({ from: [{ namespaceSelector: { matchLabels: { system: 'payments' } } }] });
        if (['PeerAuthentication', 'AuthorizationPolicy'].includes(item.kind)) item.kind = 'Gone';
      }
    }],
    ['the tunnel of the mesh is not open', /observability\/grafana -> observability\/thanos-query TCP\/9090 should be allowed and is not \(.*the tunnel of the mesh/, items => {
      for (const item of items) if (item.kind === 'NetworkPolicy') for (const rule of [...(item.spec.ingress ?? []), ...(item.spec.egress ?? [])]) rule.ports = rule.ports?.filter((port: any) => port.port !== 15008) ?? rule.ports;
    }],
    ['the portal asks for figures at a port that nobody serves', /port 9090 of Service observability\/thanos-query/, items => {
      for (const item of items) if (item.kind === 'Service' && item.metadata.name === 'thanos-query') item.spec.ports[0].port = 10902;
    }],
  ];
  for (const [what, expected, change] of faults) {
    it(`is red when ${what}`, () => {
      const broken = all.map(({ name, manifests }) => {
        const copy = structuredClone(manifests);
        change(copy);
        return [name, copy] as const;
      });
      const clusters = toClusters(broken, matrix, estate);
      assert.match([...checkRows(matrix, clusters, estate), ...checkNeeds(matrix, clusters, estate, more)].join('\n'), expected);
    });
  }

  /** One name changed in what is really applied to region-a: exactly that is reported. */
  const names: [string, string, string, (item: Manifest) => void, string[]][] = [
    ['a service account', 'ServiceAccount', 'payments/ledger', item => (item.metadata.name = 'ledgers'), ['Deployment payments/ledger: no ServiceAccount ledger']],
    ['a port of a Service', 'Service', 'payments/ledger', item => (item.spec.ports[0].targetPort = 'web'), ['Service payments/ledger: Deployment payments/ledger has no port web']],
    ['a key of a secret', 'ExternalSecret', 'payments/ledger', item => (item.spec.data[0].secretKey = 'database'), ['Deployment payments/ledger: Secret ledger has no key database-url']],
    ['a Gateway', 'Gateway', 'gateway-system/payments', item => (item.metadata.name = 'public'), [
      'GCPGatewayPolicy gateway-system/tls: no Gateway payments', 'HTTPRoute gateway-system/redirect-to-https: no Gateway gateway-system/payments', 'HTTPRoute payments/ledger: no Gateway gateway-system/payments']],
    ['what is scaled', 'ScaledObject', 'payments/ledger', item => (item.spec.scaleTargetRef.name = 'api'), ['ScaledObject payments/ledger: no Deployment api']],
    ['a disruption budget', 'PodDisruptionBudget', 'payments/ledger', item => (item.spec = { minAvailable: 2, selector: item.spec.selector }), ['PodDisruptionBudget payments/ledger: with 2 replicas no pod may go, and no node can be drained']],
    ['a port that is monitored', 'PodMonitoring', 'payments/ledger', item => (item.spec.endpoints[0].port = 'metrics'), ['PodMonitoring payments/ledger: Deployment payments/ledger has no port metrics']],
    ['a store of secrets', 'ClusterSecretStore', 'secret-manager', item => (item.metadata.name = 'vault'), []],
  ];
  for (const [what, kind, name, change, expected] of names) {
    it(`is red when one name is changed: ${what}`, () => {
      const manifests = structuredClone(all.find(one => one.name === 'gke-payments-region-a')!.manifests);
      const item = manifests.find(one => one.kind === kind && `${one.metadata.namespace ? `${one.metadata.namespace}/` : ''}${one.metadata.name}` === name);
      assert.ok(item, `${kind} ${name} is not there`);
      change(item);
      const found = problemsOf({ manifests, elsewhere: new Set() }).sort();
      if (expected.length > 0) assert.deepEqual(found, expected.sort());
      else assert.ok(found.length > 0 && found.every(one => one.endsWith('no ClusterSecretStore secret-manager')), found.join('\n'));
    });
  }
});
