/** Migrations on a real server: applied once, in order, and never in the way of the version that runs. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { runChecks } from '../src/adapters/checks.ts';
import { incompatibility, migrate, readMigrations, type Migration } from '../src/adapters/migrations.ts';
import { contractions } from '../src/domain/expand.ts';
import { createDatabase, startLedger, type Reply, type TestDatabase, type TestLedger } from './support/ledger.ts';

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

test('a migrator that finds all applied changes nothing, and three at once apply each file once', async () => {
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

test('a migrator that does not know an applied breaking file stops; one that is not breaking it leaves alone', async () => {
  const ahead = await createDatabase();
  await ahead.as('ledger_owner', "INSERT INTO ledger.schema_migrations (version, file, checksum, breaking) VALUES (900, '000900_f.sql', 'c', false)");
  assert.deepEqual(await withOwner(client => migrate(client), ahead), []);
  await ahead.as('ledger_owner', 'UPDATE ledger.schema_migrations SET breaking = true WHERE version = 900');
  await assert.rejects(withOwner(client => migrate(client), ahead), /000900_f\.sql is applied, breaking, and not known/);
});

/** What a next version might add: nothing of it is known to the service that runs. */
const expanding = `
ALTER TABLE ledger.journal ADD COLUMN channel text;
ALTER TABLE ledger.accounts ADD COLUMN closed boolean NOT NULL DEFAULT false;
ALTER TABLE ledger.payments ADD COLUMN note text;
ALTER TABLE ledger.chain ADD COLUMN merkle_root bytea;
CREATE TABLE ledger.limits (tenant text PRIMARY KEY, per_day_minor bigint NOT NULL);
CREATE INDEX journal_channel ON ledger.journal (channel) WHERE channel IS NOT NULL;
INSERT INTO ledger.currencies VALUES ('CHF', 2);
CREATE FUNCTION ledger.later(x int) RETURNS int LANGUAGE sql AS $$ SELECT x $$`;

async function paymentFlow({ api }: TestLedger): Promise<void> {
  const made = (reply: Reply, status = 201) => {
    assert.equal(reply.status, status, reply.text);
    return reply.json;
  };
  await api.account('payer', { minAvailableMinor: '0' });
  await api.account('shop', { minAvailableMinor: '0' });
  await api.account('euro', { currency: 'EUR' });
  await api.fund('payer', 10_000);
  const paid = made(await api.transfer('payer', 'shop', 1_000, {}, 'flow-1'));
  const again = await api.transfer('payer', 'shop', 1_000, {}, 'flow-1');
  assert.deepEqual([again.status, again.json, again.headers.get('idempotent-replayed')], [201, paid, 'true']);
  made(await api.transfer('payer', 'shop', 1_000_000), 422);
  made(await api.post('/v1/transactions', { transfers: [1, 2].map(amount => ({ debitAccountId: 'payer', creditAccountId: 'shop', amountMinor: String(amount), currency: 'USD' })) }));
  made(await api.post('/v1/conversions', { debitAccountId: 'payer', creditAccountId: 'euro', sellAmountMinor: '100', sellCurrency: 'USD', buyAmountMinor: '92', buyCurrency: 'EUR', rate: '0.92' }));
  const held = made(await api.post('/v1/holds', { debitAccountId: 'payer', creditAccountId: 'shop', amountMinor: '500', currency: 'USD' }));
  made(await api.post(`/v1/holds/${held.id}/captures`, { amountMinor: '200', fee: { amountMinor: '5' } }));
  made(await api.post(`/v1/holds/${held.id}/void`, {}), 200);
  made(await api.post(`/v1/holds/${held.id}/refunds`, { amountMinor: '50' }));
  made(await api.post(`/v1/transfers/${paid.id}/refunds`, { amountMinor: '100' }));
  made(await api.post(`/v1/transfers/${made(await api.transfer('payer', 'shop', 7)).id}/reversal`, {}));
  made(await api.post('/v1/settlements', { accountId: 'shop', payoutAccountId: 'cash-clearing:usd' }));
  made(await api.get('/v1/accounts/payer/entries?limit=5'), 200);
  made(await api.get('/v1/trial-balance'), 200);
  assert.equal(await api.posted('shop'), 0n);
}

