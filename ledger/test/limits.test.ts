/** Rate limits: shared through a real Redis, kept without it, and told over HTTP. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RateLimiter, type Taken } from '../src/adapters/rateLimit.ts';
import { Redis, redisDefaults } from '../src/adapters/redis.ts';
import { readConfig } from '../src/domain/config.ts';
import type { Limit } from '../src/domain/bucket.ts';
import type { RedisConnection } from '../src/domain/redis.ts';
import { buildService, type Service } from '../src/service.ts';
import { apiKey, createDatabase, environment, type TestDatabase } from './support/ledger.ts';
import { startRedis, type RedisServer } from './support/redis.ts';

let redis: RedisServer;
const connections: Redis[] = [];
before(async () => {
  redis = await startRedis();
});
after(async () => {
  redis.resume();
  await Promise.all(connections.map(one => one.close()));
  await redis.remove();
});

const limitsOf = (limit: Limit) => ({ standard: limit, byTenant: new Map<string, Limit>() });
let tenants = 0;
const newTenant = () => `t${++tenants}`;

/** A process's limiter, on a connection of its own that counts what it is asked. */
async function limiterProcess(limit: Limit, replicas = 1) {
  const connection = new Redis({ ...redisDefaults, url: redis.url, onChange: () => undefined });
  const instance = `ledger-${connections.push(connection)}`;
  assert.ok(await connection.ready(5_000));
  const counted = { asked: 0, get up() {
    return connection.up;
  }, script: (...given: Parameters<RedisConnection['script']>) => {
    counted.asked++;
    return connection.script(...given);
  } };
  const reasons: string[] = [];
  const limiter = new RateLimiter({ limits: limitsOf(limit), redis: counted, instance, replicas, onUnavailable: error => void reasons.push(error.message) });
  return { limiter, counted, reasons, connection };
}

/** Asks without pause for a while; how many passed, and in which time. */
async function flood(limiter: RateLimiter, tenant: string, durationMs: number, cost = 1) {
  const startedAt = performance.now();
  let [passed, refused, last] = [0, 0, undefined as Taken | undefined];
  while (performance.now() - startedAt < durationMs) {
    for (let index = 0; index < 20; index++) {
      last = await limiter.take(tenant, cost);
      if (last.allowed) passed += cost;
      else refused++;
    }
    await sleep(1);
  }
  return { passed, refused, last: last!, elapsedMs: performance.now() - startedAt };
}

test('processes share one bucket: together they pass what one may, and most of it', async () => {
  const limit = { ratePerS: 400, burst: 100 };
  const processes = await Promise.all([1, 2, 3].map(() => limiterProcess(limit)));
  const tenant = newTenant();
  const floods = await Promise.all(processes.map(one => flood(one.limiter, tenant, 1_500)));
  const passed = floods.reduce((sum, one) => sum + one.passed, 0);
  const most = limit.burst + (limit.ratePerS * Math.max(...floods.map(one => one.elapsedMs))) / 1000;
  assert.ok(passed <= most + 1, `${passed} of at most ${most}`);
  assert.ok(passed >= most * 0.8, `${passed} of ${most}: the limit must be of use too`);
  for (const one of floods) assert.ok(one.passed > 0 && one.refused > 0);
  assert.ok(floods[0]!.last.retryAfterMs >= 0);
  assert.equal(await redis.command('ZCARD', `ledger:rate:{${tenant}}:processes`), 3);
});

test('a request costs no round trip', async () => {
  const { limiter, counted } = await limiterProcess({ ratePerS: 50_000, burst: 50_000 });
  const tenant = newTenant();
  let atOnce = 0;
  for (let index = 0; index < 5_000; index++) {
    const taken = limiter.take(tenant, 1);
    if (!(taken instanceof Promise)) atOnce++;
    assert.ok((await taken).allowed);
    if (index % 50 === 0) await sleep(1);
  }
  assert.ok(counted.asked < 200, `${counted.asked} questions for 5000 requests`);
  assert.ok(atOnce > 4_500, `${atOnce} of 5000 at once`);
});

