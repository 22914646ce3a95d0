/** Webhooks when processes die, sleep or lose their database. On a server of their own. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { runChecks } from '../src/adapters/checks.ts';
import { WebhookStore, type Due } from '../src/adapters/webhooks.ts';
import { Sealer } from '../src/domain/sealed.ts';
import { databaseAt } from './support/ledger.ts';
import { freePort } from './support/postgres.ts';
import { eventually, spawnLedger } from './support/process.ts';
import { sealingKey, WebhookBench } from './support/webhooks.ts';

const bench = new WebhookBench();
const children: ChildProcess[] = [];
let accounts: [string, string];
before(async () => {
  await bench.start();
  accounts = await bench.accounts();
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await bench.removeEndpoints();
});
after(() => bench.stop());

interface Running {
  child: ChildProcess;
  output(): string;
}

function run(file: string, args: string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, file), ...args], { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', chunk => (text += chunk));
  children.push(child);
  return { child, output: () => text };
}

const leaseMs = 1_000;
const startRelay = () => run('support/relay-process.ts', [bench.url('ledger_app'), String(leaseMs)]);

async function leading(relay: Running, times = 1): Promise<void> {
  await eventually(async () => relay.output(), text => text.split('leading').length > times, 15_000);
}

async function kill(running: Running): Promise<void> {
  const ended = new Promise(settle => running.child.once('exit', settle));
  running.child.kill('SIGKILL');
  await ended;
}

test('a process that dies between the commit and the delivery, or before it hears the answer, loses nothing', async () => {
  let mute = true;
  const consumer = await bench.consumer(() => (mute ? 'hang' : 200));
  await bench.endpoint(consumer, { events: ['transfer.posted'] });
  const first = startRelay();
  await leading(first);
  const unheard = await bench.transfer(accounts);
  await eventually(async () => consumer.arrived.length, count => count === 1); // it is there, and nobody will ever record it
  await kill(first);
  const unsent = await bench.transfer(accounts);
  mute = false;
  await leading(startRelay());
  await eventually(async () => consumer.positions().length, count => count === 2);
  assert.deepEqual(consumer.positions(), [unheard, unsent]);
  assert.deepEqual(consumer.arrived.map(one => Number(one.event.position)).sort(), [unheard, unheard, unsent].sort(), 'once more than needed: at least once, as promised');
});

test('the ledger killed after its commits and before their delivery: after its restart each event is handled exactly once', async () => {
  const database = databaseAt(role => bench.url(role));
  const settings = { LEDGER_ENVIRONMENT: 'local', LEDGER_WEBHOOK_KEY: Buffer.from(sealingKey).toString('base64'), LEDGER_WEBHOOK_ALLOW_HTTP: 'true' };
  const consumer = await bench.consumer();
  let ledger = await spawnLedger(database, settings);
  children.push(ledger.child);
  const created = await ledger.api.post('/v1/webhook-endpoints', { url: consumer.url, events: ['transfer.posted'] });
  assert.equal(created.status, 201, created.text);
  await ledger.api.transfer(...accounts, 1);
  await eventually(async () => consumer.arrived.length, count => count === 1);
  const acknowledged = await Promise.all(Array.from({ length: 100 }, async () => (await ledger.api.transfer(...accounts, 1)).json.id as string));
  const early = consumer.arrived.length;
  ledger.child.kill('SIGKILL');
  await ledger.ended;
  assert.ok(early < 101, 'it was killed too late to prove anything');
  ledger = await spawnLedger(database, settings);
  children.push(ledger.child);
  await eventually(async () => consumer.positions().length, count => count === 101);
  const byId = new Map(consumer.arrived.map(one => [one.event.id, one.event.data.id]));
  assert.deepEqual([...byId.values()].sort().slice(1), acknowledged.sort());
  const text = await (await fetch(`${ledger.url}/metrics`)).text();
  for (const name of ['ledger_outbox_lag_positions', 'ledger_outbox_lag_seconds', 'ledger_webhook_dead', 'ledger_webhook_deliveries_total']) assert.match(text, new RegExp(`^${name}\\{`, 'm'));
  ledger.child.kill('SIGTERM'); // hands its lease on
  assert.equal((await ledger.ended).code, 0);
});

test('ledger and consumer killed again and again under load: the consumer handles every event exactly once', { timeout: 90_000 }, async () => {
  const port = await freePort();
  const file = join(bench.folder, 'handled');
  const { secret } = await bench.endpoint({ url: `http://127.0.0.1:${port}/` }, { events: ['transfer.posted'] });
  const startConsumer = () => run('../examples/webhook-consumer.ts', [String(port), file], { WEBHOOK_SECRET: secret });
  const handled = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').filter(Boolean) : []);
  let [relay, consumer] = [startRelay(), startConsumer()];
  const positions: number[] = [];
  let stopping = false;
  const load = (async () => {
    for (; !stopping; await sleep(10)) positions.push(await bench.transfer(accounts));
  })();
  for (let round = 0; round < 4; round++) {
    const before = handled().length;
    await eventually(async () => handled().length, count => count > before + 20);
    await kill(relay);
    relay = startRelay();
    const later = handled().length;
    await eventually(async () => handled().length, count => count > later + 20);
    await kill(consumer);
    await sleep(100);
    consumer = startConsumer();
  }
  stopping = true;
  await load;
  // What ledger_readonly finds when it audits a live database.
  const reader = new pg.Client({ connectionString: bench.url('ledger_readonly') });
  await reader.connect();
  const found = (await runChecks(reader)).filter(check => check.name.startsWith('outbox'));
  await reader.end();
  assert.deepEqual(found.map(check => [check.name, check.faults, check.checked > 100]), [['outbox', 0, true], ['outbox-complete', 0, true]]);
  await eventually(async () => new Set(handled().map(line => line.split(' ')[1])).size, count => count === positions.length, 30_000);
  assert.ok(positions.length > 160, `only ${positions.length} events`);
  assert.equal(new Set(handled().map(line => line.split(' ')[0])).size, handled().length, 'none twice');
  assert.deepEqual(handled().map(line => Number(line.split(' ')[1])).sort((a, b) => a - b), positions, 'none missing, none made up');
});

test('a leader that was asleep wakes up without the lease: what it believed changes nothing', async () => {
  let held: number | undefined;
  const consumer = await bench.consumer(event => (Number(event.position) === held ? 'hang' : 200));
  const { id } = await bench.endpoint(consumer, { events: ['transfer.posted'] });
  const sleeper = startRelay();
  await leading(sleeper);
  const waker = startRelay();
  const [{ epoch: before }] = (await bench.as('ledger_readonly', "SELECT epoch::int FROM ledger.leases WHERE name = 'webhooks'")) as [{ epoch: number }];
  held = (await bench.as('ledger_readonly', 'SELECT position::int FROM ledger.head'))[0]!['position'] as number + 1;
  assert.equal(await bench.transfer(accounts), held);
  await eventually(async () => consumer.positions(), positions => positions.includes(held!));
  sleeper.child.kill('SIGSTOP'); // with a delivery under way
  await leading(waker);
  const [{ epoch: later }] = (await bench.as('ledger_readonly', "SELECT epoch::int FROM ledger.leases WHERE name = 'webhooks'")) as [{ epoch: number }];
  assert.equal(later, before + 1);
  const positions = [held, await bench.transfer(accounts), await bench.transfer(accounts)];
  held = undefined;
  await eventually(() => bench.deliveries(id, '?state=delivered'), list => list.length === 3);
  const asleep = JSON.stringify(await bench.deliveries(id));
  sleeper.child.kill('SIGCONT');
  await sleep(2_500); // its attempt ends, and its lease is long over
  assert.equal(JSON.stringify(await bench.deliveries(id)), asleep, 'it has recorded nothing');
  assert.equal(sleeper.output().split('leading').length, 2, 'it leads no more');
  const last = await bench.transfer(accounts);
  await eventually(async () => consumer.positions(), seen => seen.includes(last));
  await sleep(200);
  assert.deepEqual(consumer.arrived.map(one => Number(one.event.position)).filter(position => position === last).length, 1);
  assert.deepEqual(consumer.positions(), [...positions, last]);
});

/** Falls asleep once, with an answer in its hands. */
class SleepyStore extends WebhookStore {
  slept = false;

