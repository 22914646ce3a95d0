/** What the database does to its clients: stop, crash, be fenced. On a server of its own, since others must not suffer. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { runChecks } from '../src/adapters/checks.ts';
import { databaseAt, type Reply, type TestDatabase } from './support/ledger.ts';
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

test('kill -9 of the backend between the legs and the commit leaves zero rows', async () => {
  const counts = () => database.as('postgres', 'SELECT (SELECT count(*) FROM ledger.transfers) t, (SELECT count(*) FROM ledger.entries) e, (SELECT count(*) FROM ledger.idempotency_keys) k, (SELECT sum(posted_minor) FROM ledger.accounts) p');
  const before = await counts();
  // A transaction with header and first leg written, not committed.
  const writer = new pg.Client({ connectionString: database.url('ledger_app') });
  writer.on('error', () => undefined);
  await writer.connect();
  await writer.query('BEGIN');
  await writer.query("INSERT INTO ledger.transfers (id, debit_account_id, credit_account_id, debit_version, credit_version, amount_minor, currency, region, created_at) VALUES ('tr_01a1fbfc-305c-7e6a-a409-f28c7745df04', 'a', 'b', 3, 2, 5, 'USD', 'r', now())");
  await writer.query("INSERT INTO ledger.entries (account_id, version, transfer_id, direction, amount_minor, currency, balance_minor, created_at) VALUES ('a', 3, 'tr_01a1fbfc-305c-7e6a-a409-f28c7745df04', 'debit', 5, 'USD', 999994, now())");
  const [row] = (await writer.query('SELECT pg_backend_pid() AS pid')).rows;
  process.kill(row.pid, 'SIGKILL'); // the server ends all its sessions and recovers from its log
  await writer.end().catch(() => undefined);
  await eventually(() => counts().then(() => true, () => false), up => up);
  assert.deepEqual(await counts(), before);
});

test('crashes under load: every acknowledged transfer is there, none twice, nothing half', { timeout: 150_000 }, async () => {
  const acknowledged = new Map<string, string>();
  const seen: Record<string, number> = {};
  let stopping = false;
  // As a payer does: one key per payment, the same key until it is answered.
  const payer = async () => {
    while (!stopping) {
      const key = randomUUID();
      for (let tries = 0; tries < 200; tries++) {
        const reply: Reply | undefined = await ledger.api.transfer('a', 'b', 1, {}, key).catch(() => undefined);
        const outcome = reply ? String(reply.json.code ?? reply.status) : 'no answer';
        seen[outcome] = (seen[outcome] ?? 0) + 1;
        if (reply?.status === 201) {
          acknowledged.set(key, reply.json.id);
          break;
        }
        assert.ok(reply === undefined || reply.json.retryable, reply?.text);
        await sleep(50);
      }
    }
  };
  const payers = Array.from({ length: 8 }, payer);
  for (let crash = 0; crash < 3; crash++) {
    const sofar = acknowledged.size;
    await eventually(async () => acknowledged.size, size => size > sofar + 40);
    await server!.stop('immediate');
    await sleep(200);
    await server!.start();
  }
  const sofar = acknowledged.size;
  await eventually(async () => acknowledged.size, size => size > sofar + 40);
  stopping = true;
  await Promise.all(payers);
  assert.ok(acknowledged.size > 160, `only ${acknowledged.size} were acknowledged`);
  assert.ok((seen['database-unavailable'] ?? 0) > 0, `the crashes were not noticed: ${JSON.stringify(seen)}`);
  assert.equal(seen['internal'] ?? 0, 0, JSON.stringify(seen));
  const stored = await database.as('ledger_readonly', 'SELECT key, resource_id FROM ledger.idempotency_keys WHERE key = ANY ($1)', [[...acknowledged.keys()]]);
  assert.deepEqual(new Map(stored.map(row => [row['key'], row['resource_id']])), acknowledged);
  await audit();
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
    assert.equal((await database.as('postgres', 'SELECT count(*)::int AS n FROM ledger.idempotency_keys WHERE key = $1', [key]))[0]?.['n'], 1, 'it is visible on this server');
    for (let tries = 0; tries < 2; tries++) {
      const again = await impatient.api.transfer('a', 'b', 9, {}, key);
      assert.ok(again.status !== 201 && again.json.retryable, again.text);
    }
    await set('');
    const last = await eventually(() => impatient.api.transfer('a', 'b', 9, {}, key), reply => reply.status === 201);
    assert.equal(last.headers.get('idempotent-replayed'), 'true');
    assert.equal((await database.as('postgres', "SELECT count(*)::int AS n FROM ledger.transfers WHERE amount_minor = 9"))[0]?.['n'], 1);
    await audit();
  } finally {
    impatient.child.kill('SIGKILL');
  }
});
