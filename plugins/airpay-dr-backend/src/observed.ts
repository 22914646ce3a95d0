/** What the outside looks like at one moment: the raw material of topology, readiness, plan and verification. */
import { Reading } from './outside';

export type MemberRole = 'leader' | 'sync_standby' | 'replica' | 'standby_leader' | 'unknown';

export interface ClusterMember {
  name: string;
  role: MemberRole;
  state: string;
  timeline: number | null;
  lagBytes: number | null;
  host: string;
}

export interface ClusterView {
  members: ClusterMember[];
  paused: boolean;
}

export interface ClusterConfig {
  synchronousMode: boolean;
  standbyCluster: { host: string; port: number } | null;
  /** Value of `default_transaction_read_only` among the parameters; null = not set. */
  defaultReadOnly: string | null;
}

export interface ReplicationRow {
  applicationName: string;
  slot: string | null;
  state: string;
  replayLsn: string | null;
}

/** One PostgreSQL server as it describes itself. */
export interface DatabaseView {
  inRecovery: boolean;
  readOnly: boolean;
  /** Primary: last written. Standby: last replayed. */
  lsn: string | null;
  /** Its own clock, ISO. */
  now: string;
  /** Commit time (the primary's clock, ISO) of the last transaction replayed; null on a primary. */
  lastReplayedAt: string | null;
  /** On a standby: every transaction id below this one is complete here. Full 64-bit id as digits. */
  completeBelowXid: string;
  replicas: ReplicationRow[];
  /** Servers of the region (host:port) whose new sessions are read-only by setting: a fence that is on, or was left on. */
  fencedServers: string[];
}

export interface NodePoolView {
  size: number;
  status: string;
}

export interface WorkloadView {
  desired: number;
  ready: number;
  /** Pods in phase Running, ready or not. */
  running: number;
}

export interface TrafficView {
  target: string | null;
  ttlSeconds: number | null;
}

export interface UnreplayedPayments {
  payments: number;
  amounts: { currency: string; amountMinor: string }[];
}

export interface ObservedRegion {
  id: string;
  /** Milliseconds since 1970. */
  at: number;
  cluster: Reading<ClusterView>;
  config: Reading<ClusterConfig>;
  database: Reading<DatabaseView>;
  nodePool: Reading<NodePoolView>;
  workload: Reading<WorkloadView>;
}

export interface ObservedSystem {
  /** Milliseconds since 1970. */
  at: number;
  regions: ObservedRegion[];
  traffic: Reading<TrafficView>;
  /** Region that answers at the front. */
  ledger: Reading<{ region: string }>;
  payerLog: Reading<{ acknowledged: number }>;
  /** Committed on the primary, not known to be replayed on the standby. */
  unreplayed: Reading<UnreplayedPayments>;
}
