/** The cache beside a real database: what is lost on the way to it is made good, and what a database lost it loses too. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { CacheOptions } from '../src/adapters/cache.ts';
import { redisDefaults } from '../src/adapters/redis.ts';
import { balancePayload, entryKey, sealEntry } from '../src/domain/cached.ts';
import { CachingProcess } from './support/cachingProcess.ts';
import { createServerIn, templateDatabase, type PostgresServer } from './support/postgres.ts';
import { startRedis, type RedisServer } from './support/redis.ts';
import { openAddress, startStandby } from './support/standby.ts';

let postgres: PostgresServer;
let redisServer: RedisServer;
/** Begins the names of the servers' folders. */
const folder = join(tmpdir(), `airpay-cache-test-${process.pid}`);
const opened: CachingProcess[] = [];
before(async () => {
  [postgres, redisServer] = await Promise.all([createServerIn(`${folder}-server`), startRedis()]);
});
beforeEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  await redisServer.command('FLUSHALL');
});
after(async () => {
  for (const one of opened.splice(0)) await one.close();
  await redisServer.remove();
  await postgres.remove();
});

async function start(name: string, port = postgres.port, options: Partial<CacheOptions> = {}): Promise<CachingProcess> {
  const one = new CachingProcess(name, port, redisServer.url, options);
  opened.push(one);
  return one.ready();
}

test('after a commit the cache has the new balance, and answers the whole account', async () => {
  const one = await start('one');
  await Promise.all([one.open('a1'), one.open('a2')]);
  await one.read('a1');
  await one.pay('a1', 'a2', 250n);
  await one.cache.settled();
  await one.repair.tick();
  const hits = await one.metric('ledger_cache_reads_total', { kind: 'account', result: 'hit' });
  const cached = await one.read('a1');
  assert.equal(await one.metric('ledger_cache_reads_total', { kind: 'account', result: 'hit' }), hits + 1);
  assert.deepEqual(cached, await one.stored('a1'));
  assert.equal(cached.postedMinor, -250n);
});

test('writes that were lost are made good from the journal within one tick, by whichever process leads', async () => {
  const [one, two] = [await start('one'), await start('two')];
  await Promise.all([one.open('b1'), one.open('b2')]);
  for (const id of ['b1', 'b2']) await one.read(id);
  await one.cache.settled();
  one.tells = false;
  for (let round = 0; round < 20; round++) await one.pay('b1', 'b2', 1n);
  assert.equal((await two.cache.readAccount('acme', 'b1'))?.version ?? 0, 0, 'this is what would stay');
  await one.repair.tick();
  await two.repair.tick();
  assert.equal((await two.cache.readAccount('acme', 'b1'))?.version, 20);
  assert.ok((await one.metric('ledger_cache_repaired_total')) >= 2);
  assert.equal(await two.metric('ledger_cache_repaired_total'), 0, 'one did the work');
  assert.equal(await two.metric('ledger_projection_lag_positions'), 0);
  // The leader stops; the other takes over.
  await one.repair.stop();
  await one.pay('b1', 'b2', 1n);
  await sleep(2_100);
  await two.repair.tick();
  assert.equal((await two.cache.readAccount('acme', 'b1'))?.version, 21);
});

test('FLUSHALL and kill -9 under load: no reader ever goes back, nobody is wrong at the end, every payment is answered', async () => {
  const processes = [await start('one'), await start('two')];
  const ids = Array.from({ length: 8 }, (_, index) => `c${index}`);
  for (const id of ids) await processes[0]!.open(id);
  for (const one of processes) one.repair.start();
  let [writing, posted, hits] = [true, 0, 0];
  /** Of each process: what it has acknowledged to its own clients. */
  const committed = processes.map(one => one.committed);
  const writers = processes.map(async (one, writer) => {
    while (writing) {
      const [from, to] = [ids[(posted + writer) % 8]!, ids[(posted + writer + 3) % 8]!];
      await Promise.all(Array.from({ length: 10 }, () => one.pay(from, to, 1n)));
      posted += 10;
      for (const id of ids) {
        const seen = await one.cache.readAccount('acme', id);
        const floor = committed[writer]!.get(id) ?? 0;
        if (seen) assert.ok(seen.version >= floor, `${id}: this process has committed version ${floor} and reads ${seen.version}`);
        if (seen) hits++;
        else one.cache.accountRead(await one.stored(id));
      }
    }
  });
  for (let round = 0; round < 4; round++) {
    await sleep(500);
    if (round % 2 === 0) await redisServer.command('FLUSHALL');
    else {
      await redisServer.kill();
      await sleep(200);
      await redisServer.start();
    }
  }
  await sleep(1_500);
  writing = false;
  await Promise.all(writers);
  for (const one of processes) await one.cache.settled();
  await sleep(2_600); // a leader that has the lock, one more look of each
  for (const one of processes) {
    for (const id of ids) {
      const account = await one.stored(id);
      one.cache.accountRead(account);
      await one.cache.settled();
      assert.deepEqual(await one.cache.readAccount('acme', id), account);
    }
    assert.equal(await one.metric('ledger_cache_untrue_total'), 0);
  }
  assert.ok(posted > 200 && hits > 10, `${posted} payments, ${hits} hits`);
});

