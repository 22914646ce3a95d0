import {
  absoluteText,
  ageText,
  budgetLeftText,
  budgetText,
  burnText,
  countText,
  durationText,
  entityPath,
  objectiveText,
  percentText,
  refName,
  relativeText,
  safeHref,
} from './format';

describe('percentText', () => {
  it.each([
    [1, '100 %'],
    [0.99993, '99.993 %'],
    [0.9999, '99.99 %'],
    [0.99988, '99.988 %'],
    [0.9999999, '99.99999 %'],
    [0.995, '99.5 %'],
    [0.97, '97 %'],
    [0.82, '82 %'],
    [0, '0 %'],
  ])('%d is %s', (ratio, text) => expect(percentText(ratio)).toBe(text));

  it('never shows what is short of 100 % as 100 %, nor more than there was', () => {
    for (let nines = 1; nines <= 8; nines++) {
      for (const lacking of [1.0001, 2, 4.999, 9.999]) {
        const ratio = 1 - lacking * 10 ** -nines;
        const shown = Number(percentText(ratio).replace(' %', ''));
        expect(shown).toBeLessThan(100);
        expect(shown).toBeLessThanOrEqual(ratio * 100 + 1e-6);
      }
    }
  });

  it('says that there is no data', () => expect(percentText(null)).toBe('no data'));
});

describe('budgetText', () => {
  it.each([
    [1, '100 %'],
    [0.9999, '99 %'],
    [0.82, '82 %'],
    [0.034, '3.4 %'],
    [0.00004, '0 %'],
    [0, '0 %'],
    [-0.12, '−12 %'],
    [-0.001, '−0.1 %'],
    [null, 'no data'],
  ])('%p is %s', (left, text) => expect(budgetText(left)).toBe(text));

  it('names what is overspent', () => {
    expect(budgetLeftText(0.31)).toBe('31 % left');
    expect(budgetLeftText(-0.12)).toBe('12 % overspent');
    expect(budgetLeftText(null)).toBe('no data');
  });
});

describe('durationText', () => {
  it.each([
    [0.038, '38 ms'],
    [0.0004, '0.4 ms'],
    [0, '0 s'],
    [1.25, '1.3 s'],
    [45, '45 s'],
    [59.6, '1 m'],
    [80, '1 m 20 s'],
    [259.2, '4 m 19 s'],
    [7_500, '2 h 5 m'],
    [3_599.7, '1 h'],
    [792_000, '9 d 4 h'],
    [-80, '−1 m 20 s'],
    [null, 'no data'],
  ])('%p s is %s', (seconds, text) => expect(durationText(seconds)).toBe(text));
});

describe('times', () => {
  const now = Date.parse('2026-11-21T02:00:00Z');
  it.each([
    ['2026-11-21T01:59:57Z', '3 s ago'],
    ['2026-11-21T02:00:02Z', '0 s ago'],
    ['2026-11-21T01:00:00Z', '1 h ago'],
    ['2026-11-15T02:00:00Z', '6 d ago'],
    ['2026-11-30T02:00:00Z', 'in 9 d'],
    ['soon', 'time unknown'],
    [null, 'time unknown'],
  ])('%p is %s', (iso, text) => expect(relativeText(iso, now)).toBe(text));

  it('shows the full time with UTC', () => {
    expect(absoluteText('2026-11-21T02:00:00.123Z')).toMatch(/2026.* · 2026-11-21T02:00:00Z$/);
    expect(absoluteText('x')).toBe('time unknown');
  });

  it('keeps one unit for ages', () => {
    expect([0, 59.9, 60, 3_600, 100_000, 200_000].map(ageText)).toEqual(['0 s', '59 s', '1 m', '1 h', '27 h', '2 d']);
  });
});

it('counts, rates and objectives carry only the digits that mean something', () => {
  expect([412.4, 18_012_344, 0.4, 0, 0.0003, null].map(countText)).toEqual(['412', '18,012,344', '0.4', '0', '< 0.1', 'no data']);
  expect([0.3, 14.4, 120.2, 0, 0.001, null].map(burnText)).toEqual(['0.3 ×', '14.4 ×', '120 ×', '0 ×', '< 0.1 ×', 'no data']);
  expect([99.99, 99.9, 95].map(objectiveText)).toEqual(['99.99 %', '99.9 %', '95 %']);
});

describe('links', () => {
  it('lead to entities only from full references', () => {
    expect(entityPath('Component:default/ledger')).toBe('/catalog/default/component/ledger');
    expect(entityPath('ledger')).toBeNull();
    expect(entityPath(null)).toBeNull();
    expect(refName('group:default/payments-core')).toBe('payments-core');
    expect(refName(null)).toBe('nobody');
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', '//evil.example', 'ftp://x', ' https://x', null])('%p is not a link', url =>
    expect(safeHref(url)).toBeNull(),
  );
  it.each(['https://docs.airpay.example/a', '/platform/slos'])('%p is a link', url => expect(safeHref(url)).toBe(url));
});
