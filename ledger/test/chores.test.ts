/** Expiry and settlement: once each, by one process, also when several try and when the leader is stopped. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { dueSettlements } from '../src/usecases/chores.ts';
import { createDatabase, startLedger, type TestDatabase, type TestLedger } from './support/ledger.ts';
import { eventually, spawnLedger } from './support/process.ts';

let database: TestDatabase;
let ledger: TestLedger;
before(async () => {
  database = await createDatabase();
  ledger = await startLedger(database, { LEDGER_EXPIRY_INTERVAL_MS: '50' });
  const { api } = ledger;
  await api.account('payer');
  await api.account('merchant');
  await api.fund('payer', 10_000);
});
let closed = false;
after(() => (closed ? undefined : ledger.close()));

const hold = async (amountMinor: number, expiresInMs: number) => {
  const reply = await ledger.api.post('/v1/holds', { debitAccountId: 'payer', creditAccountId: 'merchant', amountMinor: String(amountMinor), currency: 'USD', expiresAt: new Date(Date.now() + expiresInMs).toISOString() });
  assert.equal(reply.status, 201, reply.text);
  return reply.json.id as string;
};

test('a hold is released when its time has passed, exactly what was left of it', async () => {
  const id = await hold(500, 700);
  assert.equal((await ledger.api.post(`/v1/holds/${id}/captures`, { amountMinor: '120' })).status, 201);
  const gone = await eventually(async () => (await ledger.api.get(`/v1/holds/${id}`)).json, json => json.remainingMinor === '0');
  assert.deepEqual([gone.capturedMinor, gone.releasedMinor], ['120', '380']);
  const late = await ledger.api.post(`/v1/holds/${id}/captures`, {});
  assert.deepEqual([late.status, late.json.code], [409, 'hold-closed']);
  const { json } = await ledger.api.get('/v1/accounts/payer');
  assert.deepEqual([json.postedMinor, json.availableMinor, json.pendingMinor], ['9880', '9880', '0']);
});

test('three processes expire a hundred holds: each once', { timeout: 60_000 }, async () => {
  const others = await Promise.all([1, 2].map(index => startLedger(database, { LEDGER_EXPIRY_INTERVAL_MS: '50', LEDGER_INSTANCE: `other-${index}` })));
  try {
    await Promise.all(Array.from({ length: 100 }, () => hold(10, 1_500)));
    await eventually(async () => (await ledger.api.get('/v1/accounts/payer')).json.pendingMinor, pending => pending === '0', 20_000);
    const [row] = await database.as('ledger_readonly', "SELECT count(*)::int AS n, count(DISTINCT payment)::int AS holds FROM ledger.journal WHERE kind = 'expiry' AND amount_minor = 10");
    assert.deepEqual(row, { n: 100, holds: 100 });
  } finally {
    await Promise.all(others.map(other => other.close()));
  }
});

test('a hold whose time passes while a part of it is being captured is released all the same', { timeout: 60_000 }, async () => {
  const due = Date.now() + 1_500;
  // Enough of them for a second batch beside the one under way.
  const ids = await Promise.all(Array.from({ length: 12 }, () => hold(20, due - Date.now())));
  const slow = new pg.Client({ connectionString: database.url('postgres') });
  await slow.connect();
  try {
    await sleep(due - Date.now() - 300);
    await slow.query('BEGIN; SELECT FROM ledger.head FOR UPDATE');
    const capture = ledger.api.post(`/v1/holds/${ids[0]}/captures`, { amountMinor: '5' });
    await sleep(due - Date.now() + 500); // it was read before its time, and is written after
    await slow.query('COMMIT');
    assert.equal((await capture).status, 201);
    for (const id of ids) await eventually(async () => (await ledger.api.get(`/v1/holds/${id}`)).json.remainingMinor, left => left === '0');
    const declined = await database.as('ledger_readonly', "SELECT answer FROM ledger.journal WHERE kind = 'decline' AND actor = 'system'");
    assert.deepEqual(declined, []);
  } finally {
    await slow.end();
  }
});

test('a leader that is stopped loses the lease; awake again it is refused and does no harm', { timeout: 60_000 }, async () => {
  const fresh = await createDatabase();
  const first = await spawnLedger(fresh, { LEDGER_EXPIRY_INTERVAL_MS: '50', LEDGER_INSTANCE: 'first' });
  const holderOf = async () => (await fresh.as('postgres', "SELECT holder, epoch::int FROM ledger.leases WHERE name = 'chores'"))[0];
  try {
    await eventually(holderOf, row => String(row?.['holder']).startsWith('first'));
    process.kill(first.child.pid!, 'SIGSTOP');
    const second = await startLedger(fresh, { LEDGER_EXPIRY_INTERVAL_MS: '50', LEDGER_INSTANCE: 'second' });
    try {
      const taken = await eventually(holderOf, row => String(row?.['holder']).startsWith('second'), 30_000);
      assert.equal(taken?.['epoch'], 2);
      process.kill(first.child.pid!, 'SIGCONT');
      await sleep(500);
      assert.equal(String((await holderOf())?.['holder']).startsWith('second'), true, 'the lease stays where it is');
      assert.equal((await fetch(`${first.url}/readyz`)).status, 200);
    } finally {
      await second.close();
    }
  } finally {
    first.child.kill('SIGKILL');
  }
});

test('two processes make one settlement a day', { timeout: 60_000 }, async () => {
  const schedule = JSON.stringify([{ tenant: 'default', accountId: 'merchant', payoutAccountId: 'cash-clearing:usd', at: '00:00' }]);
  const before_ = await ledger.api.posted('merchant');
  assert.ok(before_ > 0n);
  const pair = await Promise.all([1, 2].map(index => startLedger(database, { LEDGER_EXPIRY_INTERVAL_MS: '50', LEDGER_SETTLEMENTS: schedule, LEDGER_INSTANCE: `settler-${index}` })));
  try {
    closed = true;
    await ledger.close(); // the one without a schedule leads until then
    await eventually(async () => pair[0]!.api.posted('merchant'), posted => posted === 0n, 30_000);
    await sleep(500);
    const rows = await database.as('ledger_readonly', "SELECT amount_minor::text AS amount, key, actor FROM ledger.journal WHERE kind = 'settlement'");
    assert.deepEqual(rows, [{ amount: before_.toString(), key: `system/settle/merchant/${new Date().toISOString().slice(0, 10)}`, actor: 'system' }]);
  } finally {
    await Promise.all(pair.map(one => one.close()));
  }
});

test('a settlement is due from its hour on, under a key of its day', () => {
  const schedule = { tenant: 't', accountId: 'm', payoutAccountId: 'p', at: '18:30' };
  assert.deepEqual(dueSettlements([schedule], new Date('2026-01-31T18:29:59Z')), []);
  assert.deepEqual(dueSettlements([schedule], new Date('2026-01-31T18:30:00Z')).map(one => one.key), ['system/settle/m/2026-01-31']);
});
