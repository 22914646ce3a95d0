import { Ledger } from '../adapters/Ledger';
import { Patroni, ConfigChange } from '../adapters/Patroni';
import { RegionDatabase } from '../adapters/RegionDatabase';
import { ClusterConfig, DatabaseView } from '../observed';
import { OutsideError } from '../outside';
import { RegionPorts, SystemPorts } from '../SystemObserver';
import { sampleSystem } from './samples';

/** Everything outside, in memory: two regions whose database, nodes and traffic obey what they are told. */
interface RegionWorld {
  id: string;
  members: string[];
  config: ClusterConfig;
  primary: boolean;
  timeline: number;
  nodes: number;
  /** Whether sessions from before the fence are still open. */
  oldSessions: number;
  /** The server itself, which may lag behind its configuration. */
  fencedServer: boolean;
}

type Failure = 'refused' | 'unknown' | 'lost-answer';

export class FakeWorld {
  readonly regions: RegionWorld[];
  traffic = sampleSystem.regions[0].trafficTarget;
  /** Payments: id → region that settled it. */
  readonly settled = new Map<string, string>();
  readonly acknowledged: string[] = [];
  /** Actions on the outside that changed something, in order. */
  readonly actions: string[] = [];
  /** Name of an action → how it fails. `lost-answer` does it, but nobody hears. */
  readonly failing = new Map<string, Failure>();
  /** Never reached, however long one waits. */
  stuck: 'drain' | 'demote' | 'promote' | 'pods' | 'stream' | null = null;
  lostPayments: string[] = [];
  /** As Patroni does: a setting that reaches a starting server is kept but not applied until a reload. */
  deafFrom: string | null = null;

  constructor() {
    const [a, b] = sampleSystem.regions;
    const region = (id: string, members: string[], primary: boolean, nodes: number): RegionWorld => ({
      id, members, primary, nodes, timeline: 3, oldSessions: primary ? 4 : 0, fencedServer: false,
      config: { synchronousMode: primary, standbyCluster: primary ? null : a.replication, defaultReadOnly: null },
    });
    this.regions = [region(a.id, ['pg-a1', 'pg-a2'], true, 1), region(b.id, ['pg-b1'], false, 0)];
    for (let i = 0; i < 5; i += 1) this.settle(`tr_before_${i}`, a.id);
  }

  writers(): string[] {
    return this.regions.filter(region => region.primary && !region.fencedServer).map(region => region.id);
  }

  private settle(id: string, region: string) {
    this.settled.set(id, region);
    this.acknowledged.push(id);
  }

  private async act(name: string, effect: () => void): Promise<void> {
    const failure = this.failing.get(name);
    if (failure === 'refused' || failure === 'unknown') throw new OutsideError(name, failure, `${name} fails`);
    this.actions.push(name);
    effect();
    if (failure === 'lost-answer') {
      this.failing.delete(name);
      throw new OutsideError(name, 'unknown', 'the answer was lost');
    }
  }

  ports(): SystemPorts {
    return {
      name: sampleSystem.name,
      regions: this.regions.map(region => this.regionPorts(region)),
      traffic: {
        current: async () => ({ target: this.traffic, ttlSeconds: 30 }),
        pointTo: target => this.act('traffic', () => { this.traffic = target; }),
      },
      ledger: this.ledger(),
      payerLog: {
        acknowledged: async () => ({ ids: [...this.acknowledged], covered: true }),
        gap: async () => ({ longestGapMs: 1234.4, acknowledgedCount: this.acknowledged.length }),
      },
    };
  }

  private trafficRegion(): RegionWorld {
    const { id } = sampleSystem.regions.find(one => one.trafficTarget === this.traffic)!;
    return this.regions.find(one => one.id === id)!;
  }

  private ledger(): Ledger {
    return {
      answeringRegion: async () => this.trafficRegion().id,
      payVerification: async key => {
        const region = this.trafficRegion();
        if (!this.writers().includes(region.id)) throw new OutsideError('Ledger', 'unknown', '503');
        const id = `tr_${key}`;
        if (!this.settled.has(id)) await this.act('payment', () => this.settle(id, region.id));
        return { transferId: id, region: region.id };
      },
      find: async id => {
        const region = this.settled.get(id);
        return region ? { region, amountMinor: '100' } : null;
      },
      missing: async ids => ids.filter(id => !this.settled.has(id) || this.lostPayments.includes(id)),
    };
  }

