/** Migrations on a real server, and the audit as a program. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { before, test } from 'node:test';
import pg from 'pg';
import { checks, runChecks } from '../src/adapters/checks.ts';
import { incompatibility, migrate, readMigrations, type Migration } from '../src/adapters/migrations.ts';
import { createDatabase, startLedger, type TestDatabase } from './support/ledger.ts';

let database: TestDatabase;
before(async () => {
  database = await createDatabase();
});

async function withOwner<T>(work: (client: pg.Client) => Promise<T>, on = database): Promise<T> {
  const client = new pg.Client({ connectionString: on.url('ledger_owner') });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const own = readMigrations();
const next = (over: Partial<Migration>): Migration => ({ version: own.length + 1, file: '000999_x.sql', breaking: false, sql: 'SELECT 1', checksum: 'x', ...over });

test('a migrator that finds all applied changes nothing, and two at once apply each file once', async () => {
  assert.deepEqual(await withOwner(client => migrate(client)), []);
  const slow = next({ sql: 'CREATE TABLE ledger.once (id int); SELECT pg_sleep(0.3)' });
  const applied = await Promise.all([1, 2, 3].map(() => withOwner(client => migrate(client, [...own, slow]))));
  assert.deepEqual(applied.flat(), [slow.file]);
});

test('an applied file that was edited is refused, and a failing one leaves nothing behind', async () => {
  const edited = own.map(migration => ({ ...migration, checksum: 'another' }));
  await assert.rejects(withOwner(client => migrate(client, edited)), /000001_init\.sql was changed after it was applied/);
  const fresh = await createDatabase();
  const failing = next({ sql: 'CREATE TABLE ledger.half (id int); SELECT 1/0' });
  await assert.rejects(withOwner(client => migrate(client, [...own, failing]), fresh), /000999_x\.sql was not applied: division by zero/);
  assert.deepEqual(await fresh.as('postgres', "SELECT to_regclass('ledger.half') AS half, (SELECT count(*)::int FROM ledger.schema_migrations) AS n"), [{ half: null, n: own.length }]);
});

test('a ledger is not ready on a schema that is too old, or newer in a breaking way', async () => {
  const known = [{ version: 1, breaking: false }, { version: 2, breaking: true }];
  assert.match(incompatibility(known, [known[0]!])!, /2 is not applied/);
  assert.equal(incompatibility(known, known), undefined);
  assert.equal(incompatibility(known, [...known, { version: 3, breaking: false }]), undefined);
  assert.match(incompatibility(known, [...known, { version: 3, breaking: true }])!, /3 is breaking/);
  const newer = await createDatabase();
  const ledger = await startLedger(newer);
  const ready = async () => (await fetch(`${ledger.url}/readyz`)).status;
  try {
    assert.equal(await ready(), 200);
    await newer.as('ledger_owner', "INSERT INTO ledger.schema_migrations (version, file, checksum, breaking) VALUES (900, 'f', 'c', false)");
    await new Promise(settle => setTimeout(settle, 600));
    assert.equal(await ready(), 200);
    await newer.as('ledger_owner', "UPDATE ledger.schema_migrations SET breaking = true WHERE version = 900");
    await new Promise(settle => setTimeout(settle, 600));
    const reply = await fetch(`${ledger.url}/readyz`);
    assert.equal(reply.status, 503);
    assert.match(((await reply.json()) as { detail: string }).detail, /900 is breaking/);
  } finally {
    await ledger.close();
  }
});

test('a statement planned before a migration changed its function is planned anew', async () => {
  const changing = await createDatabase();
  const ledger = await startLedger(changing, { LEDGER_POOL_MAX: '2' });
  try {
    await ledger.api.account('a');
    const [row] = await changing.as('postgres', "SELECT pg_get_functiondef('ledger.lock_for_posting(text,text,text[])'::regprocedure) AS definition");
    const wider = String(row?.['definition']).replace('created_at timestamp with time zone)', 'created_at timestamp with time zone, extra text)');
    assert.match(wider, /extra text/);
    await changing.as('ledger_owner', `BEGIN; DROP FUNCTION ledger.lock_for_posting; ${wider}; GRANT EXECUTE ON FUNCTION ledger.lock_for_posting TO ledger_app; COMMIT`);
    for (let times = 0; times < 4; times++) await ledger.api.fund('a', 1);
    assert.equal(await ledger.api.posted('a'), 4n);
  } finally {
    await ledger.close();
  }
});

/** One forgery per check, made with triggers and keys switched off, as bad blocks or a clever attacker could. */
const forgeries: Record<string, string> = {
  'zero-sum': "UPDATE ledger.entries SET amount_minor = amount_minor + 1 WHERE account_id = 'a' AND version = 2",
  'two-legs': "DELETE FROM ledger.entries WHERE account_id = 'b' AND version = 1",
  'balance-is-sum': "UPDATE ledger.accounts SET posted_minor = posted_minor + 1 WHERE id = 'b'",
  'gap-free': "UPDATE ledger.entries SET version = 9 WHERE account_id = 'b' AND version = 1",
  'running-balance': "UPDATE ledger.entries SET balance_minor = balance_minor + 1 WHERE account_id = 'a' AND version = 1",
  floor: "UPDATE ledger.entries SET balance_minor = -1 WHERE account_id = 'a' AND version = 2",
  'one-currency': "UPDATE ledger.entries SET currency = 'EUR' WHERE account_id = 'a' AND version = 1",
  'one-key': "DELETE FROM ledger.idempotency_keys WHERE resource_id LIKE 'tr\\_%'",
};

