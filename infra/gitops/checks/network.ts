/**
 * The network matrix: who may talk to whom, written down in network-matrix.yaml, and what the manifests of every cluster say to it.
 * Usage: node infra/gitops/checks/network.ts [--table]     --table writes docs/network-matrix.md; without, problems are listed (needs
 * kubectl)
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { folder } from '../render.ts';
import { parseManifests, podTemplateOf, readEstate, root, type Labels, type Manifest } from './manifests.ts';
import { clusterOf, inMesh, judge, podOf, type Cluster, type Endpoint, type Port } from './network-engine.ts';
import { fleet } from './fleet.ts';
import { accountHolders, needsOf, probePorts, scraped, type MoreTexts } from './network-needs.ts';
import { generated } from './policies.ts';

export { baseSecret, needsOf } from './network-needs.ts';

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
    return [name, clusterOf([...manifests, ...madeByKyverno(manifests)], matrix.namespaces, site && inside(site.cidrs.pods), site?.cidrs.application)];
  }));
}

/** The policies that Kyverno adds to every namespace of an application. */
export function madeByKyverno(manifests: Manifest[]): Manifest[] {
  const [policy] = parseManifests(readFileSync(path.join(folder, 'platform-components/kyverno-policies/base/namespace-network.yaml'), 'utf8'));
  return manifests.filter(item => item.kind === 'Namespace').flatMap(item => generated(policy!, item));
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