test('this version runs a whole payment flow on the schema of the next one, from before the migration on, and the audit finds nothing', async () => {
  assert.deepEqual(contractions(expanding), []);
  const newer = await createDatabase();
  const ledger = await startLedger(newer);
  try {
    await ledger.api.account('before');
    await ledger.api.fund('before', 5);
    await withOwner(client => migrate(client, [...own, next({ sql: expanding })]), newer);
    await ledger.api.fund('before', 5); // over connections whose statements were planned before
    await paymentFlow(ledger);
    assert.equal((await fetch(`${ledger.url}/readyz`)).status, 200);
  } finally {
    await ledger.close();
  }
  const restarted = await startLedger(newer);
  await paymentFlowAgain(restarted).finally(() => restarted.close());
  const reader = new pg.Client({ connectionString: newer.url('ledger_readonly') });
  await reader.connect();
  assert.deepEqual((await runChecks(reader).finally(() => reader.end())).filter(result => result.faults > 0), []);
});

async function paymentFlowAgain({ api }: TestLedger): Promise<void> {
  assert.equal(await api.posted('before'), 10n);
  const replayed = await api.transfer('payer', 'shop', 1_000, {}, 'flow-1');
  assert.equal(replayed.headers.get('idempotent-replayed'), 'true');
  await api.fund('before', 1);
}

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
    await sleep(600);
    assert.equal(await ready(), 200);
    await newer.as('ledger_owner', 'UPDATE ledger.schema_migrations SET breaking = true WHERE version = 900');
    await sleep(600);
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
    await ledger.api.fund('a', 1);
    const [row] = await changing.as('postgres', "SELECT pg_get_functiondef('ledger.load'::regproc) AS definition, pg_get_function_result('ledger.load'::regproc) AS result");
    const result = String(row?.['result']);
    const wider = String(row?.['definition']).replace(result, result.replace(/\)$/, ', extra text)')).replaceAll(/(RETURN QUERY\s+SELECT )(.*?)(\n\s+FROM )/gs, '$1$2, NULL::text$3');
    assert.match(wider, /extra text/);
    await changing.as('ledger_owner', `BEGIN; DROP FUNCTION ledger.load; ${wider}; GRANT EXECUTE ON FUNCTION ledger.load TO ledger_app; COMMIT`);
    for (let times = 0; times < 4; times++) {
      await ledger.api.account(`b${times}`);
      await ledger.api.transfer('a', `b${times}`, 1);
      await ledger.api.fund('a', 1);
    }
    assert.equal(await ledger.api.posted('a'), 1n);
  } finally {
    await ledger.close();
  }
});

