/** What Patroni and etcd say about a region. */
import type { MemberConfig, RegionConfig } from './config.ts';
import { getJson } from './probes.ts';

/** One member as GET /cluster lists it. */
export interface ClusterMember {
  name: string;
  role: 'leader' | 'standby_leader' | 'sync_standby' | 'replica' | string;
  state: string;
  timeline?: number;
  /** Behind the region's own leader, bytes; "unknown" when Patroni cannot tell. */
  lag?: number | 'unknown';
}

/** The region's members as the first member that answers sees them; empty when none answers. */
export async function readCluster(region: RegionConfig): Promise<ClusterMember[]> {
  const answers = await Promise.all(region.members.map(member => getJson<{ members: ClusterMember[] }>(`http://127.0.0.1:${member.restPort}/cluster`)));
  return answers.find(answer => answer !== undefined)?.members ?? [];
}

/** The member that leads: primary, or leader of a standby cluster. */
export async function findLeader(region: RegionConfig): Promise<ClusterMember | undefined> {
  const members = await readCluster(region);
  return members.find(member => /leader$/.test(member.role) && member.state === 'running');
}

/** The member that takes writes. @throws Error when the region has none */
export async function primaryMember(region: RegionConfig): Promise<MemberConfig> {
  const leader = await findLeader(region);
  const member = region.members.find(one => one.name === leader?.name);
  if (!member || leader?.role !== 'leader') throw new Error(`${region.id} has no primary`);
  return member;
}

interface MemberStatus {
  /** Written by a primary, received and replayed by a standby; bytes since the beginning of the log. */
  xlog?: { location?: number; received_location?: number; replayed_location?: number };
}

/** Where a member's write-ahead log ends, in bytes; a standby: how far it has received. */
export async function logPosition(restPort: number): Promise<number | undefined> {
  const status = await getJson<MemberStatus>(`http://127.0.0.1:${restPort}/patroni`);
  return status?.xlog?.location ?? status?.xlog?.received_location;
}

/** How far a member has replayed the log, in bytes; a primary: where it writes. */
export async function replayPosition(restPort: number): Promise<number | undefined> {
  const status = await getJson<MemberStatus>(`http://127.0.0.1:${restPort}/patroni`);
  return status?.xlog?.location ?? status?.xlog?.replayed_location;
}

const configKey = (region: RegionConfig) => Buffer.from(`/payments/${region.id}/config`).toString('base64');

async function etcdCall<T>(region: RegionConfig, path: string, body: unknown): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${region.etcd.clientPort}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`${region.etcd.name} answers ${response.status} to ${path} of Patroni's configuration`);
  return (await response.json()) as T;
}

/** The region's dynamic configuration in etcd, or undefined before its cluster was made. Works while Patroni is down. */
export async function readStoredConfig(region: RegionConfig): Promise<Record<string, unknown> | undefined> {
  const { kvs } = await etcdCall<{ kvs?: { value: string }[] }>(region, 'range', { key: configKey(region) });
  return kvs?.[0] ? (JSON.parse(Buffer.from(kvs[0].value, 'base64').toString('utf8')) as Record<string, unknown>) : undefined;
}

/** Replaces the dynamic configuration while no Patroni of the region runs. */
export async function writeStoredConfig(region: RegionConfig, config: Record<string, unknown>): Promise<void> {
  await etcdCall(region, 'put', { key: configKey(region), value: Buffer.from(JSON.stringify(config)).toString('base64') });
}
