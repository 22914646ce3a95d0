/** The cache against a real Redis that loses, forgets, hangs, fills up and lies. What the database adds to it: cache-repair.test.ts. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect, createServer, type AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { createClient } from 'redis';
import { RedisCache, type CacheOptions } from '../src/adapters/cache.ts';
import { Redis, redisDefaults } from '../src/adapters/redis.ts';
import type { CacheMeter } from '../src/domain/cache.ts';
import { balancePayload, entryKey, epochOf, openEntry, parseBalance, parseTerms, sealEntry, termsPayload, type NamedBalance } from '../src/domain/cached.ts';
import type { Account } from '../src/domain/model.ts';
import { startRedis, type RedisServer } from './support/redis.ts';

let server: RedisServer;
const opened: { close(): Promise<void> }[] = [];
before(async () => void (server = await startRedis()));
beforeEach(() => server.command('FLUSHALL'));
after(async () => {
  for (const one of opened.reverse()) await one.close();
  await server.remove();
});

const epoch = epochOf('history-a', randomBytes(32));
const counts = { hit: 0, miss: 0, stale: 0, error: 0, bypass: 0, dropped: 0, repaired: 0, untrue: 0 };
const meter: CacheMeter = {
  read: (_kind, result) => void counts[result]++,
  dropped: count => void (counts.dropped += count),
  repaired: count => void (counts.repaired += count),
  untrue: count => void (counts.untrue += count),
  lag: () => undefined,
};
beforeEach(() => {
  for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] = 0;
});

/** So that a busy machine is not taken for a slow Redis; the test of slowness has the limit of production. */
const patientMs = 2_000;

/** As a process of its own. */
async function openCache(options: Partial<CacheOptions> = {}, url = server.url, commandTimeoutMs = patientMs): Promise<{ cache: RedisCache; redis: Redis; see(): Promise<void> }> {
  const redis = new Redis({ ...redisDefaults, url, commandTimeoutMs, onChange: () => undefined });
  const cache = new RedisCache(redis, meter, options);
  opened.push(redis, cache);
  assert.ok(await redis.ready(5_000));
  // Stands for the worker that asks the database.
  const see = async () => {
    await cache.readMark(epoch).catch(() => undefined);
    cache.look({ epoch, epochAsOfMs: performance.now(), completeAsOfMs: performance.now() });
  };
  await see();
  return { cache, redis, see };
}

function accountOf(id: string, version: number, over: Partial<Account> = {}): Account {
  return {
    tenant: 'acme', id, number: '7', owner: 'Ann', currency: 'USD', type: 'liability', minAvailableMinor: 0n, maxAvailableMinor: null, metadata: { tier: 'gold' },
    createdAtUs: 1_763_000_000_000_001n, version, postedMinor: BigInt(version) * 100n, pendingOutMinor: 3n, pendingInMinor: 4n, ...over,
  };
}
const balanceOf = (id: string, version: number): NamedBalance => ({ tenant: 'acme', id, version, postedMinor: BigInt(version), pendingOutMinor: 0n, pendingInMinor: 0n });
const committedOf = (id: string, version: number) => ({ ...balanceOf(id, version), account: { tenant: 'acme', id } });

test('an account is answered whole from the cache, to the last field and digit', async () => {
  const { cache } = await openCache();
  const account = accountOf('whole', 9, { postedMinor: 2n ** 63n - 1n, minAvailableMinor: -(2n ** 63n), maxAvailableMinor: 2n ** 53n + 1n });
  assert.equal(await cache.readAccount('acme', 'whole'), undefined);
  cache.accountRead(account);
  await cache.settled();
  assert.deepEqual(await cache.readAccount('acme', 'whole'), account);
  assert.equal(await cache.readAccount('other', 'whole'), undefined, 'an id is of one tenant');
  assert.equal(await cache.readAccount('acme', 'whole', 10), undefined, 'older than was asked for');
  assert.deepEqual({ hit: counts.hit, miss: counts.miss, stale: counts.stale }, { hit: 1, miss: 2, stale: 1 });
});

test('an answer comes back byte for byte, with the hash of its request', async () => {
  const { cache } = await openCache();
  const answer = { requestHash: 'ab'.repeat(32), status: 422, body: '{"detail":"\\u00fc — \u2028 \ud83d\ude00 \\"",  "n":1}' };
  cache.answered('acme', 'key:1 of 2', answer);
  await cache.settled();
  assert.deepEqual(await cache.readAnswer('acme', 'key:1 of 2'), answer);
  assert.equal(await cache.readAnswer('acme', 'key:1'), undefined);
});

