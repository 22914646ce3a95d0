/** Idempotency does not rest on the cache: whatever becomes of it, a key has one effect and one answer. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { LedgerError } from '../src/domain/errors.ts';
import type { Command } from '../src/domain/model.ts';
import { redisDefaults } from '../src/adapters/redis.ts';
import { CachingProcess } from './support/cachingProcess.ts';
import { createServerIn, type PostgresServer } from './support/postgres.ts';
import { startRedis, type RedisServer } from './support/redis.ts';

let postgres: PostgresServer;
let redisServer: RedisServer;
let processes: CachingProcess[] = [];
before(async () => {
  [postgres, redisServer] = await Promise.all([createServerIn(join(tmpdir(), `airpay-cache-replays-${process.pid}`)), startRedis()]);
  processes = ['one', 'two'].map(name => new CachingProcess(name, postgres.port, redisServer.url));
  for (const one of processes) (await one.ready()).repair.start();
  for (const id of ['from', 'to', 'poor']) await processes[0]!.open(id, id === 'poor' ? 0n : null);
});
beforeEach(() => redisServer.command('FLUSHALL'));
after(async () => {
  for (const one of processes) await one.close();
  await redisServer.remove();
  await postgres.remove();
});

const transferOf = (debitAccountId: string, amountMinor: bigint): Command =>
  ({ kind: 'transfer', postings: [{ debitAccountId, creditAccountId: 'to', amountMinor, currency: 'USD', description: null, metadata: { note: 'ünïcode "quoted"' }, effectiveAtUs: null }] });
const run = (one: CachingProcess, command: Command, key: string) => one.ledger.run('POST /v1/transfers', command, { tenant: 'acme', actor: 'test', key, requestId: randomUUID() });

async function rowsUnder(key: string): Promise<number> {
  const [row] = await processes[0]!.database.queryAs('acme', { name: 'rows_under', text: 'SELECT count(*)::int AS n FROM ledger.journal WHERE key = $1', values: [key] });
  return row!['n'] as number;
}
const answerHits = async () => (await Promise.all(processes.map(one => one.metric('ledger_cache_reads_total', { kind: 'answer', result: 'hit' })))).reduce((sum, hits) => sum + hits, 0);

test('100 replays at two processes with FLUSHALL in between: one transfer, identical bytes', async () => {
  const [key, before] = [randomUUID(), await processes[0]!.stored('from')];
  const first = await run(processes[0]!, transferOf('from', 100n), key);
  assert.deepEqual([first.status, first.replayed], [201, false]);
  const hitsBefore = await answerHits();
  for (let round = 0; round < 100; round++) {
    if (round % 5 === 0) await redisServer.command('FLUSHALL');
    const replay = await run(processes[round % 2]!, transferOf('from', 100n), key);
    assert.deepEqual([replay.status, replay.replayed, replay.body], [201, true, first.body]);
    await processes[round % 2]!.cache.settled();
  }
  const hits = (await answerHits()) - hitsBefore;
  assert.ok(hits >= 50 && hits <= 80, `the cache answered ${hits}, the database the others`);
  assert.equal(await rowsUnder(key), 1);
  assert.equal((await processes[0]!.stored('from')).postedMinor, before.postedMinor - 100n);
});

test('a decline is replayed as a decline from either side', async () => {
  const key = randomUUID();
  const first = await run(processes[0]!, transferOf('poor', 1n), key);
  assert.equal(first.status, 422);
  await processes[0]!.cache.settled();
  const cached = await run(processes[1]!, transferOf('poor', 1n), key);
  await redisServer.command('FLUSHALL');
  const stored = await run(processes[1]!, transferOf('poor', 1n), key);
  assert.deepEqual([cached.body, stored.body], [first.body, first.body]);
  assert.equal(await rowsUnder(key), 1);
});

test('another request under the key is refused, whether the first is cached or not', async () => {
  const key = randomUUID();
  await run(processes[0]!, transferOf('from', 1n), key);
  await processes[0]!.cache.settled();
  for (const flushed of [false, true]) {
    if (flushed) await redisServer.command('FLUSHALL');
    await assert.rejects(run(processes[1]!, transferOf('from', 2n), key), (error: LedgerError) => error.code === 'idempotency-key-reused');
  }
  assert.equal(await rowsUnder(key), 1);
});

test('100 equal requests at once at two processes while Redis is killed, hung and flushed: one effect', async () => {
  for (const trouble of ['kill', 'hang', 'flush'] as const) {
    const key = randomUUID();
    const all = Array.from({ length: 100 }, (_, index) => run(processes[index % 2]!, transferOf('from', 3n), key));
    if (trouble === 'kill') await redisServer.kill();
    if (trouble === 'hang') redisServer.pause();
    if (trouble === 'flush') await redisServer.command('FLUSHALL');
    const answers = await Promise.all(all);
    const later = await run(processes[1]!, transferOf('from', 3n), key);
    if (trouble === 'kill') await redisServer.start();
    if (trouble === 'hang') redisServer.resume();
    assert.equal(answers.filter(answer => !answer.replayed).length, 1, trouble);
    assert.deepEqual(new Set([...answers, later].map(answer => answer.body)).size, 1);
    assert.equal(await rowsUnder(key), 1);
    for (const one of processes) assert.ok(await one.redis.ready(10_000));
  }
});

test('payments with Redis dead: every one is answered, Redis is not asked again, and the writes that are given up are counted', async () => {
  const one = new CachingProcess('impatient', postgres.port, redisServer.url, {}, redisDefaults.commandTimeoutMs);
  await one.ready();
  await redisServer.kill();
  try {
    for (let round = 0; round < 200; round++) assert.equal((await run(one, transferOf('from', 1n), randomUUID())).status, 201);
    assert.equal(await one.metric('ledger_cache_up'), 0);
    assert.ok((await one.metric('ledger_cache_reads_total', { kind: 'answer', result: 'bypass' })) >= 199);
    assert.ok((await one.metric('ledger_cache_dropped_total')) > 0);
  } finally {
    await one.close();
    await redisServer.start();
  }
});
