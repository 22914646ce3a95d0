/**
 * Whether the manifests of a cluster say the names of infra/estate.yaml: accounts, secrets, hosts, networks, ports, buckets, pools of nodes.
 * Pure: objects in, problems out.
 */
import { baseSecret } from './network.ts';
import { nameOf, podTemplateOf, type Manifest } from './manifests.ts';
import { contains } from './network-engine.ts';
import type { Chart } from './fleet.ts';

export interface EstateContext {
  cluster: string;
  manifests: Manifest[];
  charts: Chart[];
  estate: any;
}

const ACCOUNT = 'iam.gke.io/gcp-service-account';

export function siteOf({ estate, cluster }: Pick<EstateContext, 'estate' | 'cluster'>): [string, any] {
  const found = Object.entries<any>(estate.sites).find(([, site]) => site.cluster === cluster);
  if (!found) throw new Error(`${cluster} is no cluster of the estate`);
  return found;
}

/** Accounts a cluster's pods act as: `<namespace>/<service account>` -> email, as written in manifests and values of charts. */
export function accountsOf({ manifests, charts }: Pick<EstateContext, 'manifests' | 'charts'>): Map<string, string> {
  const found = new Map<string, string>();
  for (const item of manifests.filter(one => one.kind === 'ServiceAccount')) {
    const email = item.metadata.annotations?.[ACCOUNT];
    if (email) found.set(`${item.metadata.namespace}/${item.metadata.name}`, email);
  }
  const visit = (value: any, chart: Chart): void => {
    if (Array.isArray(value)) for (const entry of value) visit(entry, chart);
    if (!value || typeof value !== 'object') return;
    const email = value.annotations?.[ACCOUNT];
    if (email) found.set(`${chart.namespace}/${value.name ?? '?'}`, email);
    for (const entry of Object.values(value)) visit(entry, chart);
  };
  for (const chart of charts) visit(merged(chart.values), chart);
  return found;
}

function merged(values: any[]): any {
  const merge = (base: any, over: any): any =>
    base && over && typeof base === 'object' && typeof over === 'object' && !Array.isArray(base) && !Array.isArray(over)
      ? Object.fromEntries([...new Set([...Object.keys(base), ...Object.keys(over)])].map(key => [key, key in over ? merge(base[key], over[key]) : base[key]]))
      : over;
  return values.reduce((sum, one) => merge(sum, one ?? {}), {});
}

export function accountProblems(context: EstateContext): string[] {
  const [siteName, site] = siteOf(context);
  const { estate } = context;
  const wanted = new Map<string, string>();
  for (const [identity, { perRegion, sites, namespace, serviceAccount, project }] of Object.entries<any>(estate.identities)) {
    if (!sites.includes(siteName)) continue;
    wanted.set(`${namespace}/${serviceAccount}`, `${identity}${perRegion ? `-${site.region}` : ''}@${estate.projects[project ?? site.project]}.iam.gserviceaccount.com`);
  }
  const found = accountsOf(context);
  return [
    ...[...wanted].filter(([name, email]) => found.get(name) !== email).map(([name, email]) => `${context.cluster}: ServiceAccount ${name} should act as ${email}, and ${found.has(name) ? `says ${found.get(name)}` : 'is not annotated'}`),
    ...[...found].filter(([name]) => !wanted.has(name)).map(([name, email]) => `${context.cluster}: ServiceAccount ${name} acts as ${email}, which is no identity of this site in the estate`),
  ];
}

export function secretProblems(context: EstateContext): string[] {
  const [siteName, site] = siteOf(context);
  const { estate } = context;
  const asked = new Set<string>();
  const problems: string[] = [];
  for (const item of context.manifests.filter(one => one.kind === 'ExternalSecret')) {
    for (const { remoteRef, extract } of [...(item.spec.data ?? []), ...(item.spec.dataFrom ?? [])]) {
      const key: string | undefined = remoteRef?.key ?? extract?.key;
      if (!key) {
        problems.push(`${context.cluster}: ${nameOf(item)} takes secrets by a search; name them`);
        continue;
      }
      const name = baseSecret(key, estate);
      const secret = estate.secrets[name];
      asked.add(name);
      if (!secret?.sites.includes(siteName)) problems.push(`${context.cluster}: ${nameOf(item)}: no secret ${key} at this site`);
      else if (key !== (site.role === 'hub' ? name : `${name}-${site.region}`)) problems.push(`${context.cluster}: ${nameOf(item)}: ${key} should be ${site.role === 'hub' ? name : `${name}-${site.region}`}`);
      else if (!secret.readers.includes('external-secrets')) problems.push(`${context.cluster}: ${nameOf(item)}: ${key} may not be read by the cluster`);
    }
  }
  for (const [name, { sites, readers }] of Object.entries<any>(estate.secrets)) {
    if (sites.includes(siteName) && readers.includes('external-secrets') && !asked.has(name)) problems.push(`${context.cluster}: secret ${name} may be read here and nobody does`);
  }
  return problems;
}

