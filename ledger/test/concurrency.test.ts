/** Many at once, at two processes: nothing lost, nothing made, no deadlock told to a client. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { createDatabase, startLedger, type TestDatabase, type TestLedger } from './support/ledger.ts';
import { runChecks } from '../src/adapters/checks.ts';

let database: TestDatabase;
let ledgers: TestLedger[];
before(async () => {
  database = await createDatabase();
  ledgers = await Promise.all(['1', '2'].map(number => startLedger(database, { LEDGER_INSTANCE: `ledger-test-${number}` })));
});
after(() => Promise.all(ledgers.map(ledger => ledger.close())));

const apiOf = (index: number) => ledgers[index % ledgers.length]!.api;

async function assertAudited(entriesMin: number): Promise<void> {
  const client = new pg.Client({ connectionString: database.url('ledger_readonly') });
  await client.connect();
  const results = await runChecks(client);
  await client.end();
  assert.deepEqual(results.filter(result => result.faults > 0), []);
  assert.ok(results.find(result => result.name === 'zero-sum')!.checked >= entriesMin);
}

test('200 parallel transfers drain one account to its floor and never below', async () => {
  await apiOf(0).account('purse');
  await apiOf(0).account('till');
  await apiOf(0).fund('purse', 1_000);
  const replies = await Promise.all(Array.from({ length: 200 }, (_, index) => apiOf(index).transfer('purse', 'till', 7)));
  const posted = replies.filter(reply => reply.status === 201).length;
  assert.equal(posted, Math.floor(1_000 / 7));
  assert.ok(replies.every(reply => reply.status === 201 || (reply.status === 422 && reply.json.code === 'insufficient-funds')));
  assert.equal(await apiOf(0).posted('purse'), 1_000n - 7n * BigInt(posted));
  assert.equal(await apiOf(0).posted('till'), 7n * BigInt(posted));
  const [lowest] = await database.as('ledger_readonly', "SELECT min(balance_minor)::int AS low FROM ledger.entries WHERE account_id = 'purse'");
  assert.equal(lowest?.['low'], 1_000 - 7 * posted);
  await assertAudited(2 * posted);
});

test('opposing transfers between two accounts: no deadlock is told to a client', async () => {
  const api = apiOf(0);
  await api.account('left', { minAvailableMinor: null });
  await api.account('right', { minAvailableMinor: null });
  const replies = await Promise.all(Array.from({ length: 200 }, (_, index) => (index % 2 ? apiOf(index >> 1).transfer('left', 'right', 3) : apiOf(index >> 1).transfer('right', 'left', 3))));
  assert.deepEqual(new Set(replies.map(reply => reply.status)), new Set([201]));
  assert.deepEqual([await api.posted('left'), await api.posted('right')], [0n, 0n]);
  const [stats] = await database.as('postgres', 'SELECT deadlocks::int AS n FROM pg_stat_database WHERE datname = current_database()');
  assert.equal(stats?.['n'], 0, 'ordered locks leave nothing to retry');
  await assertAudited(400);
});

test('a deadlock made from outside is retried and not told to the client', async () => {
  const api = apiOf(0);
  await api.account('m1', { minAvailableMinor: null });
  await api.account('m2', { minAvailableMinor: null });
  // A person's session that locks in the wrong order. Its own deadlock timeout is longer, so the ledger is the victim.
  const person = new pg.Client({ connectionString: database.url('postgres') });
  await person.connect();
  await person.query("SET deadlock_timeout = '20s'");
  await person.query("BEGIN; SELECT 1 FROM ledger.accounts WHERE id = 'm2' FOR UPDATE");
  const reply = api.transfer('m1', 'm2', 5); // gets m1, waits for m2
  const waiting = async () => (await database.as('postgres', "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name LIKE 'ledger%'"))[0]?.['n'] as number;
  while ((await waiting()) === 0) await new Promise(settle => setTimeout(settle, 20));
  await person.query("SELECT 1 FROM ledger.accounts WHERE id = 'm1' FOR UPDATE"); // closes the circle
  await person.query('COMMIT');
  await person.end();
  assert.equal((await reply).status, 201);
  const metrics = await ledgers[0]!.service.metrics.registry.metrics();
  assert.match(metrics, /^ledger_conflict_retries_total\{.*\} [1-9]/m);
});

test('an account that stays locked is a retryable 503 and not a hanging request', async () => {
  const impatient = await startLedger(database, { LEDGER_LOCK_TIMEOUT_MS: '200' });
  const person = new pg.Client({ connectionString: database.url('postgres') });
  await person.connect();
  try {
    await person.query("BEGIN; SELECT 1 FROM ledger.accounts WHERE id = 'cash-clearing:gbp' FOR UPDATE");
    const reply = await impatient.api.transfer('cash-clearing:gbp', 'equity:gbp', 1, { currency: 'GBP' });
    assert.deepEqual([reply.status, reply.json.code, reply.json.retryable, reply.headers.get('retry-after')], [503, 'account-busy', true, '1']);
  } finally {
    await person.end();
    await impatient.close();
  }
});

test('more requests than may wait are turned away at once, and those that wait are served', async () => {
  const small = await startLedger(database, { LEDGER_POOL_MAX: '2', LEDGER_QUEUE_MAX: '3' });
  const person = new pg.Client({ connectionString: database.url('postgres') });
  await person.connect();
  try {
    await person.query("BEGIN; SELECT 1 FROM ledger.accounts WHERE id = 'cash-clearing:mxn' FOR UPDATE");
    const replies = Array.from({ length: 20 }, () => small.api.transfer('cash-clearing:mxn', 'equity:mxn', 1, { currency: 'MXN' }));
    await Promise.race(replies.map(async reply => ((await reply).json.code === 'overloaded' ? undefined : new Promise(() => undefined))));
    await person.query('ROLLBACK');
    const codes = (await Promise.all(replies)).map(reply => reply.json.code ?? reply.status);
    assert.ok(codes.filter(code => code === 'overloaded').length >= 10, codes.join());
    assert.ok(codes.filter(code => code === 201).length >= 5, codes.join());
  } finally {
    await person.end();
    await small.close();
  }
});

test('the isolation level is READ COMMITTED, said by the service and not left to the server', async () => {
  const strict = await createDatabase();
  const name = new URL(strict.url('postgres')).pathname.slice(1);
  await strict.as('postgres', `ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable'`);
  await strict.as('postgres', `ALTER DATABASE ${name} SET synchronous_commit = 'off'`);
  const ledger = await startLedger(strict, { LEDGER_LOCK_TIMEOUT_MS: '3000', LEDGER_STATEMENT_TIMEOUT_MS: '5000' });
  try {
    const seen = await ledger.service.database.transaction(async transaction => transaction.query({ text: "SELECT current_setting('transaction_isolation') AS isolation, current_setting('synchronous_commit') AS commit, current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement" }));
    assert.deepEqual(seen, [{ isolation: 'read committed', commit: 'on', lock: '3s', statement: '5s' }]);
  } finally {
    await ledger.close();
  }
});