test('Redis comes back with an older state: the mark is as old as the entries, and everything since is applied again', async () => {
  const one = await start('one');
  await Promise.all([one.open('d1'), one.open('d2')]);
  await one.read('d1');
  await one.pay('d1', 'd2', 5n);
  await one.cache.settled();
  await one.repair.tick();
  await redisServer.command('SAVE');
  for (let round = 0; round < 5; round++) await one.pay('d1', 'd2', 5n);
  await one.cache.settled();
  await one.repair.tick();
  assert.equal((await one.cache.readAccount('acme', 'd1'))?.version, 6);
  await redisServer.kill(); // and with it what it did not save
  await redisServer.start();
  assert.ok(await one.redis.ready(5_000));
  const epoch = await one.epoch();
  assert.equal((await one.cache.peek(epoch, [{ tenant: 'acme', id: 'd1' }]))[0]?.version, 1, 'the older state is there, with a right seal');
  assert.equal(await one.cache.readAccount('acme', 'd1'), undefined, 'and is not shown by a process that has committed more');
  const two = await start('two');
  await one.repair.tick();
  await two.repair.tick();
  assert.equal((await two.cache.readAccount('acme', 'd1'))?.version, 6);
});

test('where the mark is gone, no balance is read until whoever leads has gone over the journal again', async () => {
  const [one, two] = [await start('one'), await start('two')];
  await Promise.all([one.open('m1'), one.open('m2')]);
  await one.read('m1');
  await one.cache.settled();
  await one.repair.tick();
  await two.repair.tick();
  assert.ok(await two.cache.readAccount('acme', 'm1'));
  await redisServer.command('DEL', entryKey(await one.epoch(), 'mark', 'journal'));
  await two.repair.tick();
  assert.equal(await two.cache.readAccount('acme', 'm1'), undefined);
  assert.equal(await two.metric('ledger_cache_reads_total', { result: 'bypass' }), 1);
  await one.repair.tick();
  await two.repair.tick();
  assert.ok(await two.cache.readAccount('acme', 'm1'));
});

test('an entry with a right seal and a version that the database does not have is found and overruled', async () => {
  const one = await start('one');
  await Promise.all([one.open('e1'), one.open('e2')]);
  await one.pay('e1', 'e2', 5n);
  await one.read('e1');
  await one.cache.settled();
  await one.repair.tick();
  const epoch = await one.epoch();
  const forge = async (id: string, version: number) => {
    const key = entryKey(epoch, 'bal', `acme:${id}`);
    const untrue = { version, postedMinor: 1_000_000n, pendingOutMinor: 0n, pendingInMinor: 0n };
    await redisServer.command('SET', key, sealEntry(epoch, key, BigInt(version), Date.now() + 60_000, balancePayload(untrue))!);
  };
  await forge('e1', 900);
  await one.repair.tick();
  assert.equal((await one.cache.readAccount('acme', 'e1'))?.postedMinor, 1_000_000n, 'nothing has touched the account since: it would be served until it expires');
  assert.equal((await one.repair.rebuild()).untrue, 1);
  assert.deepEqual(await one.cache.readAccount('acme', 'e1'), await one.stored('e1'));
  await forge('e1', 901);
  await one.pay('e1', 'e2', 5n);
  await one.cache.settled();
  await one.repair.tick();
  assert.deepEqual(await one.cache.readAccount('acme', 'e1'), await one.stored('e1'), 'and the next payment brings it to light');
  await forge('e1', 2);
  assert.equal((await one.repair.rebuild()).untrue, 1, 'the right version with another balance');
});

