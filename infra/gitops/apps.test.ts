/** What we deploy agrees with what it names: the estate, the portal's configuration, the metrics of the ledger, the pools of nodes. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { accountOf, autoscalingFaults, fqdnAllows, secretIdsOf, secretIdsWanted, spreadFaults, variablesOf, type Manifest } from './apps.ts';
import { folder } from './render.ts';

const root = path.resolve(folder, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const estate = parse(read('infra/estate.yaml'), { version: '1.1' });
const hasKubectl = spawnSync('kubectl', ['version', '--client'], { timeout: 10_000 }).status === 0;
const skip = hasKubectl ? false : 'kubectl is not installed';

const places = [
  { app: 'ledger', overlay: 'dev', site: 'payments-dev-region-a' },
  { app: 'ledger', overlay: 'region-a', site: 'payments-prod-region-a' },
  { app: 'ledger', overlay: 'region-b', site: 'payments-prod-region-b' },
  { app: 'portal', overlay: 'hub', site: 'hub' },
  { app: 'synthetic-payer', overlay: 'hub', site: 'hub' },
];
const rendered = new Map<string, Manifest[]>();
function manifests(app: string, overlay: string): Manifest[] {
  const key = `${app}/${overlay}`;
  if (!rendered.has(key)) {
    const text = execFileSync('kubectl', ['kustomize', path.join(folder, 'apps', app, 'overlays', overlay)], { encoding: 'utf8', timeout: 30_000 });
    rendered.set(key, parseAllDocuments(text, { version: '1.1' }).map(document => document.toJS() as Manifest));
  }
  return rendered.get(key)!;
}
const one = (all: Manifest[], kind: string, name?: string): any => {
  const found = all.filter(item => item.kind === kind && (name === undefined || item.metadata.name === name));
  assert.equal(found.length, 1, `${found.length} of ${kind} ${name ?? ''}`);
  return found[0];
};
const podsOf = (all: Manifest[]) => all.filter(item => ['Deployment', 'StatefulSet', 'Job'].includes(item.kind));
/** Names of series the ledger makes; histograms by their parts too. */
const madeByLedger = new Set([...read('ledger/src/adapters/metrics.ts').matchAll(/name: '([a-z_]+)'/g)].flatMap(match => [match[1]!, ...['bucket', 'count', 'sum'].map(end => `${match[1]}_${end}`)]));