test('60 writers with delays: a version never goes back and the last one stays; with a plain SET it does not', async () => {
  const trials = 40;
  const processes = await Promise.all([1, 2, 3, 4].map(() => openCache()));
  const plain = createClient({ url: server.url });
  await plain.connect();
  let [plainWrong, wrong, backwards, seen] = [0, 0, 0, 0];
  for (let trial = 0; trial < trials; trial++) {
    const id = `hot-${trial}`;
    let [committed, last, writing] = [0, 0, true];
    const watching = (async () => {
      while (writing) {
        const [entry] = await processes[0]!.cache.peek(epoch, [{ tenant: 'acme', id }]);
        if (!entry) continue;
        seen++;
        if (entry.version < last) backwards++;
        last = entry.version;
      }
    })();
    await Promise.all(Array.from({ length: 60 }, async (_, writer) => {
      await sleep(Math.random() * 5);
      const version = ++committed; // the commit, in order
      await sleep(Math.random() * 5); // and then anything may happen on the way
      await Promise.all([processes[writer % 4]!.cache.apply(epoch, [balanceOf(id, version)]), plain.set(`plain:${id}`, version.toString())]);
    }));
    writing = false;
    await watching;
    const [final] = await processes[1]!.cache.peek(epoch, [{ tenant: 'acme', id }]);
    if (final?.version !== 60 || final.postedMinor !== 60n) wrong++;
    if ((await plain.get(`plain:${id}`)) !== '60') plainWrong++;
  }
  plain.destroy();
  assert.deepEqual({ wrong, backwards }, { wrong: 0, backwards: 0 });
  assert.ok(seen > trials, `the watcher saw ${seen} entries`);
  assert.ok(plainWrong > trials / 4, `the same run with a plain SET was wrong in ${plainWrong} of ${trials}: else this test proves nothing`);
});

test('versions are compared as whole numbers, also beyond 2^53', async () => {
  const { cache } = await openCache();
  const write = (position: bigint) => cache.writeMark(epoch, position);
  for (const position of [9n, 10n, 99n, 100n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n]) {
    await write(position);
    assert.equal(await cache.readMark(epoch), position);
    await write(position - 1n);
    assert.equal(await cache.readMark(epoch), position, `${position} stays`);
  }
});

test('what a process has committed it does not unsay, though the cache has an older entry', async () => {
  const [one, two] = [await openCache({ queueMax: 0 }), await openCache()];
  two.cache.accountRead(accountOf('own', 1));
  await two.cache.settled();
  one.cache.committed({ accounts: [committedOf('own', 2)] });
  assert.equal(counts.dropped, 1, 'the write was lost');
  assert.equal((await two.cache.readAccount('acme', 'own'))?.version, 1, 'another process may still say so, for three seconds at most');
  assert.equal(await one.cache.readAccount('acme', 'own'), undefined);
  assert.equal(counts.stale, 1);
  await one.cache.apply(epoch, [balanceOf('own', 2)]); // as the worker does
  assert.equal((await one.cache.readAccount('acme', 'own'))?.version, 2);
});

test('FLUSHALL while it is used: misses, and never an older version afterwards', async () => {
  const { cache, see } = await openCache();
  let highest = 0;
  for (let round = 1; round <= 300; round++) {
    cache.accountRead(accountOf('flushed', round));
    if (round % 10 === 0) void server.command('FLUSHALL');
    if (round % 3 === 0) await cache.settled();
    await see();
    const read = await cache.readAccount('acme', 'flushed');
    if (read) {
      assert.ok(read.version >= highest, `${read.version} after ${highest}`);
      assert.equal(read.postedMinor, BigInt(read.version) * 100n);
      highest = read.version;
    }
  }
  assert.ok(highest > 250 && counts.miss > 10, `highest ${highest}, ${counts.miss} misses`);
});