test('rebuilt from nothing while payments go on, the cache equals the balances and the sum of the entries', async () => {
  const one = await start('one');
  const ids = Array.from({ length: 40 }, (_, index) => `f${index}`);
  await Promise.all(ids.map(id => one.open(id)));
  await Promise.all(Array.from({ length: 400 }, (_, index) => one.pay(ids[index % 40]!, ids[(index * 7 + 1) % 40]!, BigInt(index + 1)).catch((error: Error) => assert.match(error.message, /same-account/))));
  await one.cache.settled();
  await redisServer.command('FLUSHALL');
  one.tells = false; // only the rebuild writes
  const paying = Promise.all(Array.from({ length: 100 }, (_, index) => one.pay(ids[index % 40]!, ids[(index + 1) % 40]!, 1n)));
  const result = await one.repairing({ stepRows: 7 }).rebuild();
  await paying;
  assert.ok(result.accounts >= 40 && result.written >= 40 && result.untrue === 0, JSON.stringify(result));
  await one.repair.tick();
  const epoch = await one.epoch();
  const cached = await one.cache.peek(epoch, ids.map(id => ({ tenant: 'acme', id })));
  const summed = await sumOfEntries(one, ids);
  for (const [index, id] of ids.entries()) {
    const { version, postedMinor } = await one.stored(id);
    assert.deepEqual([cached[index]?.version, cached[index]?.postedMinor], [version, postedMinor], id);
    assert.deepEqual(summed.get(id), [version, postedMinor], `${id} from its entries`);
  }
});

async function sumOfEntries(one: CachingProcess, ids: string[]): Promise<Map<string, [number, bigint]>> {
  const rows = await one.database.queryAs('acme', { name: 'sums', text: 'SELECT account_id, count(*)::int AS version, sum(change_minor)::text AS posted FROM ledger.entries WHERE account_id = ANY ($1) GROUP BY account_id', values: [ids] });
  return new Map(rows.map(row => [row['account_id'] as string, [row['version'] as number, BigInt(row['posted'] as string)]]));
}

test('rebuildCache: the same as a command, and it says when it could not', async () => {
  const one = await start('one');
  await one.open('r1');
  await redisServer.command('FLUSHALL');
  const run = (over: Record<string, string>) => promisify(execFile)(process.execPath, [resolve(import.meta.dirname, '../src/rebuildCache.ts')], {
    env: { PATH: process.env['PATH'], LEDGER_DATABASE_URL: postgres.url('ledger_app', templateDatabase), LEDGER_DATABASE_TLS: 'disable', LEDGER_REDIS_URL: redisServer.url, ...over },
  });
  const [first, second] = [await run({}), await run({})];
  const numbers = (text: string) => /^(\d+) accounts looked at, (\d+) entries written, 0 untrue ones overruled\n$/.exec(text)!.slice(1).map(Number);
  const [accounts, written] = numbers(first.stdout);
  assert.ok(accounts! > 0 && written === accounts, first.stdout);
  assert.deepEqual(numbers(second.stdout), [accounts, 0]);
  await assert.rejects(run({ LEDGER_REDIS_URL: 'redis://127.0.0.1:1' }), (error: { code: number; stderr: string }) => error.code === 2 && /Redis does not answer/.test(error.stderr));
});

test('Redis hangs: the reads are answered by the database, at most 100 ms later, and payments do not notice', async () => {
  const one = new CachingProcess('one', postgres.port, redisServer.url, {}, redisDefaults.commandTimeoutMs);
  opened.push(one);
  await one.ready();
  await Promise.all([one.open('g1'), one.open('g2')]);
  const timed = async (work: () => Promise<unknown>) => {
    const startedAt = performance.now();
    await work();
    return performance.now() - startedAt;
  };
  const read = async () => assert.equal((await one.ledger.readAccount('acme', 'g1')).id, 'g1');
  await read();
  await one.repair.tick();
  const usualMs = await timed(read);
  redisServer.pause();
  try {
    const firstMs = await timed(read);
    assert.ok(firstMs < usualMs + 100, `${usualMs} ms, then ${firstMs} ms`);
    const laterMs = await timed(async () => {
      for (let round = 0; round < 20; round++) await read();
    });
    assert.ok(laterMs < 20 * (usualMs + 25), `20 reads took ${laterMs} ms`);
    for (let round = 0; round < 20; round++) await one.pay('g1', 'g2', 1n);
    assert.equal((await one.ledger.readAccount('acme', 'g1')).version, '20');
  } finally {
    redisServer.resume();
  }
});

