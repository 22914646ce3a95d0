/** Many at once, at two processes: nothing lost, nothing made, no deadlock told to a client, no answer out of what was. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { assertAudited, createDatabase, startLedger, type TestDatabase, type TestLedger } from './support/ledger.ts';
import { eventually } from './support/process.ts';

let database: TestDatabase;
let ledgers: TestLedger[];
before(async () => {
  database = await createDatabase();
  ledgers = await Promise.all(['1', '2'].map(number => startLedger(database, { LEDGER_INSTANCE: `ledger-test-${number}` })));
});
after(() => Promise.all(ledgers.map(ledger => ledger.close())));

const apiOf = (index: number) => ledgers[index % ledgers.length]!.api;
const deadlocks = async () => (await database.as('postgres', 'SELECT deadlocks::int AS n FROM pg_stat_database WHERE datname = current_database()'))[0]?.['n'] as number;
const waiting = () => eventually(async () => (await database.as('postgres', "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name LIKE 'ledger%'"))[0]?.['n'] as number, n => n > 0);
/** The database's end of a process that holds what everybody needs, until `free` is called. */
async function holding(sql: string): Promise<{ person: pg.Client; free(): Promise<void> }> {
  const person = new pg.Client({ connectionString: database.url('postgres') });
  await person.connect();
  await person.query(`BEGIN; ${sql}`);
  return { person, free: async () => void (await person.query('ROLLBACK'), await person.end()) };
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
  await assertAudited(database, 200);
});

test('opposing transfers between two accounts: no deadlock is told to a client', async () => {
  const api = apiOf(0);
  await api.account('left', { minAvailableMinor: null });
  await api.account('right', { minAvailableMinor: null });
  const replies = await Promise.all(Array.from({ length: 200 }, (_, index) => (index % 2 ? apiOf(index >> 1).transfer('left', 'right', 3) : apiOf(index >> 1).transfer('right', 'left', 3))));
  assert.deepEqual(new Set(replies.map(reply => reply.status)), new Set([201]));
  assert.deepEqual([await api.posted('left'), await api.posted('right')], [0n, 0n]);
  assert.equal(await deadlocks(), 0, 'one queue leaves nothing to retry');
  await assertAudited(database, 400);
});

test('a deadlock made from outside is retried and not told to the client', async () => {
  const api = apiOf(0);
  await api.account('m1', { minAvailableMinor: null });
  await api.account('m2', { minAvailableMinor: null });
  // A person's session that locks in the wrong order. Its own deadlock timeout is longer, so the ledger is the victim.
  const { person, free } = await holding("SET LOCAL deadlock_timeout = '20s'; SELECT 1 FROM ledger.accounts WHERE id = 'm1' FOR UPDATE");
  const reply = api.transfer('m1', 'm2', 5); // gets the head, waits for m1
  await waiting();
  await person.query('SELECT 1 FROM ledger.head FOR UPDATE'); // closes the circle
  await free();
  assert.equal((await reply).status, 201);
  assert.ok((await deadlocks()) > 0, 'there was one');
  assert.match(await ledgers[0]!.service.metrics.registry.metrics(), /^ledger_conflict_retries_total\{.*\} [1-9]/m);
});

test('an account that stays locked is a retryable 503 and not a hanging request', async () => {
  const impatient = await startLedger(database, { LEDGER_LOCK_TIMEOUT_MS: '200' });
  try {
    await impatient.api.transfer('cash-clearing:gbp', 'equity:gbp', 1, { currency: 'GBP' });
    const { free } = await holding("SELECT 1 FROM ledger.accounts WHERE id = 'cash-clearing:gbp' FOR UPDATE");
    const reply = await impatient.api.transfer('cash-clearing:gbp', 'equity:gbp', 1, { currency: 'GBP' });
    assert.deepEqual([reply.status, reply.json.code, reply.json.retryable, reply.headers.get('retry-after')], [503, 'account-busy', true, '1']);
    await free();
  } finally {
    await impatient.close();
  }
});