test('killed: every read is over at once, writes are dropped, and it is used again once it is back', async () => {
  const { cache, redis, see } = await openCache();
  cache.accountRead(accountOf('killed', 1));
  await cache.settled();
  await server.kill();
  const startedAt = performance.now();
  for (let round = 0; round < 1_000; round++) {
    await see();
    assert.equal(await cache.readAccount('acme', 'killed'), undefined);
    cache.committed({ accounts: [committedOf('killed', 2)] });
  }
  assert.ok(performance.now() - startedAt < 1_000, '1,000 reads in less than a second');
  assert.ok(counts.bypass > 900 && counts.dropped >= 900);
  await server.start();
  assert.ok(await redis.ready(5_000), 'connects again by itself');
  await see();
  cache.accountRead(accountOf('killed', 3));
  await cache.settled();
  assert.equal((await cache.readAccount('acme', 'killed'))?.version, 3);
});

test('slow: whoever is waiting waits 50 ms, the next ones not at all', async () => {
  const { cache, redis, see } = await openCache({}, server.url, redisDefaults.commandTimeoutMs);
  cache.accountRead(accountOf('slow', 1));
  await cache.settled();
  server.pause();
  try {
    const startedAt = performance.now();
    const reads = await Promise.all(Array.from({ length: 100 }, () => cache.readAccount('acme', 'slow')));
    const firstMs = performance.now() - startedAt;
    assert.deepEqual(new Set(reads), new Set([undefined]));
    assert.ok(firstMs >= 45 && firstMs < 150, `${firstMs} ms`);
    await see();
    const nextAt = performance.now();
    for (let round = 0; round < 1_000; round++) await cache.readAccount('acme', 'slow');
    assert.ok(performance.now() - nextAt < 100, `1,000 reads took ${performance.now() - nextAt} ms`);
    assert.equal(redis.up, false);
    await sleep(3_000); // long enough for it to try new connections, which are accepted and not answered
    assert.equal(redis.up, false);
  } finally {
    server.resume();
  }
  assert.ok(await redis.ready(5_000));
  await see();
  assert.equal((await cache.readAccount('acme', 'slow'))?.version, 1);
});

test('nothing is read once nobody has looked at the database for three seconds, and nothing while the cache is not known to be complete', async () => {
  const { cache } = await openCache();
  cache.accountRead(accountOf('lease', 1));
  cache.answered('acme', 'lease', { requestHash: 'ab'.repeat(32), status: 201, body: '{}' });
  await cache.settled();
  const view = (epochAgeMs: number, completeAgeMs: number | undefined) =>
    cache.look({ epoch, epochAsOfMs: performance.now() - epochAgeMs, completeAsOfMs: completeAgeMs === undefined ? undefined : performance.now() - completeAgeMs });
  const readable = async () => [(await cache.readAccount('acme', 'lease')) !== undefined, (await cache.readAnswer('acme', 'lease')) !== undefined];
  view(2_500, 2_500);
  assert.deepEqual(await readable(), [true, true]);
  view(0, 3_100);
  assert.deepEqual(await readable(), [false, true], 'an answer does not age, a balance does');
  view(0, undefined);
  assert.deepEqual(await readable(), [false, true]);
  view(3_100, 3_100);
  assert.deepEqual(await readable(), [false, false]);
  cache.look(undefined);
  assert.deepEqual(await readable(), [false, false]);
});

test('another history: nothing of the old one is found, and nothing is written until what is under way has ended', async () => {
  const { cache } = await openCache({ quarantineMs: 200 });
  cache.accountRead(accountOf('lost', 12));
  cache.answered('acme', 'lost', { requestHash: 'ab'.repeat(32), status: 201, body: '{}' });
  await cache.settled();
  const next = epochOf('history-b', randomBytes(32));
  const see = () => cache.look({ epoch: next, epochAsOfMs: performance.now(), completeAsOfMs: performance.now() });
  await see();
  assert.equal(await cache.readAccount('acme', 'lost'), undefined);
  cache.committed({ accounts: [committedOf('lost', 12)] }); // an answer of the old server that was still on its way
  await sleep(250);
  await see();
  assert.equal(await cache.readAccount('acme', 'lost'), undefined);
  assert.equal(await cache.readAnswer('acme', 'lost'), undefined);
  assert.deepEqual(await cache.peek(next, [{ tenant: 'acme', id: 'lost' }]), [undefined]);
  cache.accountRead(accountOf('lost', 11));
  await cache.settled();
  assert.deepEqual((await cache.peek(next, [{ tenant: 'acme', id: 'lost' }]))[0]?.version, 11, 'the version that the new history has');
});

