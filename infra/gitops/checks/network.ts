/**
 * The network matrix: who may talk to whom, written down in network-matrix.yaml, and what the manifests of every cluster say to it.
 * Usage: node infra/gitops/checks/network.ts [--table]     --table writes docs/network-matrix.md; without, problems are listed
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { folder } from '../render.ts';
import { containersOf, parseManifests, podTemplateOf, readEstate, renderedClusters, root, selects, type Labels, type Manifest } from './manifests.ts';
import { clusterOf, inMesh, judge, podOf, type Cluster, type Endpoint, type Port } from './network-engine.ts';
import { generated } from './policies.ts';

export interface Row {
  from: string;
  to: string;
  port: string;
  allowed: boolean;
  why: string;
}
export interface Matrix {
  namespaces: Record<string, Labels>;
  endpoints: Record<string, any>;
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

export function loadClusters(matrix: Matrix): Map<string, Cluster> {
  return new Map([...renderedClusters()].map(([name, manifests]) => [name, clusterOf([...manifests, ...madeByKyverno(manifests)], matrix.namespaces)]));
}

/** The policies that Kyverno adds to every namespace of an application. */
export function madeByKyverno(manifests: Manifest[]): Manifest[] {
  const [policy] = parseManifests(readFileSync(path.join(folder, 'platform-components/kyverno-policies/base/namespace-network.yaml'), 'utf8'));
  return manifests.filter(item => item.kind === 'Namespace').flatMap(item => generated(policy!, item));
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
      const from = resolve(row.from, matrix, cluster, name, estate);
      const to = resolve(row.to, matrix, cluster, name, estate);
      // Two endpoints that are only described say nothing of this cluster's manifests.
      if (!from || !to || (matrix.endpoints[row.from] && matrix.endpoints[row.to])) continue;
      applied += 1;
      const verdict = judge(cluster, from, to, portOf(row.port, estate));
      if (verdict.allowed !== row.allowed) problems.push(`${name}: ${line} should be ${row.allowed ? 'allowed' : 'denied'} and is not (${verdict.by})`);
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

/** What each workload must reach or be reached by, read from its own manifests. */
export function needsOf(cluster: Cluster, estate: any): Need[] {
  const { manifests } = cluster;
  const needs: Need[] = [];
  const workloads = manifests.filter(item => podTemplateOf(item));
  for (const item of workloads) {
    const from = `${item.metadata.namespace}/${item.metadata.name}`;
    for (const to of ['kube-dns', 'node-local-dns']) for (const protocol of ['UDP', 'TCP']) needs.push({ from, to, port: `${protocol}/53`, why: 'names' });
    const secrets = new Set<string>();
    const texts: string[] = [];
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
    for (const text of texts) {
      for (const [, service, namespace, port] of text.matchAll(/([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?\.?:(\d+)/g)) {
        const target = servicePods(manifests, namespace!, service!);
        for (const to of target.names) needs.push({ from, to, port: `TCP/${targetPort(manifests, target.names, target.service, port!)}`, why: `address ${service}.${namespace}:${port}` });
      }
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
    if (inMesh(cluster, podOf(item))) {
      for (const container of containersOf(item)) {
        for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
          const port = container[probe]?.httpGet?.port ?? container[probe]?.tcpSocket?.port;
          if (port !== undefined) needs.push({ from: 'kubelet-in-mesh', to: from, port: `TCP/${typeof port === 'number' ? port : podOf(item).ports[port]}`, why: `${probe}` });
        }
      }
    }
  }
  for (const monitoring of manifests.filter(item => item.kind === 'PodMonitoring')) {
    for (const item of workloads.filter(one => one.metadata.namespace === monitoring.metadata.namespace && selects(monitoring.spec.selector, podOf(one).labels))) {
      for (const { port } of monitoring.spec.endpoints) {
        needs.push({ from: 'metrics-collector', to: `${item.metadata.namespace}/${item.metadata.name}`, port: `TCP/${typeof port === 'number' ? port : podOf(item).ports[port]}`, why: 'metrics' });
      }
    }
  }
  for (const route of manifests.filter(item => item.kind === 'HTTPRoute')) {
    const gateways = (route.spec.parentRefs ?? []).map((parent: any) => manifests.find(item => item.kind === 'Gateway' && item.metadata.name === parent.name && item.metadata.namespace === (parent.namespace ?? route.metadata.namespace)));
    for (const gateway of gateways.filter(Boolean)) {
      const sources = gatewayNeeds[gateway.spec.gatewayClassName];
      if (!sources) throw new Error(`Gateway ${gateway.metadata.name}: nothing is known of the class ${gateway.spec.gatewayClassName}`);
      for (const { name, port } of (route.spec.rules ?? []).flatMap((rule: any) => rule.backendRefs ?? [])) {
        const target = servicePods(manifests, route.metadata.namespace!, name);
        for (const to of target.names) for (const from of sources) needs.push({ from, to, port: `TCP/${targetPort(manifests, target.names, target.service, port)}`, why: `route ${route.metadata.name}` });
      }
    }
  }
  return needs;
}

/** The name of a secret in the estate: its id without the region. */
export function baseSecret(id: string, estate: any): string {
  return Object.keys(estate.secrets).find(name => id === name || [...new Set(Object.values<any>(estate.sites).map(site => site.region))].some(region => id === `${name}-${region}`)) ?? id;
}

/** Needs that the policies do not meet, and needs that nobody wrote down. */
export function checkNeeds(matrix: Matrix, clusters: ReadonlyMap<string, Cluster>, estate: any): string[] {
  const problems = new Set<string>();
  for (const [name, cluster] of clusters) {
    for (const need of needsOf(cluster, estate)) {
      const line = `${need.from} -> ${need.to} ${need.port}`;
      const from = resolve(need.from, matrix, cluster, name, estate);
      const to = resolve(need.to, matrix, cluster, name, estate);
      if (!from || !to) {
        problems.add(`${name}: ${line} (${need.why}): ${from ? need.to : need.from} is neither a workload nor an endpoint of the matrix`);
        continue;
      }
      const verdict = judge(cluster, from, to, portOf(need.port, estate));
      if (!verdict.allowed) problems.add(`${name}: ${line} (${need.why}) is needed and denied (${verdict.by})`);
      const written = matrix.rows.some(row => row.allowed && row.from === need.from && row.to === need.to && sameText(row.port, need.port, estate));
      if (!written) problems.add(`${line} (${need.why}) is needed and has no row`);
    }
  }
  return [...problems];
}

function sameText(one: string, another: string, estate: any): boolean {
  const [a, b] = [portOf(one, estate), portOf(another, estate)];
  return a.protocol === b.protocol && a.port === b.port;
}

function describe(name: string, matrix: Matrix): string {
  const what = matrix.endpoints[name];
  return what?.is ? `${name} (${what.is})` : name;
}

export function table(matrix: Matrix, estate: any): string {
  const line = (row: Row) => {
    const { protocol, port } = portOf(row.port, estate);
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
  const clusters = loadClusters(matrix);
  const problems = [...checkRows(matrix, clusters, estate), ...checkNeeds(matrix, clusters, estate)];
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.stdout.write(`${matrix.rows.length} rows, ${problems.length} problems\n`);
  return problems.length > 0 ? 1 : 0;
}

if (process.argv[1] === import.meta.filename) process.exit(main(process.argv.includes('--table')));
