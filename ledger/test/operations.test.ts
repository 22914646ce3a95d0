/** Metrics, logs, shutdown, start. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { readConfig } from '../src/domain/config.ts';
import { buildService } from '../src/service.ts';
import { assertAudited, createDatabase, environment, startLedger, type TestDatabase, type TestLedger } from './support/ledger.ts';
import { eventually, spawnLedger } from './support/process.ts';

let database: TestDatabase;
let ledger: TestLedger;
before(async () => {
  database = await createDatabase();
  ledger = await startLedger(database);
});
after(() => ledger.close());

const scrape = async () => (await fetch(`${ledger.url}/metrics`)).text();
const value = (text: string, series: RegExp) => Number(text.split('\n').find(line => series.test(line))?.split(' ').at(-1));

test('the metrics have the names, labels and buckets that rules and dashboards ask for', async () => {
  const { api } = ledger;
  await api.account('a');
  await api.fund('a', 500);
  await api.transfer('a', 'cash-clearing:usd', 200, {}, 'same-key');
  await api.transfer('a', 'cash-clearing:usd', 200, {}, 'same-key');
  await api.transfer('a', 'cash-clearing:usd', 900);
  await api.transfer('a', 'cash-clearing:usd', 1, { currency: 'ZZZ' });
  const text = await scrape();
  const common = 'service="ledger",region="region-a",instance="ledger-test-1"';
  for (const line of text.split('\n')) if (line && !line.startsWith('#')) assert.ok(line.includes(common), line);
  assert.equal(value(text, /^http_requests_total\{method="POST",route="\/v1\/transfers",code="201"/), 3);
  assert.equal(value(text, /^http_requests_total\{method="POST",route="\/v1\/transfers",code="422"/), 2);
  const buckets = [...text.matchAll(/^http_request_duration_seconds_bucket\{le="([^"]+)".*route="\/v1\/transfers",code="201"/gm)].map(match => match[1]);
  assert.deepEqual(buckets, ['0.005', '0.01', '0.025', '0.05', '0.1', '0.15', '0.25', '0.5', '1', '2.5', '5', '+Inf']);
  assert.equal(value(text, /^ledger_transfers_total\{result="posted",currency="USD"/), 2);
  assert.equal(value(text, /^ledger_transfers_total\{result="insufficient_funds",currency="USD"/), 1);
  assert.equal(value(text, /^ledger_transfers_total\{result="posted",currency="EUR"/), 0);
  assert.equal(value(text, /^ledger_transfers_total\{result="currency_mismatch",currency="other"/), 1, 'a currency of the client\'s own making is no label');
  assert.equal(value(text, /^ledger_transferred_minor_total\{currency="USD"/), 700);
  assert.equal(value(text, /^ledger_idempotent_replays_total/), 1);
  assert.equal(value(text, /^ledger_conflict_retries_total/), 1, 'the repeated key was met by the unique index');
  assert.equal(value(text, /^ledger_trial_balance_minor\{currency="USD"/), 0);
  assert.equal(value(text, /^ledger_database_up/), 1);
});

test('docs/ledger.md lists exactly the metrics there are', async () => {
  const docs = readFileSync(resolve(import.meta.dirname, '../../docs/ledger.md'), 'utf8');
  const listed = [...docs.matchAll(/^\| `([a-z_]+)(?:\{[^}]*\})?` \| (?:counter|gauge|histogram) \|/gm)].map(match => match[1]);
  // With all that can be switched on; nothing is connected to.
  const whole = buildService(readConfig(environment(database, { LEDGER_REDIS_URL: 'redis://127.0.0.1:1', LEDGER_WEBHOOK_KEY: Buffer.alloc(32).toString('base64'), LEDGER_LOG_LEVEL: 'silent' })));
  const present = (await whole.metrics.registry.getMetricsAsArray()).map(metric => metric.name);
  await whole.close();
  assert.deepEqual(listed.sort(), present.sort());
});

test('the trial balance gauge shows money that was made behind the ledger\'s back', async () => {
  const forged = await createDatabase();
  const first = await startLedger(forged);
  await first.api.account('opens-the-tenant');
  await first.close();
  await forged.as('postgres', "BEGIN; SET LOCAL session_replication_role = replica; UPDATE ledger.accounts SET posted_minor = 42 WHERE id = 'cash-clearing:eur'; COMMIT");
  const other = await startLedger(forged);
  try {
    assert.equal(value(await (await fetch(`${other.url}/metrics`)).text(), /^ledger_trial_balance_minor\{currency="EUR"/), 42);
    assert.equal((await other.api.get('/v1/trial-balance')).json.currencies[0].differenceMinor, '42');
  } finally {
    await other.close();
  }
});

test('each request is one JSON log line with its route, never its path or body', async () => {
  const { api, logs } = ledger;
  await api.account('very-recognizable', { owner: 'Recognizable Owner' });
  await api.get('/v1/accounts/very-recognizable');
  await api.get('/nowhere/very-recognizable');
  const lines = logs.map(line => JSON.parse(line)).filter(line => line.msg === 'request');
  const last = lines.at(-2);
  assert.deepEqual([last.service, last.region, last.instance, last.method, last.route, last.status, last.client], ['ledger', 'region-a', 'ledger-test-1', 'GET', '/v1/accounts/:id', 200, 'default']);
  assert.match(last.reqId, /^[0-9a-f-]{36}$/);
  assert.equal(lines.at(-1).route, 'unmatched');
  assert.doesNotMatch(logs.join(''), /recognizable/i);
});

test('SIGTERM: readyz 503 at once, a running request is answered, then the port closes and the process ends with 0', async () => {
  const ledgerProcess = await spawnLedger(database, { LEDGER_DRAIN_DELAY_MS: '2500' });
  const person = new pg.Client({ connectionString: database.url('postgres') });
  await person.connect();
  try {
    await person.query("BEGIN; SELECT 1 FROM ledger.accounts WHERE id = 'cash-clearing:eur' FOR UPDATE");
    let answered = false;
    const long = ledgerProcess.api.transfer('cash-clearing:eur', 'equity:eur', 5, { currency: 'EUR' }).finally(() => (answered = true));
    await eventually(async () => (await database.as('postgres', "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"))[0]?.['n'], waiting => waiting === 1);
    ledgerProcess.child.kill('SIGTERM');
    await eventually(async () => (await fetch(`${ledgerProcess.url}/readyz`)).status, status => status === 503, 2_000);
    // Still serving: balancers need time to notice.
    assert.equal((await ledgerProcess.api.get('/v1/accounts/equity:eur')).status, 200);
    await eventually(() => fetch(`${ledgerProcess.url}/livez`).then(() => 'open', () => 'closed'), state => state === 'closed');
    assert.equal(answered, false);
    await person.query('COMMIT');
    assert.equal((await long).status, 201);
    assert.deepEqual(await ledgerProcess.ended, { code: 0, signal: null });
    assert.match(ledgerProcess.output(), /"msg":"stopped"/);
  } finally {
    await person.end();
    ledgerProcess.child.kill('SIGKILL');
  }
});

test('the shutdown has a deadline: a request that never ends does not keep the process', async () => {
  const ledgerProcess = await spawnLedger(database, { LEDGER_SHUTDOWN_TIMEOUT_MS: '500' });
  const person = new pg.Client({ connectionString: database.url('postgres') });
  await person.connect();
  try {
    await person.query("BEGIN; SELECT 1 FROM ledger.accounts WHERE id = 'cash-clearing:eur' FOR UPDATE");
    const never = ledgerProcess.api.transfer('cash-clearing:eur', 'equity:eur', 5, { currency: 'EUR' }).then(() => 'answered', () => 'broken');
    await eventually(async () => (await database.as('postgres', "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"))[0]?.['n'], waiting => waiting === 1);
    ledgerProcess.child.kill('SIGTERM');
    assert.deepEqual(await ledgerProcess.ended, { code: 1, signal: null });
    assert.equal(await never, 'broken');
  } finally {
    await person.end();
    ledgerProcess.child.kill('SIGKILL');
  }
});

test('a wrong environment ends the process at once with every fault named', () => {
  const result = spawnSync(process.execPath, [resolve(import.meta.dirname, '../src/main.ts')], { env: { PATH: process.env['PATH'] }, encoding: 'utf8', timeout: 20_000 });
  assert.equal(result.status, 1);
  for (const name of ['LEDGER_PORT', 'LEDGER_REGION', 'LEDGER_INSTANCE', 'LEDGER_DATABASE_URL', 'LEDGER_API_KEYS']) assert.match(result.stderr, new RegExp(`${name} is missing`));
});

test('after all of this the whole journal passes the audit', () => assertAudited(database));
