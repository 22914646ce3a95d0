import {
  absoluteText,
  ageText,
  bytesText,
  clockText,
  countOf,
  durationMsText,
  durationText,
  moneyText,
  refName,
  relativeText,
  utcTimeText,
} from './format';

it.each([
  [null, 'unknown'],
  [0, '0 s'],
  [-3, '0 s'],
  [0.0004, '1 ms'],
  [0.038, '38 ms'],
  [0.4, '0.4 s'],
  [9.94, '9.9 s'],
  [9.96, '10 s'],
  [59.6, '1 m'],
  [80, '1 m 20 s'],
  [3600, '1 h'],
  [7500, '2 h 5 m'],
  [792_000, '9 d 4 h'],
])('durationText(%s) is %s', (seconds, text) => expect(durationText(seconds)).toBe(text));

it('durationMsText counts in milliseconds', () => {
  expect(durationMsText(4_210)).toBe('4.2 s');
  expect(durationMsText(null)).toBe('unknown');
});

it.each([
  [-5, '00:00:00'],
  [41_999, '00:00:41'],
  [3_725_000, '01:02:05'],
  [360_000_000, '100:00:00'],
])('clockText(%s) is %s', (ms, text) => expect(clockText(ms)).toBe(text));

it.each([
  ['412000', 'EUR', '€4,120.00'],
  ['4120', 'EUR', '€41.20'],
  ['5', 'USD', '$0.05'],
  ['0', 'USD', '$0.00'],
  ['-100', 'USD', '−$1.00'],
  ['500', 'JPY', '¥500'],
  ['1234567', 'KWD', 'KWD 1,234.567'],
  ['9007199254740993000', 'USD', '$90,071,992,547,409,930.00'],
  ['1.5', 'USD', '1.5 USD (minor units)'],
  ['100', 'nonsense', '100 nonsense (minor units)'],
])('moneyText(%s, %s) is %s', (amount, currency, text) =>
  expect(moneyText(amount, currency).replace(/\u00a0/g, ' ')).toBe(text),
);

it.each([
  [0, '0 s'],
  [59.9, '59 s'],
  [3599, '59 m'],
  [90_000, '25 h'],
  [6 * 86_400, '6 d'],
])('ageText(%s) is %s', (seconds, text) => expect(ageText(seconds)).toBe(text));

it('relativeText speaks of the past and of unreadable times', () => {
  const now = Date.parse('2026-11-21T02:00:10Z');
  expect(relativeText('2026-11-21T02:00:07Z', now)).toBe('3 s ago');
  expect(relativeText('2026-11-21T02:00:11Z', now)).toBe('0 s ago');
  expect(relativeText('soon', now)).toBe('time unknown');
});

it('absoluteText ends with UTC', () => {
  expect(absoluteText('2026-11-21T02:00:07.123Z')).toMatch(/2026.* · 2026-11-21T02:00:07Z$/);
  expect(absoluteText('soon')).toBe('time unknown');
});

it('utcTimeText keeps milliseconds', () => {
  expect(utcTimeText('2026-11-21T02:14:07.318Z')).toBe('02:14:07.318');
  expect(utcTimeText('soon')).toBe('time unknown');
});

it.each([
  [null, 'unknown'],
  [0, '0 B'],
  [512, '512 B'],
  [1536, '1.5 kB'],
  [12 * 1024 * 1024, '12 MB'],
])('bytesText(%s) is %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));

it('small ones', () => {
  expect(countOf(1, 'payment', 'payments')).toBe('1 payment');
  expect(countOf(1234, 'payment', 'payments')).toBe('1,234 payments');
  expect(refName('user:default/mira')).toBe('mira');
});
