import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseAllDocuments, parseDocument } from 'yaml';
import { clusterNames, render, renderedFile } from './render.ts';

const REQUIRED_LABELS = ['team', 'product', 'system', 'component', 'environment', 'region', 'cost-center', 'data-class', 'residency', 'tier'];
const hasKubectl = spawnSync('kubectl', ['version', '--client'], { timeout: 10_000 }).status === 0;
const workloadClusters = clusterNames().filter(name => name.startsWith('gke-payments-region-'));

type Manifest = { kind: string; metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> }; spec?: any; data?: Record<string, string> };

// The cluster reads YAML 1.1; so does this test.
function manifests(cluster: string): Manifest[] {
  return parseAllDocuments(readFileSync(renderedFile(cluster), 'utf8'), { version: '1.1' }).map(document => document.toJS() as Manifest);
}

describe('manifests of the clusters', () => {
  it('covers every cluster of the estate, and what Argo CD follows', () => {
    const estate = parseDocument(readFileSync(new URL('../estate.yaml', import.meta.url), 'utf8'), { version: '1.1' }).toJS();
    const clusters = Object.values<{ cluster: string }>(estate.sites).map(site => site.cluster);
    assert.deepEqual(clusterNames(), [...clusters, 'hub'].sort());
    assert.equal(workloadClusters.length, 2);
  });

  it('is rendered from what is in the folders now', { skip: hasKubectl ? false : 'kubectl is not installed' }, () => {
    for (const cluster of clusterNames()) {
      // As objects: versions of kubectl differ in how they write the same YAML.
      const fresh = parseAllDocuments(render(cluster), { version: '1.1' }).map(document => document.toJS());
      assert.deepEqual(manifests(cluster), fresh, `${cluster}: run node infra/gitops/render.ts`);
    }
  });

  for (const cluster of workloadClusters) {
    const all = manifests(cluster);
    const one = (kind: string, name = 'ledger') => {
      const found = all.find(item => item.kind === kind && item.metadata.name === name);
      assert.ok(found, `${cluster} has no ${kind} ${name}`);
      return found;
    };

    it(`${cluster}: every object carries the labels that cost, ownership and residency are read from`, () => {
      assert.ok(all.length >= 14, String(all.length));
      const pods = { kind: 'Pod template', metadata: { name: 'ledger', labels: one('Deployment').spec.template.metadata.labels } };
      for (const item of [...all, pods]) {
        // The namespace and its limits belong to the platform and are the same in every region.
        const wanted = REQUIRED_LABELS.filter(label => label !== 'region' || item.metadata.labels?.component === 'ledger');
        for (const label of wanted) assert.ok(item.metadata.labels?.[label], `${item.kind} ${item.metadata.name} has no label ${label}`);
      }
      assert.equal(one('Deployment').metadata.labels!['backstage.io/kubernetes-id'], 'ledger');
      assert.equal(pods.metadata.labels['backstage.io/kubernetes-id'], 'ledger');
    });

    it(`${cluster}: the ledger's pods are restricted, bounded, probed and end gracefully`, () => {
      const pod = one('Deployment').spec.template.spec;
      assert.equal(one('Namespace', 'payments').metadata.labels!['pod-security.kubernetes.io/enforce'], 'restricted');
      assert.equal(pod.securityContext.runAsNonRoot, true);
      assert.equal(pod.securityContext.seccompProfile.type, 'RuntimeDefault');
      assert.equal(pod.automountServiceAccountToken, false);
      const [container] = pod.containers;
      assert.equal(pod.containers.length, 1);
      assert.match(container.image, /^[a-z0-9.-]+\/[a-z0-9/-]+@sha256:[0-9a-f]{64}$/);
      assert.doesNotMatch(container.image, /sha256:0{64}/);
      assert.equal(container.securityContext.allowPrivilegeEscalation, false);
      assert.equal(container.securityContext.readOnlyRootFilesystem, true);
      assert.deepEqual(container.securityContext.capabilities.drop, ['ALL']);
      for (const resource of ['cpu', 'memory']) assert.ok(container.resources.requests[resource] && container.resources.limits[resource]);
      for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) assert.ok(container[probe], probe);
      assert.equal(container.readinessProbe.httpGet.path, '/readyz');
      assert.ok(pod.terminationGracePeriodSeconds > container.lifecycle.preStop.sleep.seconds + 15);
      assert.equal(pod.topologySpreadConstraints.length, 2);
    });

    it(`${cluster}: selectors, references and ports meet what they name`, () => {
      const template = one('Deployment').spec.template;
      const [container] = template.spec.containers;
      const selects = (selector: Record<string, string>) => Object.entries(selector).every(([key, value]) => template.metadata.labels[key] === value);
      assert.ok(selects(one('Deployment').spec.selector.matchLabels));
      assert.ok(selects(one('Service').spec.selector));
      assert.ok(selects(one('PodDisruptionBudget').spec.selector.matchLabels));
      assert.ok(selects(one('PodMonitoring').spec.selector.matchLabels));
      assert.ok(selects(one('NetworkPolicy').spec.podSelector.matchLabels));
      const portNames = container.ports.map((port: { name: string }) => port.name);
      assert.ok(portNames.includes(one('Service').spec.ports[0].targetPort));
      const config = container.envFrom[0].configMapRef.name;
      const region = cluster.replace('gke-payments-', '');
      assert.equal(one('ConfigMap', config).data!.LEDGER_REGION, region);
      const secretKeys = one('ExternalSecret').spec.data.map((item: { secretKey: string }) => item.secretKey);
      for (const { valueFrom } of container.env) {
        if (valueFrom?.secretKeyRef) assert.ok(secretKeys.includes(valueFrom.secretKeyRef.key), valueFrom.secretKeyRef.key);
      }
      assert.equal(one('ScaledObject').spec.scaleTargetRef.name, 'ledger');
      assert.ok(one('HTTPRoute').spec.hostnames.includes('ledger.pay.airpay.example'));
      assert.ok(one('HTTPRoute').spec.hostnames.includes(`ledger.${region}.pay.airpay.example`));
    });

    it(`${cluster}: the schema is brought up before the service, by a job of its own that nothing takes for the service`, () => {
      const job = one('Job', 'ledger-migrate');
      const wave = (item: Manifest) => Number(item.metadata.annotations?.['argocd.argoproj.io/sync-wave'] ?? 0);
      assert.equal(job.metadata.annotations!['argocd.argoproj.io/hook'], 'Sync');
      assert.ok(wave(job) < wave(one('Deployment')));
      const needs = [one('ServiceAccount', 'ledger-migrate'), one('ExternalSecret', 'ledger-migrate'), one('NetworkPolicy', 'ledger-migrate')];
      for (const item of needs) assert.ok(wave(item) < wave(job), item.kind);
      const { template, activeDeadlineSeconds } = job.spec;
      assert.ok(activeDeadlineSeconds > 0);
      assert.equal(template.spec.serviceAccountName, 'ledger-migrate');
      assert.equal(template.metadata.labels['app.kubernetes.io/name'], 'ledger-migrate');
      const [service] = one('Deployment').spec.template.spec.containers;
      const [container] = template.spec.containers;
      assert.equal(container.image, service.image);
      assert.equal(container.securityContext.readOnlyRootFilesystem, true);
      assert.equal(template.spec.securityContext.runAsNonRoot, true);
      // What may change the schema is not in reach of the service, nor the other way round.
      const secretsOf = (one: unknown) => JSON.stringify(one).match(/"secretKeyRef":\{[^}]*\}|"secretName":"[^"]*"/g)!.join();
      assert.match(secretsOf(template.spec), /ledger-migrate/);
      assert.doesNotMatch(secretsOf(template.spec), /"(name|secretName)":"ledger"/);
      assert.doesNotMatch(secretsOf(one('Deployment').spec), /ledger-migrate/);
      const egress = JSON.stringify(one('NetworkPolicy', 'ledger-migrate').spec.egress);
      const [own, other] = cluster.endsWith('-a') ? ['10.10.16.0/24', '10.20.16.0/24'] : ['10.20.16.0/24', '10.10.16.0/24'];
      assert.ok(egress.includes(own!) && egress.includes('"port":5433') && !egress.includes(other!) && !egress.includes('0.0.0.0/0'), egress);
    });

    it(`${cluster}: what the ledger is told is there: authority of the database, cache, collector`, () => {
      const { spec } = one('Deployment').spec.template;
      const [container] = spec.containers;
      const config = one('ConfigMap', container.envFrom[0].configMapRef.name).data!;
      assert.equal(config.LEDGER_ENVIRONMENT, 'prod');
      assert.equal(config.LEDGER_DATABASE_TLS, 'verify-full');
      const mount = container.volumeMounts.find((item: { mountPath: string }) => config.LEDGER_DATABASE_CA_FILE!.startsWith(`${item.mountPath}/`));
      const [item] = spec.volumes.find((volume: { name: string }) => volume.name === mount.name).secret.items;
      assert.equal(`${mount.mountPath}/${item.path}`, config.LEDGER_DATABASE_CA_FILE);
      assert.equal(mount.readOnly, true);
      const secretKeys = one('ExternalSecret').spec.data.map((entry: { secretKey: string }) => entry.secretKey);
      assert.ok(secretKeys.includes(item.key));
      const fromSecret = container.env.flatMap((entry: any) => (entry.valueFrom?.secretKeyRef ? [entry.name] : []));
      assert.deepEqual(fromSecret.sort(), ['LEDGER_REDIS_URL', 'LEDGER_WEBHOOK_KEY']);
      // Those that are rotated without a restart come as files of a folder that the kubelet keeps fresh.
      for (const name of ['LEDGER_DATABASE_URL_FILE', 'LEDGER_API_KEYS_FILE']) {
        const place = container.volumeMounts.find((one: { mountPath: string; subPath?: string }) => config[name]!.startsWith(`${one.mountPath}/`) && !one.subPath);
        const source = spec.volumes.find((volume: { name: string }) => volume.name === place.name).secret;
        const listed = source.items.find((one: { path: string }) => `${place.mountPath}/${one.path}` === config[name]);
        assert.ok(listed && source.secretName === 'ledger' && secretKeys.includes(listed.key), name);
      }
      const egress = JSON.stringify(one('NetworkPolicy').spec.egress);
      const collector = new URL(config.OTEL_EXPORTER_OTLP_ENDPOINT!);
      const [service, namespace] = collector.hostname.split('.');
      assert.ok(egress.includes(`"port":${collector.port}`) && egress.includes(`"${service}"`) && egress.includes(`"${namespace}"`), egress);
      assert.ok(egress.includes('"port":6379'));
    });

    it(`${cluster}: services of the system may call the ledger from their own namespaces, and nobody else`, () => {
      const ingress: { from: any[]; ports: any[] }[] = one('NetworkPolicy').spec.ingress;
      const rules = ingress.filter(rule => rule.from.some(from => from.podSelector));
      const labels = { matchLabels: { system: 'payments' } };
      const scraper = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'observability' } }, podSelector: { matchLabels: { 'app.kubernetes.io/name': 'otel-scraper' } } };
      assert.deepEqual(rules.flatMap(rule => rule.from), [{ namespaceSelector: labels, podSelector: labels }, scraper]);
      // Through the mesh and not in plain text, which the ledger's port takes from the load balancer.
      for (const rule of rules) assert.deepEqual(rule.ports, [{ protocol: 'TCP', port: 15008 }]);
      assert.equal(one('Namespace', 'payments').metadata.labels!['istio.io/dataplane-mode'], 'ambient');
      // The namespace of the ledger itself is one of them.
      assert.equal(one('Namespace', 'payments').metadata.labels!.system, 'payments');
      assert.deepEqual(one('Deployment').spec.strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });
      assert.equal(one('PodDisruptionBudget').spec.maxUnavailable, 1);
    });

    it(`${cluster}: nothing talks unless it is named, and never to the other region's database`, () => {
      const denied = one('NetworkPolicy', 'deny-all').spec;
      assert.deepEqual(denied, { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
      const egress = JSON.stringify(one('NetworkPolicy').spec.egress);
      const [own, other] = cluster.endsWith('-a') ? ['10.10.16.0/24', '10.20.16.0/24'] : ['10.20.16.0/24', '10.10.16.0/24'];
      assert.ok(egress.includes(own!) && !egress.includes(other!), egress);
      assert.ok(egress.includes('"port":53') && egress.includes('"port":5432'));
    });
  }

  it('deploys the same digest to both regions', () => {
    const images = workloadClusters.map(cluster => manifests(cluster).find(item => item.kind === 'Deployment')!.spec.template.spec.containers[0].image);
    assert.equal(new Set(images).size, 1);
  });
});
