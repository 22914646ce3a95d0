import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readEstate } from './lib/estate.ts';
import { allApplications, manifestsOf, readYaml, skip, type Manifest } from './lib/manifests.ts';

const sites = () => Object.values(readEstate().sites);
const of = (cluster: string) => allApplications().filter(({ application }) => application.spec.destination.name === cluster && application.spec.project !== 'services').flatMap(({ application }) =>
  manifestsOf(application).map(item => ({ ...item, metadata: { ...item.metadata, namespace: item.metadata.namespace ?? (application.spec.destination.namespace as string) } })));
const meshed = (all: Manifest[]) => new Set(all.filter(item => item.kind === 'Namespace' && item.metadata.labels?.['istio.io/dataplane-mode'] === 'ambient').map(item => item.metadata.name));
const selects = (selector: any, labels: Record<string, string> = {}) => Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
const FRONT_ENDS = ['35.191.0.0/16', '130.211.0.0/22'];

/** Namespaces whose pods the network lets speak plain text to a port. */
function plainSpeakers(all: Manifest[], namespace: string, labels: Record<string, string>, port: number): string[] {
  const pods = all.find(item => item.spec?.template && item.metadata.namespace === namespace && selects({ matchLabels: labels }, item.spec.template.metadata.labels))?.spec.template.metadata.labels ?? labels;
  const rules = all.filter(item => item.kind === 'NetworkPolicy' && item.metadata.namespace === namespace && selects(item.spec.podSelector, pods)).flatMap(item => item.spec.ingress ?? []);
  return rules.filter((rule: any) => !rule.ports || rule.ports.some((one: any) => one.port === port)).flatMap((rule: any) => rule.from ?? [{}]).filter((from: any) => !from.ipBlock)
    .map((from: any) => from.namespaceSelector?.matchLabels?.['kubernetes.io/metadata.name'] ?? 'any');
}

/** Where plain text would be taken from somebody who is not named, or a pod could not be reached at all. */
function meshFaults(all: Manifest[]): string[] {
  const faults: string[] = [];
  const inMesh = meshed(all);
  const strict = all.find(item => item.kind === 'PeerAuthentication' && item.metadata.namespace === 'istio-system');
  if (strict?.spec.mtls.mode !== 'STRICT' || strict.spec.selector) faults.push('plain text is taken everywhere');
  if (!all.some(item => item.kind === 'AuthorizationPolicy' && item.metadata.namespace === 'istio-system' && Object.keys(item.spec).length === 0)) faults.push('what is not named is allowed');
  const policies = all.filter(item => item.kind === 'AuthorizationPolicy' && item.metadata.namespace !== 'istio-system');
  for (const { metadata, spec } of all.filter(item => item.kind === 'PeerAuthentication' && item.metadata.namespace !== 'istio-system')) {
    const where = `${metadata.namespace}/${metadata.name}`;
    if (!inMesh.has(metadata.namespace!)) faults.push(`${where} is of a namespace outside the mesh`);
    if (spec.mtls.mode !== 'STRICT' || !spec.selector?.matchLabels) faults.push(`${where} opens more than a port`);
    for (const [port, { mode }] of Object.entries<any>(spec.portLevelMtls ?? {})) {
      if (mode !== 'PERMISSIVE') faults.push(`${where} ${port}: ${mode}`);
      const allowed = policies.filter(item => item.metadata.namespace === metadata.namespace && selects(item.spec.selector, spec.selector.matchLabels)).flatMap(item => item.spec.rules);
      const reaching = allowed.filter(rule => !rule.to || rule.to.some((one: any) => one.operation.ports.includes(port)));
      if (reaching.length === 0) faults.push(`${where} ${port} is allowed to nobody`);
      for (const rule of reaching) for (const { source } of rule.from ?? [{ source: {} }]) {
        if (!source.principals && !source.namespaces && !source.ipBlocks) faults.push(`${where} ${port} takes plain text from anybody`);
        const others = (source.ipBlocks ?? []).filter((block: string) => !FRONT_ENDS.includes(block) && !sites().some(site => site.cidrs.site === block));
        // Pods by their range: only where the network lets no pod speak plain text to it but the collectors.
        const ranges = others.every((block: string) => sites().some(site => site.cidrs.pods === block));
        const speakers = plainSpeakers(all, metadata.namespace!, spec.selector.matchLabels, Number(port));
        if (others.length > 0 && (!ranges || speakers.some(name => !['gmp-system', 'observability'].includes(name)))) faults.push(`${where} ${port} takes plain text from ${others} (${speakers})`);
      }
    }
  }
  for (const item of all.filter(one => ['Deployment', 'StatefulSet'].includes(one.kind) && inMesh.has(one.metadata.namespace!))) {
    const { labels } = item.spec.template.metadata;
    const rules = policies.filter(one => one.metadata.namespace === item.metadata.namespace && selects(one.spec.selector, labels)).flatMap(one => one.spec.rules);
    if (rules.length === 0) faults.push(`${item.metadata.namespace}/${item.metadata.name} can be reached by nobody in the mesh`);
    const network = all.filter(one => one.kind === 'NetworkPolicy' && one.metadata.namespace === item.metadata.namespace && selects(one.spec.podSelector, labels));
    const probes = item.spec.template.spec.containers.map((container: any) => container.readinessProbe?.httpGet).filter(Boolean).map(({ port }: any) => item.spec.template.spec.containers.flatMap((one: any) => one.ports).find((one: any) => one.name === port || one.containerPort === port)?.containerPort ?? port);
    for (const port of probes) {
      const open = network.some(one => (one.spec.ingress ?? []).some((rule: any) => rule.from?.some((from: any) => from.ipBlock?.cidr === '169.254.7.127/32') && rule.ports.some((one: any) => one.port === port)));
      if (!open) faults.push(`${item.metadata.namespace}/${item.metadata.name}: probes of the kubelet cannot reach ${port}`);
    }
  }
  return faults;
}

