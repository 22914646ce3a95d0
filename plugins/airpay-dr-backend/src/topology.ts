/** From an observation to what a page shows. Pure. */
import { AtRisk, PartialError, RecoverySystem, RegionState } from '@airpay/plugin-airpay-dr-common';
import { linkBetween, otherRegion, primaryRegion, regionById, roleOf, settingsOf, slotOf, trafficRegion, valueOf } from './facts';
import { ObservedRegion, ObservedSystem } from './observed';
import { Reading } from './outside';
import { readinessChecks, readinessOf } from './readiness';
import { SystemSettings } from './settings';

const iso = (ms: number) => new Date(ms).toISOString();

const errorsOf = (readings: Record<string, Reading<unknown>>): PartialError[] =>
  Object.entries(readings).flatMap(([source, one]) => (one.ok ? [] : [{ source, message: one.error }]));

function regionState(region: ObservedRegion, observed: ObservedSystem, system: SystemSettings): RegionState {
  const settings = settingsOf(system, region.id);
  const nodePool = valueOf(region.nodePool);
  const workload = valueOf(region.workload);
  return {
    id: region.id,
    title: settings.title,
    role: roleOf(region),
    traffic: trafficRegion(observed, system) === region.id,
    members: valueOf(region.cluster)?.members ?? [],
    synchronous: valueOf(region.config)?.synchronousMode ?? null,
    paused: valueOf(region.cluster)?.paused ?? null,
    nodePool: nodePool && { name: settings.gke.nodePool, ...nodePool },
    workload: workload && { desired: workload.desired, ready: workload.ready },
    errors: errorsOf({
      Patroni: region.cluster,
      'Patroni configuration': region.config,
      PostgreSQL: region.database,
      'node pool': region.nodePool,
      workload: region.workload,
    }),
    at: iso(region.at),
  };
}

function linkState(observed: ObservedSystem, system: SystemSettings): RecoverySystem['link'] {
  const primary = primaryRegion(observed);
  if (!primary) return null;
  const to = otherRegion(system, primary.id).id;
  const link = linkBetween(primary, regionById(observed, to), slotOf(system, primary.id));
  return link && { from: primary.id, to, ...link, at: iso(observed.at) };
}

/** Null when it cannot be known: an unreachable standby does not mean that nothing is at risk. */
export function atRiskOf(observed: ObservedSystem, system: SystemSettings): AtRisk | null {
  const unreplayed = valueOf(observed.unreplayed);
  if (!unreplayed) return null;
  return {
    ...unreplayed,
    behindSeconds: linkState(observed, system)?.lagSeconds ?? null,
    source: 'transfers committed on the primary whose transaction the standby had not completed when it was asked just before',
    at: iso(observed.at),
  };
}

export interface TopologyInput {
  observed: ObservedSystem;
  system: SystemSettings;
  lastSwitch: RecoverySystem['lastSwitch'];
  openRunId: string | null;
}

export function topologyOf({ observed, system, lastSwitch, openRunId }: TopologyInput): RecoverySystem {
  const checks = readinessChecks(observed, system, lastSwitch);
  const primary = primaryRegion(observed);
  const traffic = valueOf(observed.traffic);
  const trafficIn = trafficRegion(observed, system);
  return {
    name: system.name,
    title: system.title,
    entityRef: system.entityRef,
    activeRegion: primary && primary.id === trafficIn ? primary.id : null,
    readiness: readinessOf(checks),
    checks,
    regions: observed.regions.map(region => regionState(region, observed, system)),
    link: linkState(observed, system),
    traffic: traffic && {
      record: system.traffic.record, target: traffic.target, region: trafficIn, ttlSeconds: traffic.ttlSeconds, at: iso(observed.at),
    },
    atRisk: atRiskOf(observed, system),
    rtoSeconds: system.rtoSeconds,
    rpoSeconds: system.rpoSeconds,
    lastSwitch,
    openRunId,
    errors: errorsOf({
      traffic: observed.traffic,
      ledger: observed.ledger,
      'payer log': observed.payerLog,
      'payments at risk': observed.unreplayed,
    }),
    at: iso(observed.at),
  };
}