test('more requests than may wait are turned away at once, and those that wait are served', async () => {
  // As many as a tenant's own accounts, which are opened at once.
  const small = await startLedger(database, { LEDGER_QUEUE_MAX: '24', LEDGER_BATCH_MAX: '2' });
  try {
    await small.api.transfer('cash-clearing:mxn', 'equity:mxn', 1, { currency: 'MXN' });
    const { free } = await holding('SELECT 1 FROM ledger.head FOR UPDATE');
    const replies = Array.from({ length: 60 }, () => small.api.transfer('cash-clearing:mxn', 'equity:mxn', 1, { currency: 'MXN' }));
    let turnedAway = 0;
    for (const reply of replies) void reply.then(({ json }) => (turnedAway += json.code === 'overloaded' ? 1 : 0));
    await eventually(async () => turnedAway, count => count >= 10, 10_000);
    await free();
    const codes = (await Promise.all(replies)).map(reply => reply.json.code ?? reply.status);
    assert.ok(codes.filter(code => code === 'overloaded').length >= 10, codes.join());
    assert.ok(codes.filter(code => code === 201).length >= 24, codes.join());
    assert.deepEqual(codes.filter(code => code !== 201 && code !== 'overloaded'), []);
  } finally {
    await small.close();
  }
});

test('money that one process has acknowledged can be spent through the other at once, and what one has spent is gone for the other', async () => {
  await apiOf(0).account('shared');
  // Both have the account in memory, at a version that will be old.
  for (const index of [0, 1]) assert.equal((await apiOf(index).transfer('shared', 'till', 1)).json.code, 'insufficient-funds');
  for (let round = 0; round < 40; round++) {
    const [one, other] = [apiOf(round), apiOf(round + 1)];
    await one.fund('shared', 10);
    // A decline that was decided on what the process remembers would be wrong here.
    const spent = await other.transfer('shared', 'till', 10);
    assert.equal(spent.status, 201, `round ${round}: ${spent.text}`);
    const again = await one.transfer('shared', 'till', 1);
    assert.equal(again.json.code, 'insufficient-funds', `round ${round}: ${again.text}`);
  }
  await assertAudited(database);
});

test('a decline is of its moment: under load from both, an account that always has enough never declines', async () => {
  await apiOf(0).account('rich');
  await apiOf(0).account('sink');
  let funded = 0;
  // Each payment is sent only after money for it was acknowledged somewhere, so none may ever be declined.
  const replies = await Promise.all(Array.from({ length: 120 }, async (_, index) => {
    await apiOf(index).fund('rich', 3);
    funded += 3;
    return apiOf(index + 1).transfer('rich', 'sink', 3);
  }));
  assert.deepEqual(replies.filter(reply => reply.status !== 201).map(reply => reply.text), []);
  assert.deepEqual([await apiOf(0).posted('rich'), await apiOf(1).posted('sink')], [0n, BigInt(funded)]);
  await assertAudited(database, 240);
});

test('one hot account, both processes, batches in both lanes: each payment once, each answer as stored', async () => {
  const api = apiOf(0);
  await api.account('hot');
  await Promise.all(Array.from({ length: 20 }, (_, index) => apiOf(index).account(`payer:${index}`)));
  await Promise.all(Array.from({ length: 20 }, (_, index) => apiOf(index).fund(`payer:${index}`, 100)));
  const replies = await Promise.all(Array.from({ length: 600 }, (_, index) => apiOf(index).transfer(`payer:${index % 20}`, 'hot', 1 + (index % 5), {}, `hot-${index}`)));
  const again = await Promise.all(replies.map((_, index) => apiOf(index + 1).transfer(`payer:${index % 20}`, 'hot', 1 + (index % 5), {}, `hot-${index}`)));
  assert.deepEqual(again.map(reply => reply.text), replies.map(reply => reply.text));
  const posted = replies.flatMap((reply, index) => (reply.status === 201 ? [BigInt(1 + (index % 5))] : []));
  assert.equal(await apiOf(1).posted('hot'), posted.reduce((sum, minor) => sum + minor, 0n));
  assert.equal(new Set(replies.filter(reply => reply.status === 201).map(reply => reply.json.id)).size, posted.length);
  assert.deepEqual([...new Set(replies.filter(reply => reply.status !== 201).map(reply => reply.json.code))], ['insufficient-funds']);
  const ways = await Promise.all(ledgers.map(async ledger => /^ledger_batch_seconds_count\{.*way="careful".*\} ([1-9]\d*)/m.test(await ledger.service.metrics.registry.metrics())));
  assert.ok(ways.includes(true), 'they collided and took the careful way');
  await assertAudited(database, 600);
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