/** Statements of which each would hurt the version that runs. */
const contracting = [
  'DROP TABLE ledger.limits', 'ALTER TABLE ledger.journal DROP COLUMN metadata', 'ALTER TABLE ledger.journal RENAME COLUMN actor TO who', 'ALTER TABLE ledger.journal RENAME TO rows', "ALTER TYPE ledger.kind RENAME VALUE 'fee' TO 'charge'",
  'ALTER TABLE ledger.journal ALTER COLUMN leg TYPE int', 'alter table ledger.journal alter leg set data type int', 'ALTER TABLE ledger.journal ALTER COLUMN description SET NOT NULL', 'ALTER TABLE ledger.journal ADD COLUMN channel text NOT NULL',
  'ALTER TABLE ledger.journal ADD CONSTRAINT small CHECK (amount_minor < 10)', 'CREATE UNIQUE INDEX one_request ON ledger.journal (request_id)', 'DROP FUNCTION ledger.load', 'REVOKE EXECUTE ON FUNCTION ledger.load FROM ledger_app',
  'CREATE TRIGGER slow BEFORE INSERT ON ledger.journal EXECUTE FUNCTION f()', 'ALTER TABLE ledger.journal DISABLE TRIGGER ALL', 'TRUNCATE ledger.leases', "DELETE FROM ledger.currencies WHERE code = 'KWD'", "UPDATE ledger.accounts SET metadata = '{}'",
  "DO $$ BEGIN EXECUTE 'DROP TABLE ledger.limits'; END $$", 'SELECT 1; /* and */ DROP VIEW ledger.entries', 'ALTER TABLE ledger.journal ADD COLUMN a int, DROP COLUMN b',
];
const harmless = [
  'SELECT 1 -- DROP TABLE x', "COMMENT ON TABLE ledger.journal IS 'DROP TABLE x; RENAME'", 'CREATE TABLE ledger.n (x int NOT NULL); CREATE UNIQUE INDEX n_x ON ledger.n (x); ALTER TABLE ledger.n ENABLE ROW LEVEL SECURITY',
  'CREATE FUNCTION ledger.f() RETURNS void LANGUAGE sql AS $$ DELETE FROM ledger.n; DROP TABLE x $$', 'ALTER TABLE ledger.journal ADD COLUMN c int NOT NULL DEFAULT 0', 'ALTER TABLE ledger.journal ADD COLUMN c int DEFAULT 0 NOT NULL', 'REVOKE ALL ON ledger.n FROM PUBLIC', 'CREATE INDEX i ON ledger.journal (actor)',
];

test('a migration that is not marked breaking only adds; one that does more is not even read', () => {
  for (const { file, breaking, sql } of own) assert.deepEqual(breaking ? [] : contractions(sql), [], file);
  for (const sql of contracting) assert.equal(contractions(sql).length, 1, sql);
  for (const sql of harmless) assert.deepEqual(contractions(sql), [], sql);
  const folder = mkdtempSync(join(tmpdir(), 'airpay-migrations-'));
  try {
    writeFileSync(join(folder, '000001_first.sql'), 'CREATE TABLE a (b int)');
    writeFileSync(join(folder, '000002_second.sql'), 'ALTER TABLE a DROP COLUMN b');
    assert.throws(() => readMigrations(folder), /000002_second\.sql is not marked --! breaking, but takes something away/);
    writeFileSync(join(folder, '000002_second.sql'), '--! breaking\nALTER TABLE a DROP COLUMN b');
    assert.deepEqual(readMigrations(folder).map(migration => migration.breaking), [false, true]);
    writeFileSync(join(folder, '000004_fourth.sql'), 'SELECT 1');
    assert.throws(() => readMigrations(folder), /000004_fourth\.sql should have number 3/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the migrator as a program: clear text only when it is asked for, and only to this machine', () => {
  const run = (env: Record<string, string>) => spawnSync(process.execPath, [resolve(import.meta.dirname, '../src/migrate.ts')], { env: { PATH: process.env['PATH'], LEDGER_MIGRATION_DATABASE_URL: database.url('ledger_owner'), ...env }, encoding: 'utf8', timeout: 20_000 });
  const encrypted = run({});
  assert.equal(encrypted.status, 1);
  assert.match(encrypted.stderr, /does not support SSL.*LEDGER_DATABASE_TLS=disable allows clear text/);
  const clear = run({ LEDGER_DATABASE_TLS: 'disable' });
  assert.equal(clear.status, 0, clear.stderr);
  assert.match(clear.stdout, /nothing to apply/);
  const away = run({ LEDGER_DATABASE_TLS: 'disable', LEDGER_MIGRATION_DATABASE_URL: 'postgresql://ledger_owner@db.example/ledger' });
  assert.equal(away.status, 1);
  assert.match(away.stderr, /LEDGER_DATABASE_TLS is disable, but LEDGER_MIGRATION_DATABASE_URL leads to another machine/);
});
