/** Single judgements on an observation, each with words and numbers. Preconditions and readiness are built of these. */
import {
  leaderOf,
  linkBetween,
  memberRuns,
  otherRegion,
  primaryRegion,
  regionById,
  roleOf,
  slotOf,
  trafficRegion,
  valueOf,
} from './facts';
import { ObservedRegion, ObservedSystem } from './observed';
import { SystemSettings } from './settings';

/** `null` = cannot tell. */
export interface Verdict {
  ok: boolean | null;
  detail: string;
}

/** A standby further behind than this is not switched to: draining would stretch the time without payments. */
export const maxSwitchLagBytes = 16 * 1024 * 1024;

const title = (system: SystemSettings, id: string) => system.regions.find(region => region.id === id)?.title ?? id;

export function bothRead(observed: ObservedSystem, system: SystemSettings): Verdict {
  const failures = observed.regions.flatMap(region =>
    [region.cluster, region.config, region.database].flatMap(one => (one.ok ? [] : [`${title(system, region.id)}: ${one.error}`])),
  );
  return failures.length === 0
    ? { ok: true, detail: 'Patroni and PostgreSQL of both regions answered' }
    : { ok: null, detail: failures.join('; ') };
}

export function onePrimary(observed: ObservedSystem, system: SystemSettings): Verdict {
  const roles = observed.regions.map(region => ({ id: region.id, role: roleOf(region) }));
  const primaries = roles.filter(one => one.role === 'primary');
  if (primaries.length > 1) return { ok: false, detail: 'Both regions are primary: two writers. Fence one now.' };
  if (roles.some(one => one.role === 'unknown')) return { ok: null, detail: 'A region cannot be read, so a second writer cannot be excluded' };
  if (primaries.length === 0) return { ok: false, detail: 'No region is primary: nothing accepts writes' };
  const database = valueOf(regionById(observed, primaries[0].id).database);
  if (database?.readOnly) return { ok: false, detail: `${title(system, primaries[0].id)} is primary but read-only (fenced)` };
  return { ok: true, detail: `${title(system, primaries[0].id)} is the only primary` };
}

export function trafficAt(observed: ObservedSystem, system: SystemSettings): Verdict {
  if (!observed.traffic.ok) return { ok: null, detail: observed.traffic.error };
  const region = trafficRegion(observed, system);
  const primary = primaryRegion(observed);
  if (!region) return { ok: false, detail: `${system.traffic.record} leads to ${observed.traffic.value.target ?? 'nothing'}, which is no region of ours` };
  if (!primary) return { ok: null, detail: `Traffic goes to ${title(system, region)}; the primary is not known` };
  return {
    ok: region === primary.id,
    detail: `Traffic goes to ${title(system, region)}, writes happen in ${title(system, primary.id)}`,
  };
}

export function standbyStreams(observed: ObservedSystem, system: SystemSettings, maxLagBytes = maxSwitchLagBytes): Verdict {
  const primary = primaryRegion(observed);
  if (!primary) return { ok: null, detail: 'Without one known primary there is nothing to follow' };
  const standby = otherRegion(system, primary.id);
  const link = linkBetween(primary, regionById(observed, standby.id), slotOf(system, primary.id));
  if (!link) return { ok: null, detail: `The replication of ${title(system, primary.id)} cannot be read` };
  if (!link.streaming) return { ok: false, detail: `${title(system, primary.id)} does not stream to ${standby.title}` };
  if (link.lagBytes === null) return { ok: null, detail: `${standby.title} streams; how far behind is not known` };
  return { ok: link.lagBytes <= maxLagBytes, detail: `${standby.title} streams, ${link.lagBytes.toLocaleString('en')} bytes behind` };
}

export function sameTimeline(observed: ObservedSystem, system: SystemSettings): Verdict {
  const timelines = observed.regions.map(region => ({ id: region.id, timeline: leaderOf(region)?.timeline ?? null }));
  const words = timelines.map(one => `${title(system, one.id)} ${one.timeline ?? 'unknown'}`).join(', ');
  if (timelines.some(one => one.timeline === null)) return { ok: null, detail: `Timelines: ${words}` };
  return { ok: new Set(timelines.map(one => one.timeline)).size === 1, detail: `Timelines: ${words}` };
}