test('a low limit is exact, and its end is told', async () => {
  const { limiter } = await limiterProcess({ ratePerS: 1, burst: 5 });
  const tenant = newTenant();
  const taken = await Promise.all(Array.from({ length: 9 }, () => limiter.take(tenant, 1)));
  assert.equal(taken.filter(one => one.allowed).length, 5);
  const refused = taken.find(one => !one.allowed)!;
  assert.ok(refused.retryAfterMs > 500 && refused.retryAfterMs <= 1_000, String(refused.retryAfterMs));
  await sleep(refused.retryAfterMs + 20);
  assert.ok((await limiter.take(tenant, 1)).allowed);
});

test('tenants do not take from each other', async () => {
  const { limiter } = await limiterProcess({ ratePerS: 1, burst: 2 });
  const [loud, quiet] = [newTenant(), newTenant()];
  for (let index = 0; index < 20; index++) await limiter.take(loud, 1);
  assert.ok((await limiter.take(quiet, 1)).allowed);
});

test('a batch takes what it costs or nothing, and what can never pass is refused at once', async () => {
  const { limiter } = await limiterProcess({ ratePerS: 10, burst: 100 });
  const tenant = newTenant();
  assert.ok((await limiter.take(tenant, 80)).allowed);
  const second = await limiter.take(tenant, 80);
  assert.ok(!second.allowed && second.retryAfterMs > 5_000 && second.retryAfterMs <= 6_000, JSON.stringify(second));
  assert.ok((await limiter.take(tenant, 15)).allowed, 'the refused batch has taken nothing');
  assert.ok(!(await limiter.take(tenant, 101)).allowed);
});

test('a lease is renewed before it is spent, beside the requests', async () => {
  const { limiter, counted } = await limiterProcess({ ratePerS: 1_000, burst: 1_000 });
  const tenant = newTenant();
  await limiter.take(tenant, 1);
  for (let index = 0; index < 6; index++) assert.ok(!(limiter.take(tenant, 1) instanceof Promise), 'out of the first lease');
  assert.equal(counted.asked, 2);
});

test('an old lease is void', async () => {
  const { limiter } = await limiterProcess({ ratePerS: 1_000, burst: 1_000 });
  const tenant = newTenant();
  await limiter.take(tenant, 1);
  assert.ok(!(limiter.take(tenant, 1) instanceof Promise));
  await sleep(1_050);
  assert.ok(limiter.take(tenant, 1) instanceof Promise, 'asks anew');
});

test('a refused batch leaves to other processes what there is', async () => {
  const [one, two] = await Promise.all([limiterProcess({ ratePerS: 1, burst: 100 }), limiterProcess({ ratePerS: 1, burst: 100 })]);
  const tenant = newTenant();
  assert.ok((await one.limiter.take(tenant, 80)).allowed);
  assert.ok(!(await two.limiter.take(tenant, 50)).allowed);
  assert.ok((await one.limiter.take(tenant, 20)).allowed);
});

test('Redis emptied: at most one more burst', async () => {
  const { limiter } = await limiterProcess({ ratePerS: 1, burst: 50 });
  const tenant = newTenant();
  const first = await flood(limiter, tenant, 100);
  await redis.command('FLUSHALL');
  await redis.command('SCRIPT', 'FLUSH');
  const second = await flood(limiter, tenant, 1_300);
  assert.equal(first.passed, 50);
  assert.ok(second.passed <= 52 && second.passed >= 50, String(second.passed));
});

