/**
 * The network matrix: who may talk to whom, written down in network-matrix.yaml, and what the manifests of every cluster say to it.
 * Usage: node infra/gitops/checks/network.ts [--table]     --table writes docs/network-matrix.md; without, problems are listed (needs
 * kubectl)
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { folder } from '../render.ts';
import { containersOf, parseManifests, podTemplateOf, readEstate, root, selects, type Labels, type Manifest } from './manifests.ts';
import { clusterOf, inMesh, judge, podOf, type Cluster, type Endpoint, type Port } from './network-engine.ts';
import { fleet } from './fleet.ts';
import { generated } from './policies.ts';

export interface Row {
  from: string;
  to: string;
  port: string;
  allowed: boolean;
  why: string;
  /** Only in clusters of this role. */
  at?: 'hub' | 'spokes';
}
export interface Matrix {
  namespaces: Record<string, Labels>;
  endpoints: Record<string, any>;
  /** Services that a configuration names and some clusters do not have, with the reason why nothing goes there. */
  absent?: Record<string, string>;
  rows: Row[];
}

export const matrixFile = path.join(folder, 'network-matrix.yaml');
export const tableFile = path.join(root, 'docs/network-matrix.md');
export const readMatrix = (): Matrix => parse(readFileSync(matrixFile, 'utf8'), { version: '1.1' });

export function portOf(text: string, estate: any): Port {
  const [protocol, port] = text.split('/');
  const number = /^\d+$/.test(port ?? '') ? Number(port) : estate.databasePorts[port ?? ''];
  if (!['TCP', 'UDP'].includes(protocol!) || !Number.isInteger(number)) throw new Error(`${text} is not <protocol>/<port or name of a database port>`);
  return { protocol: protocol as Port['protocol'], port: number };
}

/** An address well inside a range of the form 10.10.16.0/24. */
const inside = (cidr: string) => cidr.replace(/\.\d+\/\d+$/, '.17');

/** `<namespace>/<workload>` of the manifests, else an endpoint the matrix describes. undefined when this cluster has neither. */
export function resolve(name: string, matrix: Matrix, cluster: Cluster, clusterName: string, estate: any): Endpoint | undefined {
  const [namespace, workload] = name.split('/');
  const item = cluster.manifests.find(one => podTemplateOf(one) && one.metadata.name === workload && one.metadata.namespace === namespace);
  if (item) return podOf(item);
  const described = matrix.endpoints[name];
  if (!described) return undefined;
  if (described.address) return { kind: 'address', address: described.address };
  if (described.name) return { kind: 'name', name: described.name };
  if (described.tier) {
    const sites: [string, any][] = Object.entries(estate.sites);
    const own = sites.find(([, site]) => site.cluster === clusterName);
    const meant = described.of === 'own' ? own : own && sites.find(([key, site]) => key !== own[0] && site.project === own[1].project);
    return meant && { kind: 'address', address: inside(meant[1].cidrs[described.tier]) };
  }
  return { kind: 'pod', namespace: described.namespace, labels: described.labels, serviceAccount: described.serviceAccount ?? 'default', ports: described.ports ?? {} };
}

/** Clusters as the engine takes them: with what Kyverno adds to their namespaces. */
export function toClusters(contents: Iterable<readonly [string, Manifest[]]>, matrix: Matrix, estate: any): Map<string, Cluster> {
  return new Map([...contents].map(([name, manifests]) => {
    const site = Object.values<any>(estate.sites).find(one => one.cluster === name);
    return [name, clusterOf([...manifests, ...madeByKyverno(manifests)], matrix.namespaces, site && inside(site.cidrs.pods))];
  }));
}

/** The policies that Kyverno adds to every namespace of an application. */
export function madeByKyverno(manifests: Manifest[]): Manifest[] {
  const [policy] = parseManifests(readFileSync(path.join(folder, 'platform-components/kyverno-policies/base/namespace-network.yaml'), 'utf8'));
  return manifests.filter(item => item.kind === 'Namespace').flatMap(item => generated(policy!, item));
}

/** Ports that a workload's probes ask. */
function probePorts(item: Manifest): Map<string, number> {
  const found = new Map<string, number>();
  for (const container of containersOf(item)) {
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      const port = container[probe]?.httpGet?.port ?? container[probe]?.tcpSocket?.port ?? container[probe]?.grpc?.port;
      if (port !== undefined) found.set(probe, typeof port === 'number' ? port : podOf(item).ports[port]!);
    }
  }
  return found;
}

