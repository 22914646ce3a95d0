/** Brings up the two regions' databases, in whatever roles they had last. */
import type { RegionConfig } from './config.ts';
import type { Context } from './context.ts';
import { findLeader, readCluster, readStoredConfig, writeStoredConfig } from './patroni.ts';
import { answersOk, until } from './probes.ts';
import { part, type Report } from './progress.ts';
import { etcdSpec, haproxySpec, patroniSpec } from './regions.ts';
import type { ProcessSpec, Supervisor } from './supervisor.ts';

interface DatabaseParts {
  context: Context;
  supervisor: Supervisor;
  report: Report;
}

const LEADER_TIMEOUT_MS = 60_000;
const STANDBY_TIMEOUT_MS = 90_000;

/** Which region is to be primary, and whether a region's cluster exists already. */
export interface StoredRoles {
  primary: RegionConfig;
  standby: RegionConfig;
  standbyExists: boolean;
}

/**
 * Roles as the regions' own stores tell them; platform.yaml only counts before the first start.
 * @throws Error when both regions believe to be primary: starting them would let payments go two ways
 */
export function decideRoles(regions: RegionConfig[], stored: (Record<string, unknown> | undefined)[]): StoredRoles {
  const facts = regions.map((region, index) => {
    const config = stored[index];
    return { region, exists: config !== undefined, standby: config ? Boolean(config['standby_cluster']) : region.startsAs === 'standby' };
  });
  const primaries = facts.filter(one => !one.standby);
  const standbys = facts.filter(one => one.standby);
  if (primaries.length === 2) {
    throw new Error(`both ${regions.map(one => one.id).join(' and ')} are configured as primary, as after a failover without a rejoin. `
      + 'Starting both would let payments go two ways. Make the region that was lost a standby first (docs/runbooks), or start anew with: make down RESET=1');
  }
  if (primaries.length === 0) throw new Error('both regions are configured as standby of the other: a region switch was interrupted. Promote one of them (docs/runbooks).');
  return { primary: primaries[0]!.region, standby: standbys[0]!.region, standbyExists: standbys[0]!.exists };
}

/** Starts etcd, HAProxy and Patroni of both regions. Returns the region whose database is primary. */
export async function startDatabases(parts: DatabaseParts): Promise<RegionConfig> {
  const { context, supervisor, report } = parts;
  const { regions } = context.config;
  const start = async (spec: ProcessSpec) => {
    supervisor.add(spec);
    await part(report, spec.launch.name, () => supervisor.start(spec.launch.name), how => (how === 'adopted' ? 'was running' : undefined));
  };
  const balancers = Promise.all(regions.map(region => start(haproxySpec(context, region))));
  await Promise.all(regions.map(region => start(etcdSpec(context, region))));
  const stored = await Promise.all(regions.map(readStoredConfig));
  const roles = decideRoles(regions, stored);
  await followPorts(roles, stored[regions.indexOf(roles.standby)]);

  const primary = startRegion(parts, roles.primary, 'primary');
  // A copy can only be made of something; an existing one is started at the same time.
  if (!roles.standbyExists) await primary;
  await Promise.all([primary, startRegion(parts, roles.standby, 'standby'), balancers]);
  return roles.primary;
}

/** The standby keeps the address of the primary's region; after a change of ports it would look in the old place. */
async function followPorts({ primary, standby }: StoredRoles, stored: Record<string, unknown> | undefined): Promise<void> {
  const standbyCluster = stored?.['standby_cluster'] as { port?: unknown } | undefined;
  if (!stored || !standbyCluster || Number(standbyCluster.port) === primary.linkPort) return;
  await writeStoredConfig(standby, { ...stored, standby_cluster: { ...standbyCluster, port: primary.linkPort } });
}

async function startRegion({ context, supervisor, report }: DatabaseParts, region: RegionConfig, role: 'primary' | 'standby'): Promise<void> {
  const specs = region.members.map(member => patroniSpec(context, region, member));
  for (const spec of specs) supervisor.add(spec);
  await part(report, `${region.id} database`, async () => {
    await Promise.all(specs.map(spec => supervisor.startSoon(spec.launch.name)));
    await waitForLeader(region, role);
    await Promise.all(specs.map(spec => supervisor.start(spec.launch.name)));
    await waitForFollowers(region);
    return readCluster(region);
  }, members => members.map(member => `${member.name} ${member.role === 'leader' ? 'primary' : member.role.replace('_', ' ')}`).join(', '));
}

async function waitForLeader(region: RegionConfig, role: 'primary' | 'standby'): Promise<void> {
  const wanted = role === 'primary' ? 'leader' : 'standby_leader';
  const leads = async () => (await findLeader(region))?.role === wanted;
  if (!(await until(leads, role === 'primary' ? LEADER_TIMEOUT_MS : STANDBY_TIMEOUT_MS, 200))) {
    throw new Error(`${region.id} has no ${wanted.replace('_', ' ')}; see the logs ${region.members.map(member => `${member.name}.log`).join(', ')}`);
  }
}

/** Waits until every other member follows, and, where commits wait for one, that one is chosen. */
async function waitForFollowers(region: RegionConfig): Promise<void> {
  if (region.members.length < 2) return;
  const follows = async () => {
    const members = await readCluster(region);
    const standby = members.some(member => member.role === 'standby_leader');
    const all = members.length === region.members.length && members.every(member => ['running', 'streaming'].includes(member.state));
    const synchronous = await Promise.all(region.members.map(member => answersOk(`http://127.0.0.1:${member.restPort}/sync`)));
    return all && (standby || synchronous.some(Boolean));
  };
  if (!(await until(follows, STANDBY_TIMEOUT_MS, 200))) throw new Error(`the members of ${region.id} do not all follow its leader`);
}