/** Every member of the region runs and is on its leader's timeline; otherwise the promotion leaves it behind. */
export function membersFollow(region: ObservedRegion, system: SystemSettings): Verdict {
  if (!region.cluster.ok) return { ok: null, detail: region.cluster.error };
  const leader = leaderOf(region);
  if (!leader) return { ok: false, detail: `${title(system, region.id)} has no leader` };
  const behind = region.cluster.value.members.filter(member => !memberRuns(member) || member.timeline !== leader.timeline);
  return behind.length === 0
    ? { ok: true, detail: `${region.cluster.value.members.map(member => member.name).join(', ')} run on timeline ${leader.timeline ?? 'unknown'}` }
    : { ok: false, detail: behind.map(member => `${member.name} is ${member.state} on timeline ${member.timeline ?? 'unknown'}`).join('; ') };
}

/** A second copy inside the primary region: commits survive the loss of a machine. */
export function syncStandby(observed: ObservedSystem, system: SystemSettings): Verdict {
  const primary = primaryRegion(observed);
  const members = primary && valueOf(primary.cluster)?.members;
  if (!primary || !members) return { ok: null, detail: 'Without one known primary there is no synchronous standby to look for' };
  const sync = members.find(member => member.role === 'sync_standby');
  if (sync) return { ok: true, detail: `${sync.name} confirms every commit in ${title(system, primary.id)}` };
  const configured = system.regions.find(region => region.id === primary.id)?.patroni.members.length ?? 0;
  if (configured === 1) return { ok: true, detail: `${title(system, primary.id)} has one member by design; nobody to confirm` };
  return { ok: false, detail: `${title(system, primary.id)} has no synchronous standby: a lost machine can lose commits` };
}

export function notPaused(observed: ObservedSystem, system: SystemSettings): Verdict {
  const views = observed.regions.map(region => ({ id: region.id, cluster: valueOf(region.cluster) }));
  if (views.some(one => one.cluster === null)) return { ok: null, detail: 'A region’s Patroni cannot be read' };
  const paused = views.filter(one => one.cluster?.paused).map(one => title(system, one.id));
  return paused.length === 0
    ? { ok: true, detail: 'Automatic failover is on in both regions' }
    : { ok: false, detail: `Patroni is paused in ${paused.join(' and ')}` };
}

/** A fence left on would make the region a primary that refuses every payment. */
export function notFenced(region: ObservedRegion, system: SystemSettings): Verdict {
  if (!region.config.ok) return { ok: null, detail: region.config.error };
  if (!region.database.ok) return { ok: null, detail: region.database.error };
  const { fencedServers } = region.database.value;
  if (region.config.value.defaultReadOnly === 'on') return { ok: false, detail: `${title(system, region.id)} is configured read-only` };
  if (fencedServers.length > 0) return { ok: false, detail: `${fencedServers.join(', ')} would refuse writes: a fence was left on` };
  return { ok: true, detail: `${title(system, region.id)} would accept writes` };
}

export function ledgerAnswers(observed: ObservedSystem, system: SystemSettings): Verdict {
  if (!observed.ledger.ok) return { ok: false, detail: observed.ledger.error };
  return { ok: true, detail: `The ledger answers at the traffic front from ${title(system, observed.ledger.value.region)}` };
}

export function payerAnswers(observed: ObservedSystem): Verdict {
  if (!observed.payerLog.ok) return { ok: false, detail: observed.payerLog.error };
  const { acknowledged } = observed.payerLog.value;
  return { ok: acknowledged > 0, detail: `${acknowledged.toLocaleString('en')} payments acknowledged in the last minute, by the payer’s own log` };
}

export function nodePoolsAnswer(observed: ObservedSystem, system: SystemSettings): Verdict {
  const words = observed.regions.map(region =>
    region.nodePool.ok ? `${title(system, region.id)}: ${region.nodePool.value.size} nodes` : `${title(system, region.id)}: ${region.nodePool.error}`,
  );
  return { ok: observed.regions.every(region => region.nodePool.ok) ? true : null, detail: words.join('; ') };
}

export function workloadsAnswer(observed: ObservedSystem, system: SystemSettings): Verdict {
  const words = observed.regions.map(region =>
    region.workload.ok
      ? `${title(system, region.id)}: ${region.workload.value.ready} of ${region.workload.value.desired} pods ready`
      : `${title(system, region.id)}: ${region.workload.error}`,
  );
  return { ok: observed.regions.every(region => region.workload.ok) ? true : null, detail: words.join('; ') };
}
