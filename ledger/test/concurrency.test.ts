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
  await apiOf(0).account('shared-till');
  // Both have the account in memory, at a version that will be old.
  for (const index of [0, 1]) assert.equal((await apiOf(index).transfer('shared', 'shared-till', 1)).json.code, 'insufficient-funds');
  for (let round = 0; round < 40; round++) {
    const [one, other] = [apiOf(round), apiOf(round + 1)];
    await one.fund('shared', 10);
    // A decline that was decided on what the process remembers would be wrong here.
    const spent = await other.transfer('shared', 'shared-till', 10);
    assert.equal(spent.status, 201, `round ${round}: ${spent.text}`);
    const again = await one.transfer('shared', 'shared-till', 1);
    assert.equal(again.json.code, 'insufficient-funds', `round ${round}: ${again.text}`);
  }
  await assertAudited(database);
});

test('an account, a hold, a capture that one process has acknowledged is there for the other at once', async () => {
  await apiOf(0).fund('rich-once', 1).catch(() => undefined); // both have heard of it before it was there
  await apiOf(1).transfer('rich-once', 'till', 1);
  await apiOf(0).account('rich-once');
  assert.equal((await apiOf(1).transfer('cash-clearing:usd', 'rich-once', 1_000)).status, 201);
  for (let round = 0; round < 10; round++) {
    const [one, other] = [apiOf(round), apiOf(round + 1)];
    const hold = await one.post('/v1/holds', { debitAccountId: 'rich-once', creditAccountId: 'till', amountMinor: '10', currency: 'USD' });
    const captured = await other.post(`/v1/holds/${hold.json.id}/captures`, { amountMinor: '4' });
    assert.equal(captured.status, 201, captured.text);
    assert.equal((await one.post(`/v1/holds/${hold.json.id}/captures`, { amountMinor: '7' })).json.code, 'capture-exceeds-hold');
    assert.equal((await one.post(`/v1/holds/${hold.json.id}/refunds`, { amountMinor: '4' })).status, 201);
    assert.equal((await other.post(`/v1/holds/${hold.json.id}/void`, {})).status, 200);
    assert.equal((await one.post(`/v1/holds/${hold.json.id}/captures`, {})).json.code, 'hold-closed');
  }
  assert.deepEqual([await apiOf(0).posted('rich-once'), (await apiOf(1).get('/v1/accounts/rich-once')).json.pendingMinor], [1_000n, '0']);
});

test('a clock that was an hour ahead and goes back: times, ids and the order of entries still rise', async () => {
  await database.as('postgres', "BEGIN; SET LOCAL session_replication_role = replica; UPDATE ledger.head SET at = at + interval '1 hour'; COMMIT");
  await apiOf(0).account('clocked');
  const replies = [];
  for (let round = 0; round < 20; round++) replies.push((await apiOf(round).transfer('cash-clearing:usd', 'clocked', 1 + round)).json);
  for (let index = 1; index < replies.length; index++) assert.ok(replies[index].id > replies[index - 1].id && replies[index].createdAt >= replies[index - 1].createdAt);
  assert.ok(Date.parse(replies[0].createdAt) > Date.now() + 3_000_000, 'still in the hour ahead');
  const { entries } = (await apiOf(0).get('/v1/accounts/clocked/entries?limit=50')).json;
  assert.deepEqual(entries.map((entry: { amountMinor: string; version: string }) => [entry.amountMinor, entry.version]), Array.from({ length: 20 }, (_, index) => [String(20 - index), String(20 - index)]));
  assert.equal((await apiOf(0).get('/v1/accounts/clocked?asOfVersion=10')).json.postedMinor, '55');
  // By the ledger's own time too, which never goes back.
  assert.equal((await apiOf(1).get(`/v1/accounts/clocked?asOf=${replies[19].createdAt.replace('Z', '999Z')}`)).json.postedMinor, '210');
  const soon = await apiOf(0).post('/v1/holds', { debitAccountId: 'clocked', creditAccountId: 'till', amountMinor: '1', currency: 'USD', expiresAt: new Date(Date.now() + 60_000).toISOString() });
  assert.equal((await apiOf(1).post(`/v1/holds/${soon.json.id}/captures`, {})).status, 201, 'a hold expires by the clock, not by the time of its row');
  await assertAudited(database, 100);
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
