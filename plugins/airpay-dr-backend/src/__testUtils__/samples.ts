import { StartRun } from '@airpay/plugin-airpay-dr-common';
import { ObservedRegion, ObservedSystem } from '../observed';
import { Reading } from '../outside';
import { RegionSettings, SystemSettings } from '../settings';

const region = (letter: 'a' | 'b', members: number): RegionSettings => ({
  id: `region-${letter}`,
  title: `Region ${letter.toUpperCase()}`,
  trafficTarget: `ledger.region-${letter}.pay.airpay.example.`,
  patroni: { members: Array.from({ length: members }, (_, i) => `http://pg-${letter}${i + 1}:8008`), username: 'patroni', password: 'p' },
  replication: { host: `link-to-${letter}`, port: 5432, slot: 'dr_link' },
  databaseUrls: Array.from({ length: members }, (_, i) => `postgresql://airpay_recovery:${'hidden'}@pg-${letter}${i + 1}:5432/ledger`),
  gke: { project: 'p', location: 'l', cluster: `gke-${letter}`, nodePool: 'application', activeNodes: 1, standbyNodes: 0 },
  kubernetes: { url: `http://kube-${letter}`, token: 't', namespace: 'payments', deployment: 'ledger' },
});

export const sampleSystem: SystemSettings = {
  name: 'payments',
  title: 'Payments',
  entityRef: 'system:default/payments',
  rtoSeconds: 3600,
  rpoSeconds: 900,
  ledger: { baseUrl: 'http://front', apiKey: 'k' },
  payerLog: { baseUrl: 'http://payer' },
  traffic: { project: 'p', managedZone: 'z', record: 'ledger.pay.airpay.example.', apiEndpoint: 'http://dns', token: 't' },
  regions: [region('a', 2), region('b', 1)],
};

const ok = <T>(value: T): Reading<T> => ({ ok: true, value });
export const failed = (error: string): { ok: false; error: string } => ({ ok: false, error });
export const sampleNow = Date.parse('2026-11-21T12:00:00Z');

function primaryA(): ObservedRegion {
  return {
    id: 'region-a',
    at: sampleNow,
    cluster: ok({
      paused: false,
      members: [
        { name: 'pg-a1', role: 'leader', state: 'running', timeline: 3, lagBytes: null, host: 'pg-a1:5432' },
        { name: 'pg-a2', role: 'sync_standby', state: 'running', timeline: 3, lagBytes: 0, host: 'pg-a2:5432' },
      ],
    }),
    config: ok({ synchronousMode: true, standbyCluster: null, defaultReadOnly: null }),
    database: ok({
      inRecovery: false, readOnly: false, lsn: '0/3000100', now: '2026-11-21T12:00:00.000Z', lastReplayedAt: null, completeBelowXid: '901',
      replicas: [
        { applicationName: 'pg-a2', slot: 'pg_a2', state: 'streaming', replayLsn: '0/3000100' },
        { applicationName: 'pg-b1', slot: 'dr_link', state: 'streaming', replayLsn: '0/3000000' },
      ],
      fencedServers: [],
    }),
    nodePool: ok({ size: 1, status: 'RUNNING' }),
    workload: ok({ desired: 2, ready: 2, running: 2 }),
  };
}

function standbyB(): ObservedRegion {
  return {
    id: 'region-b',
    at: sampleNow,
    cluster: ok({ paused: false, members: [{ name: 'pg-b1', role: 'standby_leader', state: 'running', timeline: 3, lagBytes: null, host: 'pg-b1:5432' }] }),
    config: ok({ synchronousMode: false, standbyCluster: { host: 'link-to-a', port: 5432 }, defaultReadOnly: null }),
    database: ok({
      inRecovery: true, readOnly: true, lsn: '0/3000000', now: '2026-11-21T12:00:00.000Z', lastReplayedAt: '2026-11-21T11:59:59.600Z', completeBelowXid: '900', replicas: [], fencedServers: [],
    }),
    nodePool: ok({ size: 0, status: 'RUNNING' }),
    workload: ok({ desired: 2, ready: 0, running: 0 }),
  };
}

/** A healthy system: A writes with a synchronous standby, B follows 256 bytes behind. `change` makes it otherwise. */
export function sampleObserved(change: (observed: { a: ObservedRegion; b: ObservedRegion; system: ObservedSystem }) => void = () => undefined): ObservedSystem {
  const [a, b] = [primaryA(), standbyB()];
  const system: ObservedSystem = {
    at: sampleNow,
    regions: [a, b],
    traffic: ok({ target: 'ledger.region-a.pay.airpay.example.', ttlSeconds: 30 }),
    ledger: ok({ region: 'region-a' }),
    payerLog: ok({ acknowledged: 420 }),
    unreplayed: ok({ payments: 3, amounts: [{ currency: 'USD', amountMinor: '4120' }] }),
  };
  change({ a, b, system });
  return system;
}

/** The value of a reading that a sample is known to have. */
export function seen<T>(reading: Reading<T>): T {
  if (!reading.ok) throw new Error(reading.error);
  return reading.value;
}

export const sampleRequest = { plan: 'planned-region-switch' as const, system: 'payments', to: 'region-b' };

export function sampleStart(planHash: string, over: Partial<StartRun> = {}): StartRun {
  return { ...sampleRequest, id: '0b9f6a3e-6f0a-4c7e-9d4c-0a4c5f3b2a10', planHash, confirmation: 'SWITCH payments', reason: 'Quarterly exercise', ...over };
}