  override async due(except: string[], limit: number): Promise<Due[]> {
    const found = await super.due(except, limit);
    if (found.length > 0 && !this.slept) {
      this.slept = true;
      await sleep(leaseMs * 2);
    }
    return found;
  }
}

test('what a leader had found before it fell asleep it does not send after it woke up', async () => {
  const consumer = await bench.consumer();
  await bench.endpoint(consumer, { events: ['transfer.posted'] });
  const store = new SleepyStore(bench.database);
  const sleeper = bench.relay({ leaseTtlMs: leaseMs }, bench.http(), new Sealer([sealingKey]), store);
  await eventually(async () => sleeper.leads, Boolean);
  const waker = bench.relay({ leaseTtlMs: leaseMs });
  const position = await bench.transfer(accounts);
  await eventually(async () => consumer.positions(), seen => seen.includes(position));
  assert.ok(store.slept && waker.leads && !sleeper.leads);
  await sleep(leaseMs * 2);
  assert.equal(consumer.arrived.length, 1);
  await Promise.all([sleeper.stop(1_000), waker.stop(1_000)]);
});

test('without the lease of now the database takes nothing from a relay', async () => {
  await eventually(() => bench.store.takeLease('one', 300), epoch => epoch !== undefined);
  const epoch = (await bench.store.takeLease('one', 300))!;
  assert.equal(await bench.store.takeLease('two', 300), undefined);
  await sleep(350);
  const newer = (await bench.store.takeLease('two', 5_000))!;
  assert.equal(newer, epoch + 1n);
  const consumer = await bench.consumer();
  const { id } = await bench.endpoint(consumer, { events: ['transfer.posted'], fromPosition: '1' });
  assert.ok((await bench.store.handOut('two', newer, 5_000, 1_000)) !== undefined);
  assert.equal(await bench.store.catchUp('two', newer, 5_000, 1_000, 8), 1);
  const [due] = await bench.store.due([], 1);
  assert.equal(due!.endpointId, id);
  const outcome = { due: due!, delivered: true, nextMs: null, status: 200, error: null };
  const failed = { ...outcome, delivered: false, nextMs: 0, status: 500, error: 'answered 500' };
  for (const [holder, under] of [['one', epoch], ['one', newer], ['two', epoch]] as const) {
    assert.equal(await bench.store.handOut(holder, under, 10, 10), undefined);
    assert.equal(await bench.store.catchUp(holder, under, 10, 10, 8), undefined);
    assert.equal(await bench.store.record(holder, under, [outcome]), undefined);
    assert.equal(await bench.store.prune(holder, under, 0, 0, 10), undefined);
  }
  assert.equal(await bench.store.record('two', newer, [failed]), 1);
  assert.equal(await bench.store.record('two', newer, [outcome]), 0, 'an attempt that is over counts no more: somebody may have asked for the delivery anew');
  assert.equal(await bench.store.record('two', newer, [{ ...outcome, due: { ...due!, attempts: 1 } }]), 1);
  assert.equal(await bench.store.record('two', newer, [{ ...failed, due: { ...due!, attempts: 2 } }]), 0, 'nor one of a delivery that has arrived');
  await bench.store.giveUpLease('two');
});

