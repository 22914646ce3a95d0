/** What follows from an observation. Pure, and silent where the observation is: unknown stays unknown. */
import { lsnDistance } from './lsn';
import { ClusterMember, DatabaseView, ObservedRegion, ObservedSystem } from './observed';
import { Reading } from './outside';
import { RegionSettings, SystemSettings } from './settings';

export const valueOf = <T>(reading: Reading<T>): T | null => (reading.ok ? reading.value : null);

export type RegionRole = 'primary' | 'standby' | 'unknown';

/** The database decides; Patroni's word only counts where the database cannot be read. */
export function roleOf(region: ObservedRegion): RegionRole {
  const database = valueOf(region.database);
  if (database) return database.inRecovery ? 'standby' : 'primary';
  const roles = valueOf(region.cluster)?.members.map(member => member.role) ?? [];
  if (roles.includes('leader')) return 'primary';
  return roles.includes('standby_leader') ? 'standby' : 'unknown';
}

export function regionById(observed: ObservedSystem, id: string): ObservedRegion {
  const region = observed.regions.find(one => one.id === id);
  if (!region) throw new Error(`Region ${id} was not observed`);
  return region;
}

/** The only region that is primary; null when none or both are, or when one cannot be read. */
export function primaryRegion(observed: ObservedSystem): ObservedRegion | null {
  const primaries = observed.regions.filter(region => roleOf(region) === 'primary');
  const unknown = observed.regions.some(region => roleOf(region) === 'unknown');
  return primaries.length === 1 && !unknown ? primaries[0] : null;
}

/** Region the traffic record leads to; null when the record cannot be read or leads elsewhere. */
export function trafficRegion(observed: ObservedSystem, system: SystemSettings): string | null {
  const target = valueOf(observed.traffic)?.target;
  return system.regions.find(region => region.trafficTarget === target)?.id ?? null;
}

/** The member that leads its cluster: writer of a primary, receiver of a standby cluster. */
export function leaderOf(region: ObservedRegion): ClusterMember | null {
  const members = valueOf(region.cluster)?.members ?? [];
  return members.find(member => member.role === 'leader' || member.role === 'standby_leader') ?? null;
}

export interface LinkFacts {
  streaming: boolean;
  lagBytes: number | null;
  lagSeconds: number | null;
}

/** Newest commit seen on the primary minus newest replayed, in seconds of the primary's clock; 0 when nothing is missing. */
function lagSeconds(primary: DatabaseView, standby: DatabaseView | null, lagBytes: number | null): number | null {
  if (lagBytes === 0) return 0;
  if (!standby?.lastReplayedAt) return null;
  return Math.max(0, (Date.parse(primary.now) - Date.parse(standby.lastReplayedAt)) / 1000);
}

/**
 * The replication from one region to the other, as the sender sees it. A standby's role says nothing: only a row in
 * the primary's pg_stat_replication does.
 */
export function linkBetween(from: ObservedRegion, to: ObservedRegion, slot: string): LinkFacts | null {
  const primary = valueOf(from.database);
  if (!primary || primary.inRecovery) return null;
  const names = valueOf(to.cluster)?.members.map(member => member.name) ?? [];
  const row = primary.replicas.find(one => one.slot === slot || names.includes(one.applicationName));
  if (!row) return { streaming: false, lagBytes: null, lagSeconds: null };
  const lagBytes = row.replayLsn && primary.lsn ? lsnDistance(primary.lsn, row.replayLsn) : null;
  return {
    streaming: row.state === 'streaming',
    lagBytes,
    lagSeconds: lagSeconds(primary, valueOf(to.database), lagBytes),
  };
}

/** Slot that the other region's standby cluster uses on this region's leader. */
export function slotOf(system: SystemSettings, regionId: string): string {
  return settingsOf(system, regionId).replication.slot;
}

export function settingsOf(system: SystemSettings, regionId: string): RegionSettings {
  const region = system.regions.find(one => one.id === regionId);
  if (!region) throw new Error(`System ${system.name} has no region ${regionId}`);
  return region;
}

export function otherRegion(system: SystemSettings, regionId: string): RegionSettings {
  return system.regions[0].id === regionId ? system.regions[1] : system.regions[0];
}

/** Members run and stream; Patroni calls a healthy leader `running` and a healthy follower `running` or `streaming`. */
export function memberRuns(member: ClusterMember): boolean {
  return member.state === 'running' || member.state === 'streaming';
}