describe('apps', { skip }, () => {
  it('every overlay there is has a site in the estate', () => {
    const found = globSync('apps/*/overlays/*', { cwd: folder }).sort();
    assert.deepEqual(found, places.map(({ app, overlay }) => `apps/${app}/overlays/${overlay}`).sort());
  });

  for (const { app, overlay, site } of places) {
    const place = estate.sites[site];
    it(`${app} ${overlay}: labels, accounts at Google and ids of secrets are those of the estate`, () => {
      const all = manifests(app, overlay);
      for (const item of all) {
        for (const label of estate.requiredLabels) assert.ok(item.metadata.labels?.[label], `${item.kind} ${item.metadata.name} has no label ${label}`);
        assert.equal(item.metadata.labels!['region'], place.region, item.metadata.name);
        assert.equal(item.metadata.labels!['environment'], place.environment, item.metadata.name);
      }
      const accounts = all.filter(item => item.kind === 'ServiceAccount');
      assert.ok(accounts.length > 0);
      for (const { metadata } of accounts) assert.equal(metadata.annotations?.['iam.gke.io/gcp-service-account'], accountOf(estate, metadata.name, metadata.namespace!, site));
      const wanted = secretIdsWanted(estate, site);
      const used = all.filter(item => item.kind === 'ExternalSecret').flatMap(secretIdsOf);
      assert.ok(used.length > 0);
      assert.deepEqual(used.filter(id => !wanted.includes(id)), []);
      for (const item of podsOf(all)) {
        const mounted = JSON.stringify(item.spec).match(/"secretKeyRef":\{[^}]*\}/g) ?? [];
        const kept = all.filter(other => other.kind === 'ExternalSecret').flatMap(other => other.spec.data.map((entry: any) => `${other.spec.target.name}/${entry.secretKey}`));
        for (const text of mounted) {
          const { name, key } = JSON.parse(text.slice('"secretKeyRef":'.length));
          assert.ok(kept.includes(`${name}/${key}`), `${item.metadata.name} reads ${name}/${key}, which nothing fills`);
        }
      }
    });

    it(`${app} ${overlay}: restricted, guaranteed, drainable, spread over the zones there are`, () => {
      const all = manifests(app, overlay);
      for (const item of podsOf(all)) {
        const pod = item.spec.template.spec;
        assert.equal(pod.automountServiceAccountToken, false);
        assert.equal(pod.securityContext.runAsNonRoot, true);
        for (const container of pod.containers) {
          assert.equal(container.securityContext.readOnlyRootFilesystem, true);
          assert.equal(container.securityContext.allowPrivilegeEscalation, false);
          assert.match(container.image, new RegExp(`^${estate.registry.host}/${app}@sha256:[0-9a-f]{64}$`));
          if (item.kind !== 'Job') assert.deepEqual(container.resources.requests, container.resources.limits, 'guaranteed');
        }
      }
      assert.deepEqual(spreadFaults(all), []);
      assert.deepEqual(autoscalingFaults(all, madeByLedger), []);
    });

    it(`${app} ${overlay}: routes lead to a port of the service, and services to a port of the pods`, () => {
      const all = manifests(app, overlay);
      for (const route of all.filter(item => item.kind === 'HTTPRoute')) {
        for (const { name, port } of route.spec.rules.flatMap((rule: any) => rule.backendRefs)) {
          const service = one(all, 'Service', name);
          assert.ok(service.spec.ports.some((item: any) => item.port === port), `${name} has no port ${port}`);
        }
        assert.ok(route.spec.hostnames.includes(estate.hosts[app].host));
        assert.equal(route.spec.parentRefs[0].name, place.role === 'hub' ? 'hub' : 'payments');
      }
      for (const service of all.filter(item => item.kind === 'Service')) {
        const checked = all.find(item => item.kind === 'HealthCheckPolicy' && item.spec.targetRef.name === service.metadata.name);
        const routed = JSON.stringify(all.filter(item => item.kind === 'HTTPRoute')).includes(`"name":"${service.metadata.name}"`);
        assert.equal(checked !== undefined, routed && all.some(item => item.kind === 'HTTPRoute'), `${service.metadata.name}: without a HealthCheckPolicy the load balancer asks for /`);
        const pods = podsOf(all).filter(item => Object.entries(service.spec.selector).every(([key, value]) => item.spec.template.metadata.labels[key] === value));
        assert.equal(pods.length, 1, 'one workload behind a service');
        const names = pods[0]!.spec.template.spec.containers[0].ports.map((port: any) => port.name);
        for (const { targetPort } of service.spec.ports) assert.ok(names.includes(targetPort), targetPort);
      }
    });
  }

  it('ledger: payers come by the edge policy, and only where payers come', () => {
    for (const overlay of ['region-a', 'region-b']) assert.equal(one(manifests('ledger', overlay), 'GCPBackendPolicy').spec.default.securityPolicy, 'payments-edge');
    for (const kind of ['HTTPRoute', 'GCPBackendPolicy', 'HealthCheckPolicy']) assert.ok(!manifests('ledger', 'dev').some(item => item.kind === kind), kind);
  });

  it('ledger: database and cache of its own site are open to it, those of every other site are not', () => {
    for (const { overlay, site } of places.filter(item => item.app === 'ledger')) {
      const cidrs = manifests('ledger', overlay).filter(item => item.kind === 'NetworkPolicy').flatMap(item => item.spec.egress ?? []).flatMap((rule: any) => rule.to).flatMap((to: any) => (to.ipBlock ? [to.ipBlock.cidr] : []));
      assert.ok(cidrs.includes(estate.sites[site].cidrs.database));
      for (const [name, other] of Object.entries<any>(estate.sites)) if (name !== site) assert.ok(!cidrs.includes(other.cidrs.database), `${overlay} reaches ${name}`);
      assert.deepEqual(one(manifests('ledger', overlay), 'Deployment').spec.template.spec.tolerations, [{ key: 'airpay.com/pool', operator: 'Equal', value: 'application', effect: 'NoSchedule' }]);
      const job = one(manifests('ledger', overlay), 'Job').spec.template.spec;
      assert.equal(job.nodeSelector, undefined, 'a migration runs where the standby has nodes');
    }
  });

  it('ledger: a threshold a pod can carry, and enough pods for the peak that is planned for', () => {
    const capacity = read('docs/ledger-capacity.md');
    const serviceMicros = Number(/\| one payment a request \| (\d+) \|/.exec(capacity)![1]);
    const scaled = one(manifests('ledger', 'region-a'), 'ScaledObject').spec;
    const perSecond = Number(scaled.triggers[0].metadata.threshold);
    const busy = (perSecond * serviceMicros) / 1e6;
    assert.ok(busy < 0.6 / 2, `${perSecond}/s keep a measured core ${busy} busy: no room for the slower core of a cloud`);
    assert.ok(perSecond * scaled.maxReplicaCount >= 5_000, 'the peak of one ledger');
  });

  it('the same digest in dev and in both regions', () => {
    const images = ['dev', 'region-a', 'region-b'].flatMap(overlay => podsOf(manifests('ledger', overlay)).map(item => item.spec.template.spec.containers[0].image));
    assert.equal(new Set(images).size, 1);
  });

  it('portal: every variable of its configuration is filled, and nothing else is', () => {
    const names = ['app-config.yaml', 'app-config.production.yaml'].flatMap(file => variablesOf(read(file)));
    const { env } = one(manifests('portal', 'hub'), 'Deployment').spec.template.spec.containers[0];
    const filled = env.filter((item: any) => item.valueFrom).map((item: any) => item.name);
    assert.deepEqual([...new Set(names)].sort(), filled.sort());
  });

  it('portal: regions, members, replication, buckets and zones of its configuration are those of the estate', () => {
    const config = parse(read('app-config.production.yaml'));
    const [system] = config.airpay.recovery.systems;
    for (const region of system.regions) {
      const site = `payments-prod-${region.id}`;
      const { location, cluster, project } = estate.sites[site];
      assert.deepEqual(region.patroni.members, estate.databases[site].members.map((name: string) => `https://${name}.${region.id}.db.airpay.example:${estate.databasePorts.patroni}`));
      assert.deepEqual(region.databaseUrls, estate.databases[site].members.map((name: string) => `\${LEDGER_DB_${name.replace('pg-', '').toUpperCase()}_URL}`));
      assert.deepEqual(region.replication, { host: `replication.${region.id}.db.airpay.example`, port: estate.databasePorts.replication, slot: 'dr_link' });
      assert.deepEqual([region.gke.project, region.gke.location, region.gke.cluster], [estate.projects[project], location, cluster]);
    }
    assert.equal(system.regions.length, 2);
    assert.equal(system.ledger.baseUrl, `https://${estate.hosts.ledger.host}`);
    assert.equal(system.traffic.managedZone, estate.dns.public.name);
    assert.equal(config.techdocs.publisher.googleGcs.bucketName, estate.buckets.techdocs);
    assert.equal(config.app.baseUrl, `https://${estate.hosts.portal.host}`);
    const payer = one(manifests('synthetic-payer', 'hub'), 'Service');
    assert.equal(system.payerLog.baseUrl, `http://${payer.metadata.name}.${payer.metadata.namespace}.svc.cluster.local`);
  });

  it('portal: nobody gets past Identity-Aware Proxy, but for one question that is asked from outside', () => {
    const all = manifests('portal', 'hub');
    const [open, ...rest] = one(all, 'HTTPRoute').spec.rules as any[];
    assert.deepEqual(open.matches, [{ path: { type: 'Exact', value: '/.backstage/health/v1/readiness' } }]);
    const behind = all.filter(item => item.kind === 'GCPBackendPolicy' && item.spec.default.iap?.enabled === true).map(item => item.spec.targetRef.name);
    for (const { backendRefs } of rest) for (const { name } of backendRefs) assert.ok(behind.includes(name), `${name} is open to everybody`);
    assert.ok(!behind.includes(open.backendRefs[0].name));
  });

  it('portal: asks clusters for what its role there lets it list, and for nothing secret', () => {
    const { kubernetes } = parse(read('app-config.production.yaml'));
    const [role, binding] = parseAllDocuments(read('infra/gitops/platform-components/portal-reader/access.yaml'), { version: '1.1' }).map(document => document.toJS());
    const listed = role.rules.filter((rule: any) => rule.verbs.includes('list')).flatMap((rule: any) => rule.resources);
    for (const type of kubernetes.objectTypes) assert.ok(listed.includes(type), type);
    assert.deepEqual([...new Set(role.rules.flatMap((rule: any) => rule.verbs))], ['get', 'list']);
    for (const secret of ['secrets', 'configmaps', 'pods/exec', '*']) assert.ok(!listed.includes(secret), secret);
    assert.equal(binding.subjects[0].name, accountOf(estate, 'portal', 'portal', 'hub'));
    assert.equal(kubernetes.clusterLocatorMethods[0].endpointType, 'dns');
  });

  it('portal: may reach the databases of both production regions, its own, and no others', () => {
    const rules: any[] = one(manifests('portal', 'hub'), 'NetworkPolicy', 'portal').spec.egress;
    const open = rules.flatMap(rule => rule.to.flatMap((to: any) => (to.ipBlock ? rule.ports.map((port: any) => `${to.ipBlock.cidr} ${port.protocol}/${port.port}`) : [])));
    const { patroni, postgres } = estate.databasePorts;
    for (const region of ['a', 'b']) for (const port of [patroni, postgres]) assert.ok(open.includes(`${estate.sites[`payments-prod-region-${region}`].cidrs.database} TCP/${port}`), String(port));
    const own = open.filter(text => text.startsWith('10.0.16.'));
    assert.deepEqual(own, ['10.0.16.10/32 TCP/5432']);
    assert.ok(!open.some(text => text.startsWith('0.0.0.0') || text.startsWith(estate.sites['payments-dev-region-a'].cidrs.database)));
    assert.ok(read('infra/terraform/modules/portal-database/README.md').includes('10.0.16.10'));
  });

  it('outside the cluster by name: what is named is let out, and nothing else', () => {
    const portal = one(manifests('portal', 'hub'), 'FQDNNetworkPolicy');
    const hosts = [estate.hosts.ledger.host, ...estate.git.hosts, 'dns.googleapis.com', 'container.googleapis.com', 'gke-1a2b-123456.europe-west4.gke.goog'];
    for (const host of hosts) assert.ok(fqdnAllows(portal, host, 443), host);
    for (const host of ['example.com', 'googleapis.com', 'evil.googleapis.com.attacker.example', 'a.b.googleapis.com', 'gke-1.us-east1.gke.goog', 'packages.example.org']) assert.ok(!fqdnAllows(portal, host, 443), host);
    assert.ok(!fqdnAllows(portal, 'dns.googleapis.com', 80));
    const payer = one(manifests('synthetic-payer', 'hub'), 'FQDNNetworkPolicy');
    assert.ok(fqdnAllows(payer, estate.hosts.ledger.host, 443));
    for (const host of [estate.git.host, 'ledger.region-a.pay.airpay.example', 'storage.googleapis.com']) assert.ok(!fqdnAllows(payer, host, 443), host);
    // Who is let out by name is not let out by address as well.
    for (const app of ['portal', 'synthetic-payer']) assert.ok(!JSON.stringify(manifests(app, 'hub').filter(item => item.kind === 'NetworkPolicy')).includes('0.0.0.0/0'));
  });

  it('the checks refuse what they are for', () => {
    const all = manifests('ledger', 'region-a');
    const changed = (kind: string, change: (item: any) => void) => all.map(item => {
      const copy = structuredClone(item);
      if (copy.kind === kind && copy.metadata.name === 'ledger') change(copy);
      return copy;
    });
    const scaling = (kind: string, change: (item: any) => void) => autoscalingFaults(changed(kind, change), madeByLedger).join();
    assert.match(scaling('ScaledObject', item => { item.spec.triggers[0].metadata.query = 'sum(rate(request_duration_seconds_count{service="ledger",region="region-a"}[2m]))'; }), /request_duration_seconds_count.*nothing makes/);
    assert.match(scaling('ScaledObject', item => { item.spec.triggers[0].metadata.query = 'sum(rate(http_requests_total{service="ledger",region="region-a",status="200"}[2m]))'; }), /label status/);
    assert.match(scaling('ScaledObject', item => { item.spec.triggers[0].metadata.query = 'sum(rate(http_requests_total{service="ledger",region="region-b"}[2m]))'; }), /another region/);
    assert.match(scaling('ScaledObject', item => { item.spec.minReplicaCount = 1; }), /production keeps at least 2/);
    assert.match(scaling('ScaledObject', item => { item.spec.fallback.replicas = 6; }), /fallback/);
    assert.match(scaling('ScaledObject', item => { item.spec.fallback.behavior = 'static'; }), /fallback/);
    assert.match(scaling('ScaledObject', item => { item.spec.triggers.pop(); }), /cpu/);
    assert.match(scaling('ScaledObject', item => { item.spec.triggers[0].metadata.ignoreNullValues = 'true'; }), /ignoreNullValues/);
    assert.match(scaling('ScaledObject', item => { item.spec.scaleTargetRef.name = 'api'; }), /scales api/);
    assert.match(scaling('PodDisruptionBudget', item => { item.spec = { minAvailable: 2, selector: item.spec.selector }; }), /no node could be drained/);
    assert.match(scaling('PodDisruptionBudget', item => { item.spec.selector.matchLabels = { app: 'api' }; }), /has no PodDisruptionBudget/);
    assert.match(scaling('VerticalPodAutoscaler', item => { item.spec.updatePolicy.updateMode = 'Auto'; }), /two autoscalers/);
    const spread = (change: (constraint: any) => void) => spreadFaults(changed('Deployment', item => change(item.spec.template.spec.topologySpreadConstraints[0]))).join();
    assert.match(spread(constraint => { constraint.whenUnsatisfiable = 'ScheduleAnyway'; }), /hard/);
    assert.match(spread(constraint => { constraint.minDomains = 3; }), /first node/);
    assert.match(spread(constraint => { constraint.nodeTaintsPolicy = 'Ignore'; }), /lost zone/);
    assert.throws(() => accountOf(estate, 'nobody', 'payments', 'payments-prod-region-a'), /nobody/);
    assert.throws(() => accountOf(estate, 'ledger', 'elsewhere', 'payments-prod-region-a'), /elsewhere/);
    assert.ok(!secretIdsWanted(estate, 'hub').includes('payments-ledger-api-keys') && !secretIdsWanted(estate, 'payments-prod-region-a').includes('payments-ledger-api-keys'));
    assert.ok(existsSync(path.join(folder, 'apps/portal/application.yaml')));
  });
});