test('a relay outlives its database: it waits, and goes on after the restart', async () => {
  const consumer = await bench.consumer();
  await bench.endpoint(consumer, { events: ['transfer.posted'] });
  const relay = bench.relay();
  const before = await bench.transfer(accounts);
  await eventually(async () => consumer.positions(), seen => seen.includes(before));
  await bench.server.stop('immediate');
  await sleep(500);
  await bench.server.start();
  const later = await eventually(() => bench.transfer(accounts).catch(() => 0), position => position > 0);
  await eventually(async () => consumer.positions(), seen => seen.includes(later));
  assert.ok(bench.logs.some(one => (one as { message: string }).message === 'webhooks are waiting'));
  await relay.stop(1_000);
});

test('no event goes out that the synchronous standby has not confirmed: a failover could still take it back', { timeout: 90_000 }, async () => {
  const consumer = await bench.consumer();
  await bench.endpoint(consumer, { events: ['transfer.posted'] });
  const relay = bench.relay();
  const before = await bench.transfer(accounts);
  await eventually(async () => consumer.positions(), seen => seen.includes(before));
  const set = async (names: string) => {
    await bench.as('postgres', `ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
    await bench.as('postgres', 'SELECT pg_reload_conf()');
    await eventually(async () => (await bench.as('postgres', 'SHOW synchronous_standby_names'))[0]!['synchronous_standby_names'], now => now === names);
  };
  const cancel = () => bench.as('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
  try {
    await set('a_standby_that_is_gone');
    const unconfirmed = bench.transfer(accounts).catch((error: { code?: string }) => error.code);
    const visible = async () => Number((await bench.as('ledger_readonly', 'SELECT position FROM ledger.head'))[0]!['position']);
    // Its wait, and every wait of the relay, is cancelled: PostgreSQL says COMMIT, with a warning.
    for (const end = Date.now() + 3_000; Date.now() < end; await sleep(50)) await cancel();
    assert.ok((await visible()) > before, 'it is visible on this server');
    assert.deepEqual(consumer.positions(), [before], 'and nobody was told');
    await set('');
    assert.notEqual(await unconfirmed, undefined);
    await eventually(async () => consumer.positions().length, count => count === 2);
  } finally {
    await set('');
    await relay.stop(1_000);
  }
});