  private regionPorts(region: RegionWorld): RegionPorts {
    return {
      id: region.id,
      patroni: this.patroni(region),
      database: this.database(region),
      pool: {
        warmUp: async () => undefined,
        current: async () => ({ size: region.nodes, status: 'RUNNING' }),
        resize: async nodes => {
          if (region.nodes === nodes) return;
          await this.act(`resize ${region.id}`, () => { region.nodes = nodes; });
        },
      },
      workload: {
        current: async () => {
          const running = this.stuck === 'pods' ? 0 : Math.min(2, region.nodes * 2);
          return { desired: 2, ready: region.primary ? running : 0, running };
        },
      },
    };
  }

  private other(region: RegionWorld): RegionWorld {
    return this.regions.find(one => one !== region)!;
  }

  private follows(region: RegionWorld): boolean {
    const cut = this.stuck === 'stream' && this.actions.some(action => action.startsWith('promote'));
    return !region.primary && this.other(region).primary && !cut;
  }

  private patroni(region: RegionWorld): Patroni {
    return {
      cluster: async () => {
        if (this.follows(region)) region.timeline = this.other(region).timeline;
        return {
          paused: false,
          members: region.members.map((name, index) => ({
            name, state: 'running', timeline: region.timeline, lagBytes: 0, host: name,
            role: index > 0 ? (region.config.synchronousMode ? 'sync_standby' : 'replica') : region.primary ? 'leader' : 'standby_leader',
          })),
        };
      },
      config: async () => structuredClone(region.config),
      primaries: async () => ({ primaries: region.primary ? [region.members[0]] : [], silent: [] }),
      reload: () => this.act(`reload ${region.id}`, () => { region.fencedServer = region.config.defaultReadOnly === 'on'; }),
      reinitialize: name => this.act(`reinitialize ${name}`, () => undefined),
      patchConfig: change => this.patch(region, change),
    };
  }

  private patch(region: RegionWorld, change: ConfigChange): Promise<void> {
    const readOnly = (change as { postgresql?: { parameters: { default_transaction_read_only: string | null } } }).postgresql?.parameters;
    const name = 'standby_cluster' in change ? (change.standby_cluster ? 'demote' : 'promote') : readOnly?.default_transaction_read_only === 'on' ? 'fence' : 'unfence';
    return this.act(`${name} ${region.id}`, () => {
      if (readOnly) {
        region.config.defaultReadOnly = readOnly.default_transaction_read_only;
        const deaf = this.deafFrom !== null && this.actions.slice(0, -1).includes(this.deafFrom);
        if (!deaf) region.fencedServer = region.config.defaultReadOnly === 'on';
      }
      if ('synchronous_mode' in change) region.config.synchronousMode = change.synchronous_mode as boolean;
      if (!('standby_cluster' in change)) return;
      region.config.standbyCluster = change.standby_cluster as ClusterConfig['standbyCluster'];
      if (change.standby_cluster && this.stuck !== 'demote') region.primary = false;
      if (!change.standby_cluster && this.stuck !== 'promote') {
        region.primary = true;
        region.timeline += 1;
      }
    });
  }

  private database(region: RegionWorld): RegionDatabase {
    const onPrimary = () => {
      if (!region.primary) throw new OutsideError(region.id, 'unknown', 'no primary answered');
    };
    return {
      view: async (): Promise<DatabaseView> => ({
        inRecovery: !region.primary,
        readOnly: !region.primary || region.fencedServer,
        lsn: !region.primary && this.stuck === 'drain' && this.actions.some(action => action.startsWith('fence')) ? '0/2000000' : '0/3000000',
        now: '2026-11-21T12:00:00.000Z',
        lastReplayedAt: region.primary ? null : '2026-11-21T12:00:00.000Z',
        completeBelowXid: '900',
        replicas: region.primary && this.follows(this.other(region))
          ? [{ applicationName: this.other(region).members[0], slot: 'dr_link', state: 'streaming', replayLsn: '0/3000000' }]
          : [],
        fencedServers: region.fencedServer ? [region.members[0]] : [],
      }),
      defaultReadOnly: async () => {
        onPrimary();
        return { on: region.fencedServer, at: '2026-11-21T12:00:00Z' };
      },
      probeWrite: async () => {
        onPrimary();
        return region.fencedServer ? { accepted: false, reason: 'read-only transaction' } : { accepted: true };
      },
      markPosition: async () => {
        onPrimary();
        return '0/3000000';
      },
      terminateClients: async () => {
        const open = region.oldSessions;
        region.oldSessions = 0;
        return open;
      },
      unreplayed: async () => ({ payments: 0, amounts: [] }),
    };
  }
}