test('poisoned entries are not believed and do not stay', async () => {
  const { cache } = await openCache();
  const [bal, terms] = ['bal', 'terms'].map(kind => entryKey(epoch, kind as 'bal', 'acme:victim')) as [string, string];
  const foreign = entryKey(epoch, 'bal', 'acme:rich');
  const text = (key: string, version: bigint, ttlMs: number, sealed = epoch) => sealEntry(sealed, key, version, Date.now() + ttlMs, balancePayload(balanceOf('victim', Number(version))))!;
  const honest = text(bal, 5n, 60_000);
  const poison: Record<string, string> = {
    'no entry at all': 'hello', empty: '', 'cut off': honest.slice(0, -1), 'a digit more': `${honest}0`,
    'another version': honest.replace(/^5/, '6'), 'a version that nothing reaches': honest.replace(/^5/, '9'.repeat(19)), 'another expiry': honest.replace(/ \d{13} /, ` ${Date.now() + 50_000} `),
    'of another account': text(foreign, 5n, 60_000), 'of another history': text(bal, 5n, 60_000, epochOf(epoch.name, randomBytes(32))), 'kept beyond its time': text(bal, 5n, -1_000), 'good for a year': text(bal, 5n, 31_536_000_000),
    'another shape': sealEntry(epoch, bal, 5n, Date.now() + 60_000, '["1"]')!, 'beyond 64 bits': sealEntry(epoch, bal, 5n, Date.now() + 60_000, `${2n ** 63n} 0 0`)!, 'very long': `${honest}${' '.repeat(100_000)}`,
  };
  for (const [what, value] of Object.entries(poison)) {
    await server.command('FLUSHALL');
    cache.accountRead(accountOf('victim', 5));
    await cache.settled();
    await server.command('SET', bal, value);
    assert.equal(await cache.readAccount('acme', 'victim'), undefined, what);
    cache.accountRead(accountOf('victim', 5));
    await cache.settled();
    assert.deepEqual(await cache.readAccount('acme', 'victim'), accountOf('victim', 5), `${what}: the next read from the database puts it right`);
  }
  for (const make of [['RPUSH', bal, 'x'], ['HSET', bal, 'a', 'b'], ['RPUSH', terms, 'x']]) {
    await server.command('DEL', make[1]!);
    await server.command(...make);
    assert.equal(await cache.readAccount('acme', 'victim'), undefined);
    cache.accountRead(accountOf('victim', 5));
    await cache.settled();
    assert.deepEqual(await cache.readAccount('acme', 'victim'), accountOf('victim', 5), make[0]);
  }
  assert.equal(counts.untrue, Object.keys(poison).length - 2, 'all but the expired ones are told as untrue');
});

test('whatever Redis answers, nothing breaks and nothing is believed (any answer to any command)', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.anything(), { minLength: 8, maxLength: 8 }), async answers => {
    let at = 0;
    const answer = () => Promise.resolve(answers[at++ % answers.length]);
    const cache = new RedisCache({ up: true, timesUp: 0, send: answer, script: answer }, meter);
    cache.look({ epoch, epochAsOfMs: performance.now(), completeAsOfMs: performance.now() });
    cache.accountRead(accountOf('any', 1));
    cache.committed({ accounts: [committedOf('any', 2)] });
    cache.answered('acme', 'any', { requestHash: 'ab'.repeat(32), status: 201, body: '{}' });
    await cache.settled();
    assert.deepEqual([await cache.readAccount('acme', 'other'), await cache.readAnswer('acme', 'other')], [undefined, undefined]);
    for (const ask of [() => cache.readMark(epoch), () => cache.peek(epoch, [{ tenant: 'acme', id: 'any' }]), () => cache.apply(epoch, [balanceOf('any', 3)]), () => cache.lead(epoch, 'me', 1_000)]) {
      await ask().then(said => assert.ok(said === undefined || Array.isArray(said) || typeof said === 'boolean'), (error: Error) => assert.equal(error.name, 'RedisUnavailable'));
    }
    await cache.close();
  }));
});

