/** A change of the leader, planned and not, under load: no acknowledged payment is lost, none is made twice, no answer is wrong. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { runChecks } from '../src/adapters/checks.ts';
import { databaseAt, type TestDatabase } from './support/ledger.ts';
import { PatroniCluster } from './support/patroni.ts';
import { Payers } from './support/payers.ts';
import { makeTemplateAt, templateDatabase } from './support/postgres.ts';
import { spawnLedger, type LedgerProcess } from './support/process.ts';

const cluster = new PatroniCluster();
let database: TestDatabase;
let ledgers: LedgerProcess[] = [];
before(async () => {
  await cluster.start();
  const url = (role: string, name: string) => cluster.url(role, name);
  await makeTemplateAt(url);
  database = databaseAt(role => url(role, templateDatabase));
  ledgers = await Promise.all(['one', 'two'].map(LEDGER_INSTANCE => spawnLedger(database, { LEDGER_INSTANCE, LEDGER_ACQUIRE_TIMEOUT_MS: '3000', LEDGER_LOCK_TIMEOUT_MS: '3000', LEDGER_STATEMENT_TIMEOUT_MS: '5000' })));
  for (const id of ['a', 'b', 'hot']) await ledgers[0]!.api.account(id);
  for (const id of ['a', 'b']) await ledgers[0]!.api.fund(id, 1_000_000_000);
}, { timeout: 240_000 });
after(async () => {
  for (const one of ledgers) one.child.kill('SIGKILL');
  await cluster.remove();
});

const payers = () => new Payers(() => ledgers.map(one => one.api), { from: ['a', 'b'], to: 'hot' }).start(12);

async function settle(load: Payers): Promise<void> {
  await load.stop();
  const { checked, lost, doubled } = await load.reckon(database);
  assert.ok(checked >= 100, `only ${checked} payments were checked: ${JSON.stringify(load.answers)}`);
  assert.deepEqual({ lost, doubled, wrong: load.wrong }, { lost: [], doubled: [], wrong: [] }, `${checked} checked`);
  const client = new pg.Client({ connectionString: database.url('ledger_readonly') });
  await client.connect();
  const results = await runChecks(client);
  await client.end();
  assert.deepEqual(results.filter(result => result.faults > 0), []);
}

test('a planned switchover under load', { timeout: 180_000 }, async () => {
  const before_ = await cluster.leader();
  const load = payers();
  await load.progress(80);
  await cluster.switchover();
  await load.progress(80, 120_000);
  assert.notEqual(await cluster.leader(), before_);
  await settle(load);
});

test('the leader\'s machine is lost under load', { timeout: 240_000 }, async () => {
  await cluster.until(states => [...states.values()].some(one => one.sync), 120_000);
  const load = payers();
  await load.progress(80);
  const lost = await cluster.lose();
  await load.progress(80, 120_000);
  assert.notEqual(await cluster.leader(), lost);
  await settle(load);
});
