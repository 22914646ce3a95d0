/** What the database does to its clients: stop, be fenced, lose its standby. On a server of its own, since others must not suffer. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { runChecks } from '../src/adapters/checks.ts';
import { databaseAt, type TestDatabase } from './support/ledger.ts';
import { createServerIn, templateDatabase, type PostgresServer } from './support/postgres.ts';
import { eventually, spawnLedger, type LedgerProcess } from './support/process.ts';

let folder: string | undefined;
let server: PostgresServer | undefined;
let database: TestDatabase;
let ledger: LedgerProcess;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'airpay-ledger-outage-'));
  chmodSync(folder, 0o711);
  server = await createServerIn(join(folder, 'server'));
  database = databaseAt(role => server!.url(role, templateDatabase));
  ledger = await spawnLedger(database);
  await ledger.api.account('a');
  await ledger.api.account('b');
  await ledger.api.fund('a', 1_000_000);
});
after(async () => {
  // Also when `before` failed half way: nothing may be left running.
  ledger?.child.kill('SIGKILL');
  await server?.remove();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const health = async (path: string) => (await fetch(ledger.url + path)).status;

async function audit(): Promise<void> {
  const client = new pg.Client({ connectionString: database.url('ledger_readonly') });
  await client.connect();
  const results = await runChecks(client);
  await client.end();
  assert.deepEqual(results.filter(result => result.faults > 0), []);
}

test('with the database stopped: livez 200, readyz 503, payments a retryable 503; all good again after its restart, in the same process', async () => {
  assert.deepEqual([await health('/livez'), await health('/readyz')], [200, 200]);
  const key = randomUUID();
  await server!.stop('fast');
  await eventually(() => health('/readyz'), status => status === 503);
  assert.equal(await health('/livez'), 200);
  const reply = await ledger.api.transfer('a', 'b', 1, {}, key);
  assert.deepEqual([reply.status, reply.json.code, reply.json.retryable], [503, 'database-unavailable', true]);
  const down = await (await fetch(`${ledger.url}/metrics`)).text();
  assert.match(down, /^ledger_database_up\{.*\} 0$/m);
  assert.doesNotMatch(down, /^ledger_trial_balance_minor\{/m, 'a balance that is not known is not reported as zero');
  await server!.start();
  await eventually(() => health('/readyz'), status => status === 200);
  assert.equal((await ledger.api.transfer('a', 'b', 1, {}, key)).status, 201);
  assert.match(await (await fetch(`${ledger.url}/metrics`)).text(), /^ledger_database_up\{.*\} 1$/m);
  assert.equal(ledger.child.exitCode, null);
});

test('kill -9 of the backend between the write and the commit leaves zero rows', async () => {
  const counts = () => database.as('postgres', 'SELECT (SELECT count(*) FROM ledger.journal) j, (SELECT count(*) FROM ledger.chain) c, (SELECT position FROM ledger.head) h, (SELECT sum(posted_minor * version) FROM ledger.accounts) p');
  const before = await counts();
  // As the service writes it, in a transaction that is still open.
  const writer = new pg.Client({ connectionString: database.url('ledger_app') });
  writer.on('error', () => undefined);
  await writer.connect();
  await writer.query('BEGIN');
  await writer.query("SELECT set_config('ledger.tenant', 'default', true)");
  const { rows } = await writer.query("SELECT number, version, posted_minor FROM ledger.accounts WHERE id IN ('a', 'b') ORDER BY id");
  const [a, b] = rows as [Record<string, string>, Record<string, string>];
  const written = await writer.query("SELECT * FROM ledger.append_one('r', 'i', 1::smallint, sha256('x'), 'transfer', 'default', 'test', 'half', sha256('y'), $1, $2, 5, $3::bigint + 1, $4::bigint + 1, $5::bigint - 5, $6::bigint + 5, NULL, NULL, NULL, gen_random_uuid())", [a['number'], b['number'], a['version'], b['version'], a['posted_minor'], b['posted_minor']]);
  assert.ok(Number(written.rows[0].first_position) > 0);
  const [row] = (await writer.query('SELECT pg_backend_pid() AS pid')).rows;
  const lost = new Promise(settle => writer.once('end', settle));
  process.kill(row.pid, 'SIGKILL'); // the server ends all its sessions and recovers from its log
  await lost;
  await eventually(() => counts().then(() => true, () => false), up => up);
  assert.deepEqual(await counts(), before);
});

test('a fenced database takes no payment through connections that were open before, and the process recovers', async () => {
  const before = await ledger.api.posted('b');
  // As a recovery plan fences a region: a reload, no restart.
  await database.as('postgres', "ALTER SYSTEM SET default_transaction_read_only = 'on'");
  await database.as('postgres', 'SELECT pg_reload_conf()');
  const fenced = await eventually(() => ledger.api.transfer('a', 'b', 1), reply => reply.status !== 201);
  assert.deepEqual([fenced.status, fenced.json.code, fenced.json.retryable], [503, 'database-read-only', true]);
  await eventually(() => health('/readyz'), status => status === 503);
  const settled = await ledger.api.posted('b');
  const replies = await Promise.all(Array.from({ length: 20 }, () => ledger.api.transfer('a', 'b', 1)));
  assert.deepEqual(new Set(replies.map(reply => reply.json.code)), new Set(['database-read-only']));
  assert.equal(await ledger.api.posted('b'), settled);
  assert.ok(settled >= before);
  await database.as('postgres', 'ALTER SYSTEM RESET default_transaction_read_only');
  await database.as('postgres', 'SELECT pg_reload_conf()');
  await eventually(() => health('/readyz'), status => status === 200);
  assert.equal((await eventually(() => ledger.api.transfer('a', 'b', 1), reply => reply.status === 201)).status, 201);
});

test('nothing is acknowledged that the synchronous standby has not confirmed, neither at first nor by a replay', { timeout: 150_000 }, async () => {
  const impatient = await spawnLedger(database, { LEDGER_STATEMENT_TIMEOUT_MS: '1500', LEDGER_LOCK_TIMEOUT_MS: '500' });
  const set = async (names: string) => {
    await database.as('postgres', `ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
    await database.as('postgres', 'SELECT pg_reload_conf()');
    await eventually(async () => (await database.as('postgres', 'SHOW synchronous_standby_names'))[0]?.['synchronous_standby_names'], now => now === names);
  };
  const waiting = () => database.as('postgres', "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
  try {
    await eventually(() => impatient.api.transfer('a', 'b', 1), reply => reply.status === 201);
    await set('a_standby_that_is_gone');
    const key = randomUUID();
    // The wait is cancelled: PostgreSQL says COMMIT, with a warning.
    const first = impatient.api.transfer('a', 'b', 9, {}, key);
    await eventually(waiting, rows => rows.length === 1);
    await database.as('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    assert.deepEqual([(await first).status, (await first).json.code], [503, 'outcome-unknown']);
    assert.equal((await database.as('postgres', 'SELECT count(*)::int AS n FROM ledger.journal WHERE key = $1', [key]))[0]?.['n'], 1, 'it is visible on this server');
    // Beside other new keys it is found by a read, whose wait is cancelled as well.
    const three = [key, randomUUID(), randomUUID()].map(one => ({ key: one, debitAccountId: 'a', creditAccountId: 'b', amountMinor: '9', currency: 'USD' }));
    const batch = impatient.api.post('/v1/transfers/batch', { transfers: three });
    await eventually(waiting, rows => rows.length >= 1);
    await database.as('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    const { results } = (await batch).json;
    assert.ok(results.every((one: { status: number }) => one.status === 503), JSON.stringify(results));
    for (let tries = 0; tries < 2; tries++) {
      const again = await impatient.api.transfer('a', 'b', 9, {}, key);
      assert.ok(again.status !== 201 && again.json.retryable, again.text);
    }
    await set('');
    const last = await eventually(() => impatient.api.transfer('a', 'b', 9, {}, key), reply => reply.status === 201);
    assert.equal(last.headers.get('idempotent-replayed'), 'true');
    assert.equal((await database.as('postgres', "SELECT count(*)::int AS n FROM ledger.transfers WHERE amount_minor = 9 AND key = $1", [key]))[0]?.['n'], 1);
    await audit();
  } finally {
    impatient.child.kill('SIGKILL');
  }
});
