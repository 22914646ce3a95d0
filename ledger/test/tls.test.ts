/** The way to the database: encrypted and verified, or refused. Against a PostgreSQL with a certificate of openssl's making. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { sslOf } from '../src/adapters/tls.ts';
import { ConfigError, readConfig } from '../src/domain/config.ts';
import { databaseAt, environment, startLedger, type TestDatabase } from './support/ledger.ts';
import { createServerIn, templateDatabase, type PostgresServer } from './support/postgres.ts';

let folder: string;
let server: PostgresServer;
let database: TestDatabase;
const file = (name: string) => join(folder, name);
const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe', cwd: folder });

/** An authority `name`, in name.pem and name.key. */
function makeAuthority(name: string): void {
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.pem`);
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'airpay-ledger-tls-'));
  chmodSync(folder, 0o711); // the server may run as another user inside it
  makeAuthority('ours');
  makeAuthority('theirs');
  openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=ledger database', '-keyout', 'server.key', '-out', 'server.csr');
  // Good for the address, not for the name `localhost` that leads to the same server.
  writeFileSync(file('names'), 'subjectAltName=IP:127.0.0.1,DNS:database.internal');
  openssl('x509', '-req', '-in', 'server.csr', '-CA', 'ours.pem', '-CAkey', 'ours.key', '-CAcreateserial', '-days', '2', '-extfile', 'names', '-out', 'server.pem');
  chmodSync(file('server.key'), 0o600);
  if (process.getuid?.() === 0) {
    const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
    for (const name of ['server.key', 'server.pem']) chownSync(file(name), id('-u'), id('-g'));
  }
  server = await createServerIn(join(folder, 'server'), { ssl: 'on', ssl_cert_file: file('server.pem'), ssl_key_file: file('server.key') });
  database = databaseAt(role => server.url(role, templateDatabase));
});
after(async () => {
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
});

const verified = (caFile = 'ours.pem') => ({ LEDGER_DATABASE_TLS: 'verify-full', LEDGER_DATABASE_CA_FILE: file(caFile) });
const atName = () => server.url('ledger_app', templateDatabase).replace('127.0.0.1', 'localhost');

test('with the right authority the ledger is ready, over TLS 1.2 or newer', async () => {
  const ledger = await startLedger(database, verified());
  try {
    assert.deepEqual(await (await fetch(`${ledger.url}/readyz`)).json(), { status: 'ready' });
    const rows = await database.as('postgres', "SELECT s.ssl, s.version FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name LIKE 'ledger region-a%'");
    assert.ok(rows.length > 0);
    for (const row of rows) assert.ok(row['ssl'] === true && /^TLSv1\.[23]$/.test(String(row['version'])), JSON.stringify(row));
  } finally {
    await ledger.close();
  }
});

test('another authority, the system\'s authorities, or another host name: no connection, and 503 without details', async () => {
  const wrong: [string, Record<string, string>][] = [
    ['another authority', verified('theirs.pem')],
    ['the authorities of the system', { LEDGER_DATABASE_TLS: 'verify-full' }],
    ['another name', { ...verified(), LEDGER_DATABASE_URL: atName() }],
    ['nothing said at all', { LEDGER_DATABASE_TLS: '' }],
  ];
  for (const [name, over] of wrong) {
    const ledger = await startLedger(database, over);
    try {
      assert.equal((await fetch(`${ledger.url}/readyz`)).status, 503, name);
      const reply = await ledger.api.get('/v1/transfers/tr_01a1fbfc-305c-8e6a-a409-f28c7745df04');
      assert.deepEqual([reply.status, reply.json.code], [503, 'database-unavailable'], name);
      assert.doesNotMatch(reply.text, /certificate|altname|localhost/i);
    } finally {
      await ledger.close();
    }
  }
  assert.equal((await database.as('postgres', "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE 'ledger region-a%'"))[0]!['n'], 0);
});

test('a server without TLS is refused, not spoken to in the clear', async () => {
  await server.stop('fast');
  const plain = await createServerIn(join(folder, 'plain'));
  try {
    const ledger = await startLedger(databaseAt(role => plain.url(role, templateDatabase)), verified());
    try {
      assert.equal((await fetch(`${ledger.url}/readyz`)).status, 503);
      assert.equal((await ledger.api.get('/v1/transfers/tr_01a1fbfc-305c-8e6a-a409-f28c7745df04')).json.code, 'database-unavailable');
    } finally {
      await ledger.close();
    }
  } finally {
    await plain.remove();
    await server.start();
  }
});

test('migrator and audit keep to the same settings', () => {
  const run = (program: string, env: Record<string, string>) => spawnSync(process.execPath, [resolve(import.meta.dirname, `../src/${program}.ts`)], { env: { PATH: process.env['PATH'], ...env }, encoding: 'utf8', timeout: 30_000 });
  const migration = { LEDGER_MIGRATION_DATABASE_URL: database.url('ledger_owner') };
  const audit = { LEDGER_AUDIT_DATABASE_URL: database.url('ledger_readonly') };
  assert.match(run('migrate', { ...migration, ...verified() }).stdout, /nothing to apply/);
  assert.match(run('migrate', { ...migration, ...verified('theirs.pem') }).stderr, /certificate/);
  assert.doesNotMatch(run('audit', { ...audit, ...verified() }).stderr, /certificate|SSL|connect/i);
  const refused = run('audit', { ...audit, ...verified('theirs.pem') });
  assert.ok(refused.status === 2 && /certificate/.test(refused.stderr), refused.stderr);
  assert.match(run('audit', { LEDGER_AUDIT_DATABASE_URL: 'postgresql://ledger_readonly@db.example/ledger', LEDGER_DATABASE_TLS: 'disable' }).stderr, /LEDGER_DATABASE_TLS is disable/);
});

test('in the clear to another machine: no start', () => {
  const env = environment(database, { LEDGER_DATABASE_URL: 'postgresql://ledger_app@db.example/ledger' });
  assert.throws(() => readConfig(env), (error: ConfigError) => error.faults.length === 1 && error.faults[0]!.startsWith('LEDGER_DATABASE_TLS'));
  assert.doesNotThrow(() => readConfig({ ...env, LEDGER_ENVIRONMENT: 'local' }));
});

test('an authority that cannot be read ends the start', () => {
  assert.throws(() => sslOf({ verify: true, caFile: file('nowhere.pem') }), /ENOENT/);
});

test('the URL cannot overrule the settings', async () => {
  // What the driver would do with it, and therefore why it is refused.
  const client = new pg.Client({ connectionString: `${server.url('ledger_app', templateDatabase)}?sslmode=disable`, ssl: sslOf({ verify: true, caFile: file('ours.pem') }) });
  await client.connect();
  const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
  await client.end();
  assert.deepEqual(rows, [{ ssl: false }]);
  assert.throws(() => readConfig(environment(database, { ...verified(), LEDGER_DATABASE_URL: `${database.url('ledger_app')}?sslmode=disable` })), /LEDGER_DATABASE_URL must not have the parameter sslmode/);
});