/** Hosts routes may have at a site. */
export function hostsAt(estate: any, siteName: string): Set<string> {
  const site = estate.sites[siteName];
  const hosts = new Set<string>();
  for (const { host, site: where, regional } of Object.values<any>(estate.hosts)) {
    const here = where === siteName || (where === 'payments' && siteName.startsWith('payments-'));
    if (!here) continue;
    hosts.add(host);
    const [first, ...rest] = host.split('.');
    if (regional) hosts.add([first, site.region, ...rest].join('.'));
  }
  return hosts;
}

export function hostProblems(context: EstateContext): string[] {
  const [siteName, site] = siteOf(context);
  const allowed = hostsAt(context.estate, siteName);
  const routed = new Set<string>();
  const problems: string[] = [];
  for (const item of context.manifests.filter(one => ['HTTPRoute', 'GRPCRoute', 'TLSRoute'].includes(one.kind))) {
    for (const host of item.spec.hostnames ?? []) {
      routed.add(host);
      if (!allowed.has(host)) problems.push(`${context.cluster}: ${nameOf(item)}: ${host} is no host of this site`);
    }
  }
  // Development has no public door of its own.
  if (site.environment !== 'dev') for (const host of allowed) if (!routed.has(host)) problems.push(`${context.cluster}: no route for ${host}`);
  return problems;
}

/** Ranges that are nobody's of ours: of Google, of the node, of the mesh. */
const outside = new Set([
  '35.191.0.0/16', '130.211.0.0/22', '169.254.20.10/32', '169.254.7.127/32', '169.254.169.254/32', '169.254.169.252/32', '0.0.0.0/0',
  // private.googleapis.com and restricted.googleapis.com
  '199.36.153.8/30', '199.36.153.4/30',
  // IAP
  '35.235.240.0/20',
]);
/** What a policy that opens the internet leaves out. */
const reserved = new Set(['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/3', '224.0.0.0/4', '240.0.0.0/4']);

export function cidrProblems(context: EstateContext): string[] {
  const [siteName, own] = siteOf(context);
  const { estate } = context;
  const problems: string[] = [];
  const ranges = new Map<string, string>();
  for (const [name, site] of Object.entries<any>(estate.sites)) for (const [tier, cidr] of Object.entries<string>(site.cidrs)) ranges.set(cidr, `${name}.${tier}`);
  // One machine of a range, or an address the estate names.
  const addresses = new Set([...JSON.stringify(estate).matchAll(/"(\d+\.\d+\.\d+\.\d+)"/g)].map(match => `${match[1]}/32`));
  const rangeOf = (cidr: string) => (cidr.endsWith('/32') ? [...ranges.keys()].find(range => !range.endsWith('/16') && contains(range, cidr.slice(0, -3))) : undefined);
  // A range over several control planes at once.
  const controlPlanes = new Set(['172.16.0.0/26', '172.16.0.0/24']);
  const databasePorts = new Set<number>(Object.values<number>(estate.databasePorts));
  const linked = (name: string) => name === siteName || name === 'hub' || siteName === 'hub';
  for (const item of context.manifests.filter(one => one.kind === 'NetworkPolicy')) {
    for (const rule of [...(item.spec.ingress ?? []), ...(item.spec.egress ?? [])]) {
      for (const { ipBlock } of [...(rule.from ?? []), ...(rule.to ?? [])]) {
        if (!ipBlock) continue;
        if (addresses.has(ipBlock.cidr)) continue;
        const whose = ranges.get(ipBlock.cidr) ?? ranges.get(rangeOf(ipBlock.cidr) ?? '');
        if (!whose && !outside.has(ipBlock.cidr) && !controlPlanes.has(ipBlock.cidr)) problems.push(`${context.cluster}: ${nameOf(item)}: ${ipBlock.cidr} is no range of the estate`);
        for (const cidr of ipBlock.except ?? []) if (!reserved.has(cidr) && !ranges.has(cidr)) problems.push(`${context.cluster}: ${nameOf(item)}: ${cidr} is no range of the estate`);
        if (!whose) continue;
        const [name, tier] = whose.split('.') as [string, string];
        if (!linked(name)) problems.push(`${context.cluster}: ${nameOf(item)}: ${ipBlock.cidr} is ${whose}, and ${own.network} does not see it`);
        if (tier !== 'database') continue;
        for (const { port } of rule.ports ?? []) if (!databasePorts.has(port)) problems.push(`${context.cluster}: ${nameOf(item)}: ${port} is no port of the database machines`);
        if (!rule.ports?.length) problems.push(`${context.cluster}: ${nameOf(item)}: every port of the database machines`);
      }
    }
  }
  return problems;
}