describe('mesh', { skip }, () => {
  for (const site of sites()) {
    it(`${site.cluster}: pod to pod is mutual TLS, and a port that also takes plain text says from whom`, () => {
      const all = of(site.cluster);
      assert.ok(meshed(all).has(site.role === 'hub' ? 'portal' : 'payments') && meshed(all).has('observability'));
      assert.deepEqual(meshFaults(all), []);
    });
  }

  it('plain text that is open to anybody, a mesh that is not strict and a probe that is shut out are each seen', () => {
    const all = structuredClone(of('gke-payments-region-a'));
    all.find(item => item.kind === 'AuthorizationPolicy' && item.metadata.name === 'ledger')!.spec.rules[1].from = undefined;
    all.find(item => item.kind === 'PeerAuthentication' && item.metadata.namespace === 'istio-system')!.spec.mtls.mode = 'PERMISSIVE';
    all.find(item => item.kind === 'NetworkPolicy' && item.metadata.name === 'ledger')!.spec.ingress.push({ from: [{ podSelector: {} }], ports: [{ protocol: 'TCP', port: 8080 }] });
    const policy = all.find(item => item.kind === 'NetworkPolicy' && item.metadata.name === 'kube-state-metrics')!;
    policy.spec.ingress = policy.spec.ingress.filter((rule: any) => !rule.from.some((from: any) => from.ipBlock));
    const found = meshFaults(all);
    for (const part of ['plain text is taken everywhere', 'payments/ledger 8080 takes plain text from anybody', 'payments/ledger 8080 takes plain text from 10.', 'observability/kube-state-metrics: probes of the kubelet']) {
      assert.ok(found.some(fault => fault.includes(part)), `${part}: ${found}`);
    }
  });

  it('is ambient in every part of it, of one version', () => {
    const charts = ['istio-base', 'istio-cni', 'istiod', 'ztunnel'].map(name => readYaml(`platform-components/${name}/component.yaml`).component.chart);
    assert.equal(new Set(charts.map(chart => chart.version)).size, 1);
    for (const name of ['istio-cni', 'istiod']) assert.equal(readYaml(`platform-components/${name}/values.yaml`).profile, 'ambient');
  });
});

