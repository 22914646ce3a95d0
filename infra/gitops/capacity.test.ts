import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { readEstate, root, type Site } from './lib/estate.ts';
import { allApplications, manifestsOf, skip, type Manifest } from './lib/manifests.ts';

interface Amount {
  cpu: number;
  gib: number;
}

// https://cloud.google.com/compute/docs/general-purpose-machines
const machines: Record<string, Amount> = { 'e2-standard-2': { cpu: 2, gib: 8 }, 'e2-standard-4': { cpu: 4, gib: 16 }, 'n2-standard-4': { cpu: 4, gib: 16 }, 'n2-standard-8': { cpu: 8, gib: 32 } };

/** What GKE leaves of a node for pods: https://cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes */
function allocatable({ cpu, gib }: Amount): Amount {
  const reservedCpu = [0.06, 0.01, 0.005, 0.005].slice(0, cpu).reduce((sum, part) => sum + part, 0) + Math.max(0, cpu - 4) * 0.0025;
  const steps: [upTo: number, part: number][] = [[4, 0.25], [8, 0.2], [16, 0.1], [128, 0.06]];
  let reserved = 0.1;
  let from = 0;
  for (const [upTo, part] of steps) {
    reserved += Math.max(0, Math.min(gib, upTo) - from) * part;
    from = upTo;
  }
  return { cpu: cpu - reservedCpu, gib: gib - reserved };
}

const times = ({ cpu, gib }: Amount, count: number): Amount => ({ cpu: cpu * count, gib: gib * count });
const sum = (amounts: Amount[]): Amount => amounts.reduce((a, b) => ({ cpu: a.cpu + b.cpu, gib: a.gib + b.gib }), { cpu: 0, gib: 0 });
const cores = (text: string) => (text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text));
const gib = (text: string) => {
  const match = /^(\d+)(Mi|Gi)$/.exec(text);
  assert.ok(match, text);
  return Number(match[1]) / (match[2] === 'Mi' ? 1024 : 1);
};

const terraform = (file: string) => readFileSync(path.join(root, 'infra/terraform', file), 'utf8');
const field = (text: string, name: string) => new RegExp(`${name}\\s*=\\s*(?:optional\\(\\w+, )?"?([\\w-]+)"?`).exec(text)?.[1];
const block = (text: string, start: RegExp) => {
  const at = text.search(start);
  return at < 0 ? '' : text.slice(at, at + 700).split(/\n\}|\n  \}\)?\n/)[0]!;
};

/** The most nodes of the two pools that pods of ours run on, as Terraform makes them: three zones. */
function pools(site: Site): { system: Amount; application: Amount } {
  const root_ = site.role === 'hub' ? 'project-0-devops/hub' : `project-1-${site.project}/${site.region}`;
  const live = terraform(`live/${root_}/main.tf`);
  const defaults = terraform(site.role === 'hub' ? 'modules/gke/variables.tf' : 'modules/region/variables.tf');
  const size = (pool: string, fallbackMost: string | undefined): Amount => {
    const here = block(live, new RegExp(`^[ \\t]*${pool}\\s*=`, 'm')).split('\n').slice(0, pool === 'application_pool' && live.includes(`${pool} = {\n`) ? 6 : 1).join('\n');
    const given = block(defaults, new RegExp(`^variable "${pool}"`, 'm')) || block(terraform('modules/gke/variables.tf'), new RegExp(`^variable "${pool}"`, 'm'));
    const machine = field(here, 'machine_type') ?? field(given, 'machine_type');
    const most = Number(field(here, 'max_nodes_per_zone') ?? field(given, 'max_nodes_per_zone') ?? fallbackMost);
    assert.ok(machine && machines[machine] && most > 0, `${root_} ${pool}: ${machine} ${most}`);
    return times(allocatable(machines[machine]!), most * 3);
  };
  return { system: size('system_pool', undefined), application: size('application_pool', undefined) };
}

interface Quota {
  namespace: string;
  hard: Amount;
}

const platformNamespaces = new Set(['argo-rollouts', 'argocd', 'atlantis', 'cert-manager', 'drift-check', 'external-secrets', 'gateway-system', 'istio-system', 'keda', 'kyverno', 'observability']);

function clusterOf(cluster: string): Manifest[] {
  return allApplications().filter(({ application }) => application.spec.destination.name === cluster).flatMap(({ application }) =>
    manifestsOf(application).map(item => ({ ...item, metadata: { ...item.metadata, namespace: item.metadata.namespace ?? (application.spec.destination.namespace as string) } })));
}

