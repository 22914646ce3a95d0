import { exampleSeries } from '../__testUtils__/slos';
import { aligned, budgetDomain, gaps, hasData, niceMax, sampleShare, sparkPath, tickText, timeTicks } from './chart';

const end = Date.parse('2026-11-21T02:00:00Z');
const hour = 3_600_000;

describe('aligned', () => {
  const series = exampleSeries('1h', end);
  it('gives one value per time and keeps gaps', () => {
    const values = aligned(series, 'requestsPerSecond');
    expect(values).toHaveLength(series.times.length);
    expect(gaps(values)).toEqual([[30, 35]]);
  });
  it('is all gaps for a series that the answer lacks', () => {
    const values = aligned({ ...series, series: [] }, 'budgetLeft');
    expect(values).toHaveLength(series.times.length);
    expect(hasData(values)).toBe(false);
  });
  it('fills a short series with gaps and drops what is not a number', () => {
    const short = { ...series, times: [1, 2, 3], series: [{ name: 'budgetLeft' as const, values: [0.5, NaN] }] };
    expect(aligned(short, 'budgetLeft')).toEqual([0.5, null, null]);
  });
});

it('gaps are found at both ends and in the middle', () => {
  expect(gaps([null, null, 1, null, 2, null])).toEqual([[0, 1], [3, 3], [5, 5]]);
  expect(gaps([1, 2])).toEqual([]);
});

describe('sampleShare', () => {
  const times = [end - 4 * hour, end - 2 * hour, end];
  it.each([
    [null, 0],
    ['2026-11-21T01:00:00Z', 0.75],
    ['2026-11-20T00:00:00Z', 0],
    ['2026-11-22T00:00:00Z', 1],
    ['nonsense', 0],
  ])('%p covers %d', (until, share) => expect(sampleShare(times, until)).toBeCloseTo(share));
  it('is 0 without an axis', () => expect(sampleShare([end], '2026-11-22T00:00:00Z')).toBe(0));
});

it('a budget axis holds 0 to 1, and what is overspent', () => {
  expect(budgetDomain([0.3, null, 0.9])).toEqual([0, 1]);
  expect(budgetDomain([0.3, -0.12])).toEqual([-0.2, 1]);
  expect(budgetDomain([null])).toEqual([0, 1]);
});

it.each([
  [[0], 0, 1],
  [[9.6, null], 0, 10],
  [[10], 0, 10],
  [[0.0016], 0.0002, 0.002],
  [[0], 0.0002, 0.0002],
  [[312], 0, 500],
])('niceMax of %p from %p is %p', (values, floor, most) => expect(niceMax(values, floor)).toBeCloseTo(most, 10));

describe('timeTicks', () => {
  it.each([
    ['1h', hour],
    ['6h', 6 * hour],
    ['1d', 24 * hour],
    ['7d', 168 * hour],
    ['30d', 720 * hour],
  ])('%s has some round ticks inside the axis', (_name, span) => {
    const ticks = timeTicks([end - span, end], 6);
    expect(ticks.length).toBeGreaterThanOrEqual(2);
    expect(ticks.length).toBeLessThanOrEqual(7);
    for (const at of ticks) {
      expect(at).toBeGreaterThanOrEqual(end - span);
      expect(at).toBeLessThanOrEqual(end);
      expect(new Date(at).getMinutes() % 5).toBe(0);
    }
  });
  it('has none without an axis', () => expect(timeTicks([end], 6)).toEqual([]));
});

it('tick labels are times within a day and dates beyond', () => {
  expect(tickText(end, 6 * hour)).toMatch(/^\d\d:\d\d$/);
  expect(tickText(end, 720 * hour)).toMatch(/^\d{1,2} \w{3}/);
});

describe('sparkPath', () => {
  it('starts anew after a gap', () => {
    expect(sparkPath([1, 0, null, 0.5, 0], 40, 10)).toBe('M0.0 0.0L10.0 10.0M30.0 5.0L40.0 10.0');
  });
  it('shows a lone point as a dot', () => expect(sparkPath([null, 1, null], 40, 10)).toBe('M20.0 0.0h0.1'));
  it('makes room for an overspent budget', () => expect(sparkPath([1, -1], 40, 10)).toBe('M0.0 0.0L40.0 10.0'));
  it('is empty without data', () => expect(sparkPath([null, null], 40, 10)).toBe(''));
});