/** What is wrong with the door of a cluster. */
function gatewayFaults(all: Manifest[]): string[] {
  const faults: string[] = [];
  const gateways = all.filter(item => item.kind === 'Gateway');
  if (gateways.length !== 1) return [`${gateways.length} gateways`];
  const [gateway] = gateways;
  const http = gateway!.spec.listeners.find((one: any) => one.protocol === 'HTTP');
  if (!gateway!.spec.listeners.some((one: any) => one.protocol === 'HTTPS' && one.port === 443)) faults.push('no TLS');
  if (http?.allowedRoutes.namespaces.from !== 'Same') faults.push('others may answer in plain text');
  const plain = all.filter(item => item.kind === 'HTTPRoute' && item.spec.parentRefs.some((ref: any) => ref.sectionName === 'http'));
  const filters = plain.flatMap(item => item.spec.rules.flatMap((rule: any) => rule.filters ?? []));
  if (plain.length !== 1 || filters.length !== 1 || filters[0].requestRedirect?.scheme !== 'https' || filters[0].requestRedirect?.statusCode !== 301) faults.push('plain text is not sent to TLS with 301');
  if (plain.some(item => item.spec.rules.some((rule: any) => rule.backendRefs))) faults.push('plain text has a backend');
  for (const route of all.filter(item => item.kind === 'HTTPRoute' && !plain.includes(item))) {
    const namespace = all.find(item => item.kind === 'Namespace' && item.metadata.name === route.metadata.namespace);
    if (!namespace?.metadata.labels?.system) faults.push(`${route.metadata.name} is of a namespace the gateway does not take`);
    for (const ref of route.spec.parentRefs) if (ref.name !== gateway!.metadata.name || ref.namespace !== gateway!.metadata.namespace) faults.push(`${route.metadata.name} names another gateway`);
    for (const backend of route.spec.rules.flatMap((rule: any) => rule.backendRefs)) {
      const service = all.find(item => item.kind === 'Service' && item.metadata.name === backend.name && item.metadata.namespace === route.metadata.namespace);
      if (backend.name !== 'argocd-server' && !service?.spec.ports.some((port: any) => port.port === backend.port)) faults.push(`${route.metadata.name}: no ${backend.name}:${backend.port}`);
    }
  }
  return faults;
}

describe('gateway', { skip }, () => {
  for (const site of sites()) {
    it(`${site.cluster}: has one door, of the names Terraform gives, and 301 on the plain one`, () => {
      const all = of(site.cluster);
      assert.deepEqual(gatewayFaults(all), []);
      const gateway = all.find(item => item.kind === 'Gateway')!;
      const name = site.role === 'hub' ? 'hub' : `payments-${site.region}`;
      assert.equal(gateway.metadata.annotations!['networking.gke.io/certmap'], name);
      assert.deepEqual(gateway.spec.addresses, [{ type: 'NamedAddress', value: `gateway-${name}` }]);
      assert.equal(gateway.metadata.name, site.role === 'hub' ? 'hub' : 'payments');
      assert.equal(all.find(item => item.kind === 'GCPGatewayPolicy')!.spec.default.sslPolicy, name);
    });
  }

  it('every host of the hub has a route, and no route is of another host', () => {
    const hosts = Object.values(readEstate().hosts).filter(({ site }) => site === 'hub').map(({ host }) => host);
    const routed = of('gke-devops').filter(item => item.kind === 'HTTPRoute').flatMap(item => item.spec.hostnames ?? []);
    assert.deepEqual(routed.sort(), hosts.sort());
  });

  it('a redirect that is not for ever, and a route to a service that is not there, are seen', () => {
    const all = structuredClone(of('gke-payments-region-a'));
    all.find(item => item.kind === 'HTTPRoute' && item.metadata.name === 'redirect-to-https')!.spec.rules[0].filters[0].requestRedirect.statusCode = 302;
    all.find(item => item.kind === 'HTTPRoute' && item.metadata.name === 'ledger')!.spec.rules[0].backendRefs[0].port = 8000;
    assert.deepEqual(gatewayFaults(all), ['plain text is not sent to TLS with 301', 'ledger: no ledger:8000']);
  });
});