function quotas(all: Manifest[]): Quota[] {
  return all.filter(item => item.kind === 'ResourceQuota').map(({ metadata, spec }) => ({ namespace: metadata.namespace!, hard: { cpu: cores(spec.hard['requests.cpu']), gib: gib(spec.hard['requests.memory']) } }));
}

/** What is wrong with what is given away of these nodes. */
function faults(given: Quota[], { system, application }: { system: Amount; application: Amount }): string[] {
  const total = sum([system, application]);
  const platform = sum(given.filter(({ namespace }) => platformNamespaces.has(namespace)).map(({ hard }) => hard));
  const work = sum(given.filter(({ namespace }) => !platformNamespaces.has(namespace)).map(({ hard }) => hard));
  const found: string[] = [];
  for (const key of ['cpu', 'gib'] as const) {
    if (work[key] > total[key] * 0.8) found.push(`${key}: workloads may take ${work[key]} of ${total[key].toFixed(1)}, more than 80 %`);
    if (work[key] + platform[key] > total[key]) found.push(`${key}: ${(work[key] + platform[key]).toFixed(1)} are promised, there are ${total[key].toFixed(1)}`);
    if (platform[key] > total[key] - Math.min(work[key], application[key])) found.push(`${key}: the platform would have no room beside the workloads`);
  }
  return found;
}

describe('capacity that is given away', { skip }, () => {
  const { sites } = readEstate();
  for (const site of Object.values(sites)) {
    it(`${site.cluster}: 20 % stays for the platform, and no more is promised than there are nodes for`, () => {
      const given = quotas(clusterOf(site.cluster));
      assert.ok(given.length >= (site.role === 'hub' ? 10 : 9), String(given.length));
      assert.deepEqual(faults(given, pools(site)), []);
    });

    it(`${site.cluster}: what runs in a namespace of the platform fits into its quota, one pod more of each at a rollout`, () => {
      const all = clusterOf(site.cluster);
      for (const { namespace, hard } of quotas(all).filter(one => platformNamespaces.has(one.namespace))) {
        const used = sum(all.filter(item => item.metadata.namespace === namespace && ['Deployment', 'StatefulSet'].includes(item.kind)).map(item => {
          const pod = sum(item.spec.template.spec.containers.map(({ resources }: any) => ({ cpu: cores(resources.requests.cpu), gib: gib(resources.requests.memory) })));
          return times(pod, item.spec.replicas + (item.kind === 'Deployment' ? 1 : 0));
        }));
        assert.ok(used.cpu <= hard.cpu && used.gib <= hard.gib, `${namespace}: ${JSON.stringify(used)} of ${JSON.stringify(hard)}`);
      }
    });
  }

  it('a quota that takes what is the platform\'s is seen', () => {
    const site = Object.values(sites).find(one => one.role === 'primary' && one.environment === 'production')!;
    const given = quotas(clusterOf(site.cluster));
    const greedy = given.map(one => (one.namespace === 'payments' ? { ...one, hard: { ...one.hard, cpu: 115 } } : one));
    assert.deepEqual(faults(greedy, pools(site)).map(fault => fault.split(',')[0]), [`cpu: workloads may take 115 of ${(pools(site).system.cpu + pools(site).application.cpu).toFixed(1)}`, 'cpu: 135.5 are promised']);
    assert.equal(allocatable(machines['e2-standard-4']!).cpu, 3.92);
    assert.equal(allocatable(machines['e2-standard-4']!).gib.toFixed(2), '13.30');
  });

  it('every container of ours fits into the limits of its namespace, and a namespace without limits is seen', () => {
    const all = clusterOf('gke-devops');
    const limits = new Map(all.filter(item => item.kind === 'LimitRange').map(item => [item.metadata.namespace!, item.spec.limits[0].max]));
    const check = (item: Manifest) => item.spec.template.spec.containers.every(({ resources }: any) => {
      const max = limits.get(item.metadata.namespace!);
      return max && cores(resources.limits.cpu) <= cores(max.cpu) && gib(resources.limits.memory) <= gib(max.memory);
    });
    const workloads = all.filter(item => ['Deployment', 'StatefulSet'].includes(item.kind));
    assert.ok(workloads.length >= 12);
    for (const item of workloads) assert.ok(check(item), item.metadata.name);
    assert.ok(!check({ ...workloads[0]!, metadata: { name: 'x', namespace: 'nowhere' } }));
  });
});