test('Redis lying: each answer that cannot be is none, and the process limits by itself', async () => {
  for (const answer of [null, 'OK', [], [1e9, 0, 1], [-5, 0, 1], ['x', 0, 1], [5, 0, 0], { granted: 5 }]) {
    const reasons: string[] = [];
    const liar = { up: true, script: async () => answer };
    const limiter = new RateLimiter({ limits: limitsOf({ ratePerS: 10, burst: 20 }), redis: liar, instance: 'x', replicas: 2, onUnavailable: error => void reasons.push(error.message) });
    const { passed } = await flood(limiter, newTenant(), 100);
    assert.ok(passed >= 10 && passed <= 11, `${JSON.stringify(answer)}: ${passed}`);
    assert.equal(reasons.length, 1);
  }
});

test('Redis slow: nobody waits longer than the breaker, and each process keeps to its share', async () => {
  const limit = { ratePerS: 200, burst: 40 };
  const [one, two] = await Promise.all([limiterProcess(limit), limiterProcess(limit)]);
  const tenant = newTenant();
  // Two rounds each, so that both have been told that there are two.
  await Promise.all([one, two, one, two].map(each => flood(each.limiter, tenant, 250)));
  redis.pause();
  try {
    const startedAt = performance.now();
    await one.limiter.take(tenant, 1);
    assert.ok(performance.now() - startedAt < 300, 'about 50 ms');
    const floods = await Promise.all([flood(one.limiter, tenant, 1_000), flood(two.limiter, tenant, 1_000)]);
    const passed = floods.reduce((sum, each) => sum + each.passed, 0);
    const most = limit.burst + (limit.ratePerS * Math.max(...floods.map(each => each.elapsedMs))) / 1000;
    assert.ok(passed <= most + limit.ratePerS / 5, `${passed} of at most ${most}, and two leases`);
    for (const each of floods) assert.ok(each.passed > limit.ratePerS / 4, 'not closed');
  } finally {
    redis.resume();
  }
});

test('Redis killed under load: limited all the while, shared again when it is back', async () => {
  const limit = { ratePerS: 200, burst: 40 };
  const { limiter, counted } = await limiterProcess(limit, 4);
  const tenant = newTenant();
  await flood(limiter, tenant, 300);
  await redis.kill();
  const away = await flood(limiter, tenant, 1_000);
  assert.ok(away.passed > 100 && away.passed <= 40 + 0.2 * away.elapsedMs + 20, `${away.passed} in ${away.elapsedMs} ms; told once that it is alone, it has the whole`);
  await redis.start();
  await sleep(2_500);
  const asked = counted.asked;
  const back = await flood(limiter, tenant, 500);
  assert.ok(counted.asked > asked, 'asks Redis again');
  assert.ok(back.passed <= 40 + 0.2 * back.elapsedMs + 2 && back.passed > 40, String(back.passed));
});

test('no Redis from the start: the share of the replicas that the settings name', async () => {
  const limiter = new RateLimiter({ limits: limitsOf({ ratePerS: 100, burst: 100 }), redis: null, instance: 'x', replicas: 4, onUnavailable: () => assert.fail() });
  const { passed, elapsedMs } = await flood(limiter, 'a', 400);
  const most = 25 + (25 * elapsedMs) / 1000;
  assert.ok(passed >= 25 && passed <= most + 1, `${passed} of ${most}`);
  // Larger than the share: passes when the share is full, and is owed.
  assert.ok((await limiter.take('b', 100)).allowed);
  const next = await limiter.take('b', 1);
  assert.ok(!next.allowed && next.retryAfterMs > 2_500, JSON.stringify(next));
});

let database: TestDatabase;
async function serve(over: Record<string, string>): Promise<Service> {
  database ??= await createDatabase();
  const service = buildService(readConfig(environment(database, over)), { write: () => undefined });
  service.app.register(async app => {
    const body = { type: 'object', required: ['transfers'], properties: { transfers: { type: 'array', minItems: 1 } } };
    app.post<{ Body: { transfers: unknown[] } }>('/v1/test-batch', { config: { scope: 'transfers:write', cost: (sent: { transfers: unknown[] }) => sent.transfers.length }, schema: { body } }, () => ({ done: true }));
  });
  await service.app.ready();
  return service;
}
const authorization = `Bearer ${apiKey}`;
const read = (service: Service, headers: Record<string, string> = { authorization }) => service.app.inject({ url: '/v1/transfers/tr_01a1fbfc-305c-8e6a-a409-f28c7745df04', headers });
const batch = (service: Service, count: number) => service.app.inject({ method: 'POST', url: '/v1/test-batch', headers: { authorization }, payload: { transfers: Array(count).fill(1) } });