test('bytes that are no Redis protocol: the connection is given up, reads go on without it, and it is made anew', async () => {
  let garble = false;
  const between = createServer(client => {
    const upstream = connect(Number(new URL(server.url).port), '127.0.0.1');
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy()).pipe(upstream);
    upstream.on('error', () => client.destroy()).on('data', chunk => void client.write(garble ? randomBytes(chunk.length + 10) : chunk));
  });
  await new Promise<void>(settle => between.listen(0, '127.0.0.1', settle));
  const { cache, redis, see } = await openCache({}, `redis://127.0.0.1:${(between.address() as AddressInfo).port}`, 200);
  cache.accountRead(accountOf('garbled', 1));
  await cache.settled();
  assert.ok(await cache.readAccount('acme', 'garbled'));
  garble = true;
  for (let round = 0; round < 20; round++) {
    await see();
    assert.equal(await cache.readAccount('acme', 'garbled'), undefined);
    cache.committed({ accounts: [committedOf('garbled', 2)] });
    await cache.settled();
    await sleep(20);
  }
  assert.equal(redis.up, false);
  garble = false;
  assert.ok(await redis.ready(10_000));
  await cache.close();
  await redis.close();
  await new Promise<void>(settle => between.close(() => settle()));
});

test('nobody without the key makes an entry that is believed (any text, any change of one)', () => {
  const key = entryKey(epoch, 'bal', 'acme:x');
  const honest = sealEntry(epoch, key, 7n, Date.now() + 60_000, '1 2 3')!;
  fc.assert(fc.property(fc.string(), text => !openEntry(epoch, key, text, Date.now(), 60_000).ok));
  fc.assert(fc.property(fc.nat(honest.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
    const changed = honest.slice(0, at) + character + honest.slice(at + 1);
    return changed === honest || !openEntry(epoch, key, changed, Date.now(), 60_000).ok;
  }));
  assert.ok(openEntry(epoch, key, honest, Date.now(), 60_000).ok);
});

test('what goes in comes out (any account)', () => {
  const amount = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const arbitrary = fc.record({ owner: fc.string(), minAvailableMinor: fc.option(amount), maxAvailableMinor: fc.option(amount), metadata: fc.dictionary(fc.string().filter(name => name !== '__proto__'), fc.string(), { noNullPrototype: true }), createdAtUs: fc.bigInt({ min: 0n, max: 2n ** 52n }), postedMinor: amount, pendingOutMinor: amount, pendingInMinor: amount });
  fc.assert(fc.property(arbitrary, fc.nat(Number.MAX_SAFE_INTEGER), (fields, version) => {
    const account = accountOf('any', version, fields);
    const { postedMinor, pendingOutMinor, pendingInMinor, ...terms } = account;
    assert.deepEqual(parseBalance(BigInt(version), balancePayload(account)), { version, postedMinor, pendingOutMinor, pendingInMinor });
    assert.deepEqual({ ...parseTerms('acme', 'any', termsPayload(account)), version }, terms);
  }));
});

test('full: with allkeys-lru entries give way and reads still come true; with noeviction writes are dropped and nothing breaks', async () => {
  for (const policy of ['allkeys-lru', 'noeviction']) {
    const small = await startRedis({ maxmemory: '4mb', 'maxmemory-policy': policy });
    opened.push({ close: () => small.remove() });
    const { cache, redis, see } = await openCache({ queueMax: 1_000 }, small.url);
    for (let at = 0; at < 40_000; at += 500) {
      for (let index = at; index < at + 500; index++) cache.accountRead(accountOf(`full-${index}`, index + 1));
      await cache.settled();
    }
    await see();
    let hits = 0;
    for (let index = 0; index < 40_000; index += 97) {
      const read = await cache.readAccount('acme', `full-${index}`);
      if (read) assert.deepEqual([read.version, ++hits > 0], [index + 1, true]);
    }
    assert.ok(hits > 0 && hits < 40_000 / 97, `${policy}: ${hits} hits`);
    assert.equal(redis.up, true, 'a full Redis is no dead one');
    if (policy === 'noeviction') assert.ok(counts.dropped > 0, 'writes were refused');
  }
});

test('more than fits the queue is dropped, and the newest of an account is what is written', async () => {
  const { cache } = await openCache({ queueMax: 100 });
  for (let version = 1; version <= 1_000; version++) cache.committed({ accounts: [committedOf('one', version)] });
  cache.committed({ accounts: Array.from({ length: 500 }, (_, index) => committedOf(`many-${index}`, 1)) });
  assert.equal(counts.dropped, 401);
  await cache.settled();
  const keys = (await server.command('KEYS', '*')) as string[];
  assert.equal(keys.length, 100);
  assert.equal((await cache.peek(epoch, [{ tenant: 'acme', id: 'one' }]))[0]?.version, 1_000);
});
