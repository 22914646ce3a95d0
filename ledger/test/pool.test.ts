/** However many callers there are, the database sees a few connections. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { createDatabase, startLedger, type TestDatabase, type TestLedger } from './support/ledger.ts';

let database: TestDatabase;
let ledger: TestLedger;
before(async () => {
  database = await createDatabase();
  ledger = await startLedger(database, { LEDGER_POOL_MAX: '5', LEDGER_QUEUE_MAX: '2000' });
  await ledger.api.account('a', { minAvailableMinor: null });
  await ledger.api.account('b');
});
after(() => ledger.close());

test('500 callers at once hold no more connections than the pool has, and all are served', { timeout: 60_000 }, async () => {
  let most = 0;
  let looking = true;
  const look = (async () => {
    while (looking) {
      const [row] = await database.as('postgres', "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'ledger%'");
      most = Math.max(most, row!['n'] as number);
    }
  })();
  const writes = Array.from({ length: 500 }, () => ledger.api.transfer('a', 'b', 1));
  const reads = Array.from({ length: 500 }, () => ledger.api.get('/v1/accounts/b'));
  const replies = await Promise.all([...writes, ...reads]);
  looking = false;
  await look;
  assert.deepEqual([...new Set(replies.map(reply => reply.status))].sort(), [200, 201]);
  assert.equal(await ledger.api.posted('b'), 500n);
  // Five of the pool and the probe's one.
  assert.ok(most >= 1 && most <= 6, `${most} connections`);
});

test('payments are taken while every connection that reads may have is busy', { timeout: 60_000 }, async () => {
  // Trial balances read this table, payments do not.
  const blocker = new pg.Client({ connectionString: database.url('postgres') });
  await blocker.connect();
  let blocked = true;
  try {
    await blocker.query('BEGIN; LOCK TABLE ledger.currencies IN ACCESS EXCLUSIVE MODE');
    const reads = Array.from({ length: 20 }, () => ledger.api.get('/v1/trial-balance').then(reply => (assert.equal(blocked, false), reply.status)));
    await sleep(300);
    for (let index = 0; index < 5; index++) assert.equal((await ledger.api.transfer('a', 'b', 1)).status, 201);
    blocked = false;
    await blocker.query('COMMIT');
    assert.deepEqual([...new Set(await Promise.all(reads))], [200]);
  } finally {
    await blocker.end();
  }
});