/**
 * The pairs a row means in a cluster. `*` is every workload of the manifests; as `to` it goes with the ports `TCP/probes` (of workloads in
 * the mesh) and `TCP/metrics` (of what the collector reads).
 */
export function meant(row: Pick<Row, 'from' | 'to' | 'port'>, cluster: Cluster): { from: string; to: string; port: string }[] {
  const workloads = cluster.manifests.filter(item => podTemplateOf(item));
  const name = (item: Manifest) => `${item.metadata.namespace}/${item.metadata.name}`;
  const froms = row.from === '*' ? workloads.map(name) : [row.from];
  if (row.to !== '*') return froms.map(from => ({ from, to: row.to, port: row.port }));
  let targets: [string, number][];
  if (row.port === 'TCP/probes') targets = workloads.filter(item => inMesh(cluster, podOf(item))).flatMap(item => [...new Set(probePorts(item).values())].map((port): [string, number] => [name(item), port]));
  else if (row.port === 'TCP/metrics') targets = scraped(cluster.manifests).map(({ workload, port }) => [name(workload), port]);
  else targets = workloads.flatMap(item => [[name(item), Number(row.port.split('/')[1])]]);
  return froms.flatMap(from => targets.map(([to, port]) => ({ from, to, port: `${row.port.split('/')[0]}/${port}` })));
}

/** A workload of the manifests, or a pod of a chart in a namespace of the manifests. */
function within(cluster: Cluster, name: string, end: Endpoint): boolean {
  if (end.kind !== 'pod') return false;
  return cluster.manifests.some(item => (podTemplateOf(item) ? `${item.metadata.namespace}/${item.metadata.name}` === name : item.kind === 'Namespace' && item.metadata.name === end.namespace));
}

/** Rows the manifests do not bear out, and rows that speak of nothing. */
export function checkRows(matrix: Matrix, clusters: ReadonlyMap<string, Cluster>, estate: any): string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const row of matrix.rows) {
    const line = `${row.from} -> ${row.to} ${row.port}`;
    if (seen.has(line)) problems.push(`${line}: stands twice`);
    seen.add(line);
    if (typeof row.allowed !== 'boolean' || !row.why) problems.push(`${line}: needs allowed (true or false) and why`);
    let applied = 0;
    for (const [name, cluster] of clusters) {
      const hub = Object.values<any>(estate.sites).find(site => site.cluster === name)?.role === 'hub';
      if (row.at && (row.at === 'hub') !== hub) continue;
      for (const pair of meant(row, cluster)) {
        const from = resolve(pair.from, matrix, cluster, name, estate);
        const to = resolve(pair.to, matrix, cluster, name, estate);
        // Two ends outside this cluster say nothing of its manifests.
        if (!from || !to || !(within(cluster, pair.from, from) || within(cluster, pair.to, to))) continue;
        applied += 1;
        const verdict = judge(cluster, from, to, portOf(pair.port, estate));
        if (verdict.allowed !== row.allowed) problems.push(`${name}: ${pair.from} -> ${pair.to} ${pair.port} should be ${row.allowed ? 'allowed' : 'denied'} and is not (${verdict.by})`);
      }
    }
    if (applied === 0) problems.push(`${line}: no cluster has both`);
  }
  return problems;
}

export interface Need {
  from: string;
  to: string;
  port: string;
  why: string;
}

/** What the value of a secret of this name is an address of. */
const secretTargets: [RegExp, string, string][] = [
  [/-migration-database-url$/, 'own-database', 'TCP/replication'],
  [/^payments-.*-database-url$/, 'own-database', 'TCP/readWrite'],
  [/^payments-.*-redis-url$/, 'own-database', 'TCP/redis'],
];

/** Where the front ends of Google's load balancers and their health checks come from, by class of the Gateway. */
const gatewayNeeds: Record<string, string[]> = {
  'gke-l7-global-external-managed': ['load-balancer', 'load-balancer-old-range'],
  'gke-l7-regional-external-managed': ['load-balancer', 'load-balancer-old-range', 'own-proxies'],
  'gke-l7-rilb': ['load-balancer', 'load-balancer-old-range', 'own-proxies'],
};

/** Addresses in files that are baked into an image, by the workload that runs it. */
export type MoreTexts = Readonly<Record<string, string>>;

