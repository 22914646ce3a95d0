import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stopOrder } from './shutdown.ts';
import { allHealthy, formatBytes, formatStatus, type PlatformStatus, type ProcessStatus } from './status.ts';

function one(change: Partial<ProcessStatus>): ProcessStatus {
  return { name: 'x', kind: 'x', region: null, role: null, port: 1, pid: 1, state: 'healthy', startedAt: null, restarts: 0, lastExit: null, ...change };
}

const status: PlatformStatus = {
  url: 'http://localhost:7007',
  processes: [
    one({ name: 'pg-b1', kind: 'patroni', region: 'region-b', role: 'standby_leader', port: 15431, lagBytes: 16_384, memoryBytes: 50 * 1024 ** 2, cpu: 0.012 }),
    one({ name: 'front', kind: 'front', role: 'traffic', port: 14000, state: 'failed', restarts: 2 }),
  ],
};

test('the table has a line per process with role, lag, memory and restarts', () => {
  const lines = formatStatus(status).split('\n');
  assert.match(lines[0]!, /^PROCESS +REGION +ROLE +PORT +HEALTH +LAG +MEMORY +CPU$/);
  assert.match(lines[1]!, /^pg-b1 +region-b +standby_leader +15431 +✓ healthy +16 KB +50 MB +1\.2 %$/);
  assert.match(lines[2]!, /^front +hub +traffic +14000 +✗ failed \(2 restarts\)$/);
  assert.equal(lines.at(-1), '2 processes, 1 not healthy, 50 MB, 1 % of one core   http://localhost:7007');
});

test('healthy only when every process is, and never when there is none', () => {
  assert.equal(allHealthy(status), false);
  assert.equal(allHealthy({ ...status, processes: [status.processes[0]!] }), true);
  assert.equal(allHealthy({ ...status, processes: [one({ state: 'stopped' })] }), false);
  assert.equal(allHealthy({ ...status, processes: [] }), false);
});

test('bytes are short', () => {
  assert.deepEqual([0, 1_023, 1_536, 50 * 1024 ** 2, 3 * 1024 ** 3].map(formatBytes), ['0 B', '1023 B', '1.5 KB', '50 MB', '3.0 GB']);
});

test('payers stop before the ledger, followers before the primary, etcd last', () => {
  const order = stopOrder([
    { name: 'etcd-a', kind: 'etcd', role: null }, { name: 'pg-a2', kind: 'patroni', role: 'sync_standby' }, { name: 'pg-b1', kind: 'patroni', role: 'primary' },
    { name: 'ledger-a-1', kind: 'ledger', role: 'ledger' }, { name: 'payer', kind: 'payer', role: 'load' }, { name: 'hub-postgres', kind: 'postgres', role: 'hub' },
  ]);
  assert.deepEqual(order, [['payer'], ['ledger-a-1', 'hub-postgres'], ['pg-a2'], ['pg-b1'], ['etcd-a']]);
});
