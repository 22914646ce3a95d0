import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { firstNotBefore, longestGap } from './payer-gap.ts';

/** Small seeded generator, so that a failing case can be run again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The definition, taken literally: every stretch between neighbours, measured. */
function byDefinition(times: number[], from: number, to: number): number {
  const points = [from, ...times.filter(at => at >= from && at <= to), to];
  return Math.max(...points.slice(1).map((at, index) => at - points[index]!));
}

describe('longest gap', () => {
  it('agrees with its definition on 2,000 random windows', () => {
    for (let seed = 1; seed <= 2_000; seed += 1) {
      const random = seeded(seed);
      const count = Math.floor(random() * 40);
      const times = Array.from({ length: count }, () => Math.floor(random() * 10_000)).sort((a, b) => a - b);
      const from = Math.floor(random() * 8_000);
      const to = from + Math.floor(random() * 4_000);
      const gap = longestGap(times, from, to);
      assert.equal(gap.longestGapMs, byDefinition(times, from, to), `seed ${seed}`);
      assert.equal(gap.gapEndedAtMs - gap.gapStartedAtMs, gap.longestGapMs, `seed ${seed}`);
      assert.ok(gap.gapStartedAtMs >= from && gap.gapEndedAtMs <= to, `seed ${seed}`);
      const inside = times.filter(at => at > gap.gapStartedAtMs && at < gap.gapEndedAtMs);
      assert.deepEqual(inside, [], `seed ${seed}: an acknowledgement inside the gap`);
      assert.equal(gap.acknowledgedCount, times.filter(at => at >= from && at <= to).length);
    }
  });

  it('takes a window without acknowledgements as one gap', () => {
    assert.deepEqual(longestGap([], 100, 900), { longestGapMs: 800, gapStartedAtMs: 100, gapEndedAtMs: 900, acknowledgedCount: 0 });
  });

  it('sees an outage that has not ended', () => {
    assert.equal(longestGap([1_000, 1_100], 1_000, 61_100).longestGapMs, 60_000);
  });

  it('refuses times out of order and windows that end before they start', () => {
    assert.throws(() => longestGap([5, 4], 0, 10), /not in order/);
    assert.throws(() => longestGap([], 10, 0), /ends before/);
    assert.throws(() => longestGap([], Number.NaN, 0), RangeError);
  });

  it('finds the first element of a window like a plain search', () => {
    const random = seeded(7);
    const items = Array.from({ length: 200 }, () => Math.floor(random() * 100)).sort((a, b) => a - b);
    for (let at = -1; at <= 101; at += 1) {
      const plain = items.findIndex(item => item >= at);
      assert.equal(firstNotBefore(items, at, item => item), plain === -1 ? items.length : plain);
    }
  });
});