test('the audit finds every kind of forgery, each by the check that is made for it', async () => {
  const forged = await createDatabase();
  const ledger = await startLedger(forged);
  await ledger.api.account('a');
  await ledger.api.account('b');
  await ledger.api.fund('a', 100);
  await ledger.api.transfer('a', 'b', 40);
  await ledger.close();
  assert.deepEqual(Object.keys(forgeries), checks.map(check => check.name));
  const client = new pg.Client({ connectionString: forged.url('postgres') });
  await client.connect();
  assert.deepEqual((await runChecks(client)).map(result => [result.name, result.faults]), checks.map(check => [check.name, 0]));
  for (const [name, sql] of Object.entries(forgeries)) {
    await client.query('BEGIN; SET LOCAL session_replication_role = replica');
    await client.query(sql);
    const found = (await runChecks(client)).find(result => result.name === name)!;
    assert.ok(found.faults > 0 && found.examples.length > 0, name);
    await client.query('ROLLBACK');
  }
  await client.end();
});

test('the audit as a program: 0 and a table when all holds, 1 with the fault named, 2 when it cannot look', async () => {
  const audited = await createDatabase();
  const run = (url: string, ...args: string[]) => spawnSync(process.execPath, [resolve(import.meta.dirname, '../src/audit.ts'), ...args], { env: { PATH: process.env['PATH'], LEDGER_AUDIT_DATABASE_URL: url, LEDGER_DATABASE_TLS: 'disable' }, encoding: 'utf8', timeout: 20_000 });
  const good = run(audited.url('ledger_readonly'));
  assert.equal(good.status, 0, good.stderr);
  assert.match(good.stdout, /^ok {4}zero-sum/m);
  await audited.as('postgres', "BEGIN; SET LOCAL session_replication_role = replica; UPDATE ledger.accounts SET posted_minor = 42 WHERE id = 'equity:usd'; COMMIT");
  const bad = run(audited.url('ledger_readonly'), '--json');
  assert.equal(bad.status, 1);
  const report = JSON.parse(bad.stdout) as { checks: { name: string; examples: string[] }[]; totals: { currency: string; differenceMinor: string }[] };
  assert.deepEqual(report.checks.find(check => check.name === 'balance-is-sum')?.examples, ['equity:usd holds 42 at version 0, its entries make 0 at 0']);
  assert.equal(report.totals.find(row => row.currency === 'USD')?.differenceMinor, '-42');
  assert.equal(run('postgresql://ledger_readonly@127.0.0.1:1/none').status, 2);
});
