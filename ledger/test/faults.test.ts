/** Everything that can die, dies under load. Afterwards each acknowledged payment is looked up: there, and once. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { runChecks } from '../src/adapters/checks.ts';
import { databaseAt, type TestDatabase } from './support/ledger.ts';
import { Payers } from './support/payers.ts';
import { createServerIn, templateDatabase, type PostgresServer } from './support/postgres.ts';
import { eventually, spawnLedger, type LedgerProcess } from './support/process.ts';
import { startRedis, type RedisServer } from './support/redis.ts';

const folder = mkdtempSync(join(tmpdir(), 'airpay-ledger-faults-'));
let server: PostgresServer;
let redis: RedisServer;
let database: TestDatabase;
let ledgers: LedgerProcess[] = [];
const settings = { LEDGER_EXPIRY_INTERVAL_MS: '100', LEDGER_ACQUIRE_TIMEOUT_MS: '3000', LEDGER_LOCK_TIMEOUT_MS: '3000', LEDGER_STATEMENT_TIMEOUT_MS: '5000' };

const start = (instance: string, over: Record<string, string> = {}) => spawnLedger(database, { ...settings, LEDGER_INSTANCE: instance, LEDGER_REDIS_URL: redis.url, ...over });
const payers = () => new Payers(() => ledgers.map(one => one.api), { from: ['a', 'b', 'c', 'd'], to: 'hot' });

before(async () => {
  chmodSync(folder, 0o711);
  server = await createServerIn(join(folder, 'server'));
  database = databaseAt(role => server.url(role, templateDatabase));
  redis = await startRedis();
  ledgers = await Promise.all(['one', 'two'].map(name => start(name)));
  const { api } = ledgers[0]!;
  for (const id of ['a', 'b', 'c', 'd', 'hot']) await api.account(id);
  for (const id of ['a', 'b', 'c', 'd']) await api.fund(id, 1_000_000_000);
});
after(async () => {
  for (const one of ledgers) one.child.kill('SIGKILL');
  await redis?.remove();
  await server?.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Nothing lost, nothing twice, nothing wrong, and something was there to be checked. */
async function settle(load: Payers, atLeast: number): Promise<void> {
  await load.stop();
  const { checked, lost, doubled } = await load.reckon(database);
  assert.ok(checked >= atLeast, `only ${checked} payments were checked: ${JSON.stringify(load.answers)}`);
  assert.deepEqual({ lost, doubled, wrong: load.wrong }, { lost: [], doubled: [], wrong: [] }, `${checked} checked`);
  assert.equal(load.answers['internal'] ?? 0, 0, JSON.stringify(load.answers));
}

async function audit(): Promise<void> {
  const client = new pg.Client({ connectionString: database.url('ledger_readonly') });
  await client.connect();
  const results = await runChecks(client);
  await client.end();
  assert.deepEqual(results.filter(result => result.faults > 0), []);
  assert.ok(results.some(result => result.checked > 100));
}

test('kill -9 of PostgreSQL, again and again', { timeout: 180_000 }, async () => {
  const load = payers().start(12);
  for (let crash = 0; crash < 4; crash++) {
    await load.progress(60);
    await server.kill();
    await sleep(150);
    await server.start();
  }
  await load.progress(60);
  await settle(load, 240);
  // The payers may not even notice: what a crash cut off is looked for and tried again. The processes did.
  assert.ok(ledgers.every(one => /"msg":"batch tried again"/.test(one.output())), `the crashes were not noticed: ${JSON.stringify(load.answers)}`);
  await audit();
});

test('kill -9 of a ledger process, and a new one in its place', { timeout: 180_000 }, async () => {
  const load = payers().start(12);
  for (let kill = 0; kill < 3; kill++) {
    await load.progress(60);
    const victim = ledgers[kill % 2]!;
    victim.child.kill('SIGKILL');
    await victim.ended;
    await load.progress(30);
    ledgers[kill % 2] = await start(`again-${kill}`);
  }
  await load.progress(60);
  await settle(load, 270);
  assert.ok((load.answers['no answer'] ?? 0) > 0, `the kills were not noticed: ${JSON.stringify(load.answers)}`);
});

test('kill -9 of Redis changes nothing for payments', { timeout: 120_000 }, async () => {
  const load = payers().start(12);
  await load.progress(100);
  await redis.kill();
  await load.progress(100);
  await redis.start();
  await load.progress(100);
  await settle(load, 300);
  assert.deepEqual(Object.keys(load.answers), ['201'], 'not one request failed');
});

test('a process that holds the lead is stopped in the middle of its work and wakes up later', { timeout: 180_000 }, async () => {
  const load = payers().start(12);
  for (let pause = 0; pause < 3; pause++) {
    await load.progress(60);
    const zombie = ledgers[pause % 2]!;
    zombie.child.kill('SIGSTOP');
    try {
      // The other one goes on: what the stopped one held in the database, the database takes back.
      const other = ledgers[(pause + 1) % 2]!.api;
      await eventually(() => other.transfer('a', 'hot', 1).then(reply => reply.status), status => status === 201, 30_000);
      await sleep(1_500);
    } finally {
      zombie.child.kill('SIGCONT');
    }
  }
  await load.progress(60);
  await settle(load, 240);
  await audit();
});

test('pg_terminate_backend in the middle of batches', { timeout: 120_000 }, async () => {
  const load = payers().start(16);
  let ended = 0;
  for (let round = 0; round < 25; round++) {
    await load.progress(10);
    const [row] = await database.as('postgres', "SELECT count(pg_terminate_backend(pid))::int AS n FROM pg_stat_activity WHERE application_name LIKE 'ledger region%' AND application_name NOT LIKE '%probe' AND state = 'active'");
    ended += row!['n'] as number;
  }
  await load.progress(50);
  await settle(load, 250);
  assert.ok(ended > 0, 'no backend was caught at work');
  await audit();
});

test('the reckoning can fail: with synchronous_commit=off it finds lost payments', { timeout: 180_000 }, async () => {
  const careless = `${database.url('ledger_app')}?options=${encodeURIComponent('-c synchronous_commit=off')}`;
  const loose = await start('careless', { LEDGER_DATABASE_URL: careless });
  try {
    let lost = 0;
    for (let crash = 0; crash < 6 && lost === 0; crash++) {
      const load = new Payers(() => [loose.api], { from: ['a', 'b', 'c', 'd'], to: 'hot' }).start(16);
      await load.progress(150);
      await server.kill();
      // What was answered until now is what the server has to have; the payers stop before it is back.
      const acknowledged = new Map(load.acknowledged);
      const stopped = load.stop();
      await server.start();
      await stopped;
      for (const key of load.acknowledged.keys()) if (!acknowledged.has(key)) load.acknowledged.delete(key);
      const reckoning = await load.reckon(database);
      assert.ok(reckoning.checked > 100);
      lost += reckoning.lost.length;
    }
    assert.ok(lost > 0, 'a harness that finds nothing here would find nothing anywhere');
  } finally {
    loose.child.kill('SIGKILL');
  }
});