/** Disks are encrypted with the site's key, and carry the ten labels: a bill and a search find them by these. */
export function diskProblems(context: EstateContext): string[] {
  const [, site] = siteOf(context);
  const { estate } = context;
  const key = `projects/${estate.projects[site.project]}/locations/${site.location}/keyRings/${site.project}-${site.region}/cryptoKeys/disks`;
  return context.manifests.filter(item => item.kind === 'StorageClass').flatMap(item => {
    const { 'disk-encryption-kms-key': found, labels = '' } = item['parameters'] ?? {};
    const given = Object.fromEntries(String(labels).split(',').map(pair => pair.split('=')));
    const wanted = { ...item.metadata.labels, environment: site.environment, region: site.region } as Record<string, string>;
    return [
      ...(found === key ? [] : [`${context.cluster}: ${nameOf(item)}: the key should be ${key}, and is ${found}`]),
      ...(estate.requiredLabels as string[]).filter(label => !given[label] || given[label] !== wanted[label]).map(label => `${context.cluster}: ${nameOf(item)}: disks should be labelled ${label}=${wanted[label]}`),
    ];
  });
}

export interface Pool {
  name: string;
  taints: { key: string; value: string; effect: string }[];
}

const effects: Record<string, string> = { NO_SCHEDULE: 'NoSchedule', NO_EXECUTE: 'NoExecute', PREFER_NO_SCHEDULE: 'PreferNoSchedule' };

/** A pod that wants a pool must be let in there: the pool exists, and each of its taints is tolerated. */
export function poolProblems({ cluster, manifests }: Pick<EstateContext, 'cluster' | 'manifests'>, pools: readonly Pool[]): string[] {
  return manifests.filter(item => podTemplateOf(item)).flatMap(item => {
    const spec = podTemplateOf(item)!.spec;
    const wanted = spec.nodeSelector?.['cloud.google.com/gke-nodepool'] ?? spec.nodeSelector?.['airpay.com/pool'];
    if (wanted === undefined) return [];
    const pool = pools.find(one => one.name === wanted);
    if (!pool) return [`${cluster}: ${nameOf(item)}: no pool ${wanted}`];
    const tolerated = (taint: Pool['taints'][number]) => (spec.tolerations ?? []).some((one: any) =>
      (one.key === undefined || one.key === taint.key) && (one.operator === 'Exists' || one.value === taint.value) && (one.effect === undefined || one.effect === effects[taint.effect]));
    return pool.taints.filter(taint => !tolerated(taint)).map(taint => `${cluster}: ${nameOf(item)}: does not tolerate ${taint.key}=${taint.value} of pool ${wanted}`);
  });
}

/** Names with our prefix and hosts of our domain in a text, that the estate does not know. */
export function wordProblems(where: string, text: string, known: { names: ReadonlySet<string>; hosts: readonly RegExp[] }): string[] {
  const problems = new Set<string>();
  for (const [word] of text.matchAll(/(?<![\w.-])airpay-[a-z0-9-]*[a-z0-9]/g)) if (!known.names.has(word)) problems.add(`${where}: ${word} is no project, bucket or account of the estate`);
  for (const [host] of text.matchAll(/(?<![\w.*{}-])[a-z0-9][a-z0-9.-]*\.airpay\.example(?![\w-])/g)) if (!known.hosts.some(pattern => pattern.test(host))) problems.add(`${where}: ${host} is no host of the estate`);
  return [...problems];
}
