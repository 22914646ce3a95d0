import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fullBucket, limitOf, refill, shareOf, take, waitMs, type Bucket, type Limit } from './bucket.ts';

const limits = fc.record({ ratePerS: fc.integer({ min: 1, max: 100_000 }), burst: fc.integer({ min: 1, max: 100_000 }) });
/** What is asked, and how long after the one before. */
const histories = fc.array(fc.record({ afterMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 5_000, noNaN: true })), cost: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 1_000 })) }), { maxLength: 200, size: 'max' });
const slack = 1e-6;

function play(limit: Limit, history: { afterMs: number; cost: number }[]): { bucket: Bucket; spent: { atMs: number; cost: number }[] } {
  let bucket = fullBucket(limit, 0);
  let nowMs = 0;
  const spent: { atMs: number; cost: number }[] = [];
  for (const { afterMs, cost } of history) {
    nowMs += afterMs;
    const taken = take(bucket, limit, cost, nowMs);
    bucket = taken.bucket;
    if (taken.allowed) spent.push({ atMs: nowMs, cost });
  }
  return { bucket, spent };
}

test('over every span of time at most the burst and the rate pass, but for one request that is larger than the burst', () => {
  fc.assert(fc.property(limits, histories, (limit, history) => {
    const { spent } = play(limit, history);
    for (let from = 0; from < spent.length; from++) {
      let sum = 0;
      for (let to = from; to < spent.length; to++) {
        const most = limit.burst + ((spent[to]!.atMs - spent[from]!.atMs) * limit.ratePerS) / 1000;
        // The last one may reach below zero; what is owed is paid before the next one passes.
        assert.ok(sum + Math.min(spent[to]!.cost, limit.burst) <= most + slack * (1 + most));
        sum += spent[to]!.cost;
      }
    }
  }));
});

test('a request that fits and was refused passes after the wait that it was told, and not before', () => {
  fc.assert(fc.property(limits, histories, fc.integer({ min: 1, max: 1_000 }), (limit, history, asked) => {
    const cost = Math.min(asked, limit.burst);
    const { bucket } = play(limit, history);
    const wait = waitMs(bucket.tokens, limit, cost);
    assert.equal(take(bucket, limit, cost, bucket.atMs).allowed, wait === 0);
    // A hair later: the wait is whole milliseconds, the tokens are fractions.
    assert.ok(take(bucket, limit, cost, bucket.atMs + wait + 1e-3).allowed);
    if (wait > 1) assert.ok(!take(bucket, limit, cost, bucket.atMs + wait - 1.001).allowed);
  }));
});

test('looking at a bucket in between changes nothing', () => {
  fc.assert(fc.property(limits, fc.double({ min: 0, max: 1e4, noNaN: true }), fc.double({ min: 0, max: 1e4, noNaN: true }), (limit, first, second) => {
    const empty = { tokens: 0, atMs: 0 };
    const once = refill(empty, limit, first + second).tokens;
    const twice = refill(refill(empty, limit, first), limit, first + second).tokens;
    assert.ok(Math.abs(once - twice) <= slack * (1 + once));
  }));
});

test('a bucket never holds more than the burst; a clock that is set back gives nothing and starves nobody', () => {
  fc.assert(fc.property(limits, fc.integer({ min: -1_000_000, max: 1_000_000 }), (limit, jumpMs) => {
    const bucket = { tokens: 0, atMs: 1_000_000 };
    const after = refill(bucket, limit, 1_000_000 + jumpMs);
    assert.ok(after.tokens >= 0 && after.tokens <= limit.burst);
    if (jumpMs <= 0) assert.equal(after.tokens, 0);
    assert.ok(take(after, limit, 1, after.atMs + waitMs(after.tokens, limit, 1) + 1e-3).allowed);
  }));
});

test('shares add up to the limit and none is closed', () => {
  fc.assert(fc.property(limits, fc.integer({ min: 0, max: 50 }), (limit, processes) => {
    const share = shareOf(limit, processes);
    const among = Math.max(1, processes);
    assert.ok(share.ratePerS > 0 && share.burst >= 1);
    assert.ok(Math.abs(share.ratePerS * among - limit.ratePerS) < slack * limit.ratePerS);
    assert.ok(share.burst * among <= Math.max(limit.burst, among));
    assert.ok(take(fullBucket(share, 0), share, limit.burst, 0).allowed, 'a whole batch passes a full share');
  }));
});

test('a tenant has its own limit or the standard one', () => {
  const [standard, own] = [{ ratePerS: 1, burst: 1 }, { ratePerS: 2, burst: 2 }];
  const rateLimits = { standard, byTenant: new Map([['shop', own]]) };
  assert.deepEqual([limitOf(rateLimits, 'shop'), limitOf(rateLimits, 'other')], [own, standard]);
});
