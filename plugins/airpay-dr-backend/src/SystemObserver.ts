import { Ledger } from './adapters/Ledger';
import { NodePool } from './adapters/NodePools';
import { Patroni } from './adapters/Patroni';
import { PayerLog } from './adapters/PayerLog';
import { RegionDatabase } from './adapters/RegionDatabase';
import { Traffic } from './adapters/Traffic';
import { Workload } from './adapters/Workloads';
import { primaryRegion } from './facts';
import { ObservedRegion, ObservedSystem, UnreplayedPayments } from './observed';
import { Reading, reading } from './outside';

export interface RegionPorts {
  id: string;
  patroni: Patroni;
  database: RegionDatabase;
  pool: NodePool;
  workload: Workload;
}

export interface SystemPorts {
  name: string;
  regions: RegionPorts[];
  traffic: Traffic;
  ledger: Ledger;
  payerLog: PayerLog;
}

/** Many viewers of one page cost one reading of the outside. */
const maxAgeMs = 1_000;
const payerWindowMs = 60_000;

/** Reads everything of one system at once; what cannot be read is named and does not hide the rest. */
export class SystemObserver {
  private last: { at: number; observed: Promise<ObservedSystem> } | null = null;

  constructor(private readonly ports: SystemPorts, private readonly now: () => number = Date.now) {}

  /** At most one second old. */
  recent(): Promise<ObservedSystem> {
    if (!this.last || this.now() - this.last.at > maxAgeMs) this.last = { at: this.now(), observed: this.fresh() };
    return this.last.observed;
  }

  async fresh(): Promise<ObservedSystem> {
    const { ports } = this;
    const at = this.now();
    const [regions, traffic, ledger, payerLog] = await Promise.all([
      Promise.all(ports.regions.map(region => this.region(region))),
      reading(ports.traffic.current()),
      reading(ports.ledger.answeringRegion().then(region => ({ region }))),
      reading(ports.payerLog.gap(at - payerWindowMs, at).then(gap => ({ acknowledged: gap.acknowledgedCount }))),
    ]);
    const observed: ObservedSystem = { at, regions, traffic, ledger, payerLog, unreplayed: { ok: false, error: 'not read yet' } };
    return { ...observed, unreplayed: await this.unreplayed(observed) };
  }

  private async region(ports: RegionPorts): Promise<ObservedRegion> {
    const [cluster, config, database, nodePool, workload] = await Promise.all([
      reading(ports.patroni.cluster()),
      reading(ports.patroni.config()),
      reading(ports.database.view()),
      reading(ports.pool.current()),
      reading(ports.workload.current()),
    ]);
    return { id: ports.id, at: this.now(), cluster, config, database, nodePool, workload };
  }

  /** Standby first, primary after it: only in this order is the answer never too low. */
  private async unreplayed(observed: ObservedSystem): Promise<Reading<UnreplayedPayments>> {
    const primary = primaryRegion(observed);
    const standby = observed.regions.find(region => region !== primary);
    if (!primary || !standby) return { ok: false, error: 'There is no one known primary' };
    if (!standby.database.ok) return { ok: false, error: standby.database.error };
    const { database } = this.ports.regions.find(region => region.id === primary.id)!;
    return reading(database.unreplayed(standby.database.value));
  }
}
