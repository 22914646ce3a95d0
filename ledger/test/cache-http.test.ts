/** The cache as a client meets it: not at all. The same answers with Redis, without, and while it is killed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, startLedger, type TestLedger } from './support/ledger.ts';
import { startRedis, type RedisServer } from './support/redis.ts';

let redisServer: RedisServer;
/** Two with the cache, one without, over one database. */
let ledgers: TestLedger[] = [];
before(async () => {
  const [database, redis] = await Promise.all([createDatabase(), startRedis()]);
  redisServer = redis;
  const settings: Record<string, string>[] = [{ LEDGER_INSTANCE: 'one', LEDGER_REDIS_URL: redis.url }, { LEDGER_INSTANCE: 'two', LEDGER_REDIS_URL: redis.url }, { LEDGER_INSTANCE: 'plain' }];
  ledgers = await Promise.all(settings.map(over => startLedger(database, over)));
});
after(async () => {
  for (const ledger of ledgers) await ledger.close();
  await redisServer.remove();
});

async function metric(ledger: TestLedger, line: RegExp): Promise<number | undefined> {
  const text = await (await fetch(`${ledger.url}/metrics`)).text();
  const found = text.split('\n').filter(one => !one.startsWith('#') && line.test(one)).map(one => Number(one.split(' ').at(-1)));
  return found.length === 0 ? undefined : found.reduce((sum, value) => sum + value, 0);
}
const accountHits = (ledger: TestLedger) => metric(ledger, /ledger_cache_reads_total\{.*kind="account".*result="hit"|ledger_cache_reads_total\{.*result="hit".*kind="account"/);

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await holds()) return;
    await sleep(100);
  }
  assert.fail(`not within 10 s: ${what}`);
}

test('every process answers the same account, whether from the cache or not, and says which only in a metric', async () => {
  const [one, two, plain] = ledgers as [TestLedger, TestLedger, TestLedger];
  await one.api.account('shown', { metadata: { segment: 'retail' } });
  await one.api.fund('shown', 12_345);
  const path = '/v1/accounts/shown';
  await until('the cache answers', async () => {
    await one.api.get(path);
    return ((await accountHits(one)) ?? 0) > 0 && (await one.api.get(path)).json.version === '1';
  });
  const hitsBefore = (await accountHits(two)) ?? 0;
  await until('the other process reads what the first has cached', async () => {
    await two.api.get(path);
    return ((await accountHits(two)) ?? 0) > hitsBefore;
  });
  const texts = await Promise.all([one, two, plain].map(async ledger => (await ledger.api.get(path)).text));
  assert.deepEqual(new Set(texts).size, 1, texts.join('\n'));
  assert.equal(await metric(one, /^ledger_cache_up/), 1);
  assert.equal(await metric(plain, /^ledger_cache_up/), undefined, 'without Redis there is no such series');
});

test('read your writes: each transfer is seen at once by the process that made it', async () => {
  const one = ledgers[0]!;
  await one.api.account('mine');
  for (let round = 1; round <= 50; round++) {
    await one.api.fund('mine', 1);
    assert.equal((await one.api.get('/v1/accounts/mine')).json.version, String(round));
  }
});

test('minVersion: the other process never answers with less', async () => {
  const [one, two] = ledgers as [TestLedger, TestLedger];
  await one.api.account('needed');
  for (let round = 1; round <= 50; round++) {
    const { json } = await one.api.transfer('cash-clearing:usd', 'needed', 1);
    const reply = await two.api.get(`/v1/accounts/needed?minVersion=${json.creditVersion}`);
    assert.ok(BigInt(reply.json.version) >= BigInt(json.creditVersion), reply.text);
  }
});

test('Redis is killed: payments, reads and replays go on as before, and the cache is used again when it is back', async () => {
  const one = ledgers[0]!;
  await one.api.account('steady');
  const first = await one.api.transfer('cash-clearing:usd', 'steady', 5, {}, 'steady-key-1');
  await redisServer.kill();
  const replay = await one.api.transfer('cash-clearing:usd', 'steady', 5, {}, 'steady-key-1');
  assert.deepEqual([replay.status, replay.text, replay.headers.get('idempotent-replayed')], [201, first.text, 'true']);
  for (let round = 0; round < 50; round++) assert.equal((await one.api.transfer('cash-clearing:usd', 'steady', 1)).status, 201);
  assert.equal((await one.api.get('/v1/accounts/steady')).json.postedMinor, '55');
  assert.equal(await metric(one, /^ledger_cache_up/), 0);
  await redisServer.start();
  const hits = (await accountHits(one)) ?? 0;
  await until('the cache answers again', async () => {
    assert.equal((await one.api.get('/v1/accounts/steady')).json.postedMinor, '55');
    return ((await accountHits(one)) ?? 0) > hits;
  });
});