test('answers tell the limit; past it 429 says when to come back, and health is not limited', async () => {
  const service = await serve({ LEDGER_RATE_LIMIT_PER_S: '1', LEDGER_RATE_LIMIT_BURST: '3', LEDGER_RATE_LIMITS: 'other=1000/1000' });
  try {
    const first = await read(service);
    assert.deepEqual([first.statusCode, first.headers['ratelimit-policy'], first.headers['ratelimit']], [404, '"tenant";q=3;w=3', '"tenant";r=2;t=1']);
    await read(service);
    await read(service);
    const refused = await read(service);
    assert.deepEqual([refused.statusCode, refused.headers['retry-after'], refused.headers['ratelimit']], [429, '1', '"tenant";r=0;t=1']);
    assert.deepEqual([refused.json().code, refused.json().retryable, refused.headers['content-type']], ['rate-limited', true, 'application/problem+json; charset=utf-8']);
    assert.equal((await service.app.inject({ url: '/livez' })).statusCode, 200);
    assert.equal((await read(service, {})).statusCode, 401, 'strangers take nothing from the tenant');
    await sleep(1_050);
    assert.equal((await read(service)).statusCode, 404);
  } finally {
    await service.close();
  }
});

test('a batch of n transfers costs n; a body that is not valid costs one', async () => {
  const service = await serve({ LEDGER_RATE_LIMIT_PER_S: '1', LEDGER_RATE_LIMIT_BURST: '100' });
  try {
    const sent = await batch(service, 60);
    assert.deepEqual([sent.statusCode, sent.headers['ratelimit']], [200, '"tenant";r=40;t=60']);
    const invalid = await batch(service, 0);
    assert.deepEqual([invalid.statusCode, invalid.headers['ratelimit']], [400, '"tenant";r=39;t=61']);
    const refused = await batch(service, 50);
    assert.deepEqual([refused.statusCode, refused.json().code], [429, 'rate-limited']);
    assert.ok(Number(refused.headers['retry-after']) >= 10);
    const never = await batch(service, 102);
    assert.deepEqual([never.statusCode, never.json().code, never.json().retryable], [400, 'invalid-request', false]);
  } finally {
    await service.close();
  }
});

test('two ledger processes with Redis share a tenant\'s limit', async () => {
  const over = { LEDGER_REDIS_URL: redis.url, LEDGER_RATE_LIMIT_PER_S: '1', LEDGER_RATE_LIMIT_BURST: '40' };
  const services = [await serve({ ...over, LEDGER_INSTANCE: 'ledger-1' }), await serve({ ...over, LEDGER_INSTANCE: 'ledger-2' })];
  try {
    // Until both have asked Redis; then the bucket is full again.
    for (let tries = 0; tries < 100 && (await redis.command('ZCARD', 'ledger:rate:{default}:processes')) !== 2; tries++) {
      await Promise.all(services.map(service => read(service)));
      await sleep(20);
    }
    await redis.command('DEL', 'ledger:rate:{default}');
    const replies = await Promise.all(services.flatMap(service => Array.from({ length: 40 }, () => read(service))));
    const passed = replies.filter(reply => reply.statusCode === 404).length;
    assert.ok(passed >= 40 && passed <= 42, `${passed} of 80`);
    assert.ok(replies.every(reply => reply.statusCode === 404 || reply.statusCode === 429));
  } finally {
    await Promise.all(services.map(service => service.close()));
  }
});