test('a failover that loses commits: what was cached from them is never found again', async () => {
  const primary = await createServerIn(`${folder}-primary`, { max_wal_senders: '4' });
  const standby = await startStandby(primary);
  const address = await openAddress(primary.port);
  const others: CachingProcess[] = [];
  try {
    const one = await start('one', address.port, { quarantineMs: 1_500 });
    others.push(one);
    await Promise.all([one.open('h1'), one.open('h2')]);
    await one.pay('h1', 'h2', 1n);
    await standby.catchUp();
    await standby.cutOff();
    const lost = await one.epoch();
    for (let round = 0; round < 9; round++) await one.pay('h1', 'h2', 100n);
    await one.read('h1');
    await one.cache.settled();
    await one.repair.tick();
    one.cache.answered('acme', 'lost-key', { requestHash: 'ab'.repeat(32), status: 201, body: '{}' });
    await one.cache.settled();
    assert.equal((await one.cache.readAccount('acme', 'h1'))?.version, 10);

    await primary.stop('immediate');
    await assert.rejects(one.repair.tick());
    await standby.promote();
    address.pointTo(standby.port);
    await one.repair.tick().catch(() => one.repair.tick()); // the first meets the connections that were cut
    assert.notEqual((await one.epoch()).name, lost.name);
    assert.equal(await one.cache.readAccount('acme', 'h1'), undefined);
    assert.equal(await one.cache.readAnswer('acme', 'lost-key'), undefined);
    assert.deepEqual([(await one.stored('h1')).version, (await one.stored('h1')).postedMinor], [1, -1n], 'nine payments are lost');
    // A process that was not there before has nothing of it either, and the new history fills the cache with what it has.
    const two = await start('two', address.port);
    others.push(two);
    assert.equal(await two.cache.readAccount('acme', 'h1'), undefined);
    await two.pay('h1', 'h2', 7n);
    await two.read('h1');
    await two.cache.settled();
    await two.repair.tick();
    assert.deepEqual(await two.cache.readAccount('acme', 'h1'), await two.stored('h1'));
    assert.equal((await two.cache.readAccount('acme', 'h1'))?.postedMinor, -8n);
    await sleep(1_500);
    await one.repair.tick();
    assert.deepEqual(await one.cache.readAccount('acme', 'h1'), await two.stored('h1'), 'and so does the old process, after its quarantine');
  } finally {
    for (const other of others) {
      await other.close();
      opened.splice(opened.indexOf(other), 1);
    }
    await address.close();
    await standby.remove();
    await primary.remove();
  }
});

test('a standby has no history of its own: nothing is read from the cache or written to it', async () => {
  const primary = await createServerIn(`${folder}-source`, { max_wal_senders: '4' });
  const standby = await startStandby(primary);
  const one = new CachingProcess('one', standby.port, redisServer.url);
  opened.push(one);
  try {
    assert.ok(await one.redis.ready(5_000));
    await one.repair.tick();
    assert.equal(await one.cache.readAccount('acme', 'any'), undefined);
    assert.equal(await one.metric('ledger_cache_reads_total', { result: 'bypass' }), 1);
    await assert.rejects(one.repair.rebuild(), /no primary/);
    assert.deepEqual(await redisServer.command('KEYS', '*'), []);
  } finally {
    await one.close();
    opened.splice(opened.indexOf(one), 1);
    await standby.remove();
    await primary.remove();
  }
});

test('a restart of the same server is another history: it may have been restored meanwhile', async () => {
  const one = await start('one');
  const before = await one.epoch();
  assert.equal((await one.epoch()).name, before.name, 'as long as it runs it is one');
  await postgres.stop('fast');
  await postgres.start();
  const [row] = await one.database.query({ name: 'epoch_again', text: 'SELECT epoch FROM ledger.cache_epoch()', values: [] });
  assert.notEqual(row!['epoch'], before.name);
});