function servicePods(manifests: Manifest[], namespace: string, service: string): { names: string[]; service?: Manifest } {
  const found = manifests.find(item => item.kind === 'Service' && item.metadata.name === service && item.metadata.namespace === namespace);
  if (!found) return { names: [`${namespace}/${service}`] };
  const pods = manifests.filter(item => podTemplateOf(item) && item.metadata.namespace === namespace && selects({ matchLabels: found.spec.selector }, podOf(item).labels));
  return { names: [...new Set(pods.map(item => `${namespace}/${item.metadata.name}`))], service: found };
}

/** The number behind a port of a Service; the port itself when the Service is not among the manifests. */
function targetPort(manifests: Manifest[], names: string[], service: Manifest | undefined, port: number | string): number {
  const entry = service?.spec.ports.find((one: any) => one.port === Number(port) || one.name === port);
  const target = entry?.targetPort ?? entry?.port ?? port;
  if (typeof target === 'number' || /^\d+$/.test(target)) return Number(target);
  const pod = manifests.find(item => podTemplateOf(item) && names.includes(`${item.metadata.namespace}/${item.metadata.name}`));
  return pod ? (podOf(pod).ports[target] ?? Number.NaN) : Number.NaN;
}

/** Services that a text has the address of: with a port, by the scheme's port, or as an SRV record of a named port. */
function addressesIn(text: string): { service: string; namespace: string; port: number | string }[] {
  const pattern = /(?:(https?):\/\/|_([a-z0-9-]+)\._tcp\.)?(?:[a-z0-9$()A-Z_-]+\.)?(?<![a-z0-9-])([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?\.?(?::(\d+))?/g;
  return [...text.matchAll(pattern)].flatMap(([, scheme, record, service, namespace, port]) => {
    const meantPort = port ? Number(port) : record ?? (scheme === 'https' ? 443 : scheme === 'http' ? 80 : undefined);
    // A bare name, as a certificate has it, is no address to go to.
    return meantPort === undefined ? [] : [{ service: service!, namespace: namespace!, port: meantPort }];
  });
}

/** What each workload must reach or be reached by, read from its own manifests. */
export function needsOf(cluster: Cluster, estate: any, more: MoreTexts = {}, matrix?: Matrix): Need[] {
  const { manifests } = cluster;
  const needs: Need[] = [];
  const workloads = manifests.filter(item => podTemplateOf(item));
  for (const item of workloads) {
    const from = `${item.metadata.namespace}/${item.metadata.name}`;
    for (const to of ['kube-dns', 'node-local-dns']) for (const protocol of ['UDP', 'TCP']) needs.push({ from, to, port: `${protocol}/53`, why: 'names' });
    const secrets = new Set<string>();
    const texts: string[] = more[from] ? [more[from]] : [];
    for (const container of containersOf(item)) {
      for (const entry of container.env ?? []) {
        if (entry.value) texts.push(String(entry.value));
        if (entry.valueFrom?.secretKeyRef) secrets.add(`${entry.valueFrom.secretKeyRef.name}#${entry.valueFrom.secretKeyRef.key}`);
      }
      texts.push(...(container.args ?? []).map(String));
      for (const source of container.envFrom ?? []) {
        const map = manifests.find(one => one.kind === 'ConfigMap' && one.metadata.name === source.configMapRef?.name && one.metadata.namespace === item.metadata.namespace);
        texts.push(...Object.values<string>(map?.['data'] ?? {}));
      }
    }
    for (const volume of podTemplateOf(item)!.spec.volumes ?? []) {
      const map = manifests.find(one => one.kind === 'ConfigMap' && one.metadata.name === volume.configMap?.name && one.metadata.namespace === item.metadata.namespace);
      texts.push(...Object.values<string>(map?.['data'] ?? {}));
    }
    for (const { service, namespace, port } of texts.flatMap(addressesIn)) {
      const target = servicePods(manifests, namespace, service);
      if (!target.service && matrix?.absent?.[`${namespace}/${service}`]) continue;
      const missing = target.service && !target.service.spec.ports.some((one: any) => one.port === port || one.name === port);
      if (missing) needs.push({ from, to: `port ${port} of Service ${namespace}/${service}`, port: 'TCP/0', why: 'an address' });
      for (const to of missing ? [] : target.names) needs.push({ from, to, port: `TCP/${targetPort(manifests, target.names, target.service, port)}`, why: `address ${service}.${namespace}:${port}` });
    }
    for (const external of manifests.filter(one => one.kind === 'ExternalSecret' && one.metadata.namespace === item.metadata.namespace)) {
      for (const { secretKey, remoteRef } of external.spec.data ?? []) {
        const target = external.spec.target?.name ?? external.metadata.name;
        if (!secrets.has(`${target}#${secretKey}`)) continue;
        const key = baseSecret(remoteRef.key, estate);
        const meant = secretTargets.find(([pattern]) => pattern.test(key));
        if (meant) needs.push({ from, to: meant[1], port: meant[2], why: `secret ${key}` });
      }
    }
    if (inMesh(cluster, podOf(item))) for (const [probe, port] of probePorts(item)) needs.push({ from: 'kubelet-in-mesh', to: from, port: `TCP/${port}`, why: probe });
  }
  for (const monitoring of manifests.filter(item => item.kind === 'PodMonitoring')) {
    for (const item of workloads.filter(one => one.metadata.namespace === monitoring.metadata.namespace && selects(monitoring.spec.selector, podOf(one).labels))) {
      for (const { port } of monitoring.spec.endpoints) {
        needs.push({ from: 'metrics-collector', to: `${item.metadata.namespace}/${item.metadata.name}`, port: `TCP/${typeof port === 'number' ? port : podOf(item).ports[port]}`, why: 'metrics' });
      }
    }
  }
  for (const { workload, port } of scraped(manifests)) {
    needs.push({ from: 'observability/otel-scraper', to: `${workload.metadata.namespace}/${workload.metadata.name}`, port: `TCP/${port}`, why: 'metrics for Thanos' });
  }
  for (const route of manifests.filter(item => item.kind === 'HTTPRoute')) {
    const gateways = (route.spec.parentRefs ?? []).map((parent: any) => manifests.find(item => item.kind === 'Gateway' && item.metadata.name === parent.name && item.metadata.namespace === (parent.namespace ?? route.metadata.namespace)));
    for (const gateway of gateways.filter(Boolean)) {
      const sources = gatewayNeeds[gateway.spec.gatewayClassName];
      if (!sources) throw new Error(`Gateway ${gateway.metadata.name}: nothing is known of the class ${gateway.spec.gatewayClassName}`);
      for (const { name, port } of (route.spec.rules ?? []).flatMap((rule: any) => rule.backendRefs ?? [])) {
        const target = servicePods(manifests, route.metadata.namespace!, name);
        // A Service of a chart is not among the manifests; the matrix says which port is behind it.
        const behind = (to: string) => (target.service ? targetPort(manifests, target.names, target.service, port) : (matrix?.endpoints[to]?.service?.[port] ?? port));
        for (const to of target.names) for (const from of sources) needs.push({ from, to, port: `TCP/${behind(to)}`, why: `route ${route.metadata.name}` });
      }
    }
  }
  return needs;
}

/** Pods the collector reads, by its own rule of which to keep. */
function scraped(manifests: Manifest[]): { workload: Manifest; port: number }[] {
  const config = manifests.filter(item => item.kind === 'ConfigMap' && item.metadata.namespace === 'observability').map(item => item['data']?.['scraper.yaml']).find(Boolean);
  if (!config) return [];
  const job = parse(config).receivers.prometheus.config.scrape_configs.find((one: any) => one.job_name === 'pods');
  const keep = job.relabel_configs.find((one: any) => one.action === 'keep' && one.source_labels.length === 3);
  const order = ['__meta_kubernetes_namespace', '__meta_kubernetes_pod_label_system', '__meta_kubernetes_pod_container_port_name'];
  if (keep?.source_labels.join() !== order.join()) throw new Error(`scraper.yaml keeps pods by ${keep?.source_labels}; this reads ${order}`);
  const pattern = new RegExp(`^(?:${keep.regex})$`);
  return manifests.filter(item => podTemplateOf(item)).flatMap(workload => {
    const { namespace, labels, ports } = podOf(workload);
    return Object.entries(ports).filter(([name]) => pattern.test(`${namespace};${labels['system'] ?? ''};${name}`)).map(([, port]) => ({ workload, port }));
  });
}

/** Workloads whose service account stands for a Google account. */
function accountHolders({ manifests }: Cluster): string[] {
  const accounts = new Set(manifests.filter(item => item.kind === 'ServiceAccount' && item.metadata.annotations?.['iam.gke.io/gcp-service-account']).map(item => `${item.metadata.namespace}/${item.metadata.name}`));
  return manifests.filter(item => podTemplateOf(item) && accounts.has(`${item.metadata.namespace}/${podOf(item).serviceAccount}`)).map(item => `${item.metadata.namespace}/${item.metadata.name}`);
}

/** The name of a secret in the estate: its id without the region. */
export function baseSecret(id: string, estate: any): string {
  return Object.keys(estate.secrets).find(name => id === name || [...new Set(Object.values<any>(estate.sites).map(site => site.region))].some(region => id === `${name}-${region}`)) ?? id;
}

/** Needs that the policies do not meet, and needs that nobody wrote down. */
export function checkNeeds(matrix: Matrix, clusters: ReadonlyMap<string, Cluster>, estate: any, more: MoreTexts = {}): string[] {
  const problems = new Set<string>();
  for (const [name, cluster] of clusters) {
    const rows = matrix.rows.filter(row => row.allowed).flatMap(row => meant(row, cluster));
    const written = new Set(rows.map(row => `${row.from} ${row.to} ${textOf(row.port, estate)}`));
    for (const need of needsOf(cluster, estate, more, matrix)) {
      const line = `${need.from} -> ${need.to} ${need.port}`;
      const from = resolve(need.from, matrix, cluster, name, estate);
      const to = resolve(need.to, matrix, cluster, name, estate);
      if (!from || !to) {
        problems.add(`${name}: ${line} (${need.why}): ${from ? need.to : need.from} is neither a workload nor an endpoint of the matrix`);
        continue;
      }
      const verdict = judge(cluster, from, to, portOf(need.port, estate));
      if (!verdict.allowed) problems.add(`${name}: ${line} (${need.why}) is needed and denied (${verdict.by})`);
      if (!written.has(`${need.from} ${need.to} ${textOf(need.port, estate)}`)) problems.add(`${line} (${need.why}) is needed and has no row`);
    }
    for (const from of accountHolders(cluster)) {
      if (!matrix.rows.some(row => row.from === from && row.to === 'metadata-server')) problems.add(`${from} has an account at Google, and no row says whether it may use it (to metadata-server)`);
    }
  }
  return [...problems];
}

function textOf(text: string, estate: any): string {
  const { protocol, port } = portOf(text, estate);
  return `${protocol}/${port}`;
}

function describe(name: string, matrix: Matrix): string {
  if (name === '*') return 'every workload';
  const what = matrix.endpoints[name];
  return what?.is ? `${name} (${what.is})` : name;
}

export function table(matrix: Matrix, estate: any): string {
  const line = (row: Row) => {
    const symbolic = /^TCP\/(probes|metrics)$/.exec(row.port);
    const { protocol, port } = symbolic ? { protocol: 'TCP', port: `its ${symbolic[1]}` } : portOf(row.port, estate);
    return `| ${describe(row.from, matrix)} | ${describe(row.to, matrix)} | ${protocol} ${port} | ${row.allowed ? 'yes' : '**no**'} | ${row.why} |`;
  };
  return [
    '# Network matrix',
    '',
    '<!-- Made by node infra/gitops/checks/network.ts --table from infra/gitops/network-matrix.yaml. Do not edit. -->',
    '',
    'Who may open a connection to whom. Every row, the denied ones too, is computed from the rendered manifests of every cluster that has both',
    'sides (`infra/gitops/checks/network.test.ts`): NetworkPolicies, policies by name, and the mesh. What a workload says it needs in its own',
    'manifests (addresses, secrets, probes, routes, monitoring) must stand here as allowed. A pair that does not stand here is not proven.',
    '',
    '| from | to | port | allowed | why |',
    '|---|---|---|---|---|',
    ...matrix.rows.map(line),
    '',
  ].join('\n');
}

function main(writesTable: boolean): number {
  const matrix = readMatrix();
  const estate = readEstate();
  if (writesTable) {
    writeFileSync(tableFile, table(matrix, estate));
    process.stdout.write(`${path.relative(process.cwd(), tableFile)} written\n`);
    return 0;
  }
  const clusters = toClusters(fleet().map(({ name, manifests }) => [name, manifests] as const), matrix, estate);
  const problems = [...checkRows(matrix, clusters, estate), ...checkNeeds(matrix, clusters, estate)];
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.stdout.write(`${matrix.rows.length} rows, ${problems.length} problems\n`);
  return problems.length > 0 ? 1 : 0;
}

if (process.argv[1] === import.meta.filename) process.exit(main(process.argv.includes('--table')));
