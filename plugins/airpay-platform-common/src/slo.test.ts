import fc from 'fast-check';
import { burnRatePairs } from './conventions';
import {
  availability,
  budgetLeft,
  budgetRatio,
  budgetSeconds,
  budgetSpentAtFire,
  burnDown,
  burnRate,
  burnWindow,
  byBudgetLeft,
  exhaustsInSeconds,
  statusOf,
} from './slo';

const objective = fc.constantFrom(90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999);
const events = fc.integer({ min: 1, max: 1_000_000_000 });

describe('error budget', () => {
  it.each([
    [99.99, 0.0001, 259.2],
    [99.9, 0.001, 2592],
    [99.95, 0.0005, 1296],
    [99, 0.01, 25_920],
  ])('of %p percent is %p of the events and %p seconds of 30 days', (percent, ratio, seconds) => {
    expect(budgetRatio(percent)).toBe(ratio);
    expect(budgetSeconds(percent)).toBeCloseTo(seconds, 9);
  });

  it('is unknown without events, never full and never zero', () => {
    expect(availability(null, null)).toBeNull();
    expect(availability(0, 0)).toBeNull();
    expect(budgetLeft(0, 0, 99.9)).toBeNull();
    expect(budgetLeft(null, 100, 99.9)).toBeNull();
    expect(burnRate(null, 99.9)).toBeNull();
    expect(exhaustsInSeconds(null, 1)).toBeNull();
    expect(exhaustsInSeconds(0.5, null)).toBeNull();
  });

  it('is whole without errors, gone when the errors are all it allows, negative beyond', () => {
    fc.assert(
      fc.property(objective, events, (percent, total) => {
        const allowed = budgetRatio(percent) * total;
        expect(budgetLeft(0, total, percent)).toBe(1);
        expect(budgetLeft(allowed, total, percent)).toBeCloseTo(0, 9);
        expect(budgetLeft(allowed * 2, total, percent)).toBeCloseTo(-1, 9);
      }),
    );
  });

  it('falls with every error', () => {
    fc.assert(
      fc.property(objective, events, fc.integer({ min: 0, max: 1_000_000 }), (percent, total, errors) => {
        expect(budgetLeft(errors + 1, total, percent)!).toBeLessThan(budgetLeft(errors, total, percent)!);
      }),
    );
  });

  it('does not depend on how events are spread: the sum decides, not the average of ratios', () => {
    // A busy hour half of which fails, then 719 quiet ones: 50 % in 1/720 of the time, in most of the events.
    const total = 100_000 + 719 * 10;
    expect(budgetLeft(50_000, total, 99.9)).toBeCloseTo(1 - 50_000 / (0.001 * total), 9);
    expect(budgetLeft(50_000, total, 99.9)!).toBeLessThan(-400);
  });

  it('burning at exactly one leaves the period, at the pairs of a page their known times', () => {
    expect(exhaustsInSeconds(1, 1)).toBe(30 * 86_400);
    expect(exhaustsInSeconds(-0.2, 3)).toBe(0);
    expect(exhaustsInSeconds(0.5, 0)).toBeNull();
    expect(burnRatePairs.map(pair => burnWindow(pair, null, null).exhaustsInSeconds / 3600)).toEqual([50, 120, 240, 720]);
    expect(burnRatePairs.map(pair => Number(budgetSpentAtFire(pair).toFixed(9)))).toEqual([0.02, 0.05, 0.1, 0.1]);
  });

  it('a pair fires only when both windows are above its factor', () => {
    const [pair] = burnRatePairs;
    expect(burnWindow(pair, 14.5, 14.5).firing).toBe(true);
    expect(burnWindow(pair, 14.4, 20).firing).toBe(false);
    expect(burnWindow(pair, 20, 1).firing).toBe(false);
    expect(burnWindow(pair, 20, null).firing).toBe(false);
  });
});

describe('burn-down', () => {
  it('starts whole, ends at what is left, never rises, and a gap stays a gap', () => {
    const steps = fc.array(fc.option(fc.integer({ min: 0, max: 50 }), { nil: null }), { minLength: 1, maxLength: 120 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 500 }), (errors, budget) => {
        const spent = errors.reduce<number>((sum, one) => sum + (one ?? 0), 0);
        const left = 1 - spent / budget;
        const line = burnDown(left, errors, budget);
        expect(line.map(one => one === null)).toEqual(errors.map(one => one === null));
        const known = line.filter((one): one is number => one !== null);
        known.slice(1).forEach((one, index) => expect(one).toBeLessThanOrEqual(known[index] + 1e-9));
        const firstErrors = errors.find(one => one !== null) ?? 0;
        expect(known[known.length - 1] ?? left).toBeCloseTo(left, 9);
        expect(known[0] ?? 1 - firstErrors / budget).toBeCloseTo(1 - firstErrors / budget, 9);
      }),
    );
  });

  it('is unknown throughout when what is left is unknown', () => {
    expect(burnDown(null, [1, 2], 10)).toEqual([null, null]);
    expect(burnDown(1, [1, 2], null)).toEqual([null, null]);
  });
});

describe('status', () => {
  it.each([
    ['a full budget', 1, null, null, 'ok'],
    ['less than 40 % left', 0.4, null, null, 'watch'],
    ['less than 10 % left', 0.1, null, null, 'act'],
    ['an overspent budget', -3, null, null, 'act'],
    ['a budget that lasts two more days', 0.9, 2 * 86_400, null, 'watch'],
    ['a budget that lasts ten more days', 0.9, 10 * 86_400, null, 'ok'],
    ['a ticket', 0.9, null, 'ticket', 'watch'],
    ['a page', 0.9, null, 'page', 'act'],
    ['no data', null, null, null, 'unknown'],
    ['no data but a page', null, null, 'page', 'act'],
  ] as const)('%s', (_, left, exhausts, firing, expected) => {
    expect(statusOf({ left, exhaustsInSeconds: exhausts, firing })).toBe(expected);
  });

  it('sorts unknown before least left before most left', () => {
    const slo = (id: string, value: number | null) => ({ id, budgetLeft: { value } });
    const sorted = [slo('a', 0.9), slo('b', null), slo('c', -1), slo('d', 0.9)].sort(byBudgetLeft);
    expect(sorted.map(one => one.id)).toEqual(['b', 'c', 'a', 'd']);
  });
});
